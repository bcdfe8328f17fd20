"""Certificates: issued when the test is passed and the evaluation handed in, withdrawn by a coordinator, one a person."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.build.signing import KeyFault, sign
from coursewright.plan.certificate import Certificate, plan_certificate
from coursewright.plan.gradebook_table import percent_of
from coursewright.plan.notice import SAMPLE
from coursewright.read.roster import Learner
from coursewright.serve.credit.keys import signing_key
from coursewright.serve.learning import events
from coursewright.serve.library import Library
from coursewright.serve.settings import Settings
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Attempt, CertificateRow, Person, ResultRow, Writing

EVALUATION = "evaluation"
SERVICE = "service"
#: what is printed besides the statement, and kept as it was on the day of issue
FACTS = ("given_name", "family_name", "learner_id", "credential", "license_id", "license_state")

log = logging.getLogger(__name__)


@dataclass
class Reconsidered:
    """What a regrade means for certificates: those issued now, and those that stand although no attempt passes any more."""

    issued: list[CertificateRow] = field(default_factory=list)
    doubtful: list[CertificateRow] = field(default_factory=list)


def consider(session: Session, settings: Settings, library: Library, person_id: str, now: datetime) -> CertificateRow | None:
    """The certificate of a learner: the one there is, even if withdrawn; else a new one, if all is done that it takes.

    Runs in the transaction of the step that may have been the last. The person's row is locked first, and what it takes is
    read afterwards: of two last steps at once, the later one sees the earlier. Where the key cannot be used, the step
    itself must not fail: the log tells of it, and `catch_up` issues the certificate when the key is there.
    """
    if library.final is None:
        return None
    person = session.execute(select(Person).where(Person.id == person_id).with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if person is None or person.role != "learner" or person.erased_at is not None:
        return None
    found = session.execute(select(CertificateRow).where(CertificateRow.person_id == person_id)).scalar_one_or_none()
    if found is not None:
        return found
    evaluated = session.scalar(select(Writing.submitted_at).where(Writing.person_id == person_id, Writing.kind == EVALUATION))
    passing = _first_pass(session, library.final.id, person_id)
    if evaluated is None or passing is None:
        return None
    learner = _learner(person, passing, max(evaluated, passing.submitted_at))
    # a serial made from a roster's id and a day could be guessed: who has one shall have seen the certificate
    planned = plan_certificate(library.course, replace(learner, learner_id=f"{person.id} {passing.id}"), library.hours)
    try:
        token = sign(signing_key(settings), planned.statement)
    except (KeyFault, OSError) as fault:
        log.error("certificates cannot be signed", extra={"problem": str(fault)})
        return None
    facts = {name: getattr(learner, name) for name in FACTS} | {"score_percent": str(learner.score_percent), "attempts": learner.attempts}
    made = CertificateRow(serial=planned.serial, person_id=person.id, attempt_id=passing.id, statement=planned.statement, facts=facts, token=token, issued_at=now)
    session.add(made)
    session.flush()
    audit.append(session, now, SERVICE, "certificate issued", f"certificate:{made.serial}", after={"person": person.id, "attempt": passing.id, "completed": planned.statement["d"], "valid": planned.statement["v"]})
    events.happened(session, settings, library, "certified", person.id, made.serial, now)
    return made


def certificate_of(row: CertificateRow) -> Certificate:
    """A kept certificate as it is printed: nothing of it follows later changes of the course's credit or of the person."""
    statement, facts = row.statement, row.facts
    kept = {name: facts.get(name, "") for name in FACTS}
    learner = Learner(
        line=0,
        completed_at=datetime.fromisoformat(statement["d"]).date(),
        score_percent=Decimal(facts["score_percent"]) if "score_percent" in facts else None,
        attempts=facts.get("attempts"),
        **kept,
    )
    return Certificate(learner, row.serial, Decimal(statement["h"]), statement["c"], "" if statement["v"] == 1 else SAMPLE, statement)


def withdraw(session: Session, serial: str, reason: str, actor: str, now: datetime) -> CertificateRow:
    """Take a certificate back: its page says so from now on. Raises KeyError for a serial that is not there."""
    row = _locked(session, serial)
    if row.withdrawn_at is None:
        row.withdrawn_at = now
        session.flush()
        audit.append(session, now, actor, "certificate withdrawn", f"certificate:{serial}", {"withdrawn": False}, {"withdrawn": True, "reason": reason})
    return row


def reinstate(session: Session, serial: str, reason: str, actor: str, now: datetime) -> CertificateRow:
    """Undo a withdrawal. Raises KeyError for a serial that is not there, or whose holder has been erased."""
    row = _locked(session, serial)
    if session.scalar(select(Person.erased_at).where(Person.id == row.person_id)) is not None:
        raise KeyError(serial)
    if row.withdrawn_at is not None:
        row.withdrawn_at = None
        session.flush()
        audit.append(session, now, actor, "certificate reinstated", f"certificate:{serial}", {"withdrawn": True}, {"withdrawn": False, "reason": reason})
    return row


def reconsider(session: Session, settings: Settings, library: Library, people: Iterable[str], now: datetime) -> Reconsidered:
    """After a regrade: issue what is due now, and name the certificates whose holders pass no longer. Those stand until a
    coordinator withdraws them: credit that was given is not taken back without a person's decision."""
    made = Reconsidered()
    for person in dict.fromkeys(people):
        before = session.scalar(select(CertificateRow.serial).where(CertificateRow.person_id == person))
        row = consider(session, settings, library, person, now)
        if row is None or row.withdrawn_at is not None:
            continue
        if before is None:
            made.issued.append(row)
        elif library.final is not None and _first_pass(session, library.final.id, person) is None:
            made.doubtful.append(row)
    return made


def due(session: Session, library: Library, limit: int) -> list[str]:
    """Learners who have done all that it takes and hold no certificate: a key was missing, or a regrade made a pass."""
    if library.final is None:
        return []
    return list(
        session.execute(
            select(Person.id)
            .join(Writing, (Writing.person_id == Person.id) & (Writing.kind == EVALUATION) & Writing.submitted_at.is_not(None))
            .join(Attempt, (Attempt.person_id == Person.id) & (Attempt.test == library.final.id) & (Attempt.state == "submitted"))
            .join(ResultRow, (ResultRow.attempt_id == Attempt.id) & ResultRow.passed.is_(True))
            .outerjoin(CertificateRow, CertificateRow.person_id == Person.id)
            .where(CertificateRow.serial.is_(None), Person.erased_at.is_(None), Person.role == "learner")
            .distinct()
            .limit(limit)
        ).scalars()
    )


def on_result(session: Session, settings: Settings, library: Library, attempt: Attempt, result: ResultRow, now: datetime) -> None:
    """Listener: an attempt was submitted and graded, or its result moved."""
    if library.final is not None and attempt.test == library.final.id and result.passed:
        consider(session, settings, library, attempt.person_id, now)


def on_step(session: Session, settings: Settings, library: Library, what: str, person: str, thing: str, now: datetime) -> None:
    """Listener: a step other than a test was done."""
    if what == "evaluated":
        consider(session, settings, library, person, now)


def _first_pass(session: Session, test: str, person: str) -> Any:
    """The attempt that was passed first, with its result."""
    columns = (Attempt.id, Attempt.number, Attempt.submitted_at, ResultRow.earned, ResultRow.possible, ResultRow.needed)
    return session.execute(
        select(*columns)
        .join(ResultRow, ResultRow.attempt_id == Attempt.id)
        .where(Attempt.person_id == person, Attempt.test == test, Attempt.state == "submitted", Attempt.submitted_at.is_not(None), ResultRow.passed.is_(True))
        .order_by(Attempt.submitted_at, Attempt.number)
        .limit(1)
    ).first()


def _learner(person: Person, passing: Any, completed: datetime) -> Learner:
    """The person as a row of a roster."""
    named = bool(person.given_name or person.family_name)
    percent = percent_of(Fraction(passing.earned), Fraction(passing.possible), passing.needed)
    return Learner(
        line=0,
        given_name=person.given_name if named else person.name,
        family_name=person.family_name,
        completed_at=completed.astimezone(UTC).date(),
        learner_id=person.learner_id,
        score_percent=Decimal(percent.rstrip("0").rstrip(".")),
        attempts=passing.number,
        **{name: person.roster.get(name, "") for name in ("credential", "license_id", "license_state")},
    )


def _locked(session: Session, serial: str) -> CertificateRow:
    row = session.execute(select(CertificateRow).where(CertificateRow.serial == serial).with_for_update()).scalar_one_or_none()
    if row is None:
        raise KeyError(serial)
    return row
