"""Who a person is to somebody else: found, linked, unlinked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from coursewright.serve.store import audit, locks
from coursewright.serve.store.tables import Identity, LtiLink, Person


def person_of(session: Session, issuer: str, subject: str) -> Person | None:
    """The person that somebody else knows under a subject; nobody where that person was erased."""
    return session.execute(select(Person).join(Identity, Identity.person_id == Person.id).where(Identity.issuer == issuer, Identity.subject == subject, Person.erased_at.is_(None))).scalar_one_or_none()


def alone(session: Session) -> None:
    """From here to the end of the transaction nobody else links anybody: two first visits at once make one person."""
    locks.alone(session, locks.LINKING)


def link(session: Session, issuer: str, subject: str, person: Person, by: str, now: datetime) -> None:
    """From now on a subject of somebody else is this person: after `alone`, and where `person_of` finds nobody. by: `oidc` or `lti`, for the log."""
    session.merge(Identity(issuer=issuer, subject=subject, person_id=person.id, created_at=now))
    session.flush()
    audit.append(session, now, person.id, "identity linked", f"person:{person.id}", after={"by": by})


def is_linked(session: Session, issuer: str, person: str) -> bool:
    """Whether an issuer knows a person already."""
    return session.scalar(select(Identity.subject).where(Identity.issuer == issuer, Identity.person_id == person).limit(1)) is not None


def is_closed(session: Session, issuer: str, subject: str) -> bool:
    """Whether a subject is somebody of the staff whose account was closed; learners who were erased are linked no more."""
    return session.scalar(select(Person.id).join(Identity, Identity.person_id == Person.id).where(Identity.issuer == issuer, Identity.subject == subject, Person.erased_at.is_not(None))) is not None


def unlink(session: Session, person: str) -> int:
    """Nobody else knows the person any more, and grades go nowhere; how many did. What is waiting to be sent still goes."""
    known = session.execute(delete(Identity).where(Identity.person_id == person).returning(Identity.subject)).all()
    session.execute(delete(LtiLink).where(LtiLink.person_id == person))
    return len(known)
