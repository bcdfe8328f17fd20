from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import content, single_best
from coursewright.model.course import Course


@check("W317")
def convergence(course: Course) -> Iterator[Fault]:
    """The key shares its parts with several distractors, and no distractor does so to that degree.

    Why: distractors are often made by changing one part of the key; the option that has most in common is the key.
    Example: "aspirin and heparin" among "aspirin and warfarin", "heparin and digoxin" and "digoxin"
    Instead: distractors that have as much in common with one another.
    Source: NBME item-writing guide, cues for the testwise: convergence.
    """
    for item in single_best(course):
        if len(item.options) < 3:
            continue
        bags = [frozenset(content(option.text.plain)) for option in item.options]
        everywhere = frozenset.intersection(*bags)
        partners = [_partners(n, bags, everywhere) for n in range(len(bags))]
        at = item.options.index(item.keys[0])
        rivals = [count for n, count in enumerate(partners) if n != at]
        if partners[at] >= 2 and partners[at] > max(rivals):
            yield item.keys[0].at("text"), f"the key shares parts with {partners[at]} distractors, which share less among themselves", "balance what options have in common"


def _partners(n: int, bags: list[frozenset[str]], everywhere: frozenset[str]) -> int:
    """With how many other options this one shares a part, by parts that are not the same for all of them."""
    own = bags[n] - everywhere
    with_ = {m: own & bag for m, bag in enumerate(bags) if m != n and own & bag}
    parts = frozenset().union(*with_.values()) if with_ else frozenset()
    return len(with_) if len(parts) >= 2 else 0
