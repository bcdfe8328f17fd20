"""Drawing items from banks by a blueprint: the same seed and content give the same items for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from coursewright.model.course import Course
from coursewright.model.items.base import ItemBase
from coursewright.model.quiz import Blueprint, Cell

T = TypeVar("T")


@dataclass(frozen=True)
class Shortage:
    """A row of a blueprint that the banks cannot fill: how many items it wants, and how many there are left for it."""

    cell: Cell
    wanted: int
    found: int


def draw(course: Course, blueprint: Blueprint) -> tuple[tuple[ItemBase, ...], tuple[Shortage, ...]]:
    """The items of a form, and the rows that could not be filled.

    Rows with fewer candidates choose first. A cluster counts as many items as it asks, and is drawn whole or not.
    A blueprint parallel to another has its rows, and draws from what the other left.
    """
    pool = [item for item in course.items if item.pool == blueprint.pool]
    cells, taken = blueprint.cells, set[str]()
    twin = twin_of(course, blueprint)
    if twin is not None:
        cells, taken = twin.cells, {item.id for item in draw(course, twin)[0]}
    spent = set(taken)
    candidates = [[item for item in pool if fits(course, cell, item)] for cell in cells]
    shortages = []
    for i in sorted(range(len(candidates)), key=lambda i: (len(candidates[i]), i)):
        cell, count = cells[i], 0
        for item in shuffled((c for c in candidates[i] if c.id not in taken), f"{blueprint.seed}/{i}", lambda c: c.id):
            size = sum(1 for _ in item.singles())
            if count + size <= cell.count:
                taken.add(item.id)
                count += size
        if count < cell.count:
            shortages.append(Shortage(cell, cell.count, count))
    chosen = [item for item in pool if item.id in taken - spent]
    if blueprint.shuffle_items:
        chosen = shuffled(chosen, blueprint.seed + "/order", lambda item: item.id)
    return tuple(chosen), tuple(shortages)


def twin_of(course: Course, blueprint: Blueprint) -> Blueprint | None:
    """The blueprint that this one is parallel to; None where there is none, or it is parallel to a third."""
    return next((other for other in course.blueprints if other.id == blueprint.parallel_to and other.cells), None)


def fits(course: Course, cell: Cell, item: ItemBase) -> bool:
    """Whether an item may fill a row. A cluster is judged by its first question."""
    first = next(iter(item.singles()))
    module = next((bank.module for bank in course.banks if item in bank.items), None)
    return (
        cell.module in (None, module)
        and cell.objective in (None, first.objective)
        and cell.moore in (None, first.moore)
        and cell.type in (None, getattr(item, "type", None))
    )


def shuffled(things: Iterable[T], seed: str, name: Callable[[T], str]) -> list[T]:
    """The things in an order that depends on the seed and on their names alone, in every version of Python."""
    return sorted(things, key=lambda thing: hashlib.sha256(f"{seed}\0{name(thing)}".encode()).digest())
