"""A CSV file as rows, each with its line: a comma, semicolon or tab between values, UTF-8, names in the first row."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field

from coursewright.read.nodes import decode
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.span import Source, Span

MOST = 1_000_000  # rows


@dataclass
class Table:
    """What came of reading: names of columns in lower case, rows as (line, values by column), or what is wrong.

    problem and hint are empty where the table could be read; `diagnostics` holds faults of the bytes themselves.
    """

    source: Source
    header: list[str] = field(default_factory=list)
    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    problem: str = ""
    hint: str = ""
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def span(self, line: int, text: str = "") -> Span:
        """A row, or the words `text` in it."""
        row = Span(self.source.path, line, 1, line, max(2, len(self.source.line(line)) + 1))
        return self.source.find(text, row) if text else row

    def missing(self, *names: str) -> str | None:
        """The first of these columns that the table lacks."""
        return next((name for name in names if name not in self.header), None)


def read_table(path: str, data: bytes) -> Table:
    """Read a CSV. Blank rows are passed over; values lose the white space around them."""
    if data[:4] == b"PK\3\4" or data[:4] == b"\xd0\xcf\x11\xe0":
        return Table(Source(path, ""), problem="this is a workbook of a spreadsheet program, not a CSV file", hint="open it there and save it as CSV (UTF-8)")
    source, found = decode(path, data)
    table = Table(source, diagnostics=list(found))
    if found:
        return table
    first = source.text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = _rows(source.text, delimiter)
    except csv.Error as error:
        table.problem, table.hint = f"this is no CSV: {error}", "save it as CSV, in UTF-8"
        return table
    if not rows:
        table.problem, table.hint = "this table is empty", "begin with a line of column names"
        return table
    table.header = [name.strip().lower() for name in rows[0][1]]
    for line, cells in rows[1 : MOST + 1]:
        if any(cell.strip() for cell in cells):
            table.rows.append((line, {name: plain_cell(cell) for name, cell in zip(table.header, cells, strict=False)}))
    return table


def plain_cell(cell: str) -> str:
    """A cell without white space around it, and without the apostrophe that keeps spreadsheets from reading a formula."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+@-") else cell


def _rows(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader((line + "\n" for line in text.split("\n")), delimiter=delimiter, strict=True)
    found, start = [], 1
    for row in reader:
        found.append((start, row))
        start = reader.line_num + 1
    return found
