"""A module: objectives, sections of blocks, key points and slides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from coursewright.model.base import Count, Id, Ids, Moore, Phrase, Sourced, Whole, YesNo
from coursewright.model.blocks import Block
from coursewright.model.blocks.figure import Figure
from coursewright.model.blocks.table import Table
from coursewright.model.prose import Line, Prose


class Objective(Sourced):
    """What a learner can do afterwards: one measurable verb, one object."""

    id: Id
    text: Phrase
    moore: Moore | None = None


class Section(Sourced):
    """A stretch of a module under one heading."""

    id: Id
    title: Phrase
    objectives: Ids = Field((), description="the objectives that this section serves")
    evolving: YesNo = Field(False, description="true labels the section as an evolving topic")
    blocks: Annotated[tuple[Block, ...], Field(min_length=1)]


class Slide(Sourced):
    """One slide: a title with bullets, or a figure, a table or a statement of the module; and what the speaker says."""

    title: Phrase
    bullets: tuple[Line, ...] = ()
    statement: Line | None = None
    figure: Id | None = None
    table: Id | None = None
    rows: tuple[Count, ...] = Field((), description="of a table: the rows to show, counted from 1")
    notes: Prose | None = None

    @model_validator(mode="after")
    def _shows_something(self) -> Any:
        if sum(part is not None for part in (self.statement, self.figure, self.table)) > 1:
            raise PydanticCustomError("slide_parts", "a slide shows one of statement, figure and table")
        if not (self.bullets or self.statement or self.figure or self.table):
            raise PydanticCustomError("slide_empty", "a slide needs bullets, a statement, a figure or a table")
        return self


class Module(Sourced):
    """A unit of the course that is taught, read and tested as one."""

    id: Id
    title: Phrase
    summary: Line
    minutes: Annotated[Whole, Field(ge=1, le=600)]
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    key_points: tuple[Line, ...] = ()
    slides: tuple[Slide, ...] = ()

    def blocks(self) -> Iterator[Any]:
        """Every block, in reading order."""
        for section in self.sections:
            yield from section.blocks

    @property
    def figures(self) -> dict[str, Figure]:
        """The module's figures by id, in reading order."""
        return {block.id: block for block in self.blocks() if isinstance(block, Figure)}

    @property
    def tables(self) -> dict[str, Table]:
        """The module's tables by id, in reading order."""
        return {block.id: block for block in self.blocks() if isinstance(block, Table)}
