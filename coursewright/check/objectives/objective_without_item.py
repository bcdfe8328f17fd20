from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course


@check("E204")
def objective_without_item(course: Course) -> Iterator[Fault]:
    """No item of any bank tests this objective.

    Why: what is promised and never tested cannot be shown to have been learned.
    Instead: write an item with `objective:` and this id, or remove the objective.
    """
    tested = {item.objective for item in course.single_items}
    for objective in course.objectives.values():
        if objective.id not in tested and not course.may_mention(objective.id):
            yield objective.at("id"), f'no item tests objective "{objective.id}"', f"add an item with objective: {objective.id}"
