"""Backups: the whole database as it was at one moment, while the service runs.

One format for SQLite and PostgreSQL, so that a backup of the one can be restored into the other: gzip'd lines of JSON.
The first says what it is; then each table by a line with its columns, and a line for each row; the last counts the rows
and holds the SHA-256 of all lines before it.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Column, LargeBinary, String, select, type_coerce
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from coursewright.serve.running.starting import first_line
from coursewright.serve.store.audit import FIRST
from coursewright.serve.store.database import Database, Unavailable, newest
from coursewright.serve.store.tables import Moment, Table, moment_text

FORMAT, VERSION = "coursewright backup", 1
AT_ONCE = 500


@dataclass(frozen=True)
class Made:
    """What a backup holds: its rows, and the end of its audit log."""

    rows: int
    log_rows: int
    log_end: str


class Lines:
    """Lines of JSON into a file, hashed as they go."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.hash = file, hashlib.sha256()

    def write(self, value: Any) -> None:
        line = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
        self.hash.update(line)
        self.file.write(line)


def write_backup(database: Database, path: Path, now: datetime) -> Made:
    """Write the database into a file, which is there whole or not at all. Raises Unavailable, OSError."""
    with _replacing(path) as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        try:
            with _snapshot(database) as connection:
                return _dump(connection, Lines(packed), now)  # type: ignore[arg-type]
        except (OperationalError, InterfaceError) as error:
            raise Unavailable(first_line(error)) from error


@contextlib.contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """A connection that sees one moment throughout, and holds up nobody who writes."""
    options = {} if database.sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with database.engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _dump(connection: Connection, lines: Lines, now: datetime) -> Made:
    lines.write({"format": FORMAT, "version": VERSION, "revision": newest(), "made_at": moment_text(now)})
    counts: dict[str, int] = {}
    log_rows, log_end = 0, FIRST
    for table in Table.metadata.sorted_tables:
        lines.write({"table": table.name, "columns": [column.name for column in table.columns]})
        binary = [isinstance(column.type, LargeBinary) for column in table.columns]
        counts[table.name] = 0
        rows = select(*map(_plain, table.columns)).order_by(*table.primary_key.columns)
        for row in connection.execution_options(yield_per=AT_ONCE).execute(rows):
            lines.write([base64.b64encode(value).decode() if packed and value is not None else value for value, packed in zip(row, binary, strict=True)])
            counts[table.name] += 1
            if table.name == "log":
                log_rows, log_end = row.number, row.hash
    made = Made(sum(counts.values()), log_rows, log_end)
    lines.write({"rows": counts, "log_rows": log_rows, "log_end": log_end, "sha256": lines.hash.hexdigest()})
    return made


def _plain(column: Column[Any]) -> Any:
    """A column as it stands in the database: moments as their text."""
    return type_coerce(column, String()).label(column.name) if isinstance(column.type, Moment) else column


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its place when all of it is on disk; for its owner alone."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o600)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


