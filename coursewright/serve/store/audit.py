"""The audit log: who did what and when, and what was before. Rows are only added, each sealed with the hash of the one before.

A row that is altered, taken out or put between breaks the chain. The last hash, kept elsewhere (a backup, a printed
report), proves that nothing was cut off at the end either.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from coursewright.serve.store.locks import LOGGING, alone
from coursewright.serve.store.tables import LogEntry, moment_text

FIRST = "0" * 64


@dataclass(frozen=True)
class Broken:
    """Where the chain does not hold: the number of the row, and why."""

    number: int
    reason: str


def append(session: Session, at: datetime, actor: str, action: str, subject: str, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None) -> LogEntry:
    """Add a row, in the transaction of what it tells of. People stand in it by id, never by name."""
    alone(session, LOGGING)  # held until the commit: numbers follow one another
    last = session.execute(select(LogEntry.number, LogEntry.hash).order_by(LogEntry.number.desc()).limit(1)).first()
    number, previous = (last.number + 1, last.hash) if last else (1, FIRST)
    entry = LogEntry(number=number, at=at, actor=actor, action=action, subject=subject, before=before, after=after, previous=previous, hash="")
    entry.hash = sealed(entry)
    session.add(entry)
    session.flush()
    return entry


def sealed(entry: LogEntry) -> str:
    """The hash of a row: of all that it says, and of the hash of the row before."""
    content = [entry.number, moment_text(entry.at), entry.actor, entry.action, entry.subject, entry.before, entry.after, entry.previous]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def verify(session: Session, end: str = "") -> Iterator[Broken]:
    """Every break of the chain. end: a hash noted earlier that must still be in it."""
    number, previous, met = 0, FIRST, not end
    for entry in session.execute(select(LogEntry).order_by(LogEntry.number)).yield_per(1000).scalars():
        if entry.number != number + 1:
            yield Broken(entry.number, f"row {number + 1} is missing")
        if entry.previous != previous:
            yield Broken(entry.number, "it does not follow from the row before")
        if not hmac.compare_digest(sealed(entry), entry.hash):
            yield Broken(entry.number, "it was altered")
        number, previous = entry.number, entry.hash
        met = met or entry.hash == end
    if not met:
        yield Broken(number, "the hash noted earlier is no longer in the log: rows were cut off or written anew")


def head(session: Session) -> tuple[int, str]:
    """How many rows there are, and the hash of the last."""
    number = session.scalar(select(func.max(LogEntry.number))) or 0
    return number, session.scalar(select(LogEntry.hash).where(LogEntry.number == number)) or FIRST
