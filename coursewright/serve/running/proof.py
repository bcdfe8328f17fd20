"""What `serve verify-log` proves: the chain of the audit log holds, and attempts and certificates are as the log tells of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.serve.learning.attempts import digest
from coursewright.serve.store import audit
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import Answer, Attempt, CertificateRow, LogEntry, ResultRow, moment_text

EARNED = ("earned", "possible", "needed", "passed")
FACTS = ("person", "submitted_at", "state")
#: the state that an attempt has after an action
STATES = {"attempt began": "open", "attempt submitted": "submitted", "paper result added": "submitted", "attempt reopened": "open", "attempt made void": "void"}
REOPENED, ERASED = "attempt reopened", "learner erased"  # actions of management/attempts.py and management/erasure.py
ISSUED, WITHDRAWN, REINSTATED = "certificate issued", "certificate withdrawn", "certificate reinstated"  # of credit/issuing.py
AT_ONCE = 500


@dataclass
class Proof:
    """How many rows, submitted attempts and certificates were looked at, the last hash, and every break in words."""

    rows: int = 0
    last: str = audit.FIRST
    attempts: int = 0
    certificates: int = 0
    breaks: list[str] = field(default_factory=list)


def prove(database: Database, end: str = "") -> Proof:
    """Look at the whole log, at every attempt and every certificate. end: a hash noted earlier. Raises Unavailable."""
    made = Proof()
    with database.reading() as reading:
        if not database.sqlite:
            reading.connection(execution_options={"isolation_level": "REPEATABLE READ"})  # one moment for all that is compared
        made.rows, made.last = audit.head(reading)
        made.breaks += [f"row {broken.number}: {broken.reason}" for broken in audit.verify(reading, end)]
        _prove_attempts(reading, made)
        _prove_certificates(reading, made)
    return made


def _prove_attempts(reading: Session, made: Proof) -> None:
    told, erased = _told(reading), _erased(reading)
    ids = list(reading.execute(select(Attempt.id).order_by(Attempt.id)).scalars())
    made.breaks += [f"attempt {id_}: gone, though the log tells of it" for id_ in sorted(told.keys() - set(ids))]
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        attempts = {row.id: row for row in reading.execute(select(Attempt).where(Attempt.id.in_(part))).scalars()}
        answers = _digests(reading, part)
        results = {row.attempt_id: row for row in reading.execute(select(ResultRow).where(ResultRow.attempt_id.in_(part))).scalars()}
        for id_ in part:
            attempt = attempts[id_]
            made.attempts += attempt.state == "submitted"
            if id_ not in told:
                made.breaks.append(f"attempt {id_}: {attempt.state}, but the log does not tell of it")
                continue
            made.breaks += _facts_compared(attempt, told[id_])
            if attempt.state != "open":
                made.breaks += _compared(id_, told[id_], None if attempt.person_id in erased else answers[id_], results.get(id_))
        reading.expunge_all()


def _told(reading: Session) -> dict[str, dict[str, Any]]:
    """What the log says last of each attempt: whose it is, its state, when it was handed in, the digest of its answers, what it earned."""
    told: dict[str, dict[str, Any]] = {}
    rows = select(LogEntry.action, LogEntry.subject, LogEntry.after).where(LogEntry.subject.like("attempt:%"), LogEntry.after.is_not(None)).order_by(LogEntry.number)
    for action, subject, after in reading.execute(rows).yield_per(1000):
        said = told.setdefault(subject.removeprefix("attempt:"), {})
        if action == REOPENED:
            said.pop("answers", None)  # they may be changed until it is submitted again
        if action in STATES:
            said["state"] = STATES[action]
        said.update({name: after[name] for name in (*EARNED, "answers", *FACTS) if name in after})
    return told


def _facts_compared(attempt: Attempt, said: dict[str, Any]) -> Iterable[str]:
    kept = {"person": attempt.person_id, "state": attempt.state, "submitted_at": attempt.submitted_at and moment_text(attempt.submitted_at)}
    words = {"person": "it is another person's than the log says", "state": f"{attempt.state}, which is not what the log says", "submitted_at": "handed in at another moment than the log says"}
    return [f"attempt {attempt.id}: {words[name]}" for name in FACTS if name in said and said[name] != kept[name]]


def _prove_certificates(reading: Session, made: Proof) -> None:
    told: dict[str, dict[str, Any]] = {}
    rows = select(LogEntry.action, LogEntry.subject, LogEntry.after).where(LogEntry.action.in_((ISSUED, WITHDRAWN, REINSTATED))).order_by(LogEntry.number)
    for action, subject, after in reading.execute(rows).yield_per(1000):
        said = told.setdefault(subject.removeprefix("certificate:"), {"withdrawn": False})
        if action == ISSUED:
            said.update({name: after[name] for name in ("person", "attempt", "completed")})
        else:
            said["withdrawn"] = action == WITHDRAWN
    columns = (CertificateRow.serial, CertificateRow.person_id, CertificateRow.attempt_id, CertificateRow.statement, CertificateRow.withdrawn_at)
    for serial, person, attempt, statement, withdrawn_at in reading.execute(select(*columns).order_by(CertificateRow.serial)).yield_per(1000):
        made.certificates += 1
        kept = {"withdrawn": withdrawn_at is not None, "person": person, "attempt": attempt, "completed": statement.get("d")}
        known = told.pop(serial, None)
        if known is None:
            made.breaks.append(f"certificate {serial}: the log does not tell of it")
        elif known != kept:
            made.breaks.append(f"certificate {serial}: not what the log tells of it ({', '.join(sorted(name for name in kept if kept[name] != known.get(name)))})")
    made.breaks += [f"certificate {serial}: gone, though the log tells of it" for serial in sorted(told)]


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
