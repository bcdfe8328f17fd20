"""Spaced recall: what is asked again 7 and 30 days after the final test, chosen from what was missed in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.plan.recall import DAYS, Reminder, earned_by, plan_recall, recall_sheet
from coursewright.plan.sheet import Sheet
from coursewright.serve.learning.attempts import grade_one
from coursewright.serve.learning.kept_forms import load_form, record_of
from coursewright.serve.library import RECALL, Library
from coursewright.serve.store.tables import Attempt, ResultRow

EARLIEST = timezone(timedelta(hours=14))  # where a day begins first: nobody's calendar reminds before the questions are open


@dataclass(frozen=True)
class Due:
    """A reminder with its day, and the moment from which it can be answered."""

    reminder: Reminder
    day: date
    opens_at: datetime

    @property
    def test(self) -> str:
        """The test that its answers are kept under: `recall:7`."""
        return f"{RECALL}{self.reminder.days}"


def is_recall(test: str) -> bool:
    """Whether it is the name of a reminder's test."""
    return test in {f"{RECALL}{days}" for days in DAYS}


def finished_by(session: Session, library: Library, person: str) -> Attempt | None:
    """The attempt from which the days are counted: the first that passed the final test, else the last that was submitted."""
    if library.final is None:
        return None
    rows = session.execute(
        select(Attempt, ResultRow.passed)
        .join(ResultRow, ResultRow.attempt_id == Attempt.id)
        .where(Attempt.person_id == person, Attempt.test == library.final.id, Attempt.state == "submitted", Attempt.submitted_at.is_not(None))
        .order_by(Attempt.submitted_at, Attempt.number)
    ).all()
    return next((attempt for attempt, passed in rows if passed), rows[-1][0] if rows else None)


def completed_on(attempt: Attempt) -> date:
    """The day from which the days are counted."""
    assert attempt.submitted_at is not None
    return attempt.submitted_at.astimezone(UTC).date()


def due_of(session: Session, library: Library, person: str) -> tuple[Due, ...]:
    """A person's reminders; none before the final test, and none where there is nothing to ask."""
    attempt = finished_by(session, library, person)
    if attempt is None:
        return ()
    form = load_form(session, attempt.form_id)
    earned = earned_by(grade_one(session, attempt, form), record_of("", attempt.test, [form]))
    first, made = completed_on(attempt), []
    for reminder in plan_recall(library.course, earned):
        day = first + timedelta(days=reminder.days)
        if reminder.items:
            made.append(Due(reminder, day, datetime.combine(day, time(), EARLIEST).astimezone(UTC)))
    return tuple(made)


def due_for(session: Session, library: Library, person: str, test: str) -> Due | None:
    """The reminder that a test belongs to."""
    return next((due for due in due_of(session, library, person) if due.test == test), None)


def sheet_of(library: Library, due: Due) -> Sheet:
    """What a reminder asks."""
    return recall_sheet(library.course, f"recall-{due.reminder.days}", library.title_of(due.test), due.reminder.items)
