from __future__ import annotations

import re
from collections.abc import Iterator
from statistics import fmean

from coursewright.check import Fault, check
from coursewright.check.item_words import single_best
from coursewright.model.course import Course

MOST, MEAN, CLAUSES = 20, 14, 14  # words of an option; of options on average; of an option that joins clauses
JOINS = re.compile(r"\b(?:and|or|because|so that|which|while|although|since|whereas|but)\b", re.IGNORECASE)


@check("W331")
def long_option(course: Course) -> Iterator[Fault]:
    """An option is long, or joins several clauses: more than 20 words, or more than 14 with two clauses and more; or the
    options have more than 14 words on average.

    Why: the item then measures reading speed. What all options share belongs into the stem.
    Instead: move shared words into the stem, and cut each option to what differs.
    Source: NBME item-writing guide, irrelevant difficulty; Haladyna, Downing and Rodriguez 2002, guideline 13. The
    limits are ours.
    """
    for item in single_best(course):
        lengths = [len(option.text.plain.split()) for option in item.options]
        for option, length in zip(item.options, lengths, strict=True):
            if length > MOST or (length > CLAUSES and len(JOINS.findall(option.text.plain)) > 1):
                yield option.at("text"), f"this option has {length} words", "cut it to what differs from the others"
                break
        else:
            if fmean(lengths) > MEAN:
                yield item.item.at("options"), f"the options have {fmean(lengths):.0f} words on average", "move what they share into the stem"
