"""A numbered procedure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from coursewright.model.base import Phrase, Sourced
from coursewright.model.blocks.base import BLOCK_TYPES, BlockBase
from coursewright.model.prose import Prose


class Step(Sourced):
    """One thing to do."""

    title: Phrase | None = None
    text: Prose


def _step(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


@BLOCK_TYPES
class Steps(BlockBase):
    """Things to do in order."""

    type: Literal["steps"]
    title: Phrase
    steps: Annotated[
        tuple[Annotated[Step, BeforeValidator(_step, json_schema_input_type=str | Step)], ...], Field(min_length=2)
    ]
