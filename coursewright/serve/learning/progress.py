"""Where a learner is in the course: what is read, what was tried, what was passed, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.serve.learning.taking import Standing, standing
from coursewright.serve.library import CHECK, Library
from coursewright.serve.settings import Settings
from coursewright.serve.store.tables import Attempt, CertificateRow, Place, Writing

SOON = timedelta(days=1)


@dataclass(frozen=True)
class Step:
    """One thing to do, in the order of the course. kind: test, unit, check, evaluation, commitment, certificate. state: to-do, begun, done."""

    kind: str
    id: str
    title: str
    state: str
    standing: Standing | None = None
    place: Place | None = None

    @property
    def failed(self) -> bool:
        """Whether it is a test that was handed in, never passed, and is not open."""
        where = self.standing
        return self.state == "begun" and where is not None and where.open is None and all(result is not None and result.passed is False for _, result in where.submitted)


@dataclass(frozen=True)
class Progress:
    """All steps; `next` is the first that is not done, `running` the one with an attempt that ends soon or has ended."""

    steps: tuple[Step, ...]
    running: Step | None = None

    @property
    def next(self) -> Step | None:
        return next((step for step in self.steps if step.state != "done"), None)

    @property
    def done(self) -> int:
        return sum(step.state == "done" for step in self.steps)


def progress(session: Session, settings: Settings, library: Library, person: str, now: datetime) -> Progress:
    """A learner's way through the course: pre-tests, units with their checks, tests, evaluation, commitment, certificate."""
    places = {place.unit: place for place in session.execute(select(Place).where(Place.person_id == person)).scalars()}
    writings = {writing.kind: writing for writing in session.execute(select(Writing).where(Writing.person_id == person)).scalars()}
    steps: list[Step] = []

    def test(id_: str, kind: str = "test") -> None:
        where = standing(session, settings, library, person, id_, now)
        done = bool(where.submitted) if kind == "check" or id_ != (library.final.id if library.final else "") else where.passed
        state = "done" if done else "begun" if where.attempts else "to-do"
        steps.append(Step(kind, id_, library.title_of(id_), state, where))

    for blueprint in library.tests.values():
        if blueprint.parallel_to:
            test(blueprint.id)
    for unit in library.course.units:
        place = places.get(unit.id)
        steps.append(Step("unit", unit.id, unit.title, "done" if place and place.finished_at else "begun" if place else "to-do", place=place))
        if library.chapters[unit.id].check.asked:
            test(CHECK + unit.id, "check")
    for blueprint in library.tests.values():
        if not blueprint.parallel_to:
            test(blueprint.id)
    for kind in ("evaluation", *(("commitment",) if library.commitment else ())):
        writing = writings.get(kind)
        steps.append(Step(kind, kind, "", "done" if writing and writing.submitted_at else "begun" if writing else "to-do"))
    if library.final is not None:
        issued = session.execute(select(CertificateRow.serial).where(CertificateRow.person_id == person, CertificateRow.withdrawn_at.is_(None))).first()
        steps.append(Step("certificate", "certificate", "", "done" if issued else "to-do"))
    soon = [(step.standing.open.ends_at, step) for step in steps if step.standing and step.standing.open and step.standing.open.ends_at and step.standing.open.ends_at < now + SOON]
    return Progress(tuple(steps), min(soon, key=lambda each: each[0])[1] if soon else None)


def met(session: Session, library: Library, person: str, need: str) -> bool:
    """Whether a learner has done what a policy requires before a test: `pretest`, `reading` or `checks`."""
    if need == "reading":
        done = set(session.execute(select(Place.unit).where(Place.person_id == person, Place.finished_at.is_not(None))).scalars())
        return {module.id for module in library.course.modules} <= done
    submitted = set(session.execute(select(Attempt.test).where(Attempt.person_id == person, Attempt.state == "submitted")).scalars())
    if need == "pretest":
        return {blueprint.id for blueprint in library.tests.values() if blueprint.parallel_to} <= submitted
    return {CHECK + id_ for id_, chapter in library.chapters.items() if chapter.check.asked} <= submitted
