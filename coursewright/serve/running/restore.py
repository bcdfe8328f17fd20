"""Restoring: an empty database is filled from a backup, of this version or an earlier one.

Nothing is written before the whole file has been read and its checksum holds. The rows go into the schema that they came
from, all in one transaction; then the migrations since bring them up to date.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, LargeBinary, MetaData, Table, func, inspect, null, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import StatementError

from coursewright.serve.running.backup import AT_ONCE, FORMAT, VERSION, Made
from coursewright.serve.running.starting import first_line
from coursewright.serve.store.database import Database, WrongSchema, migrate, revisions

LONGEST_LINE = 200_000_000


class CannotRestore(Exception):
    """Why nothing was restored. The database is as it was."""


def restore_backup(database: Database, path: Path) -> Made:
    """Fill an empty database. Raises CannotRestore, Unavailable."""
    head, trailer = _checked(path)
    if not _empty(database):
        raise CannotRestore("the database is not empty; name a new one with --database, or move the old one away")
    try:
        migrate(database, head["revision"])
    except WrongSchema as error:
        raise CannotRestore(str(error)) from None
    try:
        with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
            _fill(connection, path, trailer["rows"])
    except StatementError as error:
        raise CannotRestore(f"a row does not fit: {first_line(error)}") from None
    migrate(database)
    return Made(sum(trailer["rows"].values()), trailer["log_rows"], trailer["log_end"])


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(LONGEST_LINE):
                yield line
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise
        raise CannotRestore(f"{path} is damaged or is not a backup: {error}") from None


def _checked(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first and the last line, of a backup whose checksum and counts hold."""
    sum_, first, last, counted = hashlib.sha256(), b"", b"", 0
    for line in _lines(path):
        if last:
            sum_.update(last)
            counted += last.startswith(b"[")
        first, last = first or line, line
    try:
        head, trailer = json.loads(first), json.loads(last)
        known = head["format"] == FORMAT
    except (ValueError, KeyError, TypeError):
        raise CannotRestore(f"{path} is not a backup, or was cut off") from None
    if not known:
        raise CannotRestore(f"{path} is not a backup")
    if head.get("version") != VERSION or head.get("revision") not in revisions():
        raise CannotRestore(f"{path} was made by a newer version of Coursewright; use that version")
    if not isinstance(trailer, dict) or "sha256" not in trailer:
        raise CannotRestore(f"{path} was cut off")
    if trailer["sha256"] != sum_.hexdigest() or sum(trailer["rows"].values()) != counted:
        raise CannotRestore(f"{path} is damaged: its checksum does not hold")
    return head, trailer


def _empty(database: Database) -> bool:
    """Whether there is no table, or no row in any."""
    with database.engine.connect() as connection:
        names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        found = MetaData()
        found.reflect(connection, only=names)
        return all(connection.execute(select(table).limit(1)).first() is None for table in found.tables.values())


def _fill(connection: Connection, path: Path, counts: dict[str, int]) -> None:
    schema = MetaData()
    schema.reflect(connection)
    table: Table | None = None
    columns: list[str] = []
    waiting: list[dict[str, Any]] = []

    def store() -> None:
        if waiting:
            assert table is not None
            connection.execute(table.insert(), waiting)
            waiting.clear()

    for number, line in enumerate(_lines(path)):
        value = json.loads(line)
        if isinstance(value, list):
            assert table is not None
            waiting.append(_row(table, columns, value))
            if len(waiting) >= AT_ONCE:
                store()
        elif "table" in value:
            store()
            table, columns = schema.tables[value["table"]], value["columns"]
        elif number:
            store()
    for name, count in counts.items():
        found = connection.scalar(select(func.count()).select_from(schema.tables[name]))
        if found != count:
            raise CannotRestore(f"{found} rows of {name} came back instead of {count}")
    if connection.dialect.name == "postgresql":
        _set_sequences(connection, schema)


def _row(table: Table, columns: list[str], values: list[Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in zip(columns, values, strict=True):
        column = table.c[name]
        if value is None and isinstance(column.type, JSON) and column.nullable:
            value = null()
        elif value is not None and isinstance(column.type, LargeBinary):
            value = base64.b64decode(value)
        row[name] = value
    return row


def _set_sequences(connection: Connection, schema: MetaData) -> None:
    """Numbers that the database gives out go on after the highest that came back."""
    for table in schema.tables.values():
        for column in table.primary_key.columns:
            sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": f'"{table.name}"', "column": column.name})
            highest = connection.scalar(select(func.max(column))) if sequence else None
            if highest is not None:
                connection.execute(text("SELECT setval(CAST(:sequence AS regclass), :highest)"), {"sequence": sequence, "highest": highest})


