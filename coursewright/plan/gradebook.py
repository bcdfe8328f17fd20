"""Grading: what learners gave, scored against the record of what they were asked, with adjustments made since.

Scores are exact fractions; a form is passed with whole points, `Cut.needed` of them or more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from coursewright.model.interaction import Choice, ChoiceKey, Key, PanelKey, Response, score
from coursewright.model.judgement import Cut, CutRule, cut_score
from coursewright.plan.record import FormRecord, ItemRecord, Record


@dataclass(frozen=True)
class Sitting:
    """What one learner gave on one form. `responses` by item id; an item left blank is not in it.

    shares: for results taken from elsewhere without responses, the share of an item's points by item id. pending: why it
    cannot be graded yet (marks that wait for a decision, a page that is missing), in words. completed_at: YYYY-MM-DD.
    """

    form: str
    responses: Mapping[str, Response] = field(default_factory=dict)
    sheet: str = ""
    learner_id: str = ""
    given_name: str = ""
    family_name: str = ""
    completed_at: str = ""
    roster: tuple[tuple[str, str], ...] = ()
    shares: Mapping[str, Fraction] = field(default_factory=dict)
    pending: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip() or self.learner_id or self.sheet

    @property
    def identity(self) -> str:
        """What tells this learner from another, over administrations too: the id where there is one, else the name."""
        return f"id:{self.learner_id}" if self.learner_id else f"name:{self.name.casefold()}"


@dataclass(frozen=True)
class Adjustment:
    """A decision after the test: an item withdrawn, given another key, or restored to what was printed. `at` is a moment as ISO text.

    versions: the fingerprints of the versions of the item that it is about; empty for all. A version that is written later
    is another question, of which nothing was decided.
    """

    item: str
    action: str  # withdraw, rekey, or restore, which takes the earlier ones of the item back
    reason: str
    by: str
    at: str
    key: Key | None = None
    versions: frozenset[str] = frozenset()

    def covers(self, item: ItemRecord) -> bool:
        return self.item == item.id and (not self.versions or item.fingerprint in self.versions)


@dataclass(frozen=True)
class Answered:
    """One item as one learner answered it. `share` is what it earned of `points`; both 0 where it was withdrawn."""

    item: str
    version: str
    response: Response
    share: Fraction
    points: Fraction
    withdrawn: bool = False

    @property
    def earned(self) -> Fraction:
        return self.share * self.points


@dataclass(frozen=True)
class Graded:
    """One learner's result. `passed` is None while something is pending: nothing doubtful is guessed."""

    sitting: Sitting
    answered: tuple[Answered, ...]
    cut: Cut

    @cached_property
    def earned(self) -> Fraction:
        return sum((answer.earned for answer in self.answered), Fraction(0))

    @cached_property
    def possible(self) -> Fraction:
        return sum((answer.points for answer in self.answered), Fraction(0))

    @property
    def passed(self) -> bool | None:
        return None if self.sitting.pending else self.earned >= self.cut.needed

    @property
    def percent(self) -> Fraction:
        """Of the points possible; 0 where every item was withdrawn."""
        return 100 * self.earned / self.possible if self.possible else Fraction(0)


@dataclass(frozen=True)
class Moved:
    """A learner whose score or result an adjustment changed."""

    before: Graded
    after: Graded


@dataclass(frozen=True)
class Gradebook:
    """The results of one administration, in the order of the sittings. `name` tells it from others of the same test."""

    name: str
    record: Record
    graded: tuple[Graded, ...]
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def complete(self) -> tuple[Graded, ...]:
        """The results that wait for nothing."""
        return tuple(graded for graded in self.graded if graded.passed is not None)


def grade(name: str, record: Record, sittings: Iterable[Sitting], adjustments: tuple[Adjustment, ...] = ()) -> Gradebook:
    """Score every sitting. Later adjustments of an item replace earlier ones. Raises KeyError for a form not on record."""
    decided = {version: decision_on(adjustments, item) for version, item in record.items.items()} if adjustments else {}
    return Gradebook(name, record, tuple(_graded(record, sitting, decided) for sitting in sittings), adjustments)


def decision_on(adjustments: Iterable[Adjustment], item: ItemRecord) -> Adjustment | None:
    """The decision that holds for a version of an item now; None where there is none, or it was taken back."""
    latest = None
    for adjustment in adjustments:
        if adjustment.covers(item):
            latest = None if adjustment.action == "restore" else adjustment
    return latest


def moved(before: Gradebook, after: Gradebook) -> tuple[Moved, ...]:
    """The learners whose score or result differs; both books hold the same sittings in the same order."""
    pairs = zip(before.graded, after.graded, strict=True)
    return tuple(Moved(a, b) for a, b in pairs if (a.earned, a.possible, a.passed) != (b.earned, b.possible, b.passed))


def accepting(item: ItemRecord, accepted: frozenset[str]) -> Key:
    """The key of an item of which each of several single answers is accepted; of several marks, the set that is right."""
    assert isinstance(item.interaction, Choice)
    if item.interaction.multiple:
        rule = item.key.rule if isinstance(item.key, ChoiceKey) else "all-or-nothing"
        return ChoiceKey(accepted, rule)
    return ChoiceKey(accepted) if len(accepted) == 1 else PanelKey(tuple((id_, Fraction(1)) for id_ in sorted(accepted)))


def form_cut(form: FormRecord, items: Iterable[ItemRecord]) -> Cut:
    """The cut score of the items that count."""
    points = {item.id: item.points for item in items}
    chances = {judge: {id_: chance for id_, chance in by_item.items() if id_ in points} for judge, by_item in form.rule.chances.items()}
    return cut_score(CutRule(form.rule.method, form.rule.percent, chances), points)


def _graded(record: Record, sitting: Sitting, decided: Mapping[str, Adjustment | None]) -> Graded:
    items = record.form_items(sitting.form)
    answered = []
    for item in items:
        adjustment = decided.get(item.version)
        response = sitting.responses.get(item.id)
        if adjustment is not None and adjustment.action == "withdraw":
            answered.append(Answered(item.id, item.version, response, Fraction(0), Fraction(0), withdrawn=True))
            continue
        key = adjustment.key if adjustment is not None and adjustment.key is not None else item.key
        share = sitting.shares[item.id] if item.id in sitting.shares else score(key, response)
        answered.append(Answered(item.id, item.version, response, share, item.points))
    kept = [item for item, answer in zip(items, answered, strict=True) if not answer.withdrawn]
    return Graded(sitting, tuple(answered), form_cut(record.forms[sitting.form], kept))


