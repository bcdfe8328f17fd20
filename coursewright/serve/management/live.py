"""Statistics of a test as it stands: what `analyze` says of the attempts in the database.

They take seconds for a thousand attempts, so each process keeps those it made last, under a digest of all that they
follow from: every look asks the database for that digest first, and nothing out of date is ever shown.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.plan.analysis import Analysis, analyze
from coursewright.plan.findings import Finding, find
from coursewright.plan.item_statistics import ItemStatistics
from coursewright.plan.objective_results import ObjectiveResult, objective_results
from coursewright.serve.library import Library
from coursewright.serve.management.results import gradebook_of
from coursewright.serve.store.tables import AdjustmentRow, Attempt, Person, ResultRow

KEEP = 16


@dataclass(frozen=True)
class Live:
    """A test in numbers. Nobody's name is in it."""

    analysis: Analysis
    findings: tuple[Finding, ...]
    objectives: tuple[ObjectiveResult, ...]

    def item(self, id_: str) -> tuple[ItemStatistics, ...]:
        """The versions of an item."""
        return tuple(each for each in self.analysis.items if each.item.id == id_)


_made: OrderedDict[tuple[object, ...], Live] = OrderedDict()
_turn = threading.Lock()


def live_statistics(session: Session, library: Library, test: str, cohorts: Collection[str] | None, which: str) -> Live:
    """The statistics of the submitted attempts, with the gain since the pre-test where there is one."""
    pre = pretest_of(library, test)
    tests = [test, *([pre] if pre else [])]
    key = (id(library), str(session.get_bind().engine.url), test, None if cohorts is None else frozenset(cohorts), which, stamp(session, tests))
    with _turn:
        if key in _made:
            _made.move_to_end(key)
            return _made[key]
    made = compute(session, library, test, cohorts, which)
    with _turn:
        _made[key] = made
        while len(_made) > KEEP:
            _made.popitem(last=False)
    return made


def compute(session: Session, library: Library, test: str, cohorts: Collection[str] | None, which: str) -> Live:
    """The same, made anew."""
    book = gradebook_of(session, library, test, cohorts, which, apart=True)
    pre = pretest_of(library, test)
    before = gradebook_of(session, library, pre, cohorts, "first", apart=True) if pre else None
    if before is not None and not before.graded:
        before = None
    analysis = analyze([book], before)
    return Live(analysis, find(analysis), objective_results(book, before))


def pretest_of(library: Library, test: str) -> str:
    """The pre-test that a test is compared with; empty where there is none."""
    return next((blueprint.id for blueprint in library.tests.values() if blueprint.parallel_to == test), "")


def stamp(session: Session, tests: list[str]) -> str:
    """A digest of all that the statistics of tests follow from: attempts with their results, and decisions."""
    digest = hashlib.sha256()
    columns = (Attempt.id, Attempt.cohort_id, Attempt.number, Attempt.form_id, Attempt.submitted_at, Person.learner_id, ResultRow.graded_at, ResultRow.earned)
    rows = session.execute(
        select(*columns).join(Person, Person.id == Attempt.person_id).outerjoin(ResultRow, ResultRow.attempt_id == Attempt.id).where(Attempt.test.in_(tests), Attempt.state == "submitted").order_by(Attempt.id)
    )
    for row in rows:
        digest.update(repr(tuple(row)).encode())
    for decision in session.execute(select(AdjustmentRow.id).where(AdjustmentRow.test.in_(tests)).order_by(AdjustmentRow.id)).scalars():
        digest.update(f"/{decision}".encode())
    return digest.hexdigest()
