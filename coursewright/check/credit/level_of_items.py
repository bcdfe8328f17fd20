from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.blocks.vignette import Vignette
from coursewright.model.course import Course

SHARE, LEAST = 0.5, 12


@check("W508")
def level_of_items(course: Course) -> Iterator[Fault]:
    """Fewer than half of the items ask for procedural knowledge or competence (levels 3b and 4), or a module has no case.

    Why: an activity designed to change competence must test more than facts. Asked of courses that name practice gaps.
    Instead: items in which a case must be decided; a vignette in each module.
    Source: Moore and others 2009; ACCME Designed to Change; rule R-06.
    """
    if not course.info.gaps:
        return
    items = course.single_items
    high = sum(item.moore in ("3b", "4") for item in items)
    if len(items) >= LEAST and high < SHARE * len(items):
        yield course.info.at("gaps"), f"{high} of {len(items)} items are at level 3b or 4", "write items in which a case must be decided"
    for module in course.modules:
        if not any(isinstance(block, Vignette) for block in module.blocks()):
            yield module.at("title"), f'module "{module.id}" has no case', "add a vignette"
