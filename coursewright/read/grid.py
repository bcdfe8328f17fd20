"""A CSV file as cells by position, row by row: for files of others, whose columns repeat names and hold whole questions."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from coursewright.read.nodes import decode
from coursewright.read.table import plain_cell
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.span import Source, Span

MOST_BYTES = 200_000_000
MOST_ROWS = 1_000_000


@dataclass
class Grid:
    """A table on its way. `rows` reads it once, from the top; `problem` says afterwards whether it could be read to its end.

    header: the cells of the first row. problem_line: where reading stopped. diagnostics: faults of the bytes themselves.
    """

    source: Source
    delimiter: str = ","
    header: list[str] = field(default_factory=list)
    problem: str = ""
    hint: str = ""
    problem_line: int = 1
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @cached_property
    def names(self) -> list[str]:
        """The header in lower case, white space made single."""
        return [" ".join(name.lower().split()) for name in self.header]

    def column(self, *names: str) -> int | None:
        """The place of the first of these columns that is there."""
        return next((self.names.index(name) for name in names if name in self.names), None)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows below the header that hold anything, each with its line; short rows are filled up with empty cells."""
        wide = len(self.header)
        for count, (line, cells) in enumerate(self._records()):
            if count == 0:
                continue
            if count > MOST_ROWS:
                self.problem, self.hint, self.problem_line = f"this table has more than {MOST_ROWS:,} rows; the rest was not read", "split it, and grade the parts together", line
                return
            made = [plain_cell(cell) for cell in cells]
            if any(made):
                yield line, made + [""] * (wide - len(made))

    def span(self, line: int, index: int | None = None) -> Span:
        """A row, or one cell of it: counted in the text, so that the same word in another column is not meant."""
        whole = Span(self.source.path, line, 1, line, max(2, len(self._line(line)) + 1))
        if index is None:
            return whole
        at, column, quoted, left = line, 0, False, index
        start = (line, 1)
        while at <= len(self._lines):
            text = self._line(at).rstrip("\r")
            while column <= len(text):
                letter = text[column : column + 1]
                if letter == '"':
                    quoted = not quoted
                elif not quoted and letter in (self.delimiter, ""):
                    if left == 0:
                        end = column + 1 if at == start[0] else len(self._line(start[0])) + 1
                        return Span(self.source.path, *start, start[0], max(end, start[1] + 1))
                    if not letter:
                        return whole
                    left, start = left - 1, (at, column + 2)
                column += 1
            if not quoted:
                return whole
            at, column = at + 1, 0
        return whole

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader((line + "\n" for line in self._lines), delimiter=self.delimiter, strict=True)
        start = 1
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.problem, self.hint, self.problem_line = f"this is no CSV: {error}", "save it as CSV, in UTF-8, with quotes closed", start
                return
            yield start, row
            start = reader.line_num + 1

    @cached_property
    def _lines(self) -> list[str]:
        return self.source.text.split("\n")

    def _line(self, number: int) -> str:
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""


def read_grid(path: str, data: bytes) -> Grid:
    """Open a CSV: comma, semicolon or tab, whichever stands most often outside quotes in the first row."""
    source, found = decode(path, data, MOST_BYTES)
    grid = Grid(source, diagnostics=list(found))
    if found:
        return grid
    grid.delimiter = _delimiter(source.text)
    first = next(grid._records(), None)
    if first is None or not any(cell.strip() for cell in first[1]):
        if not grid.problem:
            grid.problem, grid.hint = "this table is empty", "begin with a line of column names"
        return grid
    grid.header = [cell.strip() for cell in first[1]]
    return grid


def _delimiter(text: str) -> str:
    counts, quoted = dict.fromkeys(",;\t", 0), False
    for letter in text:
        if letter == '"':
            quoted = not quoted
        elif letter == "\n" and not quoted:
            break
        elif letter in counts and not quoted:
            counts[letter] += 1
    return max(counts, key=counts.__getitem__)
