"""Interactions: the few shapes that every item type lowers to, named as QTI names them, and how each is scored.

Writers know only these. A question holds no key; its key stands beside it, for the grader's side alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from typing import assert_never

from coursewright.model.prose import Line

THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?")


@dataclass(frozen=True)
class Alternative:
    """Something that can be chosen or placed: an id within its item, and its text."""

    id: str
    text: Line


@dataclass(frozen=True)
class Choice:
    """Mark one alternative, or several where `multiple`. `ordered` alternatives are never shuffled."""

    alternatives: tuple[Alternative, ...]
    multiple: bool = False
    ordered: bool = False


@dataclass(frozen=True)
class Match:
    """Give each prompt one of the choices."""

    prompts: tuple[Alternative, ...]
    choices: tuple[Alternative, ...]


@dataclass(frozen=True)
class Order:
    """Put the alternatives in order."""

    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True)
class NumericEntry:
    """Write a number, in the unit shown."""

    unit: str = ""


@dataclass(frozen=True)
class TextEntry:
    """Write a word or a short phrase."""

    length: int = 40


Interaction = Choice | Match | Order | NumericEntry | TextEntry


@dataclass(frozen=True)
class ChoiceKey:
    """The alternatives to mark. `rule`: `all-or-nothing`, or `plus-minus` (right marks less wrong ones, over the keys)."""

    correct: frozenset[str]
    rule: str = "all-or-nothing"


@dataclass(frozen=True)
class PanelKey:
    """What a panel of experts chose: the share of the credit that each alternative earns, 1 for the panel's favorite."""

    shares: tuple[tuple[str, Fraction], ...]

    @property
    def correct(self) -> frozenset[str]:
        """The alternatives that earn all of the credit."""
        return frozenset(id_ for id_, share in self.shares if share == 1)


@dataclass(frozen=True)
class MatchKey:
    """The choice that belongs to each prompt; every pair earns its share."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OrderKey:
    """The right order; every step that follows its right predecessor earns its share, so one slip costs little."""

    order: tuple[str, ...]


@dataclass(frozen=True)
class NumericKey:
    """The value, and how far from it an answer may lie (in the item's unit)."""

    value: Decimal
    tolerance: Decimal = Decimal(0)


@dataclass(frozen=True)
class TextKey:
    """The answers accepted, compared without regard to case and spaces."""

    accepted: tuple[str, ...]


Key = ChoiceKey | PanelKey | MatchKey | OrderKey | NumericKey | TextKey

# What a learner gave: ids marked, prompt → choice, ids in order, or what was typed. Nothing given is None.
Response = frozenset[str] | dict[str, str] | tuple[str, ...] | str | None


def score(key: Key, response: Response) -> Fraction:
    """The share of the item's points that `response` earns, from 0 to 1. A response of the wrong kind earns 0."""
    if response is None:
        return Fraction(0)
    match key:
        case ChoiceKey(correct, rule):
            return _score_choice(correct, rule, response)
        case PanelKey(shares):
            if not isinstance(response, frozenset | set) or len(response) != 1:
                return Fraction(0)
            return dict(shares).get(next(iter(response)), Fraction(0))
        case MatchKey(pairs):
            if not isinstance(response, dict):
                return Fraction(0)
            return Fraction(sum(response.get(prompt) == choice for prompt, choice in pairs), len(pairs))
        case OrderKey(order):
            return _score_order(order, response)
        case NumericKey(value, tolerance):
            return Fraction(isinstance(response, str) and any(abs(given - value) <= tolerance for given in readings(response)))
        case TextKey(accepted):
            if not isinstance(response, str):
                return Fraction(0)
            return Fraction(_folded(response) in {_folded(answer) for answer in accepted})
        case other:
            assert_never(other)


def read_number(text: str) -> Decimal | None:
    """The number that a learner typed: a decimal point or comma, spaces allowed; None where it is no number."""
    cleaned = "".join(text.split()).replace("−", "-")
    if cleaned.count(",") == 1 and "." not in cleaned:
        cleaned = cleaned.replace(",", ".")
    if not cleaned or set(cleaned) - set("+-.0123456789"):
        return None
    try:
        return Decimal(cleaned)
    except InvalidOperation:
        return None


def readings(text: str) -> tuple[Decimal, ...]:
    """What a number that was typed may mean: `1,500` is one and a half where the comma is the point, and fifteen hundred elsewhere."""
    number = read_number(text)
    cleaned = "".join(text.split()).replace("−", "-")
    grouped = Decimal(cleaned.replace(",", "")) if THOUSANDS.fullmatch(cleaned) else None
    return tuple(found for found in (number, grouped) if found is not None)


def _score_choice(correct: frozenset[str], rule: str, response: Response) -> Fraction:
    if not isinstance(response, frozenset | set):
        return Fraction(0)
    if rule == "all-or-nothing":
        return Fraction(response == correct)
    right, wrong = len(response & correct), len(response - correct)
    return max(Fraction(0), Fraction(right - wrong, len(correct)))


def _score_order(order: tuple[str, ...], response: Response) -> Fraction:
    if not isinstance(response, tuple) or sorted(response) != sorted(order):
        return Fraction(0)
    if len(order) < 2:
        return Fraction(1)
    follows = dict(pairwise(order))
    kept = sum(follows.get(a) == b for a, b in pairwise(response))
    return Fraction(kept, len(order) - 1)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
