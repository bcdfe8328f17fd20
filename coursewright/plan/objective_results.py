"""What a test says of each objective: how much of it learners earned, and what they gained since the pre-test."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from coursewright.plan.gains import Pair, group_gain
from coursewright.plan.gradebook import Gradebook, Graded
from coursewright.plan.statistics import Value, mean

Objective = tuple[str, str]  # its id and its words


@dataclass(frozen=True)
class ObjectiveResult:
    """One objective. items: versions that asked for it. n: learners who met one. share: the mean of what they earned of it.

    pairs: learners who met it in the pre-test too; before, after: their means in percent; gain: Hake's, of those means.
    """

    id: str
    text: str
    items: int
    n: int
    share: Fraction
    pairs: int = 0
    before: Fraction | None = None
    after: Fraction | None = None
    gain: Value | None = None


def objective_results(book: Gradebook, pre: Gradebook | None = None) -> tuple[ObjectiveResult, ...]:
    """The objectives of the items that count, in their order; items without one come last."""
    versions: dict[Objective, set[str]] = {}
    shares: dict[Objective, list[Fraction]] = {}
    for graded in book.complete:
        for answered in graded.answered:
            if not answered.withdrawn:
                versions.setdefault(_objective(book, answered.version), set()).add(answered.version)
        for objective, share in _shares(book, graded).items():
            shares.setdefault(objective, []).append(share)
    before, after = (_first(pre), _first(book)) if pre else ({}, {})
    made = []
    for objective in sorted(shares, key=lambda found: (not found[0], _natural(found[0]), found[1])):
        pairs = tuple(Pair(who, 100 * before[who][objective], 100 * now[objective]) for who, now in after.items() if objective in now and objective in before.get(who, {}))
        columns = shares[objective]
        gained = (mean([p.pre for p in pairs]), mean([p.post for p in pairs]), group_gain(pairs)) if pairs else (None, None, None)
        made.append(ObjectiveResult(*objective, len(versions[objective]), len(columns), mean(columns), len(pairs), *gained))
    return tuple(made)


def _objective(book: Gradebook, version: str) -> Objective:
    item = book.record.items[version]
    return item.objective, item.objective_text


def _shares(book: Gradebook, graded: Graded) -> dict[Objective, Fraction]:
    """The share that a learner earned of the points of each objective."""
    sums: dict[Objective, list[Fraction]] = {}
    for answered in graded.answered:
        if answered.points:
            sums.setdefault(_objective(book, answered.version), []).append(answered.points)
    earned: dict[Objective, Fraction] = dict.fromkeys(sums, Fraction(0))
    for answered in graded.answered:
        if answered.points and answered.share:
            earned[_objective(book, answered.version)] += answered.earned
    return {objective: earned[objective] / sum(points, Fraction(0)) for objective, points in sums.items()}


def _first(book: Gradebook) -> dict[str, dict[Objective, Fraction]]:
    """The first sitting of each learner who can be told from others, by day."""
    made: dict[str, dict[Objective, Fraction]] = {}
    for graded in _by_day(book.complete):
        identity = graded.sitting.identity
        if identity != "name:" and identity not in made:
            made[identity] = _shares(book, graded)
    return made


def _by_day(graded: Iterable[Graded]) -> list[Graded]:
    return sorted(graded, key=lambda each: each.sitting.completed_at or "9999")


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text) if part]
