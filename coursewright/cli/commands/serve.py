"""`serve`: the quiz service, and what its operator does: staff, backups, the audit log."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coursewright.cli.root import program_name
from coursewright.serve.management.paper_command import paper_command

if TYPE_CHECKING:
    from flask import Flask

    from coursewright.serve.library import Library
    from coursewright.serve.settings import Settings
    from coursewright.serve.store.database import Database

FILE = click.Path(path_type=Path, dir_okay=False)


@dataclass
class Told:
    """What stands on the command line before a subcommand."""

    course: Path
    config: Path | None
    given: dict[str, Any]

    def settings(self) -> Settings:
        """The settings. Ends the command where they cannot be used."""
        from coursewright.serve.running.starting import settings_of
        from coursewright.serve.settings import SettingsFault

        try:
            return settings_of(self.course, self.config, **self.given)
        except SettingsFault as fault:
            raise _end(fault, 2) from None

    @contextmanager
    def database(self, *, ready: bool = True, upgrade: bool = False) -> Iterator[Database]:
        """The database, closed afterwards. Ends the command where it cannot be used."""
        from coursewright.serve.running.starting import CannotStart, keep_private, open_database
        from coursewright.serve.store.database import Unavailable

        keep_private()
        try:
            database = open_database(self.settings(), ready=ready, upgrade=upgrade)
        except CannotStart as fault:
            raise _end(fault) from None
        try:
            yield database
        except Unavailable as fault:
            raise _end(f"the database does not answer: {fault}") from None
        finally:
            database.close()

    def command(self, rest: str) -> str:
        """How to call a subcommand of this same service."""
        words = [program_name()]
        if self.course != Path():
            words += ["--course", str(self.course)]
        words.append("serve")
        for name, value in (("config", self.config), ("database", self.given.get("database")), ("data", self.given.get("data"))):
            if value is not None:
                words += [f"--{name}", str(value)]
        return f"{shlex.join(words)} {rest}"


def _say_which(database: Database) -> None:
    """Say what a command works on: one that was meant for a server must not pass unseen on a file."""
    click.echo(f"database: {database.kind}")


def _end(fault: object, status: int = 1) -> click.exceptions.Exit:
    click.echo(f"error: {fault}", err=True)
    return click.exceptions.Exit(status)


@click.group(invoke_without_command=True)
@click.option("--config", type=FILE, metavar="FILE", help="the settings (default: serve.toml beside the course, where there is one)")
@click.option("--database", metavar="URL", help="sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME (default: a file in the data folder)")
@click.option("--host", metavar="ADDRESS", help="the address to listen at (default: 127.0.0.1, this machine alone)")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="the port to listen at (default: 8000; 0: any that is free)")
@click.option("--workers", type=click.IntRange(1, 64), metavar="N", help="processes that answer (default: 2)")
@click.option("--data", type=click.Path(path_type=Path, file_okay=True), metavar="DIR", help="the folder for keys and the database (default: service-data)")
@click.option("--url", metavar="URL", help="how learners reach the service: https://quiz.example.org")
@click.pass_context
def command(ctx: click.Context, /, config: Path | None, **given: Any) -> None:
    """Put the course's quizzes on the web: sign-in, tests, results, certificates.

    Without a subcommand the service runs until it is told to stop (Ctrl-C, SIGTERM).
    """
    told = ctx.obj = Told(ctx.obj, config, given)
    if ctx.invoked_subcommand is None:
        _serve(told)


def _serve(told: Told) -> None:
    from coursewright.serve.app import create_app
    from coursewright.serve.running.logs import set_up_logs
    from coursewright.serve.running.server import CannotListen, Server, listen
    from coursewright.serve.running.staff import has_staff
    from coursewright.serve.running.starting import CannotStart, keep_private, open_folder
    from coursewright.serve.settings import SettingsFault

    settings = told.settings()
    keep_private()
    try:
        open_folder(settings)
        listener = listen(settings.host, settings.port)
    except (CannotStart, CannotListen) as fault:
        raise _end(fault) from None
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    with told.database(ready=False, upgrade=True) as database:
        library = _library(told.course)
        staffed = has_staff(database)
        set_up_logs()
        try:
            app = create_app(settings, library, database)
        except SettingsFault as fault:
            raise _end(fault, 2) from None

    def announce() -> None:
        click.echo(f"{library.course.info.title}: {settings.base_url}  (Ctrl-C ends it)")
        if not staffed:
            click.echo("Nobody can manage it yet. In another terminal:\n\n    " + told.command("staff add USERNAME --role administrator") + "\n")

    Server(app, settings, listener, announce).run()


def _library(course: Path) -> Library:
    from coursewright.serve.library import UnsoundCourse, load_library
    from coursewright.source.report import report, summary

    if not (course / "course").is_dir():
        raise click.UsageError(f"there is no course/ in {course.resolve()}; name a course with --course")
    try:
        return load_library(course)
    except UnsoundCourse as unsound:
        errors = [d for d in unsound.reading.diagnostics if d.severity == "error"]
        click.echo(report("full", errors, unsound.reading.sources), err=True)
        click.echo(summary(errors), err=True)
        raise click.exceptions.Exit(1) from None


@command.command()
@click.pass_obj
def migrate(told: Told) -> None:
    """Bring the database to the schema of this version (serve itself does so too)."""
    from coursewright.serve.store.database import newest

    with told.database(ready=False, upgrade=True):
        click.echo(f"the database is at {newest()}")


@command.group()
def staff() -> None:
    """Coordinators and administrators."""


@staff.command()
@click.argument("username")
@click.option("--role", type=click.Choice(["administrator", "coordinator"]), default="coordinator", show_default=True)
@click.option("--given-name", default="", metavar="NAME")
@click.option("--family-name", default="", metavar="NAME")
@click.option("--password-stdin", is_flag=True, help="read the password from standard input instead of asking for it")
@click.pass_obj
def add(told: Told, /, username: str, role: str, given_name: str, family_name: str, password_stdin: bool) -> None:
    """Add somebody who signs in with USERNAME and a password."""
    from coursewright.serve.running.staff import CannotAdd, add_staff

    with told.database(ready=False, upgrade=True) as database:
        _say_which(database)
        if password_stdin:
            password = sys.stdin.readline().rstrip("\r\n")
        else:
            password = click.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt="The same again")
        try:
            add_staff(database, username, password, role, given_name, family_name, datetime.now(UTC))
        except CannotAdd as fault:
            raise _end(fault) from None
    click.echo(f"{username.strip().casefold()} is {'an' if role == 'administrator' else 'a'} {role}")


@staff.command("reset-second-factor")
@click.argument("username")
@click.pass_obj
def reset_second_factor(told: Told, username: str) -> None:
    """Take the second factor off USERNAME, who has lost it, and end all sessions. Be sure whom you are talking to."""
    from coursewright.serve.running.staff import CannotAdd
    from coursewright.serve.running.staff import reset_second_factor as reset

    with told.database() as database:
        try:
            had = reset(database, username, datetime.now(UTC))
        except CannotAdd as fault:
            raise _end(fault) from None
    click.echo("the password alone lets in now; set up a new second factor soon" if had else "there was no second factor")


@command.command("verify-log")
@click.option("--end", default="", metavar="HASH", help="a last hash noted earlier, which must still be in the log")
@click.pass_obj
def verify_log(told: Told, end: str) -> int:
    """Prove that no row of the audit log was altered, taken out or put between.

    Also compares each attempt with what the log says: whose it is, whether it counts, when it was handed in, what was answered and
    earned; and each certificate. Note the last hash elsewhere: with --end it proves later that nothing was cut off.
    """
    from coursewright.serve.running.proof import prove

    with told.database() as database:
        _say_which(database)
        proof = prove(database, end.strip().lower())
    for line in proof.breaks:
        click.echo(line, err=True)
    click.echo(f"{proof.rows} rows, {proof.attempts} submitted attempts, {proof.certificates} certificates; last hash {proof.last}")
    if proof.breaks:
        click.echo(f"the log does not hold: {len(proof.breaks)} {'break' if len(proof.breaks) == 1 else 'breaks'}", err=True)
        return 1
    click.echo("the log holds")
    return 0


@command.command()
@click.argument("file", type=FILE)
@click.pass_obj
def backup(told: Told, file: Path) -> None:
    """Write the whole database into FILE, while the service runs. FILE is readable by its owner alone."""
    from coursewright.serve.running.backup import write_backup

    with told.database() as database:
        _say_which(database)
        try:
            made = write_backup(database, file, datetime.now(UTC))
        except OSError as fault:
            raise _end(f"{file} cannot be written: {(fault.strerror or str(fault)).lower()}") from None
    click.echo(f"{file}: {made.rows} rows; the log ends at row {made.log_rows}, hash {made.log_end}")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def restore(told: Told, file: Path) -> None:
    """Fill an empty database from FILE, made by `backup` on SQLite or PostgreSQL alike."""
    from coursewright.serve.running.restore import CannotRestore, restore_backup

    with told.database(ready=False) as database:
        try:
            made = restore_backup(database, file)
        except CannotRestore as fault:
            raise _end(fault) from None
    click.echo(f"{file}: {made.rows} rows are back; the log ends at row {made.log_rows}, hash {made.log_end}")


def _app() -> Flask:
    """The application for a command that works on the records as pages do."""
    from coursewright.serve.app import create_app

    ctx = click.get_current_context()
    told = ctx.find_object(Told)
    assert told is not None
    return create_app(told.settings(), _library(told.course), ctx.with_resource(told.database(ready=False, upgrade=True)))


command.add_command(paper_command(_app))
