from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import with_options
from coursewright.model.course import Course

VAGUE = re.compile(
    r"\b(?:usually|often|rarely|sometimes|frequently|occasionally|seldom|commonly|generally|typically|normally|regularly|many|(?<!a )few(?! (?:hours|days|weeks))|several|somewhat|fairly|quite|"
    r"(?<!^)may(?! \d)(?!$)|associated with|is useful|in some cases|in most cases|most of the time|from time to time|now and then|as needed|a lot)\b",
    re.IGNORECASE,
)


@check("W333")
def vague_frequency(course: Course) -> Iterator[Fault]:
    """An option holds a vague word of frequency or degree: usually, often, rarely, many, may, is associated with.

    Why: people mean different things by "often": whether the option is right depends on the reader.
    Example: "Blood pressure often rises"
    Instead: the number or the condition: "in 8–19% of doses".
    Source: NBME item-writing guide, irrelevant difficulty: vague terms.
    """
    for item in with_options(course):
        for option in item.options:
            found = VAGUE.search(option.text.plain)
            if found:
                yield option.at("text", found[0]), f'"{found[0]}" is vague', "give a number or a condition"
