from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.items.base import ItemBase
from coursewright.model.module import Discussion
from coursewright.source.suggest import did_you_mean


@check("E126")
def unknown_section(course: Course) -> Iterator[Fault]:
    """An item or a discussion question points to a section that no module has, so a learner could not be sent back to read it.

    Example: `section: routes`
    Instead: the id of a section.
    """
    owners: list[ItemBase | Discussion] = [*course.all(ItemBase), *course.all(Discussion)]
    for item in owners:
        if item.section and item.section not in course.sections and not course.may_mention(item.section):
            yield item.at("section"), f'section "{item.section}" is in no module', did_you_mean(item.section, course.sections)
