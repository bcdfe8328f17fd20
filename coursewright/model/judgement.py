"""What judges say of items, for cut scores by Angoff or Ebel: a CSV of `quizzes/judges/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import ceil, sqrt
from statistics import stdev

RELEVANCE = ("essential", "important", "acceptable", "questionable")
DIFFICULTY = ("easy", "medium", "hard")


@dataclass(frozen=True)
class Rating:
    """One judge on one item, in a round. Angoff: `chance` that a minimally competent learner answers it right, 0 to 1.

    Ebel: `relevance` and `difficulty`, which a blueprint's grid turns into a chance. `line` is where it stands.
    """

    judge: str
    item: str
    line: int
    round: int = 1
    chance: Fraction | None = None
    relevance: str = ""
    difficulty: str = ""


@dataclass(frozen=True)
class Judgements:
    """The ratings of one file, in its order."""

    path: str
    ratings: tuple[Rating, ...] = ()

    @property
    def latest(self) -> dict[str, dict[str, Rating]]:
        """By judge, then by item: the rating of the last round, which is what "modified" means."""
        made: dict[str, dict[str, Rating]] = {}
        for rating in sorted(self.ratings, key=lambda rating: rating.round):
            made.setdefault(rating.judge, {})[rating.item] = rating
        return made


@dataclass(frozen=True)
class CutRule:
    """How a cut score follows from items: a fixed percentage, or judges' chances, with the percentage as a floor.

    chances: by judge, then by item id. A floor without judges is the fixed method.
    """

    method: str
    percent: Decimal | None = None
    chances: Mapping[str, Mapping[str, Fraction]] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """The points that it takes to pass a form, and how sure the judges are of them.

    needed: whole points. mean, error, low and high are in points, for judged cuts alone: the judges' mean, its standard
    error, and a 95% confidence interval by Student's t; error, low and high are None with a single judge.
    """

    method: str
    needed: int
    points: Fraction
    percent: Decimal | None = None
    mean: Fraction | None = None
    error: float | None = None
    low: float | None = None
    high: float | None = None
    judges: int = 0

    @property
    def needed_percent(self) -> float:
        """The points needed, in percent of all points."""
        return float(100 * self.needed / self.points) if self.points else 0.0


def cut_score(rule: CutRule, points: Mapping[str, Fraction]) -> Cut:
    """The cut score of the items whose points are given. Never rounded down; the higher of judges and floor applies.

    Raises KeyError where a judge has no chance for one of the items. Source: modified Angoff as in ce_rules 5.3:
    cut_j = Σ chance × points, cut = mean, SE = SD(cut_j; n−1)/√J, 95% CI = cut ± t(J−1) × SE.
    """
    total = sum(points.values(), Fraction(0))
    floor = ceil(total * Fraction(rule.percent) / 100) if rule.percent is not None else 0
    if not rule.chances:
        return Cut(rule.method, floor, total, rule.percent)
    sums = [sum((chances[item] * worth for item, worth in points.items()), Fraction(0)) for chances in rule.chances.values()]
    mean = sum(sums, Fraction(0)) / len(sums)
    error = low = high = None
    if len(sums) > 1:
        from scipy.stats import t

        error = stdev(float(total_) for total_ in sums) / sqrt(len(sums))
        reach = float(t.ppf(0.975, len(sums) - 1)) * error
        low, high = max(0.0, float(mean) - reach), min(float(total), float(mean) + reach)
    return Cut(rule.method, max(floor, ceil(mean)), total, rule.percent, mean, error, low, high, len(sums))
