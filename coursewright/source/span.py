"""Where something stands in a file: the unit that every diagnostic points at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """A stretch of one file. Lines and columns count from 1, in characters; the end column is exclusive."""

    path: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 2

    def contains(self, other: Span) -> bool:
        """Whether `other` lies wholly within this span."""
        return (
            self.path == other.path
            and (self.line, self.column) <= (other.line, other.column)
            and (other.end_line, other.end_column) <= (self.end_line, self.end_column)
        )

    @property
    def start(self) -> str:
        """`path:line:column`, as editors and terminals link it."""
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Source:
    """The text of one file, under the name that its author knows it by."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The text by lines, as YAML breaks them."""
        return re.split(r"\r\n|[\n\r\x85\u2028\u2029]", self.text)

    def line(self, number: int) -> str:
        """Line `number`, counted from 1; empty beyond the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def find(self, text: str, within: Span) -> Span:
        """The first place of `text` inside `within`, or `within` itself where it is not written literally."""
        for number in range(within.line, within.end_line + 1):
            line = self.line(number)
            begin = within.column - 1 if number == within.line else 0
            end = within.end_column - 1 if number == within.end_line else len(line)
            at = line.find(text, begin, end)
            if at >= 0:
                return Span(self.path, number, at + 1, number, at + 1 + len(text))
        return within


@dataclass(frozen=True)
class Place:
    """Where a mapping of the YAML came from: its own span, and those of its keys and values."""

    source: Source
    span: Span
    keys: dict[str, Span]
    values: dict[str, Span]

    def at(self, field: str | None = None, find: str | None = None) -> Span:
        """The span of `field`'s value, or of `find` in it; of the mapping's first line where the field is absent."""
        span = self.values.get(field, self.head) if field else (self.span if find else self.head)
        return self.source.find(find, span) if find else span

    @property
    def head(self) -> Span:
        """The first line of the mapping: what to underline when the whole of it is meant."""
        span = self.span
        if span.end_line == span.line:
            return span
        width = len(self.source.line(span.line).rstrip()) + 1
        return Span(span.path, span.line, span.column, span.line, max(width, span.column + 1))
