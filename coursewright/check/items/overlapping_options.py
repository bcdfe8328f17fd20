from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from coursewright.check import Fault, check
from coursewright.check.item_words import Quantity, quantity, single_best
from coursewright.model.course import Course

LABELS = re.compile(r"^\d and \d$")  # "1 and 2" names statements: another rule


@check("W321")
def overlapping_options(course: Course) -> Iterator[Fault]:
    """Two numeric options overlap or touch, so that one value falls into both.

    Why: a learner with the right value has two right options.
    Example: "10–20 mg" and "20–30 mg"
    Instead: "10–19 mg" and "20–29 mg".
    Source: NBME item-writing guide; Haladyna, Downing and Rodriguez 2002, guideline 22.
    """
    for item in single_best(course):
        read = [(option, quantity(option.text.plain)) for option in item.options]
        for n, (first, a) in enumerate(read):
            for second, b in read[n + 1 :]:
                if a and b and not LABELS.search(first.text.plain) and (a.ranged or b.ranged) and a.unit == b.unit and _meet(a, b):
                    yield second.at("text"), f'"{second.text.plain}" overlaps "{first.text.plain}"', "let the ranges end before the next begins"


def _meet(a: Quantity, b: Quantity) -> bool:
    def bounds(q: Quantity) -> tuple[Decimal, Decimal]:
        return (q.low if q.low is not None else Decimal("-Infinity")), (q.high if q.high is not None else Decimal("Infinity"))

    (low_a, high_a), (low_b, high_b) = bounds(a), bounds(b)
    open_ends = Decimal("Infinity") in (high_a, high_b) or Decimal("-Infinity") in (low_a, low_b)
    if open_ends:  # "under 10" and "10–20" do not share a value
        return max(low_a, low_b) < min(high_a, high_b)
    return max(low_a, low_b) <= min(high_a, high_b)
