from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.drawing import draw


@check("E401")
def blueprint_cannot_be_filled(course: Course) -> Iterator[Fault]:
    """A row of a blueprint asks for more items than the banks hold for it.

    Why: the form would be shorter than promised, or repeat items.
    Instead: lower `count:`, write more items, or put items of the bank into the pool (`pool: exam`). Items that other
    rows of the blueprint took are not counted again.
    """
    if course.broken:
        return
    for blueprint in course.blueprints:
        for shortage in draw(course, blueprint)[1]:
            wanted = f"{shortage.wanted} item{'s' if shortage.wanted != 1 else ''}"
            message = f"this row asks for {wanted}, the banks have {shortage.found} for it"
            yield shortage.cell.at("count"), message, f"lower the count, or add items with pool: {blueprint.pool}"
