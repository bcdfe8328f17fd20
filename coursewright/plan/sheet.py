"""Sheets and keys.

A learner's output is written from a `Sheet`: its questions have no key and no rationale field, so none can leak.
A `KeySheet` is for educators and graders. A practice quiz that grades itself is written from a `PracticeSheet`,
which says in its name that the keys are inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from coursewright.model.course import Course
from coursewright.model.interaction import (
    Alternative,
    Choice,
    ChoiceKey,
    Key,
    Match,
    MatchKey,
    NumericEntry,
    NumericKey,
    Order,
    OrderKey,
    PanelKey,
    TextEntry,
    TextKey,
)
from coursewright.model.items.base import Explanation, ItemBase, Question, SingleItem
from coursewright.model.items.case_cluster import CaseCluster
from coursewright.model.prose import Prose
from coursewright.plan.numbering import Numbering


@dataclass(frozen=True)
class Asked:
    """A question under its number on the sheet."""

    number: int
    question: Question


@dataclass(frozen=True)
class Group:
    """Questions that stay together: those of one case, or a single one without a case."""

    asked: tuple[Asked, ...]
    case: Prose | None = None
    case_id: str = ""


@dataclass(frozen=True)
class Sheet:
    """What a learner gets. No key, no rationale."""

    id: str
    title: str
    groups: tuple[Group, ...]

    @property
    def asked(self) -> tuple[Asked, ...]:
        return tuple(asked for group in self.groups for asked in group.asked)

    @property
    def points(self) -> Fraction:
        return sum((asked.question.points for asked in self.asked), Fraction(0))


@dataclass(frozen=True)
class Pointer:
    """Where an item is taught: `2.3`, its title, and its anchor."""

    number: str
    title: str
    section: str


@dataclass(frozen=True)
class Keyed:
    """The key and the rationales of one question, under the same number."""

    number: int
    question: Question
    key: Key
    explanation: Explanation
    objective: str
    pointer: Pointer | None
    moore: str

    @property
    def answer(self) -> str:
        """The key in words and letters, as a key sheet prints it."""
        return answer_in_words(self.question, self.key)


@dataclass(frozen=True)
class KeySheet:
    """What an educator gets: every key with its rationales."""

    id: str
    title: str
    keyed: tuple[Keyed, ...]


@dataclass(frozen=True)
class PracticeSheet:
    """A sheet with its keys inside, for a quiz that grades itself. Never for a summative form."""

    sheet: Sheet
    keys: KeySheet


def label(index: int) -> str:
    """The letter that stands before the alternative at `index`: A, B, … Z."""
    return chr(ord("A") + index)


def plan_sheet(id_: str, title: str, items: tuple[ItemBase, ...]) -> Sheet:
    """Number the items in the order given; a cluster's questions stay with its case."""
    groups = []
    number = 0
    for item in items:
        asked = []
        for single in item.singles():
            number += 1
            asked.append(Asked(number, single.question))
        case = item.case if isinstance(item, CaseCluster) else None
        groups.append(Group(tuple(asked), case, item.id if case else ""))
    return Sheet(id_, title, tuple(groups))


def plan_keys(course: Course, numbering: Numbering, sheet: Sheet) -> KeySheet:
    """The keys of a sheet's questions, under the sheet's numbers and letters."""
    by_id: dict[str, SingleItem] = {item.id: item for item in course.single_items}
    keyed = []
    for asked in sheet.asked:
        item = by_id[asked.question.id]
        objective = course.objectives.get(item.objective or "")
        section = course.sections.get(item.section or "")
        pointer = Pointer(numbering.sections[section.id], section.title, section.id) if section else None
        keyed.append(
            Keyed(asked.number, asked.question, item.key, item.explanation, objective.text if objective else "", pointer, item.moore or "")
        )
    return KeySheet(sheet.id, sheet.title, tuple(keyed))


def answer_in_words(question: Question, key: Key) -> str:
    """`B`, `A, C`, `1 C · 2 A`, `C → A → B`, `35 mg`: by the letters that the sheet shows."""
    match question.interaction, key:
        case Choice(alternatives=alternatives), ChoiceKey(correct=correct):
            if {a.id for a in alternatives} == {"true", "false"}:
                return "True" if "true" in correct else "False"
            return ", ".join(label(i) for i, a in enumerate(alternatives) if a.id in correct)
        case Choice(alternatives=alternatives), PanelKey(shares=shares):
            of = dict(shares)
            return " · ".join(f"{label(i)} {of[a.id]}" for i, a in enumerate(alternatives) if of.get(a.id))
        case Match(prompts=prompts, choices=choices), MatchKey(pairs=pairs):
            matches = dict(pairs)
            return " · ".join(f"{i} {_letter(choices, matches[p.id])}" for i, p in enumerate(prompts, 1))
        case Order(alternatives=alternatives), OrderKey(order=order):
            return " → ".join(_letter(alternatives, id_) for id_ in order)
        case NumericEntry(unit=unit), NumericKey(value=value, tolerance=tolerance):
            about = f" ± {tolerance:f}" if tolerance else ""
            return f"{value:f}{about}{'' if unit == '%' else ' '}{unit}".strip()
        case TextEntry(), TextKey(accepted=accepted):
            return " or ".join(accepted)
        case (Choice() | Match() | Order() | NumericEntry() | TextEntry()), _:
            raise ValueError(f"the key of {question.id} is of another kind than its interaction")
        case other:
            assert_never(other[0])


def verdict(key: Key, alternative: str) -> str:
    """What is said of one alternative of a choice after grading: `Correct.`, `Not correct.`, or its share by a panel."""
    if isinstance(key, PanelKey):
        share = dict(key.shares).get(alternative, Fraction(0))
        return "Full credit." if share == 1 else f"{share} of the credit." if share else "No credit."
    assert isinstance(key, ChoiceKey)
    return "Correct." if alternative in key.correct else "Not correct."


def _letter(alternatives: tuple[Alternative, ...], id_: str) -> str:
    return next(label(i) for i, a in enumerate(alternatives) if a.id == id_)
