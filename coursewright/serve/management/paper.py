"""Results from paper, taken in beside those of the web.

A sheet becomes an attempt of kind `paper`, on the form that was printed, with the answers that were read; it is graded
like any other. The same files twice change nothing; files that were corrected replace the answers of the same sheets. What
came from tables has no sheets: it is the same sitting where learner, form and the name of the administration are the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.build.administration import RECORD, SITTINGS
from coursewright.plan.gradebook import Graded, Sitting, grade
from coursewright.plan.record import DamagedRecord, Record
from coursewright.plan.sittings import response_json
from coursewright.serve.learning import events
from coursewright.serve.learning.attempts import adjustments, answers_of, digest, earned, last_number
from coursewright.serve.learning.kept_forms import keep_printed
from coursewright.serve.library import Library
from coursewright.serve.management.paper_upload import Upload, read_upload
from coursewright.serve.management.results import Scope
from coursewright.serve.settings import Settings
from coursewright.serve.store import audit
from coursewright.serve.store.locks import lock_attempts
from coursewright.serve.store.tables import Answer, Attempt, CertificateRow, Member, Person, ResultRow, moment_text

if TYPE_CHECKING:
    from flask import Flask

PAPER = "paper"


@dataclass(frozen=True)
class Line:
    """One sitting of an upload, and what is to be done with it.

    what: `new`, `changed` (other answers than those kept), `moved` (another learner than before), `same`; or it is left
    aside: `pending`, `unknown` (nobody of that id in sight), `no-id`, `twice`, `elsewhere` (scored without answers).
    certificate: the serial of one that rests on the attempt that would count no more.
    """

    sitting: Sitting
    what: str
    person: str = ""
    name: str = ""
    attempt: str = ""
    certificate: str = ""

    @property
    def taken(self) -> bool:
        return self.what in ("new", "changed", "moved")


@dataclass(frozen=True)
class Plan:
    """What an upload would do. other_keys: items that the course asks in the same words, with another key; the file's is graded by."""

    record: Record
    lines: tuple[Line, ...]
    decisions: bool
    other_keys: tuple[str, ...] = ()

    def of(self, *what: str) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.what in what)

    @property
    def taken(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.taken)

    @cached_property
    def left(self) -> tuple[Line, ...]:
        return self.of("unknown", "no-id", "twice", "elsewhere")


@dataclass
class Taken:
    """What was done, by kind, and the attempts that it was done to."""

    counts: dict[str, int] = field(default_factory=dict)
    attempts: list[str] = field(default_factory=list)


def plan_paper(session: Session, library: Library, scope: Scope, upload: Upload, source: str, now: datetime) -> Plan:
    """Look at an upload: whose each sitting is, and what would change. source: the name of the administration. Raises DamagedRecord."""
    record, sittings = read_upload(upload)
    if record.course != library.course.info.id:
        raise DamagedRecord(f"{RECORD} is of another course: {record.course[:80]}")
    if record.test not in library.tests:
        raise DamagedRecord(f"{RECORD} is of a test that this course does not have: {record.test[:80]}")
    people = _people(session, scope, {sitting.learner_id for sitting in sittings if sitting.learner_id})
    kept = _kept(session, record.test, {sitting.sheet for sitting in sittings if sitting.sheet})
    by_person = _unsheeted(session, record.test)
    count: dict[tuple[str, str], int] = {}
    for sitting in sittings:
        for key in (("sheet", sitting.sheet), ("id", sitting.learner_id)):
            count[key] = count.get(key, 0) + bool(key[1])
    lines = []
    for sitting in sittings:
        found = people.get(sitting.learner_id, [])
        what = _left_aside(sitting, found, count)
        if what:
            lines.append(Line(sitting, what))
            continue
        person = found[0]
        attempt = kept.get(sitting.sheet) if sitting.sheet else _sat(session, by_person.get((person.id, sitting.form), []), sitting, source, now)
        if attempt is not None and not _in_sight(attempt, scope):
            lines.append(Line(sitting, "unknown"))
            continue
        what = _difference(session, attempt, person.id, sitting, now)
        serial = session.scalar(select(CertificateRow.serial).where(CertificateRow.attempt_id == attempt.id, CertificateRow.withdrawn_at.is_(None))) if attempt and what == "moved" else None
        lines.append(Line(sitting, what, person.id, person.name, attempt.id if attempt else "", serial or ""))
    keys = {item.question.version: item.key for item in library.course.single_items}
    other_keys = sorted({item.id for version, item in record.items.items() if keys.get(version, item.key) != item.key})
    return Plan(record, tuple(lines), upload.decisions, tuple(other_keys))


def _left_aside(sitting: Sitting, found: list[Person], count: Mapping[tuple[str, str], int]) -> str:
    if sitting.pending:
        return "pending"
    if sitting.shares:
        return "elsewhere"
    if not sitting.learner_id:
        return "no-id"
    if not found:
        return "unknown"
    if len(found) > 1 or count.get(("sheet", sitting.sheet), 0) > 1 or count[("id", sitting.learner_id)] > 1:
        return "twice"
    return ""


def _people(session: Session, scope: Scope, ids: set[str]) -> dict[str, list[Person]]:
    """The learners in sight by the id of their roster."""
    made: dict[str, list[Person]] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), 500):
        query = select(Person).where(Person.role == "learner", Person.erased_at.is_(None), Person.learner_id.in_(ordered[start : start + 500]))
        if scope.ids is not None:
            query = query.where(Person.id.in_(select(Member.person_id).where(Member.cohort_id.in_(sorted(scope.ids)))))
        for person in session.execute(query).scalars():
            made.setdefault(person.learner_id, []).append(person)
    return made


def _kept(session: Session, test: str, sheets: set[str]) -> dict[str, Attempt]:
    made: dict[str, Attempt] = {}
    ordered = sorted(sheets)
    for start in range(0, len(ordered), 500):
        query = select(Attempt).where(Attempt.test == test, Attempt.kind == PAPER, Attempt.state != "void", Attempt.sheet.in_(ordered[start : start + 500]))
        made.update({attempt.sheet: attempt for attempt in session.execute(query).scalars()})
    return made


def _unsheeted(session: Session, test: str) -> dict[tuple[str, str], list[Attempt]]:
    """Results that came from tables and not from sheets, by learner and printed form."""
    query = select(Attempt).where(Attempt.test == test, Attempt.kind == PAPER, Attempt.state != "void", Attempt.sheet == "").order_by(Attempt.number)
    made: dict[tuple[str, str], list[Attempt]] = {}
    for attempt in session.execute(query).scalars():
        made.setdefault((attempt.person_id, attempt.form_id.rpartition("-")[0]), []).append(attempt)
    return made


def _sat(session: Session, kept: list[Attempt], sitting: Sitting, source: str, now: datetime) -> Attempt | None:
    """The attempt that a sitting without a sheet is: that of the same administration, or one of the same day and answers. Another is a retake."""
    same = (attempt for attempt in kept if _difference(session, attempt, attempt.person_id, sitting, now) == "same")
    return next((attempt for attempt in kept if attempt.source == source), None) or next(same, None)


def _in_sight(attempt: Attempt, scope: Scope) -> bool:
    return scope.ids is None or attempt.cohort_id in scope.ids


def _difference(session: Session, attempt: Attempt | None, person: str, sitting: Sitting, now: datetime) -> str:
    if attempt is None:
        return "new"
    if attempt.person_id != person or attempt.form_id.rpartition("-")[0] != sitting.form:
        return "moved"
    kept = {item: answer.response for item, answer in answers_of(session, attempt.id).items()}
    return "same" if kept == _texts(sitting) and (not sitting.completed_at or _day(attempt) == _moment(sitting.completed_at, now).date()) else "changed"


def _day(attempt: Attempt) -> date | None:
    return attempt.submitted_at.date() if attempt.submitted_at else None


def _texts(sitting: Sitting) -> dict[str, str]:
    """The answers as they are kept: what was left blank is not."""
    return {item: json.dumps(response_json(response), ensure_ascii=False) for item, response in sitting.responses.items() if response is not None}


def take_in(session: Session, settings: Settings, library: Library, scope: Scope, upload: Upload, source: str, by: str, now: datetime) -> Taken:
    """Take an upload in, in one transaction. source: the name of the administration. Raises DamagedRecord."""
    lock_attempts(session, "ROW EXCLUSIVE")  # a decision that is being taken is waited for, and counted with
    plan = plan_paper(session, library, scope, upload, source, now)
    record, made = plan.record, Taken()
    forms = {form: keep_printed(session, library.course, library.numbering, record, form) for form in dict.fromkeys(line.sitting.form for line in plan.taken)}
    decided = adjustments(session, record.test)
    for line in plan.lines:
        made.counts[line.what] = made.counts.get(line.what, 0) + 1
        if not line.taken:
            continue
        graded = grade("", record, [line.sitting], decided).graded[0]
        if line.what == "changed":
            attempt = _replace(session, line, graded, by, now)
        else:
            if line.what == "moved":
                _void(session, settings, library, line, by, now)
            attempt = _add(session, scope, line, graded, forms[line.sitting.form], record.test, source, by, now)
        made.attempts.append(attempt.id)
        result = session.get(ResultRow, attempt.id)
        assert result is not None
        tell = events.moved if line.what == "changed" else events.submitted
        tell(session, settings, library, attempt, result, now)
    if made.attempts:
        audit.append(session, now, by, "paper taken in", f"paper:{record.test}", after={"source": source, **made.counts, **({"other_keys": list(plan.other_keys)} if plan.other_keys else {})})
    return made


def _add(session: Session, scope: Scope, line: Line, graded: Graded, form: str, test: str, source: str, by: str, now: datetime) -> Attempt:
    session.execute(select(Person.id).where(Person.id == line.person).with_for_update())
    at = _moment(line.sitting.completed_at, now)
    attempt = Attempt(person_id=line.person, cohort_id=_cohort(session, scope, line.person), test=test, kind=PAPER, number=last_number(session, line.person, test) + 1)
    attempt.form_id, attempt.state, attempt.source, attempt.sheet = form, "submitted", source, line.sitting.sheet
    attempt.started_at = attempt.submitted_at = at
    session.add(attempt)
    session.flush()
    session.add_all(Answer(attempt_id=attempt.id, item=item, response=text, saved_at=now) for item, text in _texts(line.sitting).items())
    session.add(ResultRow(attempt_id=attempt.id, graded_at=now, **earned(graded)))
    session.flush()
    after = {"person": attempt.person_id, "submitted_at": moment_text(at), "test": test, "number": attempt.number, "form": form, "source": source, **earned(graded), "answers": digest(answers_of(session, attempt.id))}
    audit.append(session, now, by, "paper result added", f"attempt:{attempt.id}", after=after)
    return attempt


def _replace(session: Session, line: Line, graded: Graded, by: str, now: datetime) -> Attempt:
    """Other answers on the same sheet: the log keeps what the result was, and a hash of the answers before and after."""
    attempt = session.execute(select(Attempt).where(Attempt.id == line.attempt).with_for_update()).scalar_one()
    result = session.get(ResultRow, attempt.id)
    assert result is not None
    answers, texts = answers_of(session, attempt.id), _texts(line.sitting)
    after = earned(graded)
    before = {**{name: getattr(result, name) for name in after}, "answers": digest(answers), "submitted_at": _handed_in(attempt)}
    if line.sitting.completed_at:
        attempt.started_at = attempt.submitted_at = _moment(line.sitting.completed_at, now)
    for item, answer in answers.items():
        if item not in texts:
            session.delete(answer)
        elif answer.response != texts[item]:
            answer.response, answer.saved_at = texts[item], now
            answer.revision += 1
    session.add_all(Answer(attempt_id=attempt.id, item=item, response=text, saved_at=now) for item, text in texts.items() if item not in answers)
    for name, value in after.items():
        setattr(result, name, value)
    result.graded_at = now
    session.flush()
    audit.append(session, now, by, "paper result corrected", f"attempt:{attempt.id}", before, {**after, "answers": digest(answers_of(session, attempt.id)), "submitted_at": _handed_in(attempt)})
    return attempt


def _void(session: Session, settings: Settings, library: Library, line: Line, by: str, now: datetime) -> None:
    """The sheet turned out to be somebody else's, or of another form: the attempt counts no more."""
    found = session.execute(select(Attempt).where(Attempt.id == line.attempt).with_for_update()).scalar_one()
    before, found.state = found.state, "void"
    session.flush()
    after = {"state": "void", "why": "sheet corrected", **({"certificate": line.certificate} if line.certificate else {})}
    audit.append(session, now, by, "attempt made void", f"attempt:{line.attempt}", {"state": before}, after)
    events.voided(session, settings, library, found, now)


def _cohort(session: Session, scope: Scope, person: str) -> str | None:
    """The cohort that a learner joined last, of those in sight."""
    query = select(Member.cohort_id).where(Member.person_id == person).order_by(Member.joined_at.desc()).limit(1)
    return session.scalar(query if scope.ids is None else query.where(Member.cohort_id.in_(sorted(scope.ids))))


def _handed_in(attempt: Attempt) -> str | None:
    return moment_text(attempt.submitted_at) if attempt.submitted_at else None


def _moment(day: str, now: datetime) -> datetime:
    """Noon of the day on the sheet, and never later than now."""
    try:
        return min(now, datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)) if day else now
    except ValueError:
        return now


def import_folder(app: Flask, folder: Path, actor: str, source: str = "") -> Taken:
    """Take in what `grade` left in a folder, as an administrator would. Raises DamagedRecord, OSError, Unavailable."""
    from coursewright.serve.management.paper_upload import unpack

    upload = unpack([(name, (folder / name).read_bytes()) for name in (RECORD, SITTINGS)])
    settings, library = cast(Settings, app.extensions["settings"]), cast(Library, app.extensions["library"])
    now: datetime = app.extensions["clock"]()
    database: Any = app.extensions["database"]
    name = (source or folder.resolve().name)[:200]
    return cast(Taken, database.write(lambda writing: take_in(writing, settings, library, Scope((), everything=True), upload, name, actor, now)))

