"""Item banks, and the blueprints that say what a form must cover."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from coursewright.model.base import Count, Id, Moore, Number, Phrase, Sourced, Whole, Word, YesNo
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

    @property
    def described(self) -> str:
        """The row in words: `module basics, level 3a`."""
        named = (("module", self.module), ("objective", self.objective), ("level", self.moore), ("type", self.type))
        return ", ".join(f"{name} {value}" for name, value in named if value) or "any item"


Percent = Annotated[Number, Field(ge=0, le=100)]


class CutScore(Sourced):
    """What it takes to pass: a percentage of the points, or what judges expect of a minimally competent learner."""

    method: Literal["fixed", "angoff", "ebel"] = "fixed"
    percent: Annotated[Number, Field(gt=0, le=100)] | None = Field(None, description="of the points; for angoff and ebel a floor, and the higher applies")
    judges: Word | None = Field(None, description="angoff and ebel: the judges' ratings, a CSV file in quizzes/judges/")
    grid: dict[Literal["essential", "important", "acceptable", "questionable"], dict[Literal["easy", "medium", "hard"], Percent]] = Field(
        default_factory=dict, description="ebel: the percentage right that is expected, by relevance and difficulty"
    )


class Blueprint(Sourced):
    """A file of `quizzes/blueprints/`: what a form covers, how it is shuffled, what passes."""

    id: Id
    title: Phrase
    instructions: Prose | None = None
    pool: Literal["practice", "exam"] = "exam"
    cells: tuple[Cell, ...] = Field((), description="what the form must cover; left out where it is parallel to another")
    parallel_to: Id | None = Field(None, description="another blueprint: the same cells, filled with other items (a pre-test)")
    cut: CutScore
    points: Annotated[Number, Field(gt=0)] | None = Field(None, description="the points that every form must come to")
    forms: Count | None = Field(None, description="how many different forms there are; by default as many as are asked for")
    minutes: Annotated[Whole, Field(ge=1)] | None = None
    seed: str = "1"
    shuffle_items: YesNo = True
    shuffle_options: YesNo = True
