"""Everything that is kept of one person, for that person: no password, no hash of a code, no key of an item."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.serve.store.tables import (
    AccessCode,
    Allowance,
    Answer,
    Attempt,
    CertificateRow,
    Cohort,
    Identity,
    LogEntry,
    LtiLink,
    Member,
    Person,
    Place,
    ResultRow,
    SignedIn,
    Table,
    Writing,
    moment_text,
)

PERSON = ("id", "role", "given_name", "family_name", "learner_id", "email", "roster", "extra_minutes", "extra_percent", "language", "username", "started_at", "created_at", "erased_at")
ATTEMPT = ("id", "test", "kind", "number", "form_id", "state", "source", "started_at", "ends_at", "submitted_at")
ANSWER = ("item", "confidence", "flagged", "revision", "saved_at", "opened_at")
RESULT = ("earned", "possible", "needed", "passed", "graded_at")
CERTIFICATE = ("serial", "attempt_id", "statement", "facts", "token", "badge", "issued_at", "withdrawn_at")
ENTRY = ("number", "at", "actor", "action", "subject", "before", "after")


def data_of(session: Session, person: str) -> dict[str, Any]:
    """What is kept of a person, as plain JSON values. Raises KeyError."""
    found = session.get(Person, person)
    if found is None:
        raise KeyError(person)
    certificates = [_values(row, CERTIFICATE) for row in _rows(session, CertificateRow, person)]
    attempts = [_attempt(session, row) for row in session.execute(select(Attempt).where(Attempt.person_id == person).order_by(Attempt.started_at, Attempt.id)).scalars()]
    cohorts = session.execute(select(Cohort.name, Member.joined_at).join(Member, Member.cohort_id == Cohort.id).where(Member.person_id == person).order_by(Member.joined_at)).all()
    subjects = {f"person:{person}", *(f"attempt:{a['id']}" for a in attempts), *(f"certificate:{c['serial']}" for c in certificates)}
    return {
        "person": _values(found, PERSON),
        "cohorts": [{"name": row.name, "joined_at": moment_text(row.joined_at)} for row in cohorts],
        "identities": [_values(row, ("issuer", "subject", "created_at")) for row in _rows(session, Identity, person)],
        "launches": [_values(row, ("issuer", "deployment", "resource", "subject", "at")) for row in _rows(session, LtiLink, person)],
        "codes": [_values(row, ("created_at", "expires_at", "ended_at", "used_at")) for row in _rows(session, AccessCode, person)],
        "sessions": [_values(row, ("created_at", "seen_at", "expires_at")) for row in _rows(session, SignedIn, person)],
        "attempts": attempts,
        "attempts_given": [_values(row, ("test", "attempts")) for row in _rows(session, Allowance, person)],
        "reading": [_values(row, ("unit", "section", "reached", "finished_at", "at")) for row in _rows(session, Place, person)],
        "writings": [_values(row, ("kind", "content", "at", "submitted_at")) for row in _rows(session, Writing, person)],
        "certificates": certificates,
        "log": [_entry(row, subjects) for row in _log(session, person, subjects)],
    }


def _rows(session: Session, table: Any, person: str) -> Iterable[Any]:
    return session.execute(select(table).where(table.person_id == person)).scalars()


def _values(row: Table, names: tuple[str, ...]) -> dict[str, Any]:
    values = ((name, getattr(row, name)) for name in names)
    return {name: moment_text(value) if isinstance(value, datetime) else value for name, value in values}


def _attempt(session: Session, attempt: Attempt) -> dict[str, Any]:
    answers = session.execute(select(Answer).where(Answer.attempt_id == attempt.id).order_by(Answer.item)).scalars()
    result = session.get(ResultRow, attempt.id)
    return {
        **_values(attempt, ATTEMPT),
        "answers": [{**_values(answer, ANSWER), "response": json.loads(answer.response)} for answer in answers],
        "result": _values(result, RESULT) if result is not None else None,
    }


def _log(session: Session, person: str, subjects: set[str]) -> Iterable[LogEntry]:
    found: dict[int, LogEntry] = {row.number: row for row in session.execute(select(LogEntry).where(LogEntry.actor == person)).scalars()}
    ordered = sorted(subjects)
    for start in range(0, len(ordered), 500):
        found.update((row.number, row) for row in session.execute(select(LogEntry).where(LogEntry.subject.in_(ordered[start : start + 500]))).scalars())
    return (found[number] for number in sorted(found))


def _entry(row: LogEntry, subjects: set[str]) -> dict[str, Any]:
    """A row of the log; of what this person did to somebody else's record, that it was done."""
    return _values(row, ENTRY if row.subject in subjects else ENTRY[:5])
