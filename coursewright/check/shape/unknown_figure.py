from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.source.suggest import did_you_mean


@check("E125")
def unknown_figure(course: Course) -> Iterator[Fault]:
    """A slide shows a figure or table that its module does not have, or rows that the table does not have.

    Example: `figure: fig-cascde`
    Instead: the id of a figure or table block of the same module.
    """
    for module in course.modules:
        for slide in module.slides:
            for field, known in (("figure", module.figures), ("table", module.tables)):
                id_ = getattr(slide, field)
                if id_ and id_ not in known and not course.may_mention(id_):
                    yield slide.at(field), f'{field} "{id_}" is not in module "{module.id}"', did_you_mean(id_, known)
            table = module.tables.get(slide.table or "")
            for row in slide.rows:
                if table and row > len(table.rows):
                    yield slide.at("rows"), f'table "{table.id}" has {len(table.rows)} rows, no row {row}', "count rows from 1"
