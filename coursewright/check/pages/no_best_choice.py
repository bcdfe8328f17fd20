from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.blocks.vignette import Vignette
from coursewright.model.course import Course


@check("W604")
def no_best_choice(course: Course) -> Iterator[Fault]:
    """A decision of a vignette has no choice marked best, or more than one.

    Why: the reader commits to a choice and then looks for what the course would do.
    Instead: `best: true` on one choice.
    """
    for vignette in course.all(Vignette):
        for decision in vignette.decisions:
            best = sum(choice.best for choice in decision.choices)
            if best != 1:
                yield decision.at("choices"), f'a decision of "{vignette.id}" has {best or "no"} best choices', "mark one choice best: true"
