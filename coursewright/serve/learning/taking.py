"""Who may take a test now, and on which form: the policies of attempts, and the drawing of a form that is new to the learner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from coursewright.model.quiz import Blueprint
from coursewright.plan.form import Form, plan_form
from coursewright.serve.learning.attempts import NotNow, begin, cohort_of, ends_at, last_number
from coursewright.serve.learning.kept_forms import keep_form, keep_sheet
from coursewright.serve.learning.recall import due_for, is_recall, sheet_of
from coursewright.serve.library import CHECK, Library
from coursewright.serve.settings import Policy, Settings
from coursewright.serve.store.tables import Allowance, Attempt, Cohort, Person, ResultRow

LOOK = 40  # how many forms are drawn in search of one that the learner has not met


@dataclass(frozen=True)
class Standing:
    """Where a learner stands with a test. best: the attempt that counts. left None: as many as wanted. refused: why not now."""

    attempts: tuple[tuple[Attempt, ResultRow | None], ...]
    open: Attempt | None
    passed: bool
    left: int | None
    refused: str
    until: datetime | None

    @property
    def submitted(self) -> tuple[tuple[Attempt, ResultRow | None], ...]:
        return tuple((attempt, result) for attempt, result in self.attempts if attempt.state == "submitted")

    @property
    def finished(self) -> bool:
        """Whether nothing can still be earned: passed, or no attempt left."""
        return self.open is None and (self.passed or self.left == 0)


def standing(session: Session, settings: Settings, library: Library, person: str, test: str, now: datetime) -> Standing:
    """A learner's attempts at a test, and whether another may begin now."""
    rows = session.execute(
        select(Attempt, ResultRow).outerjoin(ResultRow, ResultRow.attempt_id == Attempt.id).where(Attempt.person_id == person, Attempt.test == test, Attempt.state != "void").order_by(Attempt.number)
    ).all()
    attempts = tuple((attempt, result) for attempt, result in rows)
    open_ = next((attempt for attempt, _ in attempts if attempt.state == "open"), None)
    passed = any(result is not None and result.passed for attempt, result in attempts if attempt.state == "submitted")
    policy = policy_of(settings, library, test)
    more = session.scalar(select(Allowance.attempts).where(Allowance.person_id == person, Allowance.test == test)) or 0
    left = None if policy.attempts == 0 else max(0, policy.attempts + more - len(attempts))
    refused, until = "", None
    if open_ is None and is_recall(test):
        due = due_for(session, library, person, test)
        refused, until = ("", None) if due is not None and now >= due.opens_at else ("not-open", due.opens_at if due else None)
    elif open_ is None:
        refused, until = _refused(session, policy, library, person, attempts, passed and test in library.tests, left, now)
    return Standing(attempts, open_, passed, left, refused, until)


def policy_of(settings: Settings, library: Library, test: str) -> Policy:
    """The policy of a test. A knowledge check, and a recall, may be taken as often as wanted; a pre-test once, unless the settings say otherwise."""
    if test.startswith(CHECK) or is_recall(test):
        return Policy(attempts=0, review="keys", confidence=settings.policy.confidence)
    blueprint = library.tests.get(test)
    if blueprint is not None and blueprint.parallel_to and test not in settings.tests:
        return Policy(attempts=1, review=settings.policy.review if settings.policy.review in ("score", "objectives") else "objectives", confidence=settings.policy.confidence)
    return settings.policy_of(test)


def _refused(
    session: Session, policy: Policy, library: Library, person: str, attempts: tuple[tuple[Attempt, ResultRow | None], ...], passed: bool, left: int | None, now: datetime
) -> tuple[str, datetime | None]:
    if passed:
        return "passed", None
    if left == 0:
        return "no-attempts", None
    cohort = session.get(Cohort, cohort_of(session, person) or "")
    if cohort is not None and cohort.opens_at is not None and now < cohort.opens_at:
        return "not-open", cohort.opens_at
    if cohort is not None and cohort.closes_at is not None and now >= cohort.closes_at:
        return "closed", cohort.closes_at
    last = max((attempt.submitted_at for attempt, _ in attempts if attempt.submitted_at), default=None)
    if last is not None and policy.wait_hours and now < last + timedelta(hours=policy.wait_hours):
        return "wait", last + timedelta(hours=policy.wait_hours)
    return _requirement(session, policy, library, person), None


def _requirement(session: Session, policy: Policy, library: Library, person: str) -> str:
    from coursewright.serve.learning.progress import met

    return next((need for need in policy.requires if not met(session, library, person, need)), "")


def start(session: Session, settings: Settings, library: Library, person: Person, test: str, now: datetime) -> Attempt:
    """The open attempt of a test, or a new one on a form of its own. Raises NotNow, KeyError for a test that is not there."""
    if test.startswith(CHECK):
        chapter = library.chapters[test.removeprefix(CHECK)]
        if not chapter.check.asked:
            raise KeyError(test)
    elif test not in library.tests and not is_recall(test):
        raise KeyError(test)
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
    where = standing(session, settings, library, person.id, test, now)
    if where.open is not None:
        return where.open
    if where.refused:
        raise NotNow(where.refused, where.until)
    number = last_number(session, person.id, test) + 1
    cohort = cohort_of(session, person.id)
    if test.startswith(CHECK):
        form = keep_sheet(session, library.course, library.numbering, library.chapters[test.removeprefix(CHECK)].check, test)
        return begin(session, person, cohort, test, "check", form, number, None, now)
    if is_recall(test):
        due = due_for(session, library, person.id, test)
        assert due is not None  # it is open, or it would have been refused
        form = keep_sheet(session, library.course, library.numbering, sheet_of(library, due), test)
        return begin(session, person, cohort, test, "check", form, number, None, now)
    blueprint = library.tests[test]
    here = session.get(Cohort, cohort or "")
    closes = here.closes_at if here is not None else None
    forms = session.execute(select(Attempt.form_id).where(Attempt.person_id == person.id, Attempt.test == test)).scalars()  # void ones too: they were seen
    met = {form.rpartition("-")[0] for form in forms}
    form = keep_form(session, library.course, library.numbering, new_form(session, library, blueprint, met))
    return begin(session, person, cohort, test, "test", form, number, ends_at(person, blueprint.minutes, now, closes), now)


def new_form(session: Session, library: Library, blueprint: Blueprint, met: set[str]) -> Form:
    """The next form of a blueprint that is not among those met; the next one, where all were met. Raises CannotFill."""
    first = None
    for _ in range(LOOK):
        number = _next(session, f"form:{blueprint.id}")
        form = plan_form(library.course, blueprint, (number - 1) % blueprint.forms + 1 if blueprint.forms else number)
        if form.id not in met:
            return form
        first = first or form
    assert first is not None
    return first


def _next(session: Session, name: str) -> int:
    """A number that nobody else gets, though many ask for the first one at once."""
    statement = text("INSERT INTO counter (name, value) VALUES (:name, 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value")
    return int(session.execute(statement, {"name": name}).scalar_one())
