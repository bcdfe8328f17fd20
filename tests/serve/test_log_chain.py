"""`serve verify-log` finds each way in which the log, or what it tells of, can be altered behind the service's back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import ROOT

from coursewright.serve.learning.attempts import locked
from coursewright.serve.management.erasure import erase
from coursewright.serve.running.proof import Proof, prove
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Answer, Attempt, LogEntry, Person, ResultRow

from .ground import Service, make_service
from .managing import coordinator
from .served import items_of


@pytest.fixture
def service(tmp_path: Path, database_url: str) -> Iterator[Service]:
    """A service where two learners have submitted."""
    made = make_service(tmp_path, database_url)
    cohort = made.cohort()
    for number in range(2):
        browser = made.browser(made.person(cohort=cohort, family_name=f"Ray{number}"))
        address = browser.start("posttest")
        fields: dict[str, Any] = {}
        for item in items_of(browser.get(address).get_data(as_text=True)):
            given, _ = item.answer(Random(number))
            fields |= {f"i{item.number}-base": str(item.revision), **given}
        assert browser.post(f"{address}/save", data=fields).status_code == 303
        browser.get(f"{address}/submit")
        assert browser.post(f"{address}/submit").status_code == 303
    yield made
    made.database.close()


def behind_its_back(service: Service, *statements: str) -> None:
    """Change the database as somebody would who has its password: the triggers are dropped first."""
    guards = ("DROP TRIGGER log_no_update", "DROP TRIGGER log_no_delete") if service.database.sqlite else ("DROP TRIGGER log_is_kept ON log",)
    with service.database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        for statement in (*guards, *statements):
            connection.execute(sa.text(statement))


def proof(service: Service, end: str = "") -> Proof:
    return prove(service.database, end)


def test_a_log_that_nobody_touched_holds_and_tells_its_end(service: Service) -> None:
    found = proof(service)
    assert found.breaks == [] and found.attempts == 2
    with service.database.reading() as reading:
        assert (found.rows, found.last) == audit.head(reading)
    assert proof(service, found.last).breaks == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log SET actor = 'somebody else' WHERE number = 3",
        "UPDATE log SET at = '2026-03-02T09:00:00.001Z' WHERE number = 3",
        "UPDATE log SET action = 'nothing' WHERE number = 3",
        "UPDATE log SET subject = 'person:x' WHERE number = 3",
        "UPDATE log SET after = '{\"earned\": \"99\"}' WHERE number = 3",
        "UPDATE log SET before = '{}' WHERE number = 3",
        "UPDATE log SET hash = '" + "a" * 64 + "' WHERE number = 3",
        "UPDATE log SET previous = '" + "a" * 64 + "' WHERE number = 3",
    ],
)
def test_a_row_that_was_altered_is_named(service: Service, change: str) -> None:
    behind_its_back(service, change)
    assert any(line.startswith("row 3:") for line in proof(service).breaks)


def test_a_row_that_was_taken_out_is_missed(service: Service) -> None:
    behind_its_back(service, "DELETE FROM log WHERE number = 3")
    assert "row 4: row 3 is missing" in proof(service).breaks


def test_a_row_that_was_taken_out_is_missed_though_the_others_were_numbered_anew(service: Service) -> None:
    behind_its_back(service, "DELETE FROM log WHERE number = 3", "UPDATE log SET number = 3 WHERE number = 4")
    assert any(line.startswith("row 3:") for line in proof(service).breaks)


def test_a_row_put_between_is_found(service: Service) -> None:
    rows = proof(service).rows
    behind_its_back(service, f"INSERT INTO log SELECT {rows + 1}, at, actor, action, subject, before, after, previous, hash FROM log WHERE number = 2")
    assert any(line.startswith(f"row {rows + 1}:") for line in proof(service).breaks)


def test_an_end_that_was_cut_off_is_found_by_a_hash_noted_before_and_only_by_that(service: Service) -> None:
    noted = proof(service)
    service.browser(service.person())
    assert proof(service, noted.last).breaks == [], "rows added since are no break"
    behind_its_back(service, f"DELETE FROM log WHERE number > {noted.rows - 1}")
    assert any("no longer in the log" in line for line in proof(service, noted.last).breaks)
    with service.database.reading() as reading:
        assert list(audit.verify(reading)) == []


def test_a_log_written_anew_is_found_by_a_hash_noted_before(service: Service) -> None:
    noted = proof(service).last
    with service.database.reading() as reading:
        told = [(e.at, e.actor, e.action, e.subject, e.before, e.after) for e in reading.scalars(sa.select(LogEntry).order_by(LogEntry.number))]
    behind_its_back(service, "DELETE FROM log")

    def anew(session: Any) -> None:
        for at, actor, action, subject, before, after in told:
            audit.append(session, at + timedelta(seconds=1), actor, action, subject, before, after)

    service.database.write(anew)
    assert proof(service).breaks == []
    assert len(proof(service, noted).breaks) == 1


def test_an_answer_altered_after_submission_is_found(service: Service) -> None:
    with service.database.reading() as reading:
        answer = reading.scalars(sa.select(Answer)).first()
    assert answer is not None
    for value in ('{"choice": ["z"]}', answer.response):
        service.database.write(lambda s, value=value: s.execute(sa.update(Answer).where(Answer.attempt_id == answer.attempt_id, Answer.item == answer.item).values(response=value)))
        found = proof(service).breaks
        assert found == ([] if value == answer.response else [f"attempt {answer.attempt_id}: its answers were altered after it was submitted"])


@pytest.mark.parametrize("statement", ["UPDATE result SET earned = '99'", "UPDATE result SET passed = NOT passed", "UPDATE result SET needed = 0", "DELETE FROM result"])
def test_a_result_that_was_altered_is_found(service: Service, statement: str) -> None:
    with service.database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sa.text(statement))
    assert [line.partition(": ")[2] for line in proof(service).breaks] == ["its result is not the one that the log tells of"] * 2


def test_an_attempt_that_the_log_does_not_know_is_found(service: Service) -> None:
    def put(session: Any) -> str:
        like = session.scalars(sa.select(Attempt)).first()
        made = Attempt(person_id=like.person_id, test=like.test, kind="test", number=9, form_id=like.form_id, state="submitted", started_at=like.started_at, submitted_at=like.started_at)
        session.add(made)
        session.flush()
        session.add(ResultRow(attempt_id=made.id, earned="9", possible="9", needed=1, passed=True, graded_at=like.started_at))
        return made.id

    made = service.database.write(put)
    assert proof(service).breaks == [f"attempt {made}: submitted, but the log does not tell of it"]


ALTERED = {
    "a failing attempt taken out": ("DELETE FROM answer WHERE attempt_id = :attempt", "DELETE FROM result WHERE attempt_id = :attempt", "DELETE FROM attempt WHERE id = :attempt"),
    "a pass given to somebody else": ("UPDATE attempt SET person_id = :other, number = 9 WHERE id = :attempt",),
    "an attempt made void": ("UPDATE attempt SET state = 'void' WHERE id = :attempt",),
    "a result dated back": ("UPDATE attempt SET submitted_at = '2025-01-01T00:00:00.000Z' WHERE id = :attempt",),
    "a certificate put in": ("INSERT INTO certificate (serial, person_id, attempt_id, statement, facts, token, badge, issued_at) VALUES ('AAAA-BBBB-CCCC', :other, :attempt, '{}', '{}', 't', '', '2026-03-02T09:00:00.000Z')",),
}


@pytest.mark.parametrize("what", ALTERED)
def test_a_record_that_was_altered_behind_the_log_is_named(service: Service, what: str) -> None:
    with service.database.reading() as reading:
        attempt, person = reading.execute(sa.select(Attempt.id, Attempt.person_id).order_by(Attempt.id)).first()  # type: ignore[misc]
        other = reading.scalar(sa.select(Person.id).where(Person.id != person))
    statements = [statement.replace(":attempt", f"'{attempt}'").replace(":other", f"'{other}'") for statement in ALTERED[what]]
    behind_its_back(service, *statements)
    (found,) = proof(service).breaks
    assert found.startswith(f"attempt {attempt}: " if "certificate" not in what else "certificate AAAA-BBBB-CCCC: ")


def test_what_staff_do_in_the_browser_holds_with_the_log(service: Service) -> None:
    with service.database.reading() as reading:
        first, second = reading.execute(sa.select(Attempt.id).order_by(Attempt.id)).scalars()
        cohort = reading.scalar(sa.select(Attempt.cohort_id).limit(1))
    assert cohort is not None
    _, browser = coordinator(service, cohort)
    for attempt, action in ((first, "void"), (second, "reopen")):
        browser.get(f"/manage/attempts/{attempt}")
        assert browser.post(f"/manage/attempts/{attempt}/{action}", reason="a fire drill").status_code == 303
        assert proof(service).breaks == []


def test_answers_that_were_erased_with_a_name_are_no_break(service: Service) -> None:
    def work(session: Any) -> None:
        person = session.scalars(sa.select(Person).where(Person.family_name == "Ray0")).one()
        attempt = session.scalars(sa.select(Attempt).where(Attempt.person_id == person.id)).one()
        answer = session.scalars(sa.select(Answer).where(Answer.attempt_id == attempt.id)).first()
        locked(session, attempt.id)
        answer.response = '{"text": "Ana Ray0"}'
        erase(session, person, "x", service.clock())
        assert answer.response == "null"

    service.database.write(work)
    assert proof(service).breaks == []


def test_the_command_says_what_does_not_hold_and_fails(tmp_path: Path) -> None:
    made = make_service(tmp_path)
    made.browser(made.person())
    made.browser(made.person())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        told = ("--database", made.settings.database_url, "--data", str(tmp_path), "verify-log", *arguments)
        return subprocess.run([sys.executable, ROOT / "build.py", "serve", *told], capture_output=True, text=True, timeout=60)

    last = proof(made).last
    good = run("--end", last.upper())
    assert (good.returncode, good.stdout, good.stderr) == (0, f"database: sqlite {made.database.file}\n2 rows, 0 submitted attempts, 0 certificates; last hash {last}\nthe log holds\n", "")
    behind_its_back(made, "UPDATE log SET actor = 'x' WHERE number = 1")
    bad = run()
    assert bad.returncode == 1 and bad.stderr == "row 1: it was altered\nthe log does not hold: 1 break\n"
    made.database.close()
