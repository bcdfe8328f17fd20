"""What coordinators decide about certificates: withdrawn, reinstated, or issued anew by the name and the results of today."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.build.signing import KeyFault
from coursewright.serve.credit import issuing
from coursewright.serve.library import Library
from coursewright.serve.management.cohorts import Refused
from coursewright.serve.management.people import reason_of
from coursewright.serve.security.access import Who
from coursewright.serve.settings import Settings
from coursewright.serve.store.tables import CertificateRow, Person


def withdraw(session: Session, person: Person, serial: str, reason: str, who: Who, now: datetime) -> CertificateRow:
    """Take a certificate back: from now on its page says so. Raises Refused."""
    return issuing.withdraw(session, _own(session, person, serial), reason_of(reason, person), who.id, now)


def reinstate(session: Session, person: Person, serial: str, reason: str, who: Who, now: datetime) -> CertificateRow:
    """Undo a withdrawal. Raises Refused."""
    own, logged = _own(session, person, serial), reason_of(reason, person)
    try:
        return issuing.reinstate(session, own, logged, who.id, now)
    except ValueError:
        raise Refused("certificate-stands") from None


def issue_anew(session: Session, settings: Settings, library: Library, person: Person, serial: str, reason: str, who: Who, now: datetime) -> CertificateRow:
    """Withdraw the certificate that stands, and issue another. serial: of the one that stood when this was decided; empty where none did.

    Raises Refused, and then nothing is withdrawn.
    """
    logged = reason_of(reason, person)
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
    newest = issuing.newest(session, person.id)
    if serial != (newest.serial if newest is not None and newest.withdrawn_at is None else ""):
        raise Refused("certificate-changed")
    try:
        made = issuing.issue_anew(session, settings, library, person.id, logged, who.id, now)
    except (KeyFault, OSError):
        raise Refused("key") from None
    if made is None:
        raise Refused("certificate-due")
    return made


def _own(session: Session, person: Person, serial: str) -> str:
    """A serial, where the certificate is this learner's. Raises Refused."""
    if session.scalar(select(CertificateRow.serial).where(CertificateRow.serial == serial, CertificateRow.person_id == person.id)) is None:
        raise Refused("certificate-none")
    return serial
