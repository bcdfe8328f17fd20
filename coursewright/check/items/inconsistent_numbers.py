from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import quantity, with_options
from coursewright.model.course import Course


@check("W332")
def inconsistent_numbers(course: Course) -> Iterator[Fault]:
    """Numeric options are written in different ways: ranges beside points, other units, other decimals.

    Why: learners must convert before they can compare, and the odd one out is noticed.
    Example: "5%", "10–20%", "0.4" and "one third"
    Instead: one unit, the same number of decimals, all points or all ranges.
    Source: NBME item-writing guide, irrelevant difficulty: numeric data not stated consistently.
    """
    for item in with_options(course):
        read = [quantity(option.text.plain) for option in item.options]
        numbers = [q for q in read if q is not None]
        if len(numbers) < 3 or len(numbers) < len(read) - 1:
            continue
        faults = []
        if len({_unit(q.unit) for q in numbers}) > 1:
            faults.append("units")
        if len({q.ranged for q in numbers if q.low is not None and q.high is not None}) > 1:
            faults.append("ranges and points")
        if len({q.decimals for q in numbers}) > 1 and len({q.decimals > 0 for q in numbers if q.first}) > 1:
            faults.append("decimals")
        if len(numbers) < len(read):
            faults.append("numbers and words")
        if faults:
            yield item.item.at("options"), f'item "{item.item.id}" mixes {", ".join(faults)}', "write all numbers in the same way"


def _unit(unit: str) -> str:
    return unit.rstrip(".").removesuffix("s").strip()
