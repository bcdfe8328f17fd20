"""Locks over all machines, held to the end of a transaction. SQLite has one writer at a time, and needs none."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

#: what is done by one at a time; any numbers that nobody else uses in the database
MIGRATING, LOGGING, LINKING, ENROLLING = 7466, 7467, 7468, 7469


def alone(session: Session, what: int) -> None:
    """From here to the end of the transaction nobody else does this."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:what)"), {"what": what})


def lock_attempts(session: Session, mode: str) -> None:
    """Lock all attempts. `EXCLUSIVE` lets nobody save, submit or take in paper meanwhile; `ROW EXCLUSIVE` waits for, and keeps out, whoever holds that."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE attempt IN {mode} MODE"))
