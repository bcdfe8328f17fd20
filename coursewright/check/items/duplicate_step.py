from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.items.ordering import Ordering


@check("E308")
def duplicate_step(course: Course) -> Iterator[Fault]:
    """Two steps of an ordering item have the same text, so that no order of them is the right one.

    Instead: make the texts differ.
    """
    for item in course.items_of(Ordering):
        seen: set[str] = set()
        for step in item.steps:
            text = step.text.plain.casefold()
            if text in seen:
                yield step.at("text"), f'item "{item.id}" has this step twice', "make the steps differ"
            seen.add(text)
