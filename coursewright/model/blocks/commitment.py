"""A commitment to change: what a learner means to do otherwise, when, against what, and how sure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coursewright.model.base import Id, Phrase, Whole
from coursewright.model.blocks.base import BLOCK_TYPES, BlockBase
from coursewright.model.prose import Prose


@BLOCK_TYPES
class Commitment(BlockBase):
    """Room for some changes, each with a date, a barrier and a confidence from 1 to 5, and the follow-up that is promised."""

    type: Literal["commitment"]
    id: Id
    title: Phrase
    intro: Prose
    changes: Annotated[Whole, Field(ge=1, le=5)] = 3
    follow_up: Prose | None = Field(None, description="what a learner will be asked after 30 and 60 days")
