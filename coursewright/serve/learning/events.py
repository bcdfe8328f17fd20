"""What follows from a learner's step elsewhere: a statement to a record store, a grade to a platform, a certificate.

Everything here is written in the transaction of the step itself: it is never lost, and never told of what did not happen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from coursewright.serve.library import Library
from coursewright.serve.settings import Settings
from coursewright.serve.store.tables import Attempt, ResultRow


@dataclass
class Listeners:
    """Who is told; each is a function of the session, the settings and what happened."""

    began: list[Callable[[Session, Settings, Attempt, datetime], None]] = field(default_factory=list)
    submitted: list[Callable[[Session, Settings, Library, Attempt, ResultRow, datetime], None]] = field(default_factory=list)


LISTENERS = Listeners()


def began(session: Session, settings: Settings, attempt: Attempt, now: datetime) -> None:
    """An attempt began (or goes on: listeners see to it that they tell only once)."""
    for listener in LISTENERS.began:
        listener(session, settings, attempt, now)


def submitted(session: Session, settings: Settings, library: Library, attempt: Attempt, result: ResultRow, now: datetime) -> None:
    """An attempt was submitted and graded."""
    for listener in LISTENERS.submitted:
        listener(session, settings, library, attempt, result, now)
