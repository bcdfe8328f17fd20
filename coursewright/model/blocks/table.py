"""A table whose head repeats on each page that it runs over."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from coursewright.model.base import Id, Phrase, PlacedMap, Sourced, Whole, YesNo
from coursewright.model.blocks.base import BLOCK_TYPES, BlockBase
from coursewright.model.prose import Line, Prose


class Column(Sourced):
    """A column's head, and its share of the width in percent."""

    title: Phrase
    width: Annotated[Whole, Field(ge=3, le=90)] | None = None
    align: Literal["left", "center", "right"] = "left"


def _column(value: Any) -> Any:
    return {"title": value} if isinstance(value, str) and not isinstance(value, PlacedMap) else value


Columns = Annotated[
    tuple[Annotated[Column, BeforeValidator(_column, json_schema_input_type=str | Column)], ...], Field(min_length=2, max_length=7)
]


@BLOCK_TYPES
class Table(BlockBase):
    """Rows and columns of short text."""

    type: Literal["table"]
    id: Id
    caption: Line
    columns: Columns
    rows: Annotated[tuple[tuple[Line, ...], ...], Field(min_length=1)]
    row_headers: YesNo = Field(True, description="the first column names the row")
    note: Prose | None = None
