"""Values that are kept for a while in the database, so that any worker can take up what another began."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from coursewright.serve.store.tables import Kept


def keep(session: Session, name: str, value: dict[str, Any], now: datetime, seconds: int) -> None:
    """Keep a value under a name that nobody has used."""
    session.add(Kept(name=name, value=value, ends_at=now + timedelta(seconds=seconds)))


def take(session: Session, name: str, now: datetime) -> dict[str, Any] | None:
    """Take a value out: whoever comes first has it, and nobody a second time. None where there is none, or its time is over."""
    row = session.execute(delete(Kept).where(Kept.name == name).returning(Kept.value, Kept.ends_at)).first()
    return dict(row.value) if row is not None and row.ends_at > now else None


def look(session: Session, name: str, now: datetime) -> dict[str, Any] | None:
    """A value that stays where it is."""
    row = session.execute(select(Kept.value, Kept.ends_at).where(Kept.name == name)).first()
    return dict(row.value) if row is not None and row.ends_at > now else None
