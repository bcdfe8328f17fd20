"""The learners of a cohort with where each of them is: one query a table, not one a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from coursewright.serve.library import CHECK, Library
from coursewright.serve.management.cohorts import is_closing
from coursewright.serve.store.tables import AccessCode, Attempt, CertificateRow, Cohort, Member, Person, Place, ResultRow, SignedIn, Writing

SORTS = ("name", "seen", "steps", "pretest", "score", "evaluation", "certificate")
SHOWN = ("all", "not-started", "open", "not-passed", "passed", "certificate", "late")


@dataclass(frozen=True)
class Scored:
    """What a submitted attempt earned."""

    earned: Fraction
    possible: Fraction
    passed: bool | None

    @property
    def share(self) -> Fraction:
        return self.earned / self.possible if self.possible else Fraction(0)


@dataclass
class Row:
    """A learner's line. steps: done, of all there are. open: the attempts at tests under way, as (id, test, end)."""

    id: str
    given_name: str
    family_name: str
    learner_id: str
    started: bool
    seen_at: datetime | None = None
    done: set[str] = field(default_factory=set)
    pretest: Scored | None = None
    best: Scored | None = None
    passed: bool = False
    attempts: int = 0
    evaluation: bool = False
    certificate: str = ""
    open: list[tuple[str, str, datetime | None]] = field(default_factory=list)
    late: bool = False

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip() or self.learner_id or self.id

    @property
    def sort_name(self) -> tuple[str, str, str]:
        return (self.family_name.casefold(), self.given_name.casefold(), self.id)

    def seen(self, *moments: datetime | None) -> None:
        """Take in moments at which the learner was there."""
        for moment in moments:
            if moment is not None and (self.seen_at is None or moment > self.seen_at):
                self.seen_at = moment


@dataclass(frozen=True)
class ProgressTable:
    """The lines of a cohort, and how many steps the course has."""

    rows: list[Row]
    steps: int


def steps_of(library: Library) -> tuple[str, ...]:
    """The steps of the course, by words that are equal for all learners: `learning/progress.py` says what each takes."""
    made = [f"test:{blueprint.id}" for blueprint in library.tests.values()]
    for unit in library.course.units:
        made.append(f"unit:{unit.id}")
        if library.chapters[unit.id].check.asked:
            made.append(f"test:{CHECK}{unit.id}")
    return (*made, "evaluation", *(("commitment",) if library.commitment else ()), *(("certificate",) if library.final else ()))


def progress_table(session: Session, library: Library, cohort: Cohort, now: datetime) -> ProgressTable:
    """Where every learner of a cohort is."""
    people = session.execute(
        select(Person.id, Person.given_name, Person.family_name, Person.learner_id, Person.started_at)
        .join(Member, Member.person_id == Person.id)
        .where(Member.cohort_id == cohort.id, Person.role == "learner", Person.erased_at.is_(None))
    ).all()
    rows = {p.id: Row(p.id, p.given_name, p.family_name, p.learner_id, p.started_at is not None) for p in people}
    steps = set(steps_of(library))
    _attempts(session, library, cohort, rows)
    _the_rest(session, cohort, rows)
    closing = is_closing(cohort.closes_at, now)
    for row in rows.values():
        row.done &= steps
        row.late = closing and not row.passed
    return ProgressTable(sorted(rows.values(), key=lambda row: row.sort_name), len(steps))


def _attempts(session: Session, library: Library, cohort: Cohort, rows: dict[str, Row]) -> None:
    final = library.final.id if library.final else ""
    pretests = {blueprint.id for blueprint in library.tests.values() if blueprint.parallel_to}
    columns = (Attempt.id, Attempt.person_id, Attempt.test, Attempt.state, Attempt.started_at, Attempt.ends_at, Attempt.submitted_at, ResultRow.earned, ResultRow.possible, ResultRow.passed)
    query = select(*columns).join(Member, Member.person_id == Attempt.person_id).outerjoin(ResultRow, ResultRow.attempt_id == Attempt.id)
    for a in session.execute(query.where(Member.cohort_id == cohort.id, Attempt.state != "void").order_by(Attempt.number)):
        row = rows.get(a.person_id)
        if row is None:
            continue
        row.seen(a.started_at, a.submitted_at if a.state == "submitted" else None)
        if a.test == final:
            row.attempts += 1
        if a.state == "open":
            if a.test in library.tests:  # a knowledge check, or a recall, may lie open for weeks
                row.open.append((a.id, a.test, a.ends_at))
            continue
        if a.test != final or a.passed:
            row.done.add(f"test:{a.test}")
        if a.earned is None or (a.test != final and a.test not in pretests):
            continue
        scored = Scored(Fraction(a.earned), Fraction(a.possible), a.passed)
        if a.test == final:
            row.passed = row.passed or bool(a.passed)
            if row.best is None or (bool(a.passed), scored.share) > (bool(row.best.passed), row.best.share):
                row.best = scored
        elif row.pretest is None:
            row.pretest = scored


def _the_rest(session: Session, cohort: Cohort, rows: dict[str, Row]) -> None:
    here = Member.cohort_id == cohort.id
    for place in session.execute(select(Place.person_id, Place.unit, Place.finished_at, Place.at).join(Member, Member.person_id == Place.person_id).where(here)):
        if row := rows.get(place.person_id):
            row.seen(place.at)
            if place.finished_at is not None:
                row.done.add(f"unit:{place.unit}")
    for w in session.execute(select(Writing.person_id, Writing.kind, Writing.submitted_at, Writing.at).join(Member, Member.person_id == Writing.person_id).where(here)):
        if row := rows.get(w.person_id):
            row.seen(w.at)
            if w.submitted_at is not None:
                row.done.add(w.kind)
                row.evaluation = row.evaluation or w.kind == "evaluation"
    certificates = select(CertificateRow.person_id, CertificateRow.serial).join(Member, Member.person_id == CertificateRow.person_id).where(here, CertificateRow.withdrawn_at.is_(None))
    for c in session.execute(certificates):
        if row := rows.get(c.person_id):
            row.certificate = c.serial
            row.done.add("certificate")
    for table, column in ((SignedIn, SignedIn.seen_at), (AccessCode, AccessCode.used_at)):
        query = select(table.person_id, func.max(column)).join(Member, Member.person_id == table.person_id).where(here).group_by(table.person_id)
        for person, seen in session.execute(query):
            if row := rows.get(person):
                row.seen(seen)


def chosen(rows: Iterable[Row], words: str, show: str) -> list[Row]:
    """The lines that fit words (each in the name or the learner's id) and a state."""
    wanted = words.casefold().split()
    tests: dict[str, Callable[[Row], bool]] = {
        "not-started": lambda row: not row.started,
        "open": lambda row: bool(row.open),
        "not-passed": lambda row: not row.passed,
        "passed": lambda row: row.passed,
        "certificate": lambda row: bool(row.certificate),
        "late": lambda row: row.late,
    }
    fits = tests.get(show)
    return [row for row in rows if (fits is None or fits(row)) and all(word in f"{row.name} {row.learner_id}".casefold() for word in wanted)]


def in_order(rows: list[Row], sort: str, descending: bool) -> list[Row]:
    """Lines by a column; equal ones by name. Who has nothing in the column stands last either way."""
    ways: dict[str, Callable[[Row], Any]] = {
        "seen": lambda row: row.seen_at,
        "steps": lambda row: len(row.done),
        "pretest": lambda row: row.pretest and row.pretest.share,
        "score": lambda row: row.best and row.best.share,
        "evaluation": lambda row: row.evaluation,
        "certificate": lambda row: row.certificate or None,
    }
    if sort not in ways:
        return sorted(rows, key=lambda row: row.sort_name, reverse=descending)
    value = ways[sort]
    named = sorted(rows, key=lambda row: row.sort_name)
    having = sorted((row for row in named if value(row) is not None), key=value, reverse=descending)
    return having + [row for row in named if value(row) is None]
