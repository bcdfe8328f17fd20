from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.blocks.table import Table
from coursewright.model.course import Course


@check("E603")
def uneven_table(course: Course) -> Iterator[Fault]:
    """A row of a table has more or fewer cells than the table has columns.

    Why: the cells would stand under the wrong heads.
    Example: a cell with a comma inside `[…]`, not quoted, which becomes two cells
    Instead: quote cells that hold commas: `["0.5 mg/kg, off-label", …]`
    """
    for table in course.all(Table):
        for number, row in enumerate(table.rows, 1):
            if len(row) != len(table.columns):
                message = f'row {number} of table "{table.id}" has {len(row)} cells for {len(table.columns)} columns'
                yield table.at("rows", row[0].source.split("\n")[0]), message, "quote cells that hold commas"
