"""What `serve verify-log` proves: the chain of the audit log holds, and attempts are as the log tells of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.serve.learning.attempts import digest
from coursewright.serve.store import audit
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import Answer, Attempt, LogEntry, ResultRow

EARNED = ("earned", "possible", "needed", "passed")
PREFIX = "attempt:"
REOPENED, ERASED = "attempt reopened", "learner erased"  # actions of management/attempts.py and management/erasure.py
AT_ONCE = 500


@dataclass
class Proof:
    """How many rows and attempts were looked at, the last hash, and every break in words."""

    rows: int = 0
    last: str = audit.FIRST
    attempts: int = 0
    breaks: list[str] = field(default_factory=list)


def prove(database: Database, end: str = "") -> Proof:
    """Look at the whole log and at every submitted attempt. end: a hash noted earlier. Raises Unavailable."""
    made = Proof()
    with database.reading() as reading:
        if not database.sqlite:
            reading.connection(execution_options={"isolation_level": "REPEATABLE READ"})  # one moment for all that is compared
        made.rows, made.last = audit.head(reading)
        made.breaks += [f"row {broken.number}: {broken.reason}" for broken in audit.verify(reading, end)]
        told, erased = _told(reading), _erased(reading)
        ended = reading.execute(select(Attempt.id, Attempt.state, Attempt.person_id).where(Attempt.state.in_(("submitted", "void"))).order_by(Attempt.id)).all()
        made.attempts = sum(attempt.state == "submitted" for attempt in ended)
        for start in range(0, len(ended), AT_ONCE):
            part = ended[start : start + AT_ONCE]
            answers = _digests(reading, [attempt.id for attempt in part])
            results = {row.attempt_id: row for row in reading.execute(select(ResultRow).where(ResultRow.attempt_id.in_([attempt.id for attempt in part]))).scalars()}
            for id_, state, person in part:
                if id_ in told:
                    made.breaks += _compared(id_, told[id_], None if person in erased else answers[id_], results.get(id_))
                elif state == "submitted":
                    made.breaks.append(f"attempt {id_}: submitted, but the log does not tell of it")
    return made


def _told(reading: Session) -> dict[str, dict[str, Any]]:
    """What the log says last of each attempt: the digest of its answers, what it earned."""
    told: dict[str, dict[str, Any]] = {}
    rows = select(LogEntry.action, LogEntry.subject, LogEntry.after).where(LogEntry.subject.like(f"{PREFIX}%"), LogEntry.after.is_not(None)).order_by(LogEntry.number)
    for action, subject, after in reading.execute(rows).yield_per(1000):
        attempt = subject.removeprefix(PREFIX)
        if action == REOPENED and attempt in told:
            told[attempt].pop("answers", None)  # they may be changed until it is submitted again
        if after and ("earned" in after or "answers" in after):
            told.setdefault(attempt, {}).update({name: after[name] for name in (*EARNED, "answers") if name in after})
    return told


def _erased(reading: Session) -> set[str]:
    """The people of whom the log says that answers were erased with their names."""
    rows = reading.execute(select(LogEntry.subject, LogEntry.before).where(LogEntry.action == ERASED))
    return {subject.removeprefix("person:") for subject, before in rows if before and before.get("answer")}


def _digests(reading: Session, attempts: list[str]) -> dict[str, str]:
    answers: dict[str, dict[str, Answer]] = {id_: {} for id_ in attempts}
    for answer in reading.execute(select(Answer).where(Answer.attempt_id.in_(attempts))).scalars():
        answers[answer.attempt_id][answer.item] = answer
    return {id_: digest(found) for id_, found in answers.items()}


def _compared(attempt: str, said: dict[str, Any], answers: str | None, result: ResultRow | None) -> Iterable[str]:
    if answers is not None and said.get("answers", answers) != answers:
        yield f"attempt {attempt}: its answers were altered after it was submitted"
    if "earned" in said:
        kept = None if result is None else {name: getattr(result, name) for name in EARNED}
        if kept != {name: said.get(name) for name in EARNED}:
            yield f"attempt {attempt}: its result is not the one that the log tells of"
