from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from coursewright.check import Fault, check
from coursewright.check.item_words import single_best
from coursewright.model.course import Course
from coursewright.model.quiz import Bank

#: chi-square at p = .05, by degrees of freedom
CRITICAL = {1: 3.841, 2: 5.991, 3: 7.815, 4: 9.488, 5: 11.070}
LEAST, RUN = 12, 3


@check("W320")
def key_position(course: Course) -> Iterator[Fault]:
    """The keys of a bank do not stand evenly at A, B, C and D, or more than three in a row stand at the same place.

    Why: writers favor the middle; learners who do not know choose it too. Items whose options are shuffled for a form
    lose the fault on paper, not in the knowledge check.
    Instead: move options; numbers and ordered options stay in order.
    Source: Haladyna, Downing and Rodriguez 2002, guideline 20. Chi-square against even places at p < .05.
    """
    every = list(single_best(course))
    for bank in course.all(Bank):
        ids = {single.id for item in bank.items for single in item.singles()}
        placed = [(item, item.options.index(item.keys[0])) for item in every if item.item.id in ids]
        for place, group in groupby(placed, key=lambda entry: entry[1]):
            run = list(group)
            if len(run) > RUN:
                yield run[RUN][0].item.at("options"), f"the {len(run)}th key in a row at {chr(65 + place)}", "move the key of one of them"
    sizes = Counter(len(item.options) for item in every)
    for size, count in sizes.items():
        if count < LEAST or size - 1 not in CRITICAL:
            continue
        places = Counter(item.options.index(item.keys[0]) for item in every if len(item.options) == size)
        expected = count / size
        chi = sum((places.get(n, 0) - expected) ** 2 / expected for n in range(size))
        if chi > CRITICAL[size - 1]:
            shown = ", ".join(f"{chr(65 + n)} {places.get(n, 0)}" for n in range(size))
            first = next(item for item in every if len(item.options) == size)
            yield first.item.at("options"), f"keys of items with {size} options stand unevenly: {shown}", "move some keys to the places that have few"
