"""Certificates: issued when the test is passed and the evaluation handed in, withdrawn or issued anew by a coordinator; one of a person stands."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
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


def consider(session: Session, settings: Settings, library: Library, person_id: str, now: datetime) -> CertificateRow | None:
    """The certificate of a learner: the one there is, even if withdrawn; else a new one, if all is done that it takes.

    Runs in the transaction of the step that may have been the last. Where the key cannot be used, the step itself must
    not fail: the log tells of it, and `catch_up` issues the certificate when the key is there.
    """
    person = _learner_locked(session, person_id)
    if person is None:
        return None
    found = newest(session, person_id)
    if found is not None:
        return found
    try:
        return _issue(session, settings, library, person, SERVICE, {}, now)
    except (KeyFault, OSError) as fault:
        log.error("certificates cannot be signed", extra={"problem": str(fault)})
        return None


def issue_anew(session: Session, settings: Settings, library: Library, person_id: str, reason: str, actor: str, now: datetime) -> CertificateRow | None:
    """Another certificate, by the name and the results of today; the one that stands, if one does, is withdrawn.

    None where not all is done that it takes: then nothing may be committed. Raises KeyFault, OSError where it cannot be signed.
    """
    person = _learner_locked(session, person_id)
    if person is None:
        return None
    earlier = newest(session, person_id)
    if earlier is not None:
        withdraw(session, earlier.serial, reason, actor, now)
    return _issue(session, settings, library, person, actor, {"reason": reason} | ({"in place of": earlier.serial} if earlier else {}), now)


def newest(session: Session, person_id: str) -> CertificateRow | None:
    """The certificate of a person that stands; else the one that was withdrawn last."""
    query = select(CertificateRow).where(CertificateRow.person_id == person_id)
    return session.scalar(query.order_by(CertificateRow.withdrawn_at.is_not(None), CertificateRow.withdrawn_at.desc(), CertificateRow.issued_at.desc()).limit(1))


def _learner_locked(session: Session, person_id: str) -> Person | None:
    """The person, locked before what a certificate takes is read: of two last steps at once, the later sees the earlier."""
    person = session.execute(select(Person).where(Person.id == person_id).with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    return person if person is not None and person.role == "learner" and person.erased_at is None else None


def _issue(session: Session, settings: Settings, library: Library, person: Person, actor: str, noted: dict[str, Any], now: datetime) -> CertificateRow | None:
    """A certificate of somebody who holds none, if all is done that it takes. Raises KeyFault, OSError."""
    if library.final is None:
        return None
    evaluated = session.scalar(select(Writing.submitted_at).where(Writing.person_id == person.id, Writing.kind == EVALUATION))
    passing = _first_pass(session, library.final.id, person.id)
    if evaluated is None or passing is None:
        return None
    learner = _learner(person, passing, max(evaluated, passing.submitted_at))
    # a serial made from a roster's id and a day could be guessed: who has one shall have seen the certificate
    earlier = session.scalar(select(func.count()).select_from(CertificateRow).where(CertificateRow.person_id == person.id))
    planned = plan_certificate(library.course, replace(learner, learner_id=f"{person.id} {passing.id}" + (f" {earlier}" if earlier else "")), library.hours)
    token = sign(signing_key(settings), planned.statement)
    facts = {name: getattr(learner, name) for name in FACTS} | {"score_percent": str(learner.score_percent), "attempts": learner.attempts}
    made = CertificateRow(serial=planned.serial, person_id=person.id, attempt_id=passing.id, statement=planned.statement, facts=facts, token=token, issued_at=now)
    session.add(made)
    session.flush()
    audit.append(session, now, actor, "certificate issued", f"certificate:{made.serial}", after={"person": person.id, "attempt": passing.id, "completed": planned.statement["d"], "valid": planned.statement["v"], **noted})
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
    """Undo a withdrawal. Raises KeyError for a serial that is not there, or whose holder has been erased; ValueError while another stands."""
    row = _locked(session, serial)
    if _learner_locked(session, row.person_id) is None:
        raise KeyError(serial)
    if row.withdrawn_at is not None:
        other = newest(session, row.person_id)
        if other is not None and other.withdrawn_at is None:
            raise ValueError(f"certificate {other.serial} stands")
        row.withdrawn_at = None
        session.flush()
        audit.append(session, now, actor, "certificate reinstated", f"certificate:{serial}", {"withdrawn": True}, {"withdrawn": False, "reason": reason})
    return row


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
    row = session.execute(select(CertificateRow).where(CertificateRow.serial == serial).with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None:
        raise KeyError(serial)
    return row
