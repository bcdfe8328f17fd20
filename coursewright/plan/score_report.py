"""Score reports: what a learner is told of a result.

A `ScoreReport` has no place for a key, nor for what was answered: it may be given out while the test is open. A
`ClosedReport`, which says in its name that the test is closed, adds every item with the learner's answer and the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import assert_never

from coursewright.model.interaction import (
    Alternative,
    Choice,
    ChoiceKey,
    Interaction,
    Key,
    Match,
    MatchKey,
    NumericEntry,
    NumericKey,
    Order,
    OrderKey,
    PanelKey,
    Response,
    TextEntry,
    TextKey,
)
from coursewright.plan.gradebook import Answered, Gradebook, Graded, decision_on
from coursewright.plan.gradebook_table import number, percent_text
from coursewright.plan.record import ItemRecord, Record
from coursewright.plan.sheet import label

WORDS = {True: "Passed", False: "Not passed", None: "Pending"}


@dataclass(frozen=True)
class ObjectiveScore:
    """What a learner earned of one objective. `share` is in percent, for the bar; texts are for the page."""

    text: str
    earned: str
    possible: str
    share: int


@dataclass(frozen=True)
class Again:
    """A section to read again, and the points that its items cost."""

    section: str
    lost: str


@dataclass(frozen=True)
class ScoreReport:
    """One learner's result. No key, no answer. `share` and `bar` are percentages of all points, for the page's scale."""

    name: str
    learner_id: str
    sheet: str
    test: str
    form: str
    day: str
    result: str
    earned: str
    possible: str
    percent: str
    needed: str
    share: int
    bar: int
    objectives: tuple[ObjectiveScore, ...]
    again: tuple[Again, ...]
    pending: tuple[str, ...]
    withdrawn: int


@dataclass(frozen=True)
class ClosedItem:
    """An item after the test was closed: what was answered, what was right, and what it earned."""

    number: int
    stem: str
    answered: str
    right: str
    earned: str
    possible: str
    withdrawn: bool


@dataclass(frozen=True)
class ClosedReport:
    """A report with keys, for learners who will not sit this form again."""

    report: ScoreReport
    items: tuple[ClosedItem, ...]


def plan_report(book: Gradebook, graded: Graded) -> ScoreReport:
    """The report of one result, while the test is open."""
    record, sitting = book.record, graded.sitting
    items = {item.version: item for item in record.form_items(sitting.form)}
    counted = [(items[answer.version], answer) for answer in graded.answered if not answer.withdrawn]
    return ScoreReport(
        name=sitting.name,
        learner_id=sitting.learner_id,
        sheet=sitting.sheet,
        test=record.title,
        form=sitting.form,
        day=sitting.completed_at,
        result=WORDS[graded.passed],
        earned=number(graded.earned),
        possible=number(graded.possible),
        percent=percent_text(graded).removesuffix("0").removesuffix(".0"),
        needed=str(graded.cut.needed),
        share=_percent(graded.earned, graded.possible),
        bar=_percent(Fraction(graded.cut.needed), graded.possible),
        objectives=_objectives(counted),
        again=_again(counted),
        pending=sitting.pending if graded.passed is None else (),
        withdrawn=sum(answer.withdrawn for answer in graded.answered),
    )


def plan_closed_report(book: Gradebook, graded: Graded) -> ClosedReport:
    """The report of one result with every item, answer and key, by the letters of the learner's own form."""
    form = book.record.forms[graded.sitting.form]
    made = []
    for place, ((version, shown), answer) in enumerate(zip(form.items, graded.answered, strict=True), 1):
        item = book.record.items[version]
        decision = decision_on(book.adjustments, item)
        key = decision.key if decision is not None and decision.key is not None else item.key
        interaction = as_shown(item.interaction, shown)
        answered = response_in_words(interaction, answer.response) or _without_response(graded, item)
        points = (number(answer.earned), number(answer.points))
        made.append(ClosedItem(place, item.stem, answered, key_in_words(interaction, key), *points, answer.withdrawn))
    return ClosedReport(plan_report(book, graded), tuple(made))


def as_shown(interaction: Interaction, shown: tuple[str, ...]) -> Interaction:
    """An interaction with its alternatives in the order in which a form showed them."""
    place = {id_: n for n, id_ in enumerate(shown)}

    def ordered(things: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
        return tuple(sorted(things, key=lambda thing: place.get(thing.id, len(place))))

    match interaction:
        case Choice(alternatives=alternatives) | Order(alternatives=alternatives):
            return replace(interaction, alternatives=ordered(alternatives))
        case Match(choices=choices):
            return replace(interaction, choices=ordered(choices))
        case NumericEntry() | TextEntry():
            return interaction
        case other:
            assert_never(other)


def response_in_words(interaction: Interaction, response: Response) -> str:
    """`B (cleaning the hands)`, `1 C · 2 A`, `C → A → B`, `42 mg`: by the letters shown; empty where there is none."""
    if not response:
        return ""
    match interaction:
        case Choice(alternatives=alternatives):
            return _alternatives(alternatives, frozenset(response) if not isinstance(response, str) else frozenset({response}), ", ")
        case Match(prompts=prompts, choices=choices) if isinstance(response, dict):
            return " · ".join(f"{n} {_letters(choices).get(response.get(p.id, ''), '?')}" for n, p in enumerate(prompts, 1) if p.id in response)
        case Order(alternatives=alternatives):
            return " → ".join(_letters(alternatives).get(id_, "?") for id_ in response)
        case NumericEntry(unit=unit):
            return f"{response} {unit}".strip()
        case _:
            return str(response)


def key_in_words(interaction: Interaction, key: Key) -> str:
    """A key in the words of `response_in_words`; several that earn all credit are joined by `or`."""
    match key:
        case ChoiceKey(correct=correct):
            return response_in_words(interaction, correct)
        case PanelKey() as panel if isinstance(interaction, Choice):
            return _alternatives(interaction.alternatives, panel.correct, " or ")
        case MatchKey(pairs=pairs):
            return response_in_words(interaction, dict(pairs))
        case OrderKey(order=order):
            return response_in_words(interaction, order)
        case NumericKey(value=value, tolerance=tolerance):
            about = f" ± {tolerance:f}" if tolerance else ""
            return response_in_words(interaction, f"{value:f}{about}")
        case TextKey(accepted=accepted):
            return " or ".join(accepted)
        case _:
            return ""


def _alternatives(alternatives: tuple[Alternative, ...], chosen: frozenset[str], joint: str) -> str:
    if {a.id for a in alternatives} == {"true", "false"}:
        return joint.join(a.text.plain for a in alternatives if a.id in chosen)
    return joint.join(f"{label(n)} ({a.text.plain})" for n, a in enumerate(alternatives) if a.id in chosen)


def _letters(alternatives: tuple[Alternative, ...]) -> Mapping[str, str]:
    return {a.id: label(n) for n, a in enumerate(alternatives)}


def _without_response(graded: Graded, item: ItemRecord) -> str:
    return "not known: only points were handed over" if item.id in graded.sitting.shares else "no answer"


def _percent(part: Fraction, whole: Fraction) -> int:
    return min(100, int(100 * part / whole)) if whole else 0


def _objectives(counted: list[tuple[ItemRecord, Answered]]) -> tuple[ObjectiveScore, ...]:
    by_objective: dict[tuple[str, str], list[Answered]] = {}
    for item, answer in counted:
        by_objective.setdefault((item.objective, item.objective_text), []).append(answer)
    made = []
    for (_, text), answers in sorted(by_objective.items(), key=lambda entry: (not entry[0][0], _natural(entry[0][0]))):
        earned, possible = sum((a.earned for a in answers), Fraction(0)), sum((a.points for a in answers), Fraction(0))
        made.append(ObjectiveScore(text or "Other items", number(earned), number(possible), _percent(earned, possible)))
    return tuple(made)


def _again(counted: list[tuple[ItemRecord, Answered]]) -> tuple[Again, ...]:
    lost: dict[str, Fraction] = {}
    for item, answer in counted:
        if item.section_text and answer.share < 1:
            lost[item.section_text] = lost.get(item.section_text, Fraction(0)) + answer.points - answer.earned
    return tuple(Again(section, number(points)) for section, points in sorted(lost.items(), key=lambda entry: (-entry[1], _natural(entry[0]))))


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text) if part]


def words_of(record: Record) -> tuple[str, ...]:
    """All that the record can put on a page, for the letters that its fonts must have."""
    texts = [record.title, *record.forms]
    for item in record.items.values():
        texts += [item.stem, item.objective_text, item.section_text]
    for copy in record.copies.values():
        texts += [copy.name, copy.learner_id]
    return tuple(texts)
