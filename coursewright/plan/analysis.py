"""What one or more administrations of a test say of its items and of itself: all numbers of the report, without its words.

Learners may have met different forms: item statistics use everyone who met a version of an item; test statistics need
learners who met the same items, and say how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from coursewright.model.judgement import Cut
from coursewright.plan import statistics as stat
from coursewright.plan.gains import Gains, plan_gains
from coursewright.plan.gradebook import Gradebook, Graded
from coursewright.plan.item_statistics import Gathered, ItemStatistics, gather, item_statistics, with_rest
from coursewright.plan.statistics import Undefined, Value


@dataclass(frozen=True)
class TestStatistics:
    """A test as n learners met it who had the same k items. mean, spread (÷ N), standard_error and cut are in points."""

    __test__ = False  # its name would have pytest collect it

    forms: tuple[str, ...]
    administrations: tuple[str, ...]
    n: int
    k: int
    points: Fraction
    cut: Cut
    passed: int
    scores: tuple[Fraction, ...]
    mean: Fraction
    spread: float
    alpha: Value
    kr20: Value
    kr21: Value
    standard_error: Value
    livingston: Value
    doubled: Value
    items_needed: int | Undefined
    consistency: stat.Consistency | Undefined


@dataclass(frozen=True)
class Administration:
    """One administration. pending: sittings left out because something in them waits. days: of completion, first to last."""

    name: str
    test: str
    title: str
    n: int
    pending: int
    passed: int
    days: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """A version of an item in one administration."""

    item: str
    version: str
    administration: str
    n: int
    p: Value
    r: Value


@dataclass(frozen=True)
class Decided:
    """An item withdrawn, or given another key, after an administration."""

    item: str
    action: str
    administration: str
    reason: str
    by: str


@dataclass(frozen=True)
class Analysis:
    """All that the report shows. percents: the scores of all learners. alone: learners whose set of items nobody else met.

    repeated: sittings beyond the first of the same learner. several_forms: whether learners met different items.
    """

    title: str
    administrations: tuple[Administration, ...]
    percents: tuple[Fraction, ...]
    items: tuple[ItemStatistics, ...]
    tests: tuple[TestStatistics, ...]
    alone: int
    repeated: int
    history: tuple[Seen, ...]
    decided: tuple[Decided, ...]
    several_forms: bool
    gains: Gains | None = None
    pre: Administration | None = None

    @property
    def n(self) -> int:
        return len(self.percents)

    @property
    def passed(self) -> int:
        return sum(administration.passed for administration in self.administrations)

    @property
    def pending(self) -> int:
        return sum(administration.pending for administration in self.administrations)

    @property
    def changed(self) -> dict[str, tuple[str, ...]]:
        """The items whose wording changed between administrations, with their versions."""
        versions: dict[str, dict[str, None]] = {}
        for seen in self.history:
            versions.setdefault(seen.item, {})[seen.version] = None
        return {item: tuple(found) for item, found in versions.items() if len(found) > 1}


def analyze(books: Sequence[Gradebook], pre: Gradebook | None = None) -> Analysis:
    """The statistics of administrations of one test; with `pre`, the gain from it. Nothing in a sound gradebook makes it fail."""
    graded = [each for book in books for each in book.complete if each.possible]
    apart = [(book.name, gather([book])) for book in (*([pre] if pre else []), *books)]
    gathered = apart[-1][1] if len(books) == 1 else gather(books)
    before = apart[0][1] if pre else {}
    one_form = len({tuple(answered.version for answered in each.answered) for each in graded}) == 1
    numbers = {answered.version: n for n, answered in enumerate(graded[0].answered, 1)} if one_form else {}
    order = sorted(gathered, key=lambda version: (numbers.get(version, 0), gathered[version].item.id, version))
    items = tuple(
        item_statistics(numbers.get(version, n), gathered[version], stat.difficulty(before[version].shares) if version in before else None) for n, version in enumerate(order, 1)
    )
    sets = _by_items([(book.name, each) for book in books for each in book.complete if each.possible])
    identities = {each.sitting.identity for each in graded}
    nameless = sum(each.sitting.identity == "name:" for each in graded)
    return Analysis(
        books[0].record.title,
        tuple(_administration(book) for book in books),
        tuple(each.percent for each in graded),
        items,
        tuple(_test(group) for group in sets if len(group) > 1),
        sum(len(group) == 1 for group in sets),
        len(graded) - nameless - len(identities - {"name:"}),
        tuple(_history(apart)),
        tuple(_decided(books)),
        len(sets) > 1,
        plan_gains(pre.name, pre.complete, graded) if pre else None,
        _administration(pre) if pre else None,
    )


def _by_items(graded: Iterable[tuple[str, Graded]]) -> list[list[tuple[str, Graded]]]:
    """Results, each with its administration, by the set of items that counted and the points that it took to pass; largest first."""
    made: dict[tuple[frozenset[str], int], list[tuple[str, Graded]]] = {}
    for name, each in graded:
        items = frozenset(answered.version for answered in each.answered if not answered.withdrawn)
        made.setdefault((items, each.cut.needed), []).append((name, each))
    return sorted(made.values(), key=len, reverse=True)


def _test(named: Sequence[tuple[str, Graded]]) -> TestStatistics:
    group = [each for _, each in named]
    order = [answered.version for answered in group[0].answered if not answered.withdrawn]
    matrix = []
    for each in group:
        earned: Mapping[str, Fraction] = {answered.version: answered.earned for answered in each.answered}
        matrix.append([earned[version] for version in order])
    scores, cut = stat.totals(matrix), group[0].cut
    reliability, needed = stat.alpha(matrix), Fraction(cut.needed)
    return TestStatistics(
        tuple(sorted({each.sitting.form for each in group})),
        tuple(dict.fromkeys(name for name, _ in named)),
        len(group),
        len(order),
        group[0].possible,
        cut,
        sum(bool(each.passed) for each in group),
        scores,
        stat.mean(scores),
        stat.root(stat.variance(scores)),
        reliability,
        stat.kr20(matrix),
        stat.kr21(matrix),
        stat.standard_error(matrix, reliability),
        stat.livingston(matrix, reliability, needed),
        stat.lengthened(reliability, Fraction(2)),
        stat.items_needed(reliability, len(order)),
        stat.consistency(matrix, needed),
    )


def _administration(book: Gradebook) -> Administration:
    counted = [each for each in book.complete if each.possible]
    days = sorted({each.sitting.completed_at for each in counted if each.sitting.completed_at})
    passed, pending = sum(bool(each.passed) for each in counted), len(book.graded) - len(book.complete)
    return Administration(book.name, book.record.test, book.record.title, len(counted), pending, passed, (days[0], days[-1]) if days else ())


def _history(apart: Iterable[tuple[str, Mapping[str, Gathered]]]) -> Iterable[Seen]:
    """Each version in each administration; apart: the name of each, and what was gathered of it."""
    seen = []
    for name, versions in apart:
        for version, gathered in versions.items():
            shares = gathered.shares
            seen.append(Seen(gathered.item.id, version, name, len(shares), stat.difficulty(shares), with_rest(gathered.met, shares)))
    return sorted(seen, key=lambda entry: entry.item)


def _decided(books: Iterable[Gradebook]) -> Iterable[Decided]:
    for book in books:
        latest = {adjustment.item: adjustment for adjustment in book.adjustments}
        for adjustment in latest.values():
            if adjustment.action != "restore":
                yield Decided(adjustment.item, adjustment.action, book.name, adjustment.reason, adjustment.by)
