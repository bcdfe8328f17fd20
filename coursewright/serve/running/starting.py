"""What must hold before the service runs: its settings, its folder, its database, its course. Each fault in one line."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from coursewright.serve.settings import NAME, Settings, load_settings
from coursewright.serve.store.database import Database, Unavailable, WrongSchema, migrate

PRIVATE = 0o077


class CannotStart(Exception):
    """What is in the way, in one line."""


def settings_of(course: Path, config: Path | None, **given: Any) -> Settings:
    """The settings: of a file named, else of `serve.toml` beside the course where there is one. Raises SettingsFault."""
    if config is None and (course / NAME).is_file():
        config = course / NAME
    return load_settings(config, **given)


def keep_private() -> None:
    """What this process writes from now on is for its user alone."""
    os.umask(PRIVATE)


def open_folder(settings: Settings) -> None:
    """Make the data folder where it is not there, and try to write in it. Raises CannotStart."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=settings.data):
            pass
    except OSError as error:
        raise CannotStart(f"the data folder {settings.data} cannot be written: {(error.strerror or str(error)).lower()}") from None


def open_database(settings: Settings, *, ready: bool = False, upgrade: bool = False) -> Database:
    """The database that the settings name. ready: it must have the schema of this version; upgrade: bring it there.

    Raises CannotStart.
    """
    try:
        database = Database(settings.database_url, pool=settings.threads + 2)
    except WrongSchema as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"the folder of the database cannot be written: {(error.strerror or str(error)).lower()}: {error.filename}") from None
    try:
        if upgrade:
            upgrade_schema(database)
        elif ready and database.file is not None and not database.file.exists():
            raise CannotStart(f"there is no database {database.file}")
        elif ready and not is_ready(database):
            reason(database)
    except CannotStart:
        database.close()
        raise
    return database


def upgrade_schema(database: Database) -> None:
    """Bring a database to the schema of this version. Raises CannotStart."""
    try:
        migrate(database)
    except WrongSchema as error:
        raise CannotStart(str(error)) from None
    except Unavailable as error:
        raise CannotStart(f"the database does not answer: {error}") from None
    except SQLAlchemyError as error:
        raise CannotStart(f"the database cannot be used: {first_line(error)}") from None


def is_ready(database: Database) -> bool:
    """Whether the database answers at the right schema, whatever it may be."""
    try:
        return database.ready()
    except SQLAlchemyError:
        return False


def reason(database: Database) -> None:
    """Raise CannotStart with the reason why a database is not ready."""
    try:
        with database.engine.connect():
            pass
    except SQLAlchemyError as error:
        raise CannotStart(f"the database does not answer: {first_line(error)}") from None
    raise CannotStart("the database has the schema of another version; run: serve migrate")


def first_line(error: SQLAlchemyError) -> str:
    """What the database said, without the statement and its values."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__
