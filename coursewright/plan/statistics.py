"""Item and test statistics, by the formulas of ce_rules 5.4. Population variance (÷ N) throughout, never mixed.

Scores are exact fractions, and what is rational stays exact: only roots and quantiles are floats. What is not defined
is an `Undefined` with its reason in words, never a NaN and never an exception.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil, comb, copysign, exp, lcm, log, sqrt
from operator import mul

from coursewright.plan.intervals import Interval, feldt, fisher, t_interval, wilson

Column = Sequence[Fraction]  # what each learner earned on one thing, learners in a fixed order
Matrix = Sequence[Sequence[Fraction]]  # a row a learner, an entry an item, in points


@dataclass(frozen=True)
class Undefined:
    """A statistic that has no value here, and why, in words that end a sentence."""

    reason: str


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval. low and high are None where there is no honest interval; `caveat` says why."""

    value: Fraction | float
    low: float | None = None
    high: float | None = None
    caveat: str = ""


Value = Estimate | Undefined

NOBODY = Undefined("nobody answered it")
FEW_LEARNERS = Undefined("it takes 2 learners at least")
FEW_ITEMS = Undefined("it takes 2 items at least")
NO_SPREAD = Undefined("all learners have the same score")
NOT_BINARY = Undefined("not every item is scored right or wrong with the same points")


def _with(value: Fraction | float, interval: Interval) -> Estimate:
    return Estimate(value, interval.low, interval.high, interval.caveat)


# ---- moments, exactly ----------------------------------------------------------------------------------------------


def mean(column: Column) -> Fraction:
    """The mean. Raises ZeroDivisionError for an empty column."""
    entries, below = _whole(column)
    return Fraction(sum(entries), below * len(column))


def covariance(one: Column, other: Column) -> Fraction:
    """The population covariance (÷ N) of two columns of equal length."""
    (a, below_a), (b, below_b), n = _whole(one), _whole(other), len(one)
    return Fraction(n * sum(map(mul, a, b)) - sum(a) * sum(b), n * n * below_a * below_b)


def _whole(column: Column) -> tuple[list[int], int]:
    """A column as whole numbers over one denominator: the same arithmetic, some ten times as fast."""
    below = lcm(*(entry.denominator for entry in column))
    return [entry.numerator * (below // entry.denominator) for entry in column], below


def variance(column: Column) -> Fraction:
    """The population variance (÷ N)."""
    return covariance(column, column)


def root(value: Fraction) -> float:
    """The square root of an exact value, as a float."""
    return sqrt(value)


# ---- an item -------------------------------------------------------------------------------------------------------


def is_binary(shares: Column) -> bool:
    """Whether every share is 0 or 1."""
    return all(share in (0, 1) for share in shares)


def difficulty(shares: Column) -> Value:
    """p: the mean share of the credit, 0 to 1. The interval is Wilson's for right-or-wrong items, Student's t otherwise."""
    if not shares:
        return NOBODY
    p = mean(shares)
    if is_binary(shares):
        return _with(p, wilson(int(sum(shares)), len(shares)))
    return _with(p, t_interval(float(p), root(variance(shares)), len(shares), 0, 1))


def correlation(one: Column, other: Column, same_one: str = "every learner earned the same on it", same_other: str = "") -> Value:
    """Pearson's r of two columns, −1 to 1, with Fisher's interval. For a 0/1 column this is the point-biserial
    (M_right − M_wrong)/s_T × √(pq); for an item and the learner's other items it is the corrected coefficient
    (r_iT s_T − s_i)/√(s_T² + s_i² − 2 r_iT s_T s_i). Scaling a column does not change it, not by a bit.

    same_one, same_other: the reasons to give where a column has no spread.
    """
    if len(one) < 2:
        return FEW_LEARNERS if one else NOBODY
    both = covariance(one, other)
    spread_one, spread_other = variance(one), variance(other)
    if not spread_one:
        return Undefined(same_one)
    if not spread_other:
        return Undefined(same_other or "all learners have the same score on the rest of the test")
    if len(one) == 2:
        return Undefined("with 2 learners a correlation can only be 1 or −1")
    r = copysign(root(both * both / (spread_one * spread_other)), both) if both else 0.0
    return _with(r, fisher(r, len(one)))


@dataclass(frozen=True)
class Groups:
    """The upper and the lower group of 27% as weights, a weight a learner, each summing to `size`.

    Where scores tie at the border of a group, the seats left are shared equally among those who tie: the mean over all
    ways of breaking the tie, exactly. So no order of the learners changes D.
    """

    size: int
    upper: tuple[Fraction, ...]
    lower: tuple[Fraction, ...]

    @property
    def middle(self) -> tuple[Fraction, ...]:
        return tuple(1 - u - w for u, w in zip(self.upper, self.lower, strict=True))


def score_groups(totals: Column) -> Groups | Undefined:
    """Upper and lower groups of n = round(0.27 N), halves up, by total score."""
    n = (27 * len(totals) + 50) // 100
    if n < 1:
        return FEW_LEARNERS
    if len(set(totals)) < 2:
        return NO_SPREAD
    return Groups(n, _seats(totals, n, highest=True), _seats(totals, n, highest=False))


def _seats(totals: Column, seats: int, highest: bool) -> tuple[Fraction, ...]:
    weights: dict[Fraction, Fraction] = {}
    left = seats
    for score, tied in sorted(Counter(totals).items(), reverse=highest):
        weights[score] = Fraction(min(left, tied), tied)
        left -= min(left, tied)
    return tuple(weights[total] for total in totals)


def weighted_mean(column: Column, weights: Column) -> Fraction | None:
    """The mean under weights; None where they sum to 0."""
    (x, below), (w, _) = _whole(column), _whole(weights)
    return Fraction(sum(map(mul, x, w)), sum(w) * below) if any(w) else None


def d_index(shares: Column, groups: Groups | Undefined) -> Value:
    """D = p_upper − p_lower, −1 to 1, in groups of 27%. No interval: the groups are chosen by the scores themselves."""
    if isinstance(groups, Undefined):
        return groups
    upper, lower = weighted_mean(shares, groups.upper), weighted_mean(shares, groups.lower)
    assert upper is not None and lower is not None
    return Estimate(upper - lower)


# ---- a test: learners who met the same items --------------------------------------------------------------------------


def totals(matrix: Matrix) -> tuple[Fraction, ...]:
    """The total of each learner, in points."""
    return tuple(sum(row, Fraction(0)) for row in matrix)


def _columns(matrix: Matrix) -> list[tuple[Fraction, ...]]:
    return list(zip(*matrix, strict=True))


def _unfit(matrix: Matrix) -> Undefined | None:
    """Why this matrix has no reliability."""
    if len(matrix) < 2:
        return FEW_LEARNERS
    if len(matrix[0]) < 2:
        return FEW_ITEMS
    return None if variance(totals(matrix)) else NO_SPREAD


def alpha(matrix: Matrix) -> Value:
    """Cronbach's alpha, k/(k−1) × [1 − Σ s_i²/s_T²], at most 1, below 0 where items work against each other. Feldt's interval.

    Source: Cronbach 1951; interval: Feldt, Woodruff and Salih 1987.
    """
    unfit = _unfit(matrix)
    if unfit:
        return unfit
    k = len(matrix[0])
    spread = sum((variance(column) for column in _columns(matrix)), Fraction(0))
    value = Fraction(k, k - 1) * (1 - spread / variance(totals(matrix)))
    return _with(value, feldt(float(value), len(matrix), k))


def _right(matrix: Matrix) -> list[list[Fraction]] | None:
    """The matrix with 1 for right and 0 for wrong; None where some item has another score, or other points."""
    worth = max((entry for row in matrix for entry in row), default=Fraction(0)) or Fraction(1)
    made = [[entry / worth for entry in row] for row in matrix]
    return made if all(is_binary(row) for row in made) else None


def kr20(matrix: Matrix) -> Value:
    """KR-20, k/(k−1) × [1 − Σ p_i q_i/s_T²], for right-or-wrong items of equal points. Source: Kuder and Richardson 1937."""
    right = _right(matrix)
    if _unfit(matrix) or right is None:
        return _unfit(matrix) or NOT_BINARY
    k = len(right[0])
    spread = sum((p * (1 - p) for p in (mean(column) for column in _columns(right))), Fraction(0))
    value = Fraction(k, k - 1) * (1 - spread / variance(totals(right)))
    return _with(value, feldt(float(value), len(right), k))


def kr21(matrix: Matrix) -> Value:
    """KR-21, k/(k−1) × [1 − M(k−M)/(k s_T²)]: KR-20 as if all items were equally hard; never above it."""
    right = _right(matrix)
    if _unfit(matrix) or right is None:
        return _unfit(matrix) or NOT_BINARY
    k, scores = len(right[0]), totals(right)
    m = mean(scores)
    return Estimate(Fraction(k, k - 1) * (1 - m * (k - m) / (k * variance(scores))))


def standard_error(matrix: Matrix, reliability: Value) -> Value:
    """The standard error of measurement, s_T √(1 − r), in points."""
    if isinstance(reliability, Undefined):
        return reliability
    return Estimate(root(variance(totals(matrix)) * Fraction(1 - reliability.value)))


def livingston(matrix: Matrix, reliability: Value, cut: Fraction) -> Value:
    """Livingston's k², (r s_T² + (M−C)²)/(s_T² + (M−C)²): how reliable scores are about the cut score, in points."""
    if isinstance(reliability, Undefined):
        return reliability
    scores = totals(matrix)
    spread, away = variance(scores), (mean(scores) - cut) ** 2
    return Estimate((Fraction(reliability.value) * spread + away) / (spread + away))


def lengthened(reliability: Value, factor: Fraction) -> Value:
    """The reliability of a test `factor` times as long, n r/(1 + (n−1) r). Source: Spearman and Brown 1910."""
    if isinstance(reliability, Undefined):
        return reliability
    r = Fraction(reliability.value)
    below = 1 + (factor - 1) * r
    return Estimate(factor * r / below) if below > 0 else Undefined("the reliability is below 0")


def items_needed(reliability: Value, k: int, wanted: Fraction = Fraction(4, 5)) -> int | Undefined:
    """How many items like these would reach a reliability, 0.80 unless told: k n, with n from Spearman and Brown, rounded up."""
    if isinstance(reliability, Undefined):
        return reliability
    r = Fraction(reliability.value)
    if r <= 0:
        return Undefined("the reliability is not above 0: more items like these would not help")
    return max(1, ceil(k * wanted * (1 - r) / (r * (1 - wanted))))


@dataclass(frozen=True)
class Consistency:
    """How many learners a second, equivalent test would judge alike (0 to 1), and kappa: the same beyond chance."""

    agreement: float
    kappa: Value


def consistency(matrix: Matrix, cut: Fraction) -> Consistency | Undefined:
    """Decision consistency by Huynh's beta-binomial model, from one administration; `cut` in points.

    For right-or-wrong items of equal points, where KR-21 lies between 0 and 1: scores on two tests are then binomial
    about the same beta-distributed proportion. Summed exactly, not by the normal approximation of Peng and Subkoviak.
    Source: Huynh 1976, J Educ Meas 13:253–264.
    """
    coefficient, right = kr21(matrix), _right(matrix)
    if isinstance(coefficient, Undefined) or right is None:
        return coefficient if isinstance(coefficient, Undefined) else NOT_BINARY
    if not 0 < coefficient.value < 1:
        return Undefined("its model needs a KR-21 between 0 and 1")
    worth = max(entry for row in matrix for entry in row)
    k, needed, r = len(right[0]), ceil(cut / worth), float(coefficient.value)
    m = float(mean(totals(right)))
    chances = _score_pairs(k, m * (1 / r - 1), (k - m) * (1 / r - 1))
    needed = min(max(0, needed), k + 1)
    agreement = min(1.0, sum(chance for (x, y), chance in chances.items() if (x >= needed) == (y >= needed)))
    passing = sum(chance for (x, _), chance in chances.items() if x >= needed)
    by_chance = passing**2 + (1 - passing) ** 2
    if by_chance > 1 - 1e-9:
        return Consistency(agreement, Undefined("by the model all learners are on one side of the cut score"))
    return Consistency(agreement, Estimate((agreement - by_chance) / (1 - by_chance)))


def _score_pairs(k: int, a: float, b: float) -> dict[tuple[int, int], float]:
    """The chance of each pair of scores on two tests of k items, whose proportions right are the same draw of Beta(a, b)."""
    rising_a, rising_b, rising_both = (list(accumulate((log(base + i) for i in range(2 * k)), initial=0.0)) for base in (a, b, a + b))
    ways = [log(comb(k, x)) for x in range(k + 1)]
    return {
        (x, y): exp(ways[x] + ways[y] + rising_a[x + y] + rising_b[2 * k - x - y] - rising_both[2 * k]) for x in range(k + 1) for y in range(k + 1)
    }
