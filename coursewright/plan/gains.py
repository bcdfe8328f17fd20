"""From pre-test to post-test: learners paired by who they are, the gain, and its effect size (ce_rules 5.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from coursewright.plan.gradebook import Graded
from coursewright.plan.intervals import fieller, paired_d, t_interval
from coursewright.plan.statistics import Estimate, Undefined, Value, covariance, mean, root, variance

NO_PAIRS = Undefined("nobody took both tests")
FEW_PAIRS = Undefined("it takes 2 learners with both tests")


@dataclass(frozen=True)
class Pair:
    """One learner before and after, in percent of the points possible."""

    name: str
    pre: Fraction
    post: Fraction

    @property
    def gain(self) -> Fraction | Undefined:
        """Hake's gain, (post − pre)/(100 − pre): the share of what could still be gained. At most 1; below 0 for a loss."""
        if self.pre == 100:
            return Undefined("the pre-test was 100%: nothing was left to gain")
        return (self.post - self.pre) / (100 - self.pre)


@dataclass(frozen=True)
class Gains:
    """Pre-test to post-test of one group.

    pairs: in the order of the post-test. unpaired_pre, unpaired_post: the names of those who took one test alone.
    repeated: how many further sittings of the same learners were set aside (the first of each counts). pre, post: means
    in percent. difference: in percentage points. group_gain: Hake's gain of the means. mean_gain: the mean of the
    learners' own gains, over those who have one. d_z: the mean difference in standard deviations (÷ (n−1)) of the
    differences.
    """

    pre_name: str
    pairs: tuple[Pair, ...]
    unpaired_pre: tuple[str, ...]
    unpaired_post: tuple[str, ...]
    repeated: int
    pre: Value
    post: Value
    difference: Value
    group_gain: Value
    mean_gain: Value
    d_z: Value

    @property
    def without_gain(self) -> int:
        """Learners at 100% before, who have no gain of their own."""
        return sum(isinstance(pair.gain, Undefined) for pair in self.pairs)


def plan_gains(pre_name: str, pre: Iterable[Graded], post: Iterable[Graded]) -> Gains:
    """Pair the learners of two tests by `Sitting.identity`; who has no name, id or sheet is paired with nobody."""
    before, before_more, nameless_before = _first(pre)
    after, after_more, nameless_after = _first(post)
    pairs = tuple(Pair(graded.sitting.name, before[who].percent, graded.percent) for who, graded in after.items() if who in before)
    return Gains(
        pre_name,
        pairs,
        (*(graded.sitting.name for who, graded in before.items() if who not in after), *nameless_before),
        (*(graded.sitting.name for who, graded in after.items() if who not in before), *nameless_after),
        before_more + after_more,
        _mean([pair.pre for pair in pairs], 0, 100),
        _mean([pair.post for pair in pairs], 0, 100),
        _mean([pair.post - pair.pre for pair in pairs], -100, 100),
        group_gain(pairs),
        _mean_gain(pairs),
        d_z(pairs),
    )


def _first(sittings: Iterable[Graded]) -> tuple[dict[str, Graded], int, tuple[str, ...]]:
    """The first sitting of each learner, by day, then as listed; how many more there are; and those without a name."""
    made: dict[str, Graded] = {}
    more, nameless = 0, []
    for graded in sorted(sittings, key=lambda graded: graded.sitting.completed_at or "9999"):
        if not graded.possible:
            continue
        if graded.sitting.identity == "name:":
            nameless.append("without a name")
        elif graded.sitting.identity in made:
            more += 1
        else:
            made[graded.sitting.identity] = graded
    return made, more, tuple(nameless)


def _mean(values: list[Fraction], lowest: int | None = None, highest: int | None = None) -> Value:
    if not values:
        return NO_PAIRS
    interval = t_interval(float(mean(values)), root(variance(values)), len(values), lowest, highest)
    return Estimate(mean(values), interval.low, interval.high, interval.caveat)


def _mean_gain(pairs: tuple[Pair, ...]) -> Value:
    gains = [gain for pair in pairs if not isinstance(gain := pair.gain, Undefined)]
    return _mean(gains, None, 1) if gains or not pairs else Undefined("every pre-test was 100%: nothing was left to gain")


def group_gain(pairs: tuple[Pair, ...]) -> Value:
    """Hake's gain of the group, (mean post − mean pre)/(100 − mean pre), with Fieller's interval."""
    if not pairs:
        return NO_PAIRS
    won, left = [pair.post - pair.pre for pair in pairs], [100 - pair.pre for pair in pairs]
    if not mean(left):
        return Undefined("every pre-test was 100%: nothing was left to gain")
    n = len(pairs)
    if n < 2:
        return Estimate(mean(won) / mean(left), caveat="it takes 2 learners at least")
    sample = Fraction(n, n - 1)
    spreads = (float(sample * variance(won)), float(sample * variance(left)), float(sample * covariance(won, left)))
    interval = fieller(float(mean(won)), float(mean(left)), *spreads, n)
    return Estimate(mean(won) / mean(left), interval.low, interval.high, interval.caveat)


def d_z(pairs: tuple[Pair, ...]) -> Value:
    """mean(post − pre)/SD(post − pre; n−1), with the exact interval of the noncentral t distribution."""
    if len(pairs) < 2:
        return FEW_PAIRS if pairs else NO_PAIRS
    differences = [pair.post - pair.pre for pair in pairs]
    n = len(differences)
    spread = root(Fraction(n, n - 1) * variance(differences))
    if not spread:
        return Undefined("everybody changed by the same amount")
    d = float(mean(differences)) / spread
    interval = paired_d(d, n)
    return Estimate(d, interval.low, interval.high, interval.caveat)
