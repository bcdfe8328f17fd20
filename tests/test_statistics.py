"""Item and test statistics against programs that nobody here wrote, and on the smallest and oddest groups."""

from __future__ import annotations

import math
import random
import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import pingouin
import pytest
import scipy.integrate
import scipy.stats
import statsmodels.stats.proportion
from gradebooks import binary_book, shares_book
from hypothesis import given, settings
from hypothesis import strategies as st

from coursewright.plan import statistics as stat
from coursewright.plan.analysis import analyze
from coursewright.plan.findings import find
from coursewright.plan.gains import Pair, d_z, group_gain, plan_gains
from coursewright.plan.intervals import paired_d, t_interval, wilson
from coursewright.plan.statistics import Estimate, Undefined

#: 24 learners, 8 items, right or wrong
ROWS = (
    *("11110010", "10000100", "11111001", "00010100", "10000000", "11100000", "00001100", "11111111", "00100100", "11111111", "10011000", "01000011"),
    *("11000000", "10000000", "11000100", "10000000", "10000000", "11101101", "11111111", "11101100", "11111110", "10000010", "01101000", "11110010"),
)
BINARY = [[Fraction(int(digit)) for digit in row] for row in ROWS]


def partial(learners: int = 40, items: int = 6, seed: int = 4) -> list[list[Fraction]]:
    """Shares in sixths."""
    chance = random.Random(seed)
    abilities = [chance.gauss(0.5, 0.25) for _ in range(learners)]
    return [[Fraction(round(6 * min(1, max(0, chance.gauss(ability, 0.2)))), 6) for _ in range(items)] for ability in abilities]


def floats(matrix: list[list[Fraction]]) -> np.ndarray:
    return np.array([[float(x) for x in row] for row in matrix])


def value(found: object) -> float:
    assert isinstance(found, Estimate), found
    return float(found.value)


def ends(found: object) -> tuple[float, float]:
    assert isinstance(found, Estimate) and found.low is not None and found.high is not None, found
    return found.low, found.high


@pytest.mark.parametrize("matrix", [BINARY, partial()], ids=["right or wrong", "partial credit"])
def test_alpha_and_its_interval_are_those_of_pingouin(matrix: list[list[Fraction]]) -> None:
    theirs, interval = pingouin.cronbach_alpha(pd.DataFrame(floats(matrix)))
    assert value(stat.alpha(matrix)) == pytest.approx(theirs, abs=1e-12)
    assert ends(stat.alpha(matrix)) == pytest.approx(tuple(interval), abs=6e-4)  # pingouin rounds to three decimals


def test_the_numbers_are_those_of_r() -> None:
    # R 4.2.2, psych 2.2.9: a <- alpha(as.data.frame(x), check.keys=FALSE); a$total$raw_alpha; a$item.stats$raw.r, $r.drop;
    # alpha.ci(a$total$raw_alpha, n.obs=24, n.var=8); prop.test(18, 24, correct=FALSE)$conf.int;
    # cor.test(x[,2], rowSums(x)-x[,2])$conf.int
    assert value(stat.alpha(BINARY)) == pytest.approx(0.767237852825, abs=1e-11)
    assert ends(stat.alpha(BINARY)) == pytest.approx((0.594112458025, 0.884951278111), abs=1e-9)
    raw = [0.287319868673, 0.726625826397, 0.767001591457, 0.686228021929, 0.684415197477, 0.437046262995, 0.618029053454, 0.689988710346]
    drop = [0.117636258414, 0.600221729498, 0.652812438471, 0.549964408041, 0.544545060861, 0.241402274793, 0.467908623661, 0.571897855445]
    analysis = analyze([binary_book([[int(x) for x in row] for row in BINARY])])
    assert [value(item.r_total) for item in analysis.items] == pytest.approx(raw, abs=1e-11)
    assert [value(item.r) for item in analysis.items] == pytest.approx(drop, abs=1e-11)
    assert ends(analysis.items[1].r) == pytest.approx((0.259707288699, 0.807983450046), abs=1e-9)
    interval = wilson(18, 24)
    assert (interval.low, interval.high) == pytest.approx((0.551005559948, 0.880006337714), abs=1e-9)


def test_paired_statistics_are_those_of_r() -> None:
    # R 4.2.2: d <- post - pre; dz <- mean(d)/sd(d); uniroot(function(l) pt(dz*3, 8, l) - .975, c(-5, 30), tol=1e-12)$root/3,
    # and with .025; t.test(post, pre, paired=TRUE)$conf.int
    pre, post = (40, 55, 60, 35, 70, 45, 50, 65, 30), (65, 70, 85, 60, 75, 80, 55, 90, 50)
    pairs = tuple(Pair(str(n), Fraction(a), Fraction(b)) for n, (a, b) in enumerate(zip(pre, post, strict=True)))
    assert value(d_z(pairs)) == pytest.approx(2, abs=1e-12)
    assert ends(d_z(pairs)) == pytest.approx((0.819822960576, 3.144446880236), abs=1e-7)
    differences = [pair.post - pair.pre for pair in pairs]
    interval = t_interval(float(stat.mean(differences)), stat.root(stat.variance(differences)), 9)
    assert (interval.low, interval.high) == pytest.approx((12.3133195493, 27.6866804507), abs=1e-9)


def test_kr20_is_alpha_for_right_or_wrong_items_and_is_not_given_for_others() -> None:
    assert stat.kr20(BINARY) == stat.alpha(BINARY)
    assert isinstance(stat.kr20(partial()), Undefined)
    doubled = [[2 * x for x in row] for row in BINARY]
    assert stat.kr20(doubled) == stat.kr20(BINARY)
    assert isinstance(stat.kr20([[2 * row[0], *row[1:]] for row in BINARY]), Undefined)


def test_variances_are_never_mixed() -> None:
    # 0.6320 by population variances throughout; a sample variance of the totals would give 0.6341
    chance = random.Random(338)
    rows = []
    for _ in range(200):
        ability = chance.gauss(0, 1)
        rows.append([Fraction(int(chance.random() < 1 / (1 + 2.718281828 ** -(0.62 * ability + 0.8 - 0.08 * j)))) for j in range(20)])
    x = floats(rows)
    p = x.mean(axis=0)
    mixed = 20 / 19 * (1 - (p * (1 - p)).sum() / x.sum(axis=1).var(ddof=1))
    assert round(mixed, 4) == 0.6341
    assert round(value(stat.kr20(rows)), 4) == 0.6320


def test_kr21_follows_its_formula_and_lies_not_above_kr20() -> None:
    scores = floats(BINARY).sum(axis=1)
    m, v = scores.mean(), scores.var()
    assert value(stat.kr21(BINARY)) == pytest.approx(8 / 7 * (1 - m * (8 - m) / (8 * v)), abs=1e-12)
    assert value(stat.kr21(BINARY)) <= value(stat.kr20(BINARY))


def test_the_point_biserial_is_that_of_scipy_and_the_item_rest_correlation_that_of_pandas() -> None:
    x = floats(BINARY)
    total = x.sum(axis=1)
    analysis = analyze([binary_book([[int(v) for v in row] for row in BINARY])])
    for n, item in enumerate(analysis.items):
        assert value(item.r_total) == pytest.approx(scipy.stats.pointbiserialr(x[:, n], total).statistic, abs=1e-12)
        assert value(item.r) == pytest.approx(pd.Series(x[:, n]).corr(pd.Series(total - x[:, n])), abs=1e-12)
        interval = scipy.stats.pearsonr(x[:, n], total - x[:, n]).confidence_interval(0.95)
        assert ends(item.r) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_on_one_form_the_correlation_with_percent_of_the_rest_is_the_corrected_formula_of_the_source() -> None:
    matrix = partial()
    x = floats(matrix)
    total = x.sum(axis=1)
    for n, item in enumerate(analyze([shares_book(matrix)]).items):
        r, s_i, s_t = np.corrcoef(x[:, n], total)[0, 1], x[:, n].std(), total.std()
        assert value(item.r) == pytest.approx((r * s_t - s_i) / math.sqrt(s_t**2 + s_i**2 - 2 * r * s_t * s_i), abs=1e-12)
        column, rest = [row[n] for row in matrix], [sum(row, Fraction(0)) - row[n] for row in matrix]
        assert item.r == stat.correlation(column, rest)  # not near: the same, to the last bit


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (0, 7), (7, 7), (3, 9), (18, 24), (199, 200)])
def test_the_interval_of_difficulty_is_wilsons_as_statsmodels_has_it(right: int, n: int) -> None:
    theirs = statsmodels.stats.proportion.proportion_confint(right, n, method="wilson")
    found = stat.difficulty([Fraction(1)] * right + [Fraction(0)] * (n - right))
    assert ends(found) == pytest.approx(theirs, abs=1e-12)


def test_the_interval_of_partial_credit_is_students_kept_within_its_bounds() -> None:
    shares = [Fraction(1), Fraction(1), Fraction(1, 2)]
    low, high = scipy.stats.t.interval(0.95, 2, np.mean([1, 1, 0.5]), scipy.stats.sem([1, 1, 0.5]))
    found = stat.difficulty(shares)
    assert ends(found) == pytest.approx((low, 1.0))
    assert high > 1
    same = stat.difficulty([Fraction(1, 2)] * 5)
    assert isinstance(same, Estimate) and same.low is None and same.caveat


def test_the_effect_size_is_pingouins_and_the_group_gain_is_covered_by_its_interval() -> None:
    chance = random.Random(9)
    pairs = tuple(Pair(str(n), Fraction(chance.randint(20, 80)), Fraction(chance.randint(40, 100))) for n in range(15))
    differences = [float(pair.post - pair.pre) for pair in pairs]
    assert value(d_z(pairs)) == pytest.approx(pingouin.compute_effsize(differences, 0, eftype="cohen"), abs=1e-12)
    low, high = ends(group_gain(pairs))
    assert low < value(group_gain(pairs)) < high


def test_fiellers_interval_holds_the_ratios_that_a_paired_t_test_does_not_reject() -> None:
    chance = random.Random(9)
    pairs = tuple(Pair(str(n), Fraction(chance.randint(20, 80)), Fraction(chance.randint(40, 100))) for n in range(15))
    won, left = np.array([float(p.post - p.pre) for p in pairs]), np.array([float(100 - p.pre) for p in pairs])
    for end in ends(group_gain(pairs)):
        assert scipy.stats.ttest_1samp(won - end * left, 0).pvalue == pytest.approx(0.05, abs=1e-6)


def test_the_interval_of_d_z_leaves_what_it_should_in_the_tails() -> None:
    for d, n in ((0.0, 5), (0.4, 12), (-1.2, 30), (3.0, 4), (1.0, 400)):
        found = paired_d(d, n)
        assert found.low is not None and found.high is not None
        assert scipy.stats.nct.sf(d * math.sqrt(n), n - 1, found.low * math.sqrt(n)) == pytest.approx(0.025, abs=1e-6)
        assert scipy.stats.nct.cdf(d * math.sqrt(n), n - 1, found.high * math.sqrt(n)) == pytest.approx(0.025, abs=1e-6)


def test_decision_consistency_is_the_integral_over_the_beta_distribution() -> None:
    found = stat.consistency(BINARY, Fraction(5))
    assert isinstance(found, stat.Consistency)
    m, r = floats(BINARY).sum(axis=1).mean(), value(stat.kr21(BINARY))
    a, b = m * (1 / r - 1), (8 - m) * (1 / r - 1)

    def alike(theta: float) -> float:
        passing = scipy.stats.binom.sf(4, 8, theta)
        return (passing**2 + (1 - passing) ** 2) * scipy.stats.beta.pdf(theta, a, b)

    assert found.agreement == pytest.approx(scipy.integrate.quad(alike, 0, 1)[0], abs=1e-6)
    passing = scipy.stats.betabinom.sf(4, 8, a, b)
    by_chance = passing**2 + (1 - passing) ** 2
    assert value(found.kappa) == pytest.approx((found.agreement - by_chance) / (1 - by_chance), abs=1e-6)


def test_livingston_and_the_standard_error_follow_their_formulas() -> None:
    scores = floats(BINARY).sum(axis=1)
    alpha = stat.alpha(BINARY)
    r, v, away = value(alpha), scores.var(), (scores.mean() - 6) ** 2
    assert value(stat.livingston(BINARY, alpha, Fraction(6))) == pytest.approx((r * v + away) / (v + away), abs=1e-12)
    assert value(stat.standard_error(BINARY, alpha)) == pytest.approx(math.sqrt(v * (1 - r)), abs=1e-12)


def test_spearman_and_brown_agree_with_themselves() -> None:
    alpha = stat.alpha(BINARY)
    needed = stat.items_needed(alpha, 8)
    assert isinstance(needed, int)
    assert value(stat.lengthened(alpha, Fraction(needed, 8))) >= 0.8 > value(stat.lengthened(alpha, Fraction(needed - 1, 8)))


def test_ties_at_the_border_of_the_groups_are_averaged_over_all_ways_to_break_them() -> None:
    # 10 learners, groups of 3; scores 5, then five at 4, then four at 1: two seats among five
    scores = [Fraction(s) for s in (5, 4, 4, 4, 4, 4, 1, 1, 1, 1)]
    shares = [Fraction(s) for s in (1, 1, 1, 0, 0, 0, 1, 0, 0, 0)]
    groups = stat.score_groups(scores)
    assert isinstance(groups, stat.Groups) and groups.size == 3
    assert sum(groups.upper) == sum(groups.lower) == 3
    assert value(stat.d_index(shares, groups)) == pytest.approx(float((1 + Fraction(2, 5) * 2) / 3 - Fraction(1, 4)))
    breaks, chance = [], random.Random(1)
    for _ in range(4000):
        order = sorted(range(10), key=lambda n: (-scores[n], chance.random()))
        breaks.append(np.mean([float(shares[n]) for n in order[:3]]) - np.mean([float(shares[n]) for n in order[-3:]]))
    assert value(stat.d_index(shares, groups)) == pytest.approx(np.mean(breaks), abs=0.02)


def test_d_without_ties_is_the_difference_of_the_plain_groups() -> None:
    chance = random.Random(2)
    scores = [Fraction(n) for n in range(37)]
    shares = [Fraction(chance.randint(0, 1)) for _ in scores]
    n = round(0.27 * 37)
    assert value(stat.d_index(shares, stat.score_groups(scores))) == pytest.approx(float(sum(shares[-n:]) - sum(shares[:n])) / n)


@pytest.mark.parametrize(
    "matrix",
    [[], [[1]], [[1, 0]], [[1], [0]], [[1, 1], [1, 1]], [[0, 0, 0]] * 4, [[1, 0], [0, 1]], [[1, 1, 1], [0, 0, 0]], [[1, 0, 1]] * 2 + [[0, 1, 1]]],
    ids=["nobody", "one answer", "one learner", "one item", "all right", "all wrong", "no spread of totals", "two learners", "three learners"],
)
def test_what_is_not_defined_has_its_reason_in_words(matrix: list[list[int]]) -> None:
    analysis = analyze([binary_book(matrix)])
    values = [v for item in analysis.items for v in (item.p, item.r, item.r_total, item.d)]
    values += [v for test in analysis.tests for v in (test.alpha, test.kr20, test.kr21, test.livingston, test.standard_error, test.doubled)]
    for found in values:
        if isinstance(found, Undefined):
            assert found.reason
        else:
            assert math.isfinite(found.value)
            assert (found.low is None) == (found.high is None)
    find(analysis)


def test_gains_at_the_edges_are_said_to_be_undefined() -> None:
    full = (Pair("a", Fraction(100), Fraction(90)), Pair("b", Fraction(100), Fraction(100)))
    assert isinstance(full[0].gain, Undefined)
    assert isinstance(group_gain(full), Undefined) and isinstance(group_gain(()), Undefined)
    assert isinstance(d_z(full[:1]), Undefined) and isinstance(d_z(()), Undefined)
    same = (Pair("a", Fraction(10), Fraction(30)), Pair("b", Fraction(20), Fraction(40)))
    assert isinstance(d_z(same), Undefined)
    book = binary_book([[1, 1], [1, 1]])
    gains = plan_gains("before", book.complete, book.complete)
    assert gains.without_gain == 2 and isinstance(gains.mean_gain, Undefined) and isinstance(gains.group_gain, Undefined)


SHARES = st.sampled_from([Fraction(0), Fraction(1), Fraction(1, 2), Fraction(1, 3), Fraction(2, 3)])


@st.composite
def matrices(draw: st.DrawFn, entries: st.SearchStrategy[Fraction]) -> list[list[Fraction]]:
    k = draw(st.integers(1, 5))
    return draw(st.lists(st.lists(entries, min_size=k, max_size=k), max_size=8))


@settings(max_examples=150, deadline=None)
@given(st.one_of(matrices(SHARES), matrices(st.sampled_from([Fraction(0), Fraction(1)]))))
def test_no_small_group_makes_the_analysis_fail_and_every_number_lies_where_it_can(matrix: list[list[Fraction]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        book = shares_book(matrix)
        analysis = analyze([book], book)
        find(analysis)
    for item in analysis.items:
        for found, lowest in ((item.p, 0), (item.r, -1), (item.r_total, -1), (item.d, -1)):
            if isinstance(found, Estimate):
                assert lowest <= found.value <= 1
                if found.low is not None and found.high is not None:
                    assert found.low <= found.value + 1e-12 and found.value - 1e-12 <= found.high
    for test in analysis.tests:
        for reliability in (test.alpha, test.kr20, test.kr21, test.livingston):
            assert isinstance(reliability, Undefined) or reliability.value <= 1
        if isinstance(test.consistency, stat.Consistency):
            assert 0.5 - 1e-9 <= test.consistency.agreement <= 1


@settings(max_examples=60, deadline=None)
@given(matrices(st.sampled_from([Fraction(0), Fraction(1)])), st.randoms(use_true_random=False))
def test_the_order_of_learners_changes_nothing(matrix: list[list[Fraction]], chance: random.Random) -> None:
    other = matrix[:]
    chance.shuffle(other)
    one, two = analyze([shares_book(matrix)]), analyze([shares_book(other)])
    assert [(item.p, item.r, item.d) for item in one.items] == [(item.p, item.r, item.d) for item in two.items]
    assert [(test.alpha, test.kr20, test.consistency) for test in one.tests] == [(test.alpha, test.kr20, test.consistency) for test in two.tests]
