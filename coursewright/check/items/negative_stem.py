from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import lead_in
from coursewright.model.course import Course
from coursewright.model.items.true_false import TrueFalse
from coursewright.model.prose import Paragraph, Prose, Strong, Text

WORD = re.compile(r"\b(not|except|least|incorrect|false|never|isn’t|aren’t|doesn’t|don’t|wrong|cannot|contraindicated except)\b", re.IGNORECASE)
STRONG = re.compile(r"\b(?:NOT|EXCEPT|LEAST|INCORRECT|FALSE|NEVER|CANNOT|WRONG)\b")


@check("W306")
def negative_stem(course: Course) -> Iterator[Fault]:
    """The question of a stem is negative, and the negative word is neither in capitals nor bold.

    Why: learners read over a small "not" and are marked wrong for what they know.
    Example: "Which of these is not a contraindication?"
    Instead: ask for what is true; where the negative must stay, write it bold and in capitals: `**NOT**`.
    Source: NBME item-writing guide; Haladyna, Downing and Rodriguez 2002, guideline 17.
    """
    for item in course.single_items:
        if isinstance(item, TrueFalse):
            continue
        question = lead_in(item.stem)
        found = WORD.search(question)
        if found and found[0].casefold() not in {word.casefold() for word in _emphasized(item.stem)}:
            yield item.at("stem", found[0]), f'the stem asks negatively: "{found[0]}"', "ask for what is true, or write **NOT**"


def _emphasized(stem: Prose) -> set[str]:
    found = set()
    for block in stem.blocks:
        if isinstance(block, Paragraph):
            for child in block.children:
                if isinstance(child, Strong):
                    text = "".join(inner.text for inner in child.children if isinstance(inner, Text))
                    found.update(STRONG.findall(text))
    return found
