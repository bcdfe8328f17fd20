"""Items in numbers: each version over all who met it, whatever forms they had.

An item is known by its version: when its wording changes, its numbers start anew. The learner's other points, in percent,
are the rest of the test; on one form this is the plain corrected coefficient, exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from coursewright.model.interaction import Choice, ChoiceKey, Key, Match, MatchKey, PanelKey, Response
from coursewright.model.items.base import Question
from coursewright.model.prose import Line
from coursewright.plan import statistics as stat
from coursewright.plan.gradebook import Answered, Gradebook, decision_on
from coursewright.plan.record import ItemRecord
from coursewright.plan.sheet import answer_in_words, label
from coursewright.plan.sittings import response_text
from coursewright.plan.statistics import Undefined, Value

HARDLY_CHOSEN = Fraction(5, 100)  # a distractor that fewer choose does nothing


@dataclass(frozen=True)
class OptionStatistics:
    """One option of a choice item. credit: 1 for the key, 0 for a distractor, between where a panel gives part.

    share: of those whose answer is known, who chose it. lower, middle, upper: the same within the score groups of 27%,
    46% and 27%; None where there are none. r: of choosing it, with the score on the other items.
    """

    id: str
    letter: str
    text: str
    credit: Fraction
    chosen: int
    share: Fraction
    lower: Fraction | None
    middle: Fraction | None
    upper: Fraction | None
    r: Value

    @property
    def functional(self) -> bool | None:
        """Whether a distractor does its work: chosen by 5% or more, and by the weaker learners. None where it is not known."""
        if self.credit or self.share < HARDLY_CHOSEN:
            return None if self.credit else False
        return None if isinstance(self.r, Undefined) else self.r.value < 0


@dataclass(frozen=True)
class ItemStatistics:
    """One version of an item over all administrations. n: learners who met it. answer: its key in words, as it counted last.

    r_total: with the total score, the item within it. r: corrected, with the score on the other items. group_size: of the
    upper and of the lower group. blank: left out; unknown: taken from elsewhere, without the answer. wrong: the wrong
    answers given most, where there are no options.
    """

    number: int
    item: ItemRecord
    key: Key
    answer: str
    n: int
    p: Value
    binary: bool
    r_total: Value
    r: Value
    d: Value
    group_size: int
    options: tuple[OptionStatistics, ...] = ()
    blank: int = 0
    several: int = 0
    unknown: int = 0
    wrong: tuple[tuple[str, int], ...] = ()
    pre: Value | None = None

    @property
    def distractors(self) -> tuple[OptionStatistics, ...]:
        return tuple(option for option in self.options if not option.credit)


@dataclass(frozen=True)
class Met:
    """A learner's meeting with an item. total and rest are in percent of the learner's own points; rest is of the other items."""

    answered: Answered
    known: bool
    total: Fraction
    rest: Fraction | None


@dataclass
class Gathered:
    """A version of an item, as it is gathered. key: as it counted in the last administration."""

    item: ItemRecord
    key: Key
    met: list[Met] = field(default_factory=list)

    @property
    def shares(self) -> list[Fraction]:
        return [each.answered.share for each in self.met]


def gather(books: Iterable[Gradebook]) -> dict[str, Gathered]:
    """Who met which version of an item, withdrawn ones left out."""
    made: dict[str, Gathered] = {}
    for book in books:
        for graded in book.complete:
            earned, possible, percent = graded.earned, graded.possible, graded.percent  # sums over all items: once a learner
            for answered in graded.answered:
                if answered.withdrawn:
                    continue
                item = book.record.items[answered.version]
                entry = made.get(answered.version)
                if entry is None:
                    decided = decision_on(book.adjustments, item)
                    entry = made[answered.version] = Gathered(item, decided.key if decided and decided.key else item.key)
                known = answered.item not in graded.sitting.shares or answered.response is not None
                others = possible - answered.points
                rest = 100 * (earned - answered.earned) / others if others else None
                entry.met.append(Met(answered, known, percent, rest))
    return made


def with_rest(met: Sequence[Met], column: Sequence[Fraction], alike: str = "every learner earned the same on it") -> Value:
    """The correlation of a column with the score on the other items; `alike` is the reason to give where it has no spread."""
    both = [(x, each.rest) for x, each in zip(column, met, strict=True) if each.rest is not None]
    if met and not both:
        return Undefined("there are no other items to compare with")
    return stat.correlation([x for x, _ in both], [rest for _, rest in both], alike)


def item_statistics(number: int, gathered: Gathered, pre: Value | None) -> ItemStatistics:
    met, item = gathered.met, gathered.item
    shares = gathered.shares
    scores = [each.total for each in met]
    groups = stat.score_groups(scores)
    known = [each for each in met if each.known]
    single = isinstance(item.interaction, Choice) and not item.interaction.multiple
    marked = [each.answered.response for each in known]
    question = Question(item.id, Line.parse(""), item.interaction, item.points, "")
    return ItemStatistics(
        number,
        item,
        gathered.key,
        answer_in_words(question, gathered.key),
        len(met),
        stat.difficulty(shares),
        stat.is_binary(shares),
        stat.correlation(shares, scores, same_other="all learners have the same score"),
        with_rest(met, shares),
        stat.d_index(shares, groups),
        groups.size if isinstance(groups, stat.Groups) else 0,
        tuple(_options(gathered, known, stat.score_groups([each.total for each in known]))),
        sum(response is None or response == frozenset() for response in marked),
        sum(single and isinstance(response, frozenset | set) and len(response) > 1 for response in marked),
        len(met) - len(known),
        _wrong(gathered, known),
        pre,
    )


def _options(gathered: Gathered, known: Sequence[Met], groups: stat.Groups | Undefined) -> Iterable[OptionStatistics]:
    interaction = gathered.item.interaction
    if not isinstance(interaction, Choice) or not known:
        return
    for index, alternative in enumerate(interaction.alternatives):
        column = [Fraction(_chose(each.answered.response, alternative.id, interaction.multiple)) for each in known]
        lower = middle = upper = None
        if isinstance(groups, stat.Groups):
            lower, middle, upper = (stat.weighted_mean(column, weights) for weights in (groups.lower, groups.middle, groups.upper))
        yield OptionStatistics(
            alternative.id,
            label(index),
            alternative.text.plain,
            _credit(gathered.key, alternative.id),
            int(sum(column)),
            stat.mean(column),
            lower,
            middle,
            upper,
            with_rest(known, column, "everybody chose it") if any(column) else Undefined("nobody chose it"),
        )


def _chose(response: Response, id_: str, multiple: bool) -> bool:
    return isinstance(response, frozenset | set) and id_ in response and (multiple or len(response) == 1)


def _credit(key: Key, id_: str) -> Fraction:
    match key:
        case ChoiceKey(correct=correct):
            return Fraction(id_ in correct)
        case PanelKey(shares=shares):
            return dict(shares).get(id_, Fraction(0))
        case _:
            return Fraction(0)


def _wrong(gathered: Gathered, known: Sequence[Met], most: int = 3) -> tuple[tuple[str, int], ...]:
    """The wrong answers given most to an item without options; for a match, the wrong pairs."""
    interaction = gathered.item.interaction
    if isinstance(interaction, Choice):
        return ()
    counted: Counter[str] = Counter()
    for each in known:
        response = each.answered.response
        if response is None or each.answered.share == 1:
            continue
        if isinstance(interaction, Match) and isinstance(response, dict):
            prompts, choices = ({thing.id: thing.text.plain for thing in things} for things in (interaction.prompts, interaction.choices))
            right = dict(gathered.key.pairs) if isinstance(gathered.key, MatchKey) else {}
            counted.update(f"{prompts.get(p, p)}: {choices.get(c, c)}" for p, c in response.items() if right.get(p) != c)
        else:
            counted[response_text(response)] += 1
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:most])
