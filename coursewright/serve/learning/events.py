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

Told = Callable[[Session, Settings, Library, Attempt, ResultRow, datetime], None]


@dataclass
class Listeners:
    """Who is told; each is a function of the session, the settings, the course and what happened."""

    began: list[Callable[[Session, Settings, Library, Attempt, datetime], None]] = field(default_factory=list)
    submitted: list[Told] = field(default_factory=list)
    moved: list[Told] = field(default_factory=list)
    voided: list[Callable[[Session, Settings, Library, Attempt, datetime], None]] = field(default_factory=list)
    happened: list[Callable[[Session, Settings, Library, str, str, str, datetime], None]] = field(default_factory=list)


LISTENERS = Listeners()


def began(session: Session, settings: Settings, library: Library, attempt: Attempt, now: datetime) -> None:
    """An attempt began (or goes on: listeners see to it that they tell only once)."""
    for listener in LISTENERS.began:
        listener(session, settings, library, attempt, now)


def submitted(session: Session, settings: Settings, library: Library, attempt: Attempt, result: ResultRow, now: datetime) -> None:
    """An attempt was submitted and graded."""
    for listener in LISTENERS.submitted:
        listener(session, settings, library, attempt, result, now)


def moved(session: Session, settings: Settings, library: Library, attempt: Attempt, result: ResultRow, now: datetime) -> None:
    """The result of a submitted attempt is another after a decision of staff."""
    for listener in LISTENERS.moved:
        listener(session, settings, library, attempt, result, now)


def voided(session: Session, settings: Settings, library: Library, attempt: Attempt, now: datetime) -> None:
    """An attempt counts no more."""
    for listener in LISTENERS.voided:
        listener(session, settings, library, attempt, now)


def happened(session: Session, settings: Settings, library: Library, what: str, person: str, thing: str, now: datetime) -> None:
    """A step other than a test. what: `started` (the course), `read` (thing: a unit, to its end), `evaluated`, `committed`, or `certified`."""
    for listener in LISTENERS.happened:
        listener(session, settings, library, what, person, thing, now)
