"""The results of tests as staff see them: who may see which, counts by cohort, and gradebooks made from the database.

A gradebook made here is the one that `grade` makes of a folder: statistics, tables and reports take either.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from coursewright.model.interaction import Response
from coursewright.plan.gradebook import Adjustment, Gradebook, Sitting, grade
from coursewright.plan.record import Record, key_json
from coursewright.plan.sittings import response_of
from coursewright.serve.learning.attempts import adjustments
from coursewright.serve.learning.kept_forms import load_record
from coursewright.serve.library import CHECK, RECALL, Library
from coursewright.serve.management.reach import cohort_ids
from coursewright.serve.security.access import Who
from coursewright.serve.store.tables import Answer, Attempt, CertificateRow, Cohort, Person, ResultRow

WHICH = ("first", "best", "last", "all")
#: what a gradebook tells of a learner besides name and id: what `certify` and `records` read of it
ROSTER = ("credential", "profession", "license_state", "license_id", "npi", "board", "board_id", "birth_month", "birth_day", "consent_to_report")


@dataclass(frozen=True)
class Scope:
    """The cohorts that somebody looks after. everything: an administrator's, learners without a cohort too."""

    cohorts: tuple[Cohort, ...]
    everything: bool

    @property
    def ids(self) -> frozenset[str] | None:
        """The ids of the cohorts; None for all attempts there are."""
        return None if self.everything else frozenset(cohort.id for cohort in self.cohorts)

    def narrowed(self, cohort: str) -> Scope:
        """One cohort of these; all of them for no name. Raises KeyError for a cohort that is not among them."""
        if not cohort:
            return self
        found = tuple(each for each in self.cohorts if each.id == cohort)
        if not found:
            raise KeyError(cohort)
        return Scope(found, everything=False)


def scope_of(session: Session, who: Who) -> Scope:
    """What somebody of the staff may see: all, or the cohorts that he or she is a member of."""
    return Scope(tuple(session.execute(select(Cohort).where(Cohort.id.in_(cohort_ids(who))).order_by(Cohort.name)).scalars()), who.role == "administrator")


def within(cohorts: Collection[str] | None) -> ColumnElement[bool]:
    """The condition that an attempt is of these cohorts; of any, for None."""
    return true() if cohorts is None else Attempt.cohort_id.in_(sorted(cohorts))


@dataclass
class Counts:
    """Attempts and learners of a test. percents: of first attempts, for their mean."""

    open: int = 0
    submitted: int = 0
    paper: int = 0
    learners: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    percents: list[Fraction] = field(default_factory=list)

    @property
    def mean(self) -> Fraction | None:
        return sum(self.percents, Fraction(0)) / len(self.percents) if self.percents else None


@dataclass
class TestOverview:
    """A test with its counts: in all, and by cohort (None: learners without one)."""

    __test__ = False  # its name would have pytest collect it

    test: str
    title: str
    kind: str  # test, pretest, check, recall
    total: Counts = field(default_factory=Counts)
    cohorts: dict[str | None, Counts] = field(default_factory=dict)


def kind_of(library: Library, test: str) -> str:
    """Whether a test decides, is a pre-test, is a knowledge check, or asks again after some days."""
    if test.startswith((CHECK, RECALL)):
        return test.partition(":")[0]
    blueprint = library.tests.get(test)
    return "pretest" if blueprint is not None and blueprint.parallel_to else "test"


def tests_of(session: Session, library: Library, cohorts: Collection[str] | None) -> list[str]:
    """The tests of the course in their order, then those that only attempts still know, then knowledge checks."""
    known = [*library.tests, *(CHECK + chapter for chapter in library.chapters if library.chapters[chapter].check.asked)]
    attempted = session.execute(select(Attempt.test).where(within(cohorts)).distinct()).scalars()
    return sorted({*known, *attempted}, key=lambda test: (":" in test, known.index(test) if test in known else len(known), test))


def overview(session: Session, library: Library, cohorts: Collection[str] | None) -> list[TestOverview]:
    """Every test with its counts. A knowledge check that nobody has begun is left out."""
    made = {test: TestOverview(test, library.title_of(test), kind_of(library, test)) for test in tests_of(session, library, cohorts)}
    columns = (Attempt.test, Attempt.cohort_id, Attempt.person_id, Attempt.number, Attempt.state, Attempt.kind, ResultRow.earned, ResultRow.possible, ResultRow.passed)
    rows = session.execute(select(*columns).outerjoin(ResultRow, ResultRow.attempt_id == Attempt.id).where(within(cohorts), Attempt.state != "void").order_by(Attempt.number)).all()
    seen: set[tuple[str, str]] = set()
    for row in rows:
        first = row.state == "submitted" and (row.test, row.person_id) not in seen
        if first:
            seen.add((row.test, row.person_id))
        entry = made[row.test]
        for counts in (entry.total, entry.cohorts.setdefault(row.cohort_id, Counts())):
            _count(counts, row, first)
    return [entry for entry in made.values() if entry.kind in ("test", "pretest") or entry.total.submitted or entry.total.open]


def _count(counts: Counts, row: Any, first: bool) -> None:
    if row.state == "open":
        counts.open += 1
        return
    counts.submitted += 1
    counts.paper += row.kind == "paper"
    counts.learners.add(row.person_id)
    if row.passed:
        counts.passed.add(row.person_id)
    if first and row.possible is not None and Fraction(row.possible):
        counts.percents.append(100 * Fraction(row.earned) / Fraction(row.possible))


def gradebook_of(session: Session, library: Library, test: str, cohorts: Collection[str] | None, which: str = "first", apart: bool = False) -> Gradebook:
    """The submitted attempts of a test, graded from what is kept of answers, forms and decisions.

    which: of a learner's attempts the first, the best, the last, or all. A sitting's `sheet` is the attempt's id. apart:
    learners without an id of a roster's are told apart by the service's own, for statistics, and not by their names.
    """
    rows = session.execute(
        select(Attempt.id, Attempt.person_id, Attempt.form_id, Attempt.cohort_id, Attempt.number, Attempt.submitted_at, ResultRow.earned, ResultRow.possible, ResultRow.passed)
        .outerjoin(ResultRow, ResultRow.attempt_id == Attempt.id)
        .where(Attempt.test == test, Attempt.state == "submitted")
        .order_by(Attempt.number)
    ).all()
    many: dict[str, int] = {}
    for row in rows:
        many[row.person_id] = many.get(row.person_id, 0) + 1
    chosen = [row for row in _chosen(rows, which) if cohorts is None or row.cohort_id in cohorts]
    people = _people(session, {row.person_id for row in chosen})
    responses = _responses(session, test, {row.id for row in chosen})
    sittings = []
    for row in chosen:
        person = people[row.person_id]
        about = {name: _cell(person.roster.get(name)) for name in ROSTER if person.roster.get(name)}
        if many[row.person_id] > 1:
            about["attempts"] = str(min(many[row.person_id], 99))
        id_ = person.learner_id or (person.id if apart or not person.given_name + person.family_name else "")
        day = row.submitted_at.date().isoformat() if row.submitted_at else ""
        sittings.append(Sitting(row.form_id, responses.get(row.id, {}), row.id, id_, person.given_name, person.family_name, day, tuple(about.items())))
    sittings.sort(key=lambda s: (s.family_name.casefold(), s.given_name.casefold(), s.learner_id))  # stable: then by number
    record = one_version(load_record(session, library.course.info.id, test, library.title_of(test), {row.form_id for row in chosen}))
    return grade(library.title_of(test), record, sittings, with_names(session, adjustments(session, test)))


def _chosen(rows: Iterable[Any], which: str) -> list[Any]:
    """The attempts that count, of rows in the order of their numbers."""
    if which == "all":
        return list(rows)
    made: dict[str, Any] = {}
    for row in rows:
        before = made.get(row.person_id)
        if before is None or which == "last" or (which == "best" and _worth(row) > _worth(before)):
            made[row.person_id] = row
    return list(made.values())


def _worth(row: Any) -> tuple[bool, Fraction]:
    possible = Fraction(row.possible or 0)
    return bool(row.passed), Fraction(row.earned) / possible if possible else Fraction(0)


def _people(session: Session, ids: set[str]) -> dict[str, Person]:
    ordered = sorted(ids)
    made: dict[str, Person] = {}
    for start in range(0, len(ordered), 500):
        made.update({person.id: person for person in session.execute(select(Person).where(Person.id.in_(ordered[start : start + 500]))).scalars()})
    return made


def _responses(session: Session, test: str, attempts: set[str]) -> dict[str, dict[str, Response]]:
    """What was given, by attempt and item. Equal answers are read once."""
    read: dict[str, Response] = {}
    made: dict[str, dict[str, Response]] = {}
    query = select(Answer.attempt_id, Answer.item, Answer.response).join(Attempt, Attempt.id == Answer.attempt_id).where(Attempt.test == test, Attempt.state == "submitted")
    for attempt, item, text in session.execute(query):
        if attempt in attempts:
            if text not in read:
                read[text] = response_of(json.loads(text))
            made.setdefault(attempt, {})[item] = read[text]
    return made


def _cell(value: Any) -> str:
    return "yes" if value is True else str(value)


def one_version(record: Record) -> Record:
    """The record with one version for all that learners saw alike and that is scored alike.

    What is kept is named by key and rationales too; to statistics an item is another only when what was asked, or the
    key, is another.
    """
    by_question: dict[str, dict[str, list[str]]] = {}
    for version, item in record.items.items():
        scored = json.dumps([key_json(item.key), str(item.points)], sort_keys=True)
        by_question.setdefault(version.rpartition("-")[0] or version, {}).setdefault(scored, []).append(version)
    name: dict[str, str] = {}
    for question, by_key in by_question.items():
        for same in by_key.values():
            name.update(dict.fromkeys(same, question if len(by_key) == 1 else min(same)))
    items = {name[version]: replace(item, version=name[version]) for version, item in sorted(record.items.items())}
    forms = {id_: replace(form, items=tuple((name[version], order) for version, order in form.items)) for id_, form in record.forms.items()}
    return replace(record, items=items, forms=forms)


def with_names(session: Session, decisions: tuple[Adjustment, ...]) -> tuple[Adjustment, ...]:
    """Decisions, with the names of those who took them."""
    people = _people(session, {decision.by for decision in decisions})
    return tuple(replace(decision, by=people[decision.by].name if decision.by in people else decision.by) for decision in decisions)


@dataclass(frozen=True)
class Resting:
    """A certificate whose attempt is no longer passed, or counts no more. elsewhere: whether another attempt of the learner is passed."""

    serial: str
    person: Person
    attempt: str
    elsewhere: bool


def resting_on_failed(session: Session, test: str, cohorts: Collection[str] | None) -> list[Resting]:
    """The certificates in force that rest on an attempt at this test that is void, or whose result is not passed."""
    rows = session.execute(
        select(CertificateRow.serial, Person, Attempt.id)
        .join(Attempt, Attempt.id == CertificateRow.attempt_id)
        .join(ResultRow, ResultRow.attempt_id == Attempt.id)
        .join(Person, Person.id == CertificateRow.person_id)
        .where(CertificateRow.withdrawn_at.is_(None), Attempt.test == test, or_(ResultRow.passed.is_(False), Attempt.state == "void"), within(cohorts))
        .order_by(Person.family_name, Person.given_name)
    ).all()
    passing = select(Attempt.person_id).join(ResultRow, ResultRow.attempt_id == Attempt.id).where(Attempt.test == test, Attempt.state == "submitted", ResultRow.passed.is_(True))
    others = set(session.execute(passing).scalars()) if rows else set()
    return [Resting(serial, person, attempt, person.id in others) for serial, person, attempt in rows]
