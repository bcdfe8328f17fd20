"""A figure: drawn from data (a chart), from steps (a process), or from an image file of the course."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from coursewright.model.base import Id, Phrase, PlainScalar, Sourced, _typographic
from coursewright.model.blocks.base import BLOCK_TYPES, BlockBase
from coursewright.model.prose import Line

_INT = re.compile(r"[-+]?\d+")
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None, "~": None}


def json_value(value: Any) -> Any:
    """YAML as JSON, by the core schema of YAML 1.2: only true, false, null and numbers are not text."""
    if isinstance(value, dict):
        return {str(key): json_value(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(entry) for entry in value]
    if isinstance(value, PlainScalar):
        if value in _WORDS:
            return _WORDS[value]
        if _INT.fullmatch(value):
            return int(value)
        return float(value) if _FLOAT.fullmatch(value) else str(value)
    return value


def _spec(value: Any) -> Any:
    if not isinstance(value, dict):
        raise PydanticCustomError("chart", "a chart is a Vega-Lite specification, so this must be a mapping")
    return json_value(value)


#: A Vega-Lite specification as plain JSON values. `${claim.name}` in it stands for a number of the evidence ledger.
VegaLite = Annotated[dict[str, Any], BeforeValidator(_spec), WithJsonSchema({"type": "object"})]


class Aside(Sourced):
    """A way out of a process: the condition, and what is done then."""

    when: Phrase
    title: Phrase
    text: Phrase | None = None


class ProcessStep(Sourced):
    """One box of a process diagram."""

    title: Phrase
    text: Phrase | None = None
    tag: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    line: Literal["solid", "dashed", "dotted"] = Field("solid", description="how the box is drawn: what is less certain may be dashed or dotted")
    aside: Aside | None = Field(None, description="where the way leaves the main line: beside the box (direction down)")


class Process(Sourced):
    """Boxes and arrows: side by side, one below another, or in a ring."""

    direction: Literal["across", "down", "cycle"] = "across"
    steps: Annotated[tuple[ProcessStep, ...], Field(min_length=2, max_length=9)]


@BLOCK_TYPES
class Figure(BlockBase):
    """A picture with a caption that states the finding, and alternative text that carries it."""

    type: Literal["figure"]
    id: Id
    caption: Line
    alt: Annotated[str, BeforeValidator(_typographic)] | None = Field(None, description="what the figure shows, for someone who cannot see it")
    chart: VegaLite | None = None
    process: Process | None = None
    image: Annotated[str, StringConstraints(min_length=1)] | None = Field(None, description="a PNG, JPEG or SVG of the course folder")

    @model_validator(mode="after")
    def _one_of(self) -> Any:
        if sum(drawing is not None for drawing in (self.chart, self.process, self.image)) != 1:
            raise PydanticCustomError("one_drawing", "a figure has exactly one of chart, process and image")
        return self
