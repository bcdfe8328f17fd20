from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.blocks.table import Table
from coursewright.model.course import Course

WORDS = 80


@check("E609")
def cell_too_long(course: Course) -> Iterator[Fault]:
    """A cell of a table holds a text rather than a few words.

    Why: a row is not broken across pages, so a long cell pushes the table about, and one that is longer than a page
    cannot be set at all. The limit of 80 words is ours.
    Instead: put the text into prose below the table, or into the table's `note:`.
    """
    for table in course.all(Table):
        for row in table.rows:
            for cell in row:
                count = len(cell.plain.split())
                if count > WORDS:
                    start = cell.source.strip().split("\n")[0][:40]
                    yield table.at("rows", start), f'a cell of table "{table.id}" has {count} words', f"keep cells to {WORDS}, and put the text below the table"
