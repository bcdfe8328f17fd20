"""Decisions after the test: the key that a coordinator names, whether a decision changes anything, and who moved by each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from coursewright.model.interaction import (
    Choice,
    Key,
    Match,
    MatchKey,
    NumericEntry,
    NumericKey,
    Order,
    OrderKey,
    TextEntry,
    TextKey,
    read_number,
)
from coursewright.plan.gradebook import Adjustment, Gradebook, Graded, Sitting, accepting, decision_on, grade, moved
from coursewright.plan.record import ItemRecord, Record
from coursewright.plan.sittings import NotAResponse, read_response
from coursewright.source.suggest import did_you_mean


class NoSuchItem(ValueError):
    """An item that is on no form: a hint."""


@dataclass(frozen=True)
class Move:
    """A learner whose score or result an adjustment changed."""

    adjustment: Adjustment
    before: Graded
    after: Graded


def items_called(record: Record, id_: str) -> tuple[ItemRecord, ...]:
    """Every version of an item. Raises NoSuchItem."""
    found = tuple(item for item in record.items.values() if item.id == id_)
    if not found:
        hint = did_you_mean(id_, {item.id for item in record.items.values()})
        raise NoSuchItem(f"there is no item {id_!r} on these forms" + (f"; {hint}" if hint else ""))
    return found


def read_key(item: ItemRecord, text: str) -> Key:
    """The key that `b`, `b,c`, `a=x b=y`, `c > a > b`, `42±1` or `word|other word` names for an item. Raises NotAResponse.

    Of a choice with one answer, each of several named is accepted; of one with several answers, the set named is right.
    """
    match item.interaction:
        case Choice(alternatives=alternatives):
            known = [a.id for a in alternatives]
            named = frozenset(text.lower().replace(",", " ").split())
            if not named or not named <= set(known):
                raise NotAResponse(f"one or some of {', '.join(known)}")
            return accepting(item, named)
        case Match(prompts=prompts):
            response = read_response(item.interaction, text)
            if not isinstance(response, dict) or set(response) != {p.id for p in prompts}:
                raise NotAResponse("a choice for every prompt, such as " + " ".join(f"{p.id}=…" for p in prompts))
            return MatchKey(tuple((p.id, response[p.id]) for p in prompts))
        case Order():
            response = read_response(item.interaction, text)
            if not isinstance(response, tuple):
                raise NotAResponse("every step once")
            return OrderKey(response)
        case NumericEntry():
            value, _, tolerance = re.sub(r"\+\s*/?\s*[-−]", "±", text).partition("±")
            number, spread = read_number(value), read_number(tolerance) if tolerance.strip() else Decimal(0)
            if number is None or spread is None or spread < 0:
                raise NotAResponse("a number such as 42, or 42±1")
            return NumericKey(number, spread)
        case TextEntry():
            words = tuple(word.strip() for word in text.split("|") if word.strip())
            if not words:
                raise NotAResponse("a word, or several with | between")
            return TextKey(words)


def standing(adjustments: Iterable[Adjustment], item: str) -> Adjustment | None:
    """The last decision on an item, whichever versions it is about; None where there is none, or it was taken back."""
    latest = None
    for adjustment in adjustments:
        if adjustment.item == item:
            latest = None if adjustment.action == "restore" else adjustment
    return latest


def changes_nothing(adjustments: Iterable[Adjustment], new: Adjustment) -> bool:
    """Whether the same decision holds already."""
    now = standing(adjustments, new.item)
    if new.action == "restore":
        return now is None
    return now is not None and (now.action, now.key) == (new.action, new.key) and (not now.versions or new.versions <= now.versions)


def emptied(record: Record, adjustments: Iterable[Adjustment]) -> str:
    """A form that has no item left under these decisions; empty where every form has one."""
    made = list(adjustments)
    gone = {version for version, item in record.items.items() if (now := decision_on(made, item)) is not None and now.action == "withdraw"}
    return next((form for form in record.forms if {item.version for item in record.form_items(form)} <= gone), "")


def moves(name: str, record: Record, sittings: tuple[Sitting, ...], adjustments: tuple[Adjustment, ...]) -> tuple[Move, ...]:
    """Who moved by each decision, in the order in which they were taken: each is compared with what held before it."""
    found: list[Move] = []
    before: Gradebook | None = None
    for count in range(len(adjustments) + 1) if adjustments else ():
        after = grade(name, record, sittings, adjustments[:count])
        if before is not None:
            found += [Move(adjustments[count - 1], move.before, move.after) for move in moved(before, after)]
        before = after
    return tuple(found)
