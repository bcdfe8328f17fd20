"""A prompt with space to write."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coursewright.model.base import Id, Whole
from coursewright.model.blocks.base import BLOCK_TYPES, BlockBase
from coursewright.model.prose import Prose


@BLOCK_TYPES
class Reflection(BlockBase):
    """A question to answer in one's own words, with ruled lines, and the minutes meant for it."""

    type: Literal["reflection"]
    id: Id
    prompt: Prose
    lines: Annotated[Whole, Field(ge=2, le=30)] = 6
    minutes: Annotated[Whole, Field(ge=1, le=60)] = 5
