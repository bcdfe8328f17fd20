"""Summative forms, drawn from a bank by a blueprint. The same seed and content give the same form for ever."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar, assert_never

from coursewright.model.course import Course
from coursewright.model.cut import cut_rule
from coursewright.model.drawing import draw, form_seed, shuffled
from coursewright.model.interaction import Choice, Interaction, Match, NumericEntry, Order, TextEntry
from coursewright.model.items.base import Question
from coursewright.model.judgement import Cut, cut_score
from coursewright.model.quiz import Blueprint
from coursewright.plan.sheet import Asked, Group, Sheet, plan_sheet

T = TypeVar("T")


@dataclass(frozen=True)
class Form:
    """A sheet with what it takes to pass. `id` ends in a checksum of the content that it was made from."""

    id: str
    blueprint: Blueprint
    sheet: Sheet
    cut: Cut
    number: int = 1

    @property
    def cut_points(self) -> Fraction:
        return Fraction(self.cut.needed)


class CannotFill(ValueError):
    """A blueprint that the banks cannot fill: the rows that fail, and by how much."""


def plan_form(course: Course, blueprint: Blueprint, number: int = 1) -> Form:
    """Draw a form of a blueprint, counted from 1. Raises CannotFill where the banks cannot (the checks say so first)."""
    items, shortages = draw(course, blueprint, number)
    if shortages:
        missing = "; ".join(f"{s.cell.described}: {s.wanted} wanted, {s.found} found" for s in shortages)
        raise CannotFill(f"blueprint {blueprint.id} cannot be filled: {missing}")
    sheet = plan_sheet(blueprint.id, blueprint.title, items)
    if blueprint.shuffle_options:
        seed = form_seed(blueprint, number)
        groups = tuple(replace(g, asked=tuple(_shuffle_options(asked, seed) for asked in g.asked)) for g in sheet.groups)
        sheet = replace(sheet, groups=groups)
    id_ = f"{blueprint.id}-{checksum(sheet)}"
    points = {asked.question.id: asked.question.points for asked in sheet.asked}
    return Form(id_, blueprint, replace(sheet, id=id_), cut_score(cut_rule(course, blueprint), points), number)


def plan_forms(course: Course, blueprint: Blueprint, count: int) -> tuple[Form, ...]:
    """The first `count` forms of a blueprint. Raises CannotFill."""
    return tuple(plan_form(course, blueprint, number) for number in range(1, count + 1))


def _shuffle_options(asked: Asked, seed: str) -> Asked:
    question = asked.question

    def mixed(things: Sequence[T]) -> tuple[T, ...]:
        return tuple(shuffled(things, f"{seed}/{question.id}", lambda thing: thing.id))  # type: ignore[attr-defined]

    match question.interaction:
        case Choice(ordered=False) as choice if not in_order_of_numbers(choice):
            loose = [a for a in choice.alternatives if not _stays_last(a.text.plain)]
            last = [a for a in choice.alternatives if _stays_last(a.text.plain)]
            made: Choice | Match | Order = Choice((*mixed(loose), *last), choice.multiple, choice.ordered)
        case Match() as match:
            made = match if all(_is_number(c.text.plain) for c in match.choices) else replace(match, choices=mixed(match.choices))
        case Order() as order:
            made = replace(order, alternatives=mixed(order.alternatives))
        case _:
            return asked
    return Asked(asked.number, Question(question.id, question.stem, made, question.points, question.instruction, question.version))


#: options that speak of the others: they stay where a reader looks for them
STAYS_LAST = re.compile(r"^\W*(none|all|both|neither|any|some) of (these|those|them|the (above|others?|options|answers))|^\W*(all|none) (the )?above|^\W*(none|neither) (is|are) ", re.IGNORECASE)
_NUMBER = re.compile(r"^\s*(about|under|over|up to|(less|fewer|more) than|at (least|most)|[<>≤≥~≈±−+$€£-])?\s*[\d.,]*\d", re.IGNORECASE)


@lru_cache(maxsize=20_000)
def _stays_last(text: str) -> bool:
    return STAYS_LAST.search(text) is not None


@lru_cache(maxsize=20_000)
def _is_number(text: str) -> bool:
    return _NUMBER.match(text) is not None


def in_order_of_numbers(choice: Choice) -> bool:
    """Whether the options are numbers, which a reader expects in order."""
    return all(_is_number(a.text.plain) for a in choice.alternatives)


def checksum(sheet: Sheet) -> str:
    """Eight hexadecimal digits of what a learner sees: items, their order, their options in order, points, cases."""
    content = json.dumps([[_content(asked) for asked in group.asked] + [_case(group)] for group in sheet.groups], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def _content(asked: Asked) -> list[object]:
    return [asked.number, asked.question.version, *shown_order(asked.question.interaction)]


def shown_order(interaction: Interaction) -> tuple[str, ...]:
    """The ids of what can be shuffled, in the order shown."""
    match interaction:
        case Choice(alternatives=alternatives) | Order(alternatives=alternatives):
            return tuple(a.id for a in alternatives)
        case Match(choices=choices):
            return tuple(c.id for c in choices)
        case NumericEntry() | TextEntry():
            return ()
        case other:
            assert_never(other)


def _case(group: Group) -> str:
    return group.case.source if group.case else ""
