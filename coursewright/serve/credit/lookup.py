"""Looking up a certificate by its serial or its signed statement: what it is, and no more than a certificate shows itself.

Whoever has a serial has seen the certificate, for 60 of its bits are chance: guessing at the rate that the service allows
takes longer than anyone has. So its page names the holder in full, since an employer who checks a certificate must be
able to compare the name; initials would pass for anybody who shares them. It shows nothing that the paper does not show,
and less: course, day, hours and kind of credit; no score, license, address or id.
"""

from __future__ import annotations

import datetime
import hmac
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.build.signing import check
from coursewright.serve.store.tables import CertificateRow, Person

ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
READ_AS = str.maketrans({"0": "O", "1": "I", "8": "B"})
LETTERS = 12
NOTHING = "AAAA-AAAA-AAAA"  # looked up where the number is none, so that both take as long


@dataclass(frozen=True)
class Found:
    """A certificate. state: valid, sample, withdrawn, or erased (withdrawn at its holder's wish). holder: empty unless it stands.

    kept: whether the service has it; one that was made from a roster with the same key is known by its signature alone.
    """

    state: str
    serial: str
    title: str
    day: datetime.date
    hours: str
    credit: str
    holder: str
    withdrawn_at: datetime.datetime | None = None
    kept: bool = True


def normal_serial(text: str) -> str:
    """A serial as it is kept, of what somebody typed; empty where it can be none."""
    letters = "".join(c for c in (text.upper() if text.isascii() else text) if c not in " -\u2010\u2011\u2012\u2013\t\r\n").translate(READ_AS)
    if len(letters) != LETTERS or not ALPHABET.issuperset(letters):
        return ""
    return "-".join(letters[i : i + 4] for i in (0, 4, 8))


def by_serial(session: Session, text: str) -> Found | None:
    """The certificate of a serial. Unknown and malformed are the same."""
    serial = normal_serial(text)
    columns = (CertificateRow.serial, CertificateRow.statement, CertificateRow.withdrawn_at, Person.erased_at)
    row = session.execute(select(*columns).join(Person, Person.id == CertificateRow.person_id).where(CertificateRow.serial == (serial or NOTHING))).first()
    if row is None or not hmac.compare_digest(row.serial.encode(), serial.encode()):
        return None
    if row.erased_at is not None:
        return _found("erased", row.serial, row.statement, row.withdrawn_at)
    if row.withdrawn_at is not None:
        return _found("withdrawn", row.serial, row.statement, row.withdrawn_at)
    return _found(_standing(row.statement), row.serial, row.statement)


def by_token(session: Session, key: Ed25519PublicKey, token: str) -> Found | None:
    """The certificate of a signed statement; the service's own record, where there is one, decides what it is now."""
    statement = check(key, token)
    if statement is None:
        return None
    try:
        return by_serial(session, statement["s"]) or _found(_standing(statement), statement["s"], statement, kept=False)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None  # signed by the key, and no certificate


def _standing(statement: dict[str, Any]) -> str:
    return "valid" if statement["v"] == 1 else "sample"


def _found(state: str, serial: str, statement: dict[str, Any], withdrawn_at: datetime.datetime | None = None, kept: bool = True) -> Found:
    holder = statement["n"] if state in ("valid", "sample") else ""
    return Found(state, serial, statement["t"], datetime.date.fromisoformat(statement["d"]), statement["h"], statement["c"], holder, withdrawn_at, kept)
