from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import Alternatives, content, single_best, words
from coursewright.model.course import Course

WORDS = 2  # content words that a key must have before its return counts
MATCH = 0.8  # of the key's content words, in one sentence of the other stem that also shares its subject


@check("W322")
def cross_item_cueing(course: Course) -> Iterator[Fault]:
    """The stem of an item states what another item asks.

    Why: on one form, the learner reads the answer.
    Example: the stem "Because peak pressure comes at 40 minutes, a nurse …" beside the item "When does pressure peak?"
    Instead: leave it out of the stem, or never draw the two for one form.
    Source: NBME item-writing guide; Haladyna, Downing and Rodriguez 2002, guideline 4.
    """
    asked = list(single_best(course))
    stems = [(item, re.split(r"(?<=[.?!:;])\s+", item.stem.plain)) for item in course.single_items]
    for giver, sentences in stems:
        for other in asked:
            if other.item.id != giver.id and any(_gives(other, sentence) for sentence in sentences):
                yield giver.at("stem"), f'the stem of "{giver.id}" gives away the key of "{other.item.id}"', "reword the stem"
                break


def _gives(other: Alternatives, sentence: str) -> bool:
    if sentence.rstrip("”’)").endswith("?"):
        return False
    key = frozenset(content(other.keys[0].text.plain))
    told = frozenset(content(sentence))
    subject = frozenset(content(other.stem)) - key
    rivals = [frozenset(content(option.text.plain)) for option in other.distractors]
    if len(key) < WORDS or len(key & told) < MATCH * len(key):
        return _number_given(other, sentence)
    return len(subject & told) >= 1 and not any(rival and rival <= told for rival in rivals)


def _number_given(other: Alternatives, sentence: str) -> bool:
    """A short key, such as a number with its unit or one rare word, that returns beside the subject of its question."""
    key = words(other.keys[0].text.plain)
    if not 1 <= len(key) <= 4 or " ".join(key) not in " ".join(words(sentence)):
        return False
    subject = frozenset(content(other.lead)) - frozenset(content(other.keys[0].text.plain))
    return len(subject & frozenset(content(sentence))) >= max(2, round(0.4 * len(subject)))
