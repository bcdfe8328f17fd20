from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.items.options import Option

PHRASE = re.compile(
    r"\b(all|any|both|each|two or more)\s+(?:of\s+)?(?:the\s+|these\s+)?(?:other\s+)?(?:above|below|these|options|answers|choices|preceding|following)\b"
    r"|\ball of (?:them|these|those)\b|\b(?:every|each) (?:one )?of (?:the above|these)\b|^all(?: apply| are (?:correct|true))?\.?$|\bany of the (?:above|other)",
    re.IGNORECASE,
)


@check("W304")
def all_of_the_above(course: Course) -> Iterator[Fault]:
    """An option says "all of the above" or the like.

    Why: it is found by recognizing two right options, and struck by recognizing one wrong. Shuffled options leave
    nothing above.
    Instead: another plausible distractor; three good options are enough; or a multiple-response item.
    Source: NBME item-writing guide, technical item flaws; Haladyna, Downing and Rodriguez 2002, guideline 26.
    """
    for option in course.all(Option):
        found = PHRASE.search(option.text.plain)
        if found:
            yield option.at("text", found[0]), f'option says "{found[0]}"', "replace it by a plausible distractor, or leave it out"
