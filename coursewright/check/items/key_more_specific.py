from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import single_best
from coursewright.model.course import Course

FEATURES = {
    "a bracket": re.compile(r"\([^)]+\)"),
    "a number": re.compile(r"\d"),
    "a hedge": re.compile(r"\b(?:may(?!$)|might|could|usually|generally|often|typically|likely|some|sometimes|most|in part|partly|probably|unless|provided that|tends? to|approximately|about|possibl[ey])\b", re.IGNORECASE),
    "a condition": re.compile(r"\b(?:if|when|until|after|before|once|where|whenever|as long as|in case|while|because)\b", re.IGNORECASE),
    "an example": re.compile(r"\b(?:such as|for example|e\.g\.|including|namely)", re.IGNORECASE),
}
ALWAYS = ("a bracket", "a number", "a hedge", "an example")


@check("W315")
def key_more_specific(course: Course) -> Iterator[Fault]:
    """The key alone carries a bracket, a number, a hedge, or several conditions: it is qualified as only right answers are.

    Why: a test-wise learner chooses the careful option.
    Example: "Usually after two sessions (range 1 to 4)" beside "Fever" and "Rash"
    Instead: give the distractors the same precision, or take it from the key.
    Source: NBME item-writing guide, cues for the testwise.
    """
    for item in single_best(course):
        key, others = item.keys[0].text.plain, [option.text.plain for option in item.distractors]
        alone = [name for name, pattern in FEATURES.items() if pattern.search(key) and not any(pattern.search(text) for text in others)]
        if set(alone) & set(ALWAYS):
            yield item.keys[0].at("text"), f"the key alone has {alone[0]}", "give the distractors the same, or take it from the key"
