"""Personal codes and session tokens: made at random, kept as keyed hashes, compared by those.

A code is 13 letters and digits in Crockford's alphabet (65 bits): `K7M2-QX4T-9BCDF`. It is looked up by its HMAC, so
that the time it takes tells nothing of the codes there are.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from coursewright.serve.store.tables import AccessCode, Person, SignedIn

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 13
AT_ONCE = 500  # people of one statement
READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
SEEN_EVERY = timedelta(minutes=1)


def normal(code: str) -> str:
    """A code as it is hashed: no spaces and dashes, letters that are easily misread put right."""
    return "".join(c for c in code.upper() if c.isalnum()).translate(READ_AS)


def shown(code: str) -> str:
    """A code in groups, for people."""
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def keyed(secret: str, purpose: str, value: str) -> str:
    """The hash under which a code or token is kept."""
    return hmac.new(secret.encode(), f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def new_code() -> str:
    """A code that lets nobody in before it is kept."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def keep_codes(session: Session, secret: str, codes: Mapping[str, str], now: datetime, days: int) -> None:
    """Let codes hold from now on, each by its person's id; earlier ones of these people end. A few statements, however many there are."""
    people = list(codes)
    for start in range(0, len(people), AT_ONCE):
        session.execute(update(AccessCode).where(AccessCode.person_id.in_(people[start : start + AT_ONCE]), AccessCode.ended_at.is_(None)).values(ended_at=now))
    session.add_all(AccessCode(digest=keyed(secret, "code", code), person_id=person, created_at=now, expires_at=now + timedelta(days=days)) for person, code in codes.items())
    session.flush()


def person_of_code(session: Session, secret: str, code: str, now: datetime) -> Person | None:
    """Whose code it is, if it still holds."""
    digest = keyed(secret, "code", normal(code))
    row = session.execute(select(AccessCode, Person).join(Person, Person.id == AccessCode.person_id).where(AccessCode.digest == digest)).first()
    if row is None or not hmac.compare_digest(row[0].digest, digest):
        return None
    found, person = row
    if found.ended_at is not None or found.expires_at <= now or person.erased_at is not None:
        return None
    found.used_at = now
    return person


def open_session(session: Session, secret: str, person: str, now: datetime, hours: float) -> str:
    """A new session; its token, for the browser alone. Sessions that have ended are taken away."""
    session.execute(delete(SignedIn).where(SignedIn.expires_at < now))
    token = secrets.token_urlsafe(32)
    session.add(SignedIn(digest=keyed(secret, "session", token), person_id=person, created_at=now, seen_at=now, expires_at=now + timedelta(hours=hours)))
    return token


def end_sessions(session: Session, person: str) -> None:
    """End all sessions of a person."""
    session.execute(delete(SignedIn).where(SignedIn.person_id == person))


def end_session(session: Session, secret: str, token: str) -> None:
    """End one session."""
    session.execute(delete(SignedIn).where(SignedIn.digest == keyed(secret, "session", token)))
