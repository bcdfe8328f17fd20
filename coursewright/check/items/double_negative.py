from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import with_options
from coursewright.model.course import Course

LEAD = re.compile(r"\b(?:not|except|least|incorrect|false|never|cannot|should avoid|contraindicated|unlikely|isn’t|aren’t|doesn’t|don’t|shouldn’t|inappropriate|wrong|untrue)\b", re.IGNORECASE)
OPTION = re.compile(r"\b(?:not|no|never|none|without|cannot|isn’t|aren’t|doesn’t|don’t|shouldn’t|avoid\w*|neither|unlikely|fail(?:s|ing|ure)? to|refrain\w*|unless|withhold\w*)\b", re.IGNORECASE)


@check("W338")
def double_negative(course: Course) -> Iterator[Fault]:
    """The question is negative, and so is an option.

    Why: "not … without" must be worked out like a puzzle; the item tests logic under time.
    Example: "Which is NOT advised?" with the option "Not giving a second dose"
    Instead: a positive question with positive options.
    Source: NBME item-writing guide, irrelevant difficulty.
    """
    for item in with_options(course):
        asked = LEAD.search(item.lead)
        if not asked:
            continue
        for option in item.options:
            found = OPTION.search(option.text.plain)
            if found:
                yield option.at("text", found[0]), f'"{asked[0]}" in the question meets "{found[0]}" in this option', "ask positively"
                break
