"""Item banks, and the blueprints that say what a form must cover."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from coursewright.model.base import Count, Id, Moore, Number, Phrase, Sourced, Whole, YesNo
from coursewright.model.items import Item
from coursewright.model.items.base import ITEM_TYPES
from coursewright.model.prose import Prose


class Bank(Sourced):
    """A file of `quizzes/banks/`: the items of one module."""

    id: Id
    module: Id
    items: tuple[Item, ...] = ()


def _item_type(value: str) -> str:
    if value not in ITEM_TYPES.classes:
        raise PydanticCustomError("literal_error", "no such item type", {"expected": ", ".join(sorted(ITEM_TYPES.classes))})
    return value


class Cell(Sourced):
    """A row of a blueprint: how many items, of which kind. What is not named is left open."""

    count: Count
    module: Id | None = None
    objective: Id | None = None
    moore: Moore | None = None
    type: Annotated[str, AfterValidator(_item_type)] | None = None


class CutScore(Sourced):
    """What it takes to pass: a percentage of the points."""

    method: Literal["fixed"] = "fixed"
    percent: Annotated[Number, Field(gt=0, le=100)]


class Blueprint(Sourced):
    """A file of `quizzes/blueprints/`: what a form covers, how it is shuffled, what passes."""

    id: Id
    title: Phrase
    instructions: Prose | None = None
    pool: Literal["practice", "exam"] = "exam"
    cells: tuple[Cell, ...] = Field((), description="what the form must cover; left out where it is parallel to another")
    parallel_to: Id | None = Field(None, description="another blueprint: the same cells, filled with other items (a pre-test)")
    cut: CutScore
    minutes: Annotated[Whole, Field(ge=1)] | None = None
    seed: str = "1"
    shuffle_items: YesNo = True
    shuffle_options: YesNo = True
