from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course


@check("E300")
def item_without_objective(course: Course) -> Iterator[Fault]:
    """An item names no objective.

    Why: a score is only worth something when it says what was achieved; every item tests one objective.
    Instead: `objective: lo-2-1`, the id of an objective of the item's module.
    """
    for item in course.single_items:
        if item.objective is None:
            yield item.at("id"), f'item "{item.id}" has no objective', "add objective: with the id of the one it tests"
