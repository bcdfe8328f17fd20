"""The schema: from nothing, from every earlier revision with rows in it, on both databases, it becomes what the tables say."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from conftest import ROOT

from coursewright.serve.store.database import Database, WrongSchema, migrate, newest, revisions
from coursewright.serve.store.tables import Table

MOMENT = "2026-01-02T03:04:05.678Z"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def reflected(database: Database) -> sa.MetaData:
    """The tables that are there."""
    found = sa.MetaData()
    with database.engine.connect() as connection:
        found.reflect(connection)
    found.remove(found.tables["alembic_version"])
    return found


def filled(database: Database) -> dict[str, dict[str, Any]]:
    """A row in every table; the rows by table."""
    schema, rows = reflected(database), {}
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        for table in schema.sorted_tables:
            rows[table.name] = {column.name: value(column, rows) for column in table.columns}
            connection.execute(table.insert(), [rows[table.name]])
    return rows


def value(column: sa.Column[Any], rows: dict[str, dict[str, Any]]) -> Any:
    """A value that suits a column."""
    for key in column.foreign_keys:
        return rows[key.column.table.name][key.column.name]
    match column.type:
        case sa.JSON():
            return {"given": [1, None, "ü"]}
        case sa.Boolean():
            return True
        case sa.Integer():
            return 7
        case sa.LargeBinary():
            return b"\x00%PDF"
        case _:
            return MOMENT if column.name == "at" or column.name.endswith("_at") else f"{column.table.name[:8]}ü"


def rows_of(database: Database, names: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is in the tables now, of the columns named."""
    schema = reflected(database)
    with database.engine.connect() as connection:
        found = {}
        for name, columns in names.items():
            (row,) = connection.execute(sa.select(schema.tables[name])).mappings()
            found[name] = {column: row[column] for column in columns}
        return found


def test_an_empty_database_becomes_what_the_tables_say(database: Database) -> None:
    migrate(database)
    assert database.ready()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Table.metadata) == []


@pytest.mark.parametrize("revision", revisions())
def test_rows_of_each_revision_outlive_the_way_to_the_newest(database: Database, revision: str) -> None:
    migrate(database, revision)
    before = filled(database)
    assert len(before) > 10
    migrate(database)
    assert database.ready()
    schema = reflected(database)
    shared = {name: {column: v for column, v in row.items() if column in schema.tables[name].columns} for name, row in before.items() if name in schema.tables}
    assert rows_of(database, shared) == shared
    with database.reading() as reading:
        for mapper in (mapper for mapper in Table.registry.mappers if mapper.local_table.name in before):  # type: ignore[attr-defined]
            (found,) = reading.scalars(sa.select(mapper.class_))
            for column in mapper.columns:
                kept = getattr(found, mapper.get_property_by_column(column).key)
                assert isinstance(kept, datetime.datetime) == (column.name == "at" or column.name.endswith("_at")), column


@pytest.mark.parametrize("revision", revisions())
def test_the_log_of_each_revision_cannot_be_changed_before_or_after(database: Database, revision: str) -> None:
    migrate(database, revision)
    filled(database)
    for _ in range(2):
        for statement in ("UPDATE log SET actor = 'x'", "DELETE FROM log", *(() if database.sqlite else ("TRUNCATE log",))):
            with database.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="the log is only appended to"):
                connection.execute(sa.text(statement))
        migrate(database)


def test_several_that_start_at_once_migrate_once(database: Database) -> None:
    program = "import sys; from coursewright.serve.store.database import Database, migrate; d = Database(sys.argv[1]); sys.stdin.readline(); migrate(d); migrate(d); assert d.ready()"
    running = [subprocess.Popen([sys.executable, "-c", program, database.url], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert database.ready()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database: Database) -> None:
    migrate(database)
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'from the future'"))
    with pytest.raises(WrongSchema, match="newer version"):
        migrate(database)
    assert not database.ready()


def test_revisions_are_in_order_and_end_with_the_newest() -> None:
    assert revisions()[-1] == newest() and len(set(revisions())) == len(revisions())
