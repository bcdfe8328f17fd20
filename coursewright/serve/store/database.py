"""The engine and its transactions.

A transaction that writes on SQLite takes the write lock at its start, so that it never has to be given up half-way; on
PostgreSQL it runs again where the database ended it for another's sake. `write` runs a function once or more, always
whole: what it does must be the same when run again.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from coursewright.serve.store.locks import MIGRATING
from coursewright.serve.store.tables import moment_text
from coursewright.serve.store.turns import Turns

T = TypeVar("T")
TRIES, BUSY_MS = 6, 15_000
TRY_EVERY, ROOM = 2.0, 8000  # seconds, characters
TRY = text("INSERT INTO kept (name, value, count, ends_at) VALUES (:name, :value, 0, :ends) ON CONFLICT (name) DO UPDATE SET value = :value, ends_at = :ends")


class Unavailable(Exception):
    """The database cannot be reached, or does not take writes: the disk is full, the server is down."""


class WrongSchema(Exception):
    """The database was made by another version of the service: what to do."""


class Database:
    """A database by its URL: `sqlite:///…` or `postgresql+psycopg://…`. Raises WrongSchema for a URL of another kind."""

    def __init__(self, url: str, pool: int = 10) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise WrongSchema("the database is not named by a URL such as sqlite:///file or postgresql+psycopg://user@host/name") from None
        self.sqlite = parsed.get_backend_name() == "sqlite"
        if not self.sqlite and parsed.drivername != "postgresql+psycopg":
            raise WrongSchema(f"{parsed.drivername} is not a kind of database that the service knows; use sqlite or postgresql+psycopg")
        self.url = url
        self.file = Path(parsed.database) if self.sqlite and parsed.database else None
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_MS / 1000}} if self.sqlite else {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5}}
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.engine: Engine = create_engine(url, pool_size=pool, max_overflow=pool, pool_timeout=20, hide_parameters=True, **options)
        self._turns = Turns(self.engine, self.file, self._write_alone) if self.sqlite else None
        self._tried, self._wrote, self._mark = 0.0, False, secrets.token_hex(4)
        if self.sqlite:
            event.listen(self.engine, "connect", _settle_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @property
    def kind(self) -> str:
        """What it is, in words that name no user, password or host."""
        return f"sqlite {self.file or 'in memory'}" if self.sqlite else "postgresql"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading, of which nothing is kept. Raises Unavailable."""
        try:
            with Session(self.engine, expire_on_commit=False) as session:
                yield session
        except (OperationalError, InterfaceError) as error:
            raise Unavailable(_said(error)) from error

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in one transaction that is on disk when this returns. Raises Unavailable; nothing is then kept of it."""
        made: T = self._turns.write(work) if self._turns is not None else self._write_alone(work)
        return made

    def _write_alone(self, work: Callable[[Session], T]) -> T:
        end = time.monotonic() + BUSY_MS / 1000
        for turn in range(TRIES):
            try:
                with self.engine.connect().execution_options(writes=True) as connection, Session(connection, expire_on_commit=False) as session:
                    made = work(session)
                    session.commit()
                    return made
            except DBAPIError as error:
                if turn < TRIES - 1 and time.monotonic() < end and _passes(error):
                    time.sleep(0.02 * 2**turn)
                    continue
                if not isinstance(error, OperationalError | InterfaceError):
                    raise
                raise Unavailable(_said(error)) from error
        raise AssertionError("not reached")

    def ready(self) -> bool:
        """Whether the database answers, at the schema that this version needs."""
        try:
            with self.engine.connect() as connection:
                return _revision(connection) == newest()
        except (OperationalError, InterfaceError):
            return False

    def takes_writes(self) -> bool:
        """Whether something can be written, of the size of an answer: a full disk still answers. Tried now and then, not each time.

        Each process has a row of its own for it, which outlives the next tries: couriers take away only what has ended.
        """
        if time.monotonic() >= self._tried + TRY_EVERY:
            room = json.dumps({"room": secrets.token_hex(ROOM // 2)})
            row = {"name": f"room:{os.getpid()}-{self._mark}", "value": room, "ends": moment_text(datetime.now(UTC) + timedelta(days=1))}
            try:
                self.write(lambda writing: writing.execute(TRY, row))
                self._wrote = True
            except (Unavailable, InternalError):  # the latter: a server that only reads, as one that stands by does
                self._wrote = False
            self._tried = time.monotonic()
        return self._wrote

    def close(self) -> None:
        if self._turns is not None:
            self._turns.close()
        self.engine.dispose()


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema up to `revision`. Raises WrongSchema for a database of a newer version, Unavailable."""
    config = _config()
    try:
        with database.engine.connect() as connection:
            before = _revision(connection)
        if before is not None and before not in revisions():
            raise WrongSchema("this database was made by a newer version of Coursewright; use that version, or restore a backup")
        with database.engine.connect().execution_options(writes=True) as connection:
            if not database.sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(_said(error)) from error


def revisions() -> tuple[str, ...]:
    """All revisions that this version knows, the first one first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())[::-1]


def newest() -> str:
    """The revision that this version needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("coursewright.serve.store") / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _settle_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}", "trusted_schema=OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _passes(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed in a moment: a lock, a deadlock, a lost connection."""
    state = getattr(error.orig, "sqlstate", None) or ""
    return bool(error.connection_invalidated or state in ("40001", "40P01", "57P01", "57P02", "57P03") or "database is locked" in str(error.orig)) or (
        not state and "connection" in str(error.orig).lower()
    )


def _said(error: DBAPIError) -> str:
    """What the database said, without the statement and its values."""
    return str(error.orig).splitlines()[0] if error.orig else type(error).__name__
