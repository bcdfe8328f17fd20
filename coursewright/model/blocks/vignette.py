"""A case with decision points: the reader commits before the feedback is read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coursewright.model.base import Id, Phrase, Sourced, YesNo
from coursewright.model.blocks.base import BLOCK_TYPES, BlockBase
from coursewright.model.prose import Line, Prose


class DecisionChoice(Sourced):
    """One thing that could be done, and what follows from it."""

    text: Line
    best: YesNo = False
    feedback: Prose


class Decision(Sourced):
    """A point at which the reader must choose."""

    question: Prose
    choices: Annotated[tuple[DecisionChoice, ...], Field(min_length=2, max_length=5)]


@BLOCK_TYPES
class Vignette(BlockBase):
    """A case, one or more decisions, feedback for each choice (printed with the answers at the end)."""

    type: Literal["vignette"]
    id: Id
    title: Phrase
    case: Prose
    decisions: Annotated[tuple[Decision, ...], Field(min_length=1, max_length=4)]
