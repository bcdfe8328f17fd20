"""A checklist: boxes to tick on paper, or on the screen in the fillable edition."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from coursewright.model.base import Id, Phrase, Sourced
from coursewright.model.blocks.base import BLOCK_TYPES, BlockBase
from coursewright.model.prose import Line

Entries = Annotated[tuple[Line, ...], Field(min_length=1)]


class Group(Sourced):
    """Entries under a heading of their own."""

    title: Phrase
    items: Entries


@BLOCK_TYPES
class Checklist(BlockBase):
    """Things to tick: `items`, or `groups` of them."""

    type: Literal["checklist"]
    id: Id
    title: Phrase
    items: Entries | None = None
    groups: Annotated[tuple[Group, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Any:
        if (self.items is None) == (self.groups is None):
            raise PydanticCustomError("items_or_groups", "a checklist has either items or groups")
        return self
