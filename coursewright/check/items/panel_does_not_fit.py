from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.items.script_concordance import ScriptConcordance

FEWEST = 10


@check("E350")
def panel_does_not_fit(course: Course) -> Iterator[Fault]:
    """The panel of a script-concordance item has another number of counts than its scale has steps.

    Why: each count says how many experts chose one step; with a count too many or too few no score is right.
    Example: `panel: [0, 2, 8]` for a scale of five steps
    Instead: one count for each step, from the lowest to the highest; 0 where nobody chose it.
    """
    for item in course.items_of(ScriptConcordance):
        if len(item.panel) != len(item.scale):
            yield item.at("panel"), f"item {item.id} has {len(item.panel)} counts for a scale of {len(item.scale)} steps", "give one count for each step"


@check("W351")
def small_panel(course: Course) -> Iterator[Fault]:
    """The panel behind a script-concordance item is smaller than ten.

    Why: with few experts one answer moves the credit of all; panels of ten to twenty are the custom.
    Example: `panel: [0, 1, 2, 0, 0]`
    Instead: ask more experts, or waive this for an exercise that is not graded.
    """
    for item in course.items_of(ScriptConcordance):
        if sum(item.panel) < FEWEST:
            yield item.at("panel"), f"the panel of item {item.id} has {sum(item.panel)} members", f"ask at least {FEWEST}"
