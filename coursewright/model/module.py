"""What is read: modules with objectives, sections of blocks, key points and slides; the orientation; the closing."""

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


class Discussion(Sourced):
    """A question for a group, and what the instructor listens for. For the instructor's guide alone."""

    question: Line
    listen_for: Line
    section: Id | None = Field(None, description="the section that it belongs to")


class Unit(Sourced):
    """A part of the course that is read as one: a module, the orientation or the closing."""

    id: Id
    title: Phrase
    summary: Line
    minutes: Annotated[Whole, Field(ge=1, le=600)]
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    key_points: tuple[Line, ...] = ()
    discussion: tuple[Discussion, ...] = ()

    def blocks(self) -> Iterator[Any]:
        """Every block, in reading order."""
        for section in self.sections:
            yield from section.blocks

    @property
    def figures(self) -> dict[str, Figure]:
        """The unit's figures by id, in reading order."""
        return {block.id: block for block in self.blocks() if isinstance(block, Figure)}

    @property
    def tables(self) -> dict[str, Table]:
        """The unit's tables by id, in reading order."""
        return {block.id: block for block in self.blocks() if isinstance(block, Table)}


class Module(Unit):
    """A unit that is taught and tested: it has objectives, and slides."""

    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    slides: tuple[Slide, ...] = ()


class Orientation(Unit):
    """The file `orientation.yaml`: what is read before the first module. It has no objectives and no items."""


class Closing(Unit):
    """The file `closing.yaml`: what is read after the last module, with the commitment to change."""
