from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import with_options
from coursewright.model.course import Course

WORD = re.compile(
    r"\b(?:always|never|(?<!at )all(?! of (?:the above|these|them)\b)(?! other)|none(?! of)|only|every(?! (?:\w+ )?(?:\d|two|three|four|six|eight|twelve|other|hour|day|week|night|month|morning|visit|dose|session|shift|year|minute))|completely|must|cannot|impossible|entirely|totally|"
    r"without exception|in any (?:case|circumstance)|under no circumstances|no matter|everyone|nobody|nothing|absolutely|invariably)\b(?!-)",
    re.IGNORECASE,
)


@check("W313")
def absolute_term(course: Course) -> Iterator[Fault]:
    """An option holds an absolute word: always, never, all, only, every, must, cannot.

    Why: little in practice is absolute, and learners know it: such options are struck without knowledge, or chosen
    where the key alone has one.
    Example: "The drug must never be given to older adults"
    Instead: the condition under which it holds.
    Source: NBME item-writing guide, cues for the testwise; Haladyna, Downing and Rodriguez 2002, guideline 28a.
    """
    for item in with_options(course):
        for option in item.options:
            found = WORD.search(option.text.plain)
            if found:
                yield option.at("text", found[0]), f'option says "{found[0]}"', "name the condition under which it holds"
