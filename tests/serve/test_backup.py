"""A backup made while answers are saved holds one moment, and restores into either kind of database, row by row."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from coursewright.cli.root import root
from coursewright.serve.learning.attempts import answers_of, digest
from coursewright.serve.running.backup import Made, write_backup
from coursewright.serve.running.proof import prove
from coursewright.serve.running.restore import CannotRestore, restore_backup
from coursewright.serve.store import audit
from coursewright.serve.store.database import Database, Unavailable, migrate
from coursewright.serve.store.tables import AdjustmentRow, Answer, LogEntry, Table

from .ground import Service, make_service
from .postgres import Postgres
from .served import items_of, multipart
from .test_migrations import filled

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def running(tmp_path: Path, database_url: str) -> Iterator[Service]:
    """A service with two learners, one of whom has submitted."""
    made = make_service(tmp_path, database_url)
    cohort = made.cohort()
    for submits in (True, False):
        browser = made.browser(made.person(cohort=cohort, given_name="Zoë", family_name="Ñandú"))
        address = browser.start("posttest")
        save_all(made, browser, address)
        if submits:
            browser.get(f"{address}/submit")
            assert browser.post(f"{address}/submit").status_code == 303
    yield made
    made.database.close()


def save_all(service: Service, browser: Any, address: str) -> None:
    from random import Random

    page = browser.get(address).get_data(as_text=True)
    for item in items_of(page):
        fields, _ = item.answer(Random(3))
        body, kind = multipart({"csrf_token": [browser.token], f"i{item.number}-base": [str(item.revision)], **fields})
        assert browser.client.post(f"{address}/save?item={item.id}", data=body, content_type=kind, headers={"Accept": "application/json"}).status_code == 200


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database to restore into."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'other' / 'other.sqlite'}"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    with cluster.database() as url:
        yield url


def content(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with database.engine.connect() as connection:
        return {table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))] for table in Table.metadata.sorted_tables}


def test_a_backup_restores_into_either_database_row_by_row(running: Service, other_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.jsonl.gz"
    with running.database.reading() as reading:
        end = audit.head(reading)
    made = write_backup(running.database, file, NOW)
    assert (made.log_rows, made.log_end) == end
    assert file.stat().st_mode & 0o777 == 0o600
    with opened(other_url) as other:
        assert restore_backup(other, file) == made
        assert content(other) == content(running.database)
        assert other.ready() and prove(other, made.log_end).breaks == []


def test_every_kind_of_value_comes_back(database_url: str, other_url: str, tmp_path: Path) -> None:
    with opened(database_url) as database, opened(other_url) as other:
        migrate(database)
        filled(database)
        write_backup(database, tmp_path / "backup", NOW)
        restore_backup(other, tmp_path / "backup")
        assert content(other) == content(database)
        nulls = sa.select(sa.func.count()).select_from(AdjustmentRow).where(AdjustmentRow.key.is_(None))
        with database.reading() as one, other.reading() as two:
            assert one.scalar(nulls) == two.scalar(nulls)


def test_what_is_restored_goes_on(running: Service, other_url: str, tmp_path: Path) -> None:
    """The log is still only appended to, and numbers that the database gives out are new ones."""

    def adjust(session: Any) -> int:
        made = AdjustmentRow(test="posttest", item="x", action="withdraw", reason="r", by="b", at=NOW, key=None)
        session.add(made)
        session.flush()
        audit.append(session, NOW, "b", "tried", "item:x")
        return made.id

    running.database.write(adjust)
    write_backup(running.database, tmp_path / "backup", NOW)
    with opened(other_url) as other:
        restore_backup(other, tmp_path / "backup")
        assert other.write(adjust) == 2
        assert prove(other).breaks == []
        with pytest.raises(sa.exc.DBAPIError, match="only appended to"):
            other.write(lambda session: session.execute(sa.update(LogEntry).values(actor="x")))


def test_a_backup_while_answers_are_saved_is_one_moment(running: Service, other_url: str, tmp_path: Path) -> None:
    """Each save writes an answer and a row of the log together: a backup must hold both or neither."""
    with running.database.reading() as reading:
        attempt = reading.scalars(sa.select(Answer.attempt_id)).first()
    stop, failed, saved = threading.Event(), [], []

    def writer(number: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1

            def work(session: Any, turn: int = turn) -> None:
                session.add(Answer(attempt_id=attempt, item=f"extra-{number}-{turn}", response='{"text": "x"}', saved_at=NOW))
                audit.append(session, NOW, "writer", "saved", f"extra-{number}-{turn}")

            try:
                running.database.write(work)
                saved.append(turn)
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        backups: list[tuple[Path, Made]] = []
        while len(backups) < 4 or len(saved) < 40:
            path = tmp_path / f"backup-{len(backups)}"
            backups.append((path, write_backup(running.database, path, NOW)))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed and len({made.log_rows for _, made in backups}) > 1, "they were made while rows came"
    path, made = backups[2]
    with opened(other_url) as other:
        restore_backup(other, path)
        with other.reading() as reading:
            answers = set(reading.scalars(sa.select(Answer.item).where(Answer.item.like("extra-%"))))
            logged = set(reading.scalars(sa.select(LogEntry.subject).where(LogEntry.action == "saved")))
            assert answers == logged
            assert audit.head(reading) == (made.log_rows, made.log_end)
        assert not list(audit_breaks(other, made.log_end))


def audit_breaks(database: Database, end: str) -> list[audit.Broken]:
    with database.reading() as reading:
        return list(audit.verify(reading, end))


def rewritten(file: Path, change: Callable[[list[bytes]], list[bytes]], seal: bool = False) -> None:
    """Change the lines of a backup; seal: with a checksum that fits again."""
    lines = change(gzip.decompress(file.read_bytes()).splitlines(keepends=True))
    if seal:
        trailer = {**json.loads(lines[-1]), "sha256": hashlib.sha256(b"".join(lines[:-1])).hexdigest()}
        lines[-1] = json.dumps(trailer).encode() + b"\n"
    file.write_bytes(gzip.compress(b"".join(lines)))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-200]), "damaged"),
        (lambda file: file.write_bytes(b"not a backup at all"), "not a backup"),
        (lambda file: file.write_bytes(gzip.compress(b"")), "not a backup"),
        (lambda file: file.write_bytes(gzip.compress(b'{"some": "thing"}\n')), "not a backup"),
        (lambda file: rewritten(file, lambda lines: [line.replace(b"Zo", b"Bo") for line in lines]), "checksum"),
        (lambda file: rewritten(file, lambda lines: [line for line in lines if b"attempt began" not in line]), "checksum"),
        (lambda file: rewritten(file, lambda lines: lines[:-1]), "cut off"),
        (lambda file: rewritten(file, lambda lines: [line for line in lines if b"attempt began" not in line], seal=True), "damaged"),
        (lambda file: rewritten(file, lambda lines: [lines[0].replace(b'"version":1', b'"version":2'), *lines[1:]], seal=True), "newer version"),
        (lambda file: rewritten(file, lambda lines: [lines[0].replace(b'"revision":"', b'"revision":"9'), *lines[1:]], seal=True), "newer version"),
    ],
    ids=["cut off", "something else", "empty", "other lines", "a name changed", "rows taken out", "no end", "rows taken out and sealed", "a later format", "a later schema"],
)
def test_a_damaged_backup_is_refused_before_anything_is_written(service: Service, tmp_path: Path, damage: Callable[[Path], None], words: str) -> None:
    browser = service.browser(service.person(given_name="Zoë"))
    browser.start("posttest")
    file = tmp_path / "backup"
    write_backup(service.database, file, NOW)
    damage(file)
    with opened(f"sqlite:///{tmp_path / 'other.sqlite'}") as other:
        with pytest.raises(CannotRestore, match=words):
            restore_backup(other, file)
        with other.engine.connect() as connection:
            assert sa.inspect(connection).get_table_names() == []


def test_a_database_with_anything_in_it_is_not_restored_over(running: Service, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    write_backup(running.database, file, NOW)
    before = content(running.database)
    with pytest.raises(CannotRestore, match="not empty"):
        restore_backup(running.database, file)
    assert content(running.database) == before


def test_a_restore_that_fails_half_way_leaves_no_row_and_can_be_tried_again(running: Service, other_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    made = write_backup(running.database, file, NOW)
    whole = file.read_bytes()
    rewritten(file, lambda lines: [line.replace(b'"submitted"', b"null") if line.startswith(b"[") else line for line in lines], seal=True)
    with opened(other_url) as other:
        with pytest.raises(CannotRestore, match="does not fit"):
            restore_backup(other, file)
        assert not any(content(other).values())
        file.write_bytes(whole)
        assert restore_backup(other, file) == made


def test_a_backup_that_fails_leaves_the_older_one(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "folder" / "backup"
    file.parent.mkdir()
    write_backup(service.database, file, NOW)
    before = file.read_bytes()
    with service.database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sa.text("DROP TABLE writing"))
    with pytest.raises(Unavailable, match="no such table"):
        write_backup(service.database, file, NOW)
    assert file.read_bytes() == before and [path.name for path in file.parent.iterdir()] == ["backup"]


def test_a_folder_that_is_not_there_is_said_in_one_line(service: Service, tmp_path: Path) -> None:
    told = ["serve", "--database", service.settings.database_url, "--data", str(tmp_path / "data"), "backup"]
    done = CliRunner().invoke(root, [*told, str(tmp_path / "no" / "backup")])
    assert (done.exit_code, done.stderr) == (1, f"error: {tmp_path / 'no' / 'backup'} cannot be written: no such file or directory\n")
    done = CliRunner().invoke(root, [*told, str(tmp_path / "backup")])
    assert done.exit_code == 0 and done.stdout.startswith(f"database: sqlite {service.database.file}\n{tmp_path / 'backup'}: ")


def test_the_log_proves_the_answers_of_what_was_restored(running: Service, tmp_path: Path) -> None:
    write_backup(running.database, tmp_path / "backup", NOW)
    with opened(f"sqlite:///{tmp_path / 'copy.sqlite'}") as other:
        restore_backup(other, tmp_path / "backup")
        with other.reading() as reading:
            logged = {entry.subject.removeprefix("attempt:"): entry.after["answers"] for entry in reading.scalars(sa.select(LogEntry).where(LogEntry.action == "attempt submitted")) if entry.after}
            assert logged and all(digest(answers_of(reading, attempt)) == hash_ for attempt, hash_ in logged.items())
