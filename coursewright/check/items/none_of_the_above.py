from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import with_options
from coursewright.model.course import Course

PHRASE = re.compile(
    r"\b(?:none|neither|not any)\s+(?:of\s+)?(?:the\s+|these\s+|those\s+)?(?:other\s+)?(?:above|below|these|those|them|options|answers|choices|preceding|following|listed)\b|^none(?: apply| applies| is correct| are correct)?\.?$"
    r"|\b(?:right|correct) (?:answer|option) is (?:not (?:listed|given|here|shown)|missing|absent)\b|\bno (?:correct|right) (?:answer|option)\b|\bno answer is correct\b|\bneither (?:answer|option|of)\b",
    re.IGNORECASE,
)


@check("W334")
def none_of_the_above(course: Course) -> Iterator[Fault]:
    """An option says "none of the above" or the like.

    Why: who chooses it has shown what is wrong, and not that they know what is right; in a best-answer item nothing
    is so wrong that it could not be the best of a bad lot. Shuffled options leave nothing above.
    Instead: another plausible distractor; three good options are enough.
    Source: NBME item-writing guide; Haladyna, Downing and Rodriguez 2002, guideline 25.
    """
    for item in with_options(course):
        for option in item.options:
            found = PHRASE.search(option.text.plain)
            if found:
                yield option.at("text", found[0]), f'option says "{found[0]}"', "replace it by a plausible distractor, or leave it out"
