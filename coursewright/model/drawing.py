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


def draw(course: Course, blueprint: Blueprint, number: int = 1) -> tuple[tuple[ItemBase, ...], tuple[Shortage, ...]]:
    """The items of the form `number` of a blueprint, counted from 1, and the rows that could not be filled.

    Rows with fewer candidates choose first; where that leaves one short, items change places among rows until each is
    full or no exchange helps. A cluster counts as many items as it asks, and is drawn whole or not. A blueprint parallel
    to another has its rows, and draws from what the other left, so that nobody meets an item in both.
    """
    cells = cells_of(course, blueprint)
    barred = _barred(course, blueprint, number)
    seed = form_seed(blueprint, number)
    pool = [item for item in course.items if item.pool == blueprint.pool and item.id not in barred]
    candidates = [[item for item in pool if fits(course, cell, item)] for cell in cells]
    size = {item.id: sum(1 for _ in item.singles()) for item in pool}
    held: list[list[str]] = [[] for _ in cells]
    owner: dict[str, int] = {}

    counts = [0] * len(cells)
    for i in sorted(range(len(cells)), key=lambda i: (len(candidates[i]), i)):
        for item in shuffled(candidates[i], f"{seed}/{i}", lambda c: c.id):
            if counts[i] == cells[i].count:
                break
            if item.id not in owner and counts[i] + size[item.id] <= cells[i].count:
                owner[item.id] = i
                held[i].append(item.id)
                counts[i] += size[item.id]
    short = any(found < cell.count for found, cell in zip(counts, cells, strict=True))
    orders = [[c.id for c in shuffled(candidates[i], f"{seed}/{i}", lambda c: c.id) if size[c.id] == 1] for i in range(len(cells))] if short else []
    for i, cell in enumerate(cells):
        while counts[i] < cell.count and _exchange(i, orders, owner, held, set()):
            counts[i] += 1  # the rows that changed places hold as many as before
    shortages = tuple(Shortage(cell, cell.count, found) for found, cell in zip(counts, cells, strict=True) if found < cell.count)
    chosen = [item for item in pool if item.id in owner]
    if blueprint.shuffle_items:
        chosen = shuffled(chosen, seed + "/order", lambda item: item.id)
    return tuple(chosen), shortages


def drawable(course: Course, blueprint: Blueprint) -> tuple[ItemBase, ...]:
    """Every item that some form of the blueprint may hold."""
    cells = cells_of(course, blueprint)
    return tuple(item for item in course.items if item.pool == blueprint.pool and any(fits(course, cell, item) for cell in cells))


def form_seed(blueprint: Blueprint, number: int) -> str:
    """The seed of one form: the blueprint's own for the first, so that it stays what it was."""
    return blueprint.seed if number == 1 else f"{blueprint.seed}/form {number}"


def cells_of(course: Course, blueprint: Blueprint) -> tuple[Cell, ...]:
    """The rows that a form must fill: its own, or those of the blueprint that it is parallel to."""
    twin = twin_of(course, blueprint)
    return twin.cells if twin is not None else blueprint.cells


def _exchange(row: int, orders: list[list[str]], owner: dict[str, int], held: list[list[str]], tried: set[str]) -> bool:
    """Give `row` one item more: a free one, or one whose row can take another instead (an augmenting path)."""
    for id_ in orders[row]:
        if id_ in tried or owner.get(id_) == row:
            continue
        tried.add(id_)
        other = owner.get(id_)
        if other is None or _exchange(other, orders, owner, held, tried):
            if other is not None:
                held[other].remove(id_)
            owner[id_] = row
            held[row].append(id_)
            return True
    return False


def _barred(course: Course, blueprint: Blueprint, number: int) -> frozenset[str] | set[str]:
    """The items that this form leaves to the blueprints parallel to its own.

    The first form of a blueprint with rows takes what it likes, the first of a parallel one takes from the rest; all
    later forms leave alone what was not theirs: what the other's first form holds, and half of what neither holds.
    """
    twin = twin_of(course, blueprint)
    if twin is not None:
        first = _first(course, twin)
        return first if number == 1 else first | _left_to(course, {*first, *_first(course, blueprint)}, 0)
    parallel = [other for other in course.blueprints if other.parallel_to == blueprint.id and not other.cells and other.pool == blueprint.pool]
    if number == 1 or not parallel:
        return set()
    theirs = {id_ for other in parallel for id_ in _first(course, other)}
    return theirs | _left_to(course, {*theirs, *_first(course, blueprint)}, 1)


def _first(course: Course, blueprint: Blueprint) -> frozenset[str]:
    """The items of a blueprint's first form, which all later ones ask for; drawn once."""
    key = (blueprint.id, blueprint.seed)
    if key not in course.first_forms:
        course.first_forms[key] = frozenset(item.id for item in draw(course, blueprint)[0])
    return course.first_forms[key]


def _left_to(course: Course, settled: set[str], half: int) -> set[str]:
    """The half of the items that no first form holds."""
    return {item.id for item in course.items if item.id not in settled and hashlib.sha256(item.id.encode()).digest()[0] % 2 == half}


def twin_of(course: Course, blueprint: Blueprint) -> Blueprint | None:
    """The blueprint that this one is parallel to; None where there is none, or it is parallel to a third."""
    return next((other for other in course.blueprints if other.id == blueprint.parallel_to and other.cells), None)


def fits(course: Course, cell: Cell, item: ItemBase) -> bool:
    """Whether an item may fill a row. A cluster is judged by its first question."""
    first = next(iter(item.singles()))
    return (
        cell.module in (None, course.module_of.get(item.id))
        and cell.objective in (None, first.objective)
        and cell.moore in (None, first.moore)
        and cell.type in (None, getattr(item, "type", None))
    )


def shuffled(things: Iterable[T], seed: str, name: Callable[[T], str]) -> list[T]:
    """The things in an order that depends on the seed and on their names alone, in every version of Python."""
    return sorted(things, key=lambda thing: hashlib.sha256(f"{seed}\0{name(thing)}".encode()).digest())
