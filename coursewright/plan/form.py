"""Summative forms, drawn from a bank by a blueprint. The same seed and content give the same form for ever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TypeVar

from coursewright.model.course import Course
from coursewright.model.drawing import draw, shuffled
from coursewright.model.interaction import Choice, Match, Order
from coursewright.model.items.base import Question
from coursewright.model.quiz import Blueprint
from coursewright.plan.sheet import Asked, Group, Sheet, plan_sheet

T = TypeVar("T")


@dataclass(frozen=True)
class Form:
    """A sheet with what it takes to pass. `id` ends in a checksum of the content that it was made from."""

    id: str
    blueprint: Blueprint
    sheet: Sheet
    cut_points: Fraction

    @property
    def cut_percent(self) -> Decimal:
        return self.blueprint.cut.percent


def plan_form(course: Course, blueprint: Blueprint) -> Form:
    """Draw the form of a blueprint. Raises ValueError where the bank cannot fill it (the checks say so first)."""
    items, shortages = draw(course, blueprint)
    if shortages:
        raise ValueError(f"blueprint {blueprint.id} cannot be filled")
    sheet = plan_sheet(blueprint.id, blueprint.title, items)
    if blueprint.shuffle_options:
        groups = tuple(replace(g, asked=tuple(_shuffle_options(asked, blueprint.seed) for asked in g.asked)) for g in sheet.groups)
        sheet = replace(sheet, groups=groups)
    id_ = f"{blueprint.id}-{_checksum(sheet)}"
    cut = Fraction(ceil(sheet.points * Fraction(blueprint.cut.percent) / 100))
    return Form(id_, blueprint, replace(sheet, id=id_), cut)


def _shuffle_options(asked: Asked, seed: str) -> Asked:
    question = asked.question

    def mixed(things: Sequence[T]) -> tuple[T, ...]:
        return tuple(shuffled(things, f"{seed}/{question.id}", lambda thing: thing.id))  # type: ignore[attr-defined]

    match question.interaction:
        case Choice(ordered=False) as choice if not _has_numbers(question):
            made: Choice | Match | Order = replace(choice, alternatives=mixed(choice.alternatives))
        case Match() as match:
            made = replace(match, choices=mixed(match.choices))
        case Order() as order:
            made = replace(order, alternatives=mixed(order.alternatives))
        case _:
            return asked
    return replace(asked, question=replace(question, interaction=made))


def _has_numbers(question: Question) -> bool:
    """Whether the options are numbers in order, which a reader expects to stay so."""
    assert isinstance(question.interaction, Choice)
    return all(a.text.plain[:1].isdigit() for a in question.interaction.alternatives)


def _checksum(sheet: Sheet) -> str:
    content = json.dumps([[_content(asked) for asked in group.asked] + [_case(group)] for group in sheet.groups], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def _content(asked: Asked) -> list[object]:
    return [asked.number, asked.question.id, asked.question.stem.source, repr(asked.question.interaction), str(asked.question.points)]


def _case(group: Group) -> str:
    return group.case.source if group.case else ""


