from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
    asked = [Asked.of(item) for item in single_best(course)]
    for giver in course.single_items:
        told = [Told.of(part) for part in re.split(r"(?<=[.?!:;])\s+", giver.stem.plain) if not part.rstrip("”’)").endswith("?")]
        for other in asked:
            if other.id != giver.id and any(_gives(other, sentence) for sentence in told):
                yield giver.at("stem"), f'the stem of "{giver.id}" gives away the key of "{other.id}"', "reword the stem"
                break


@dataclass(frozen=True)
class Asked:
    """An item as others could give it away: what carries content in its key, its subject and its distractors."""

    id: str
    key: frozenset[str]
    subject: frozenset[str]
    lead: frozenset[str]
    rivals: tuple[frozenset[str], ...]
    short: str  # a key of at most four words, as it would return

    @classmethod
    def of(cls, item: Alternatives) -> Asked:
        text = item.keys[0].text.plain
        key = frozenset(content(text))
        short = words(text)
        return cls(
            item.item.id,
            key,
            frozenset(content(item.stem)) - key,
            frozenset(content(item.lead)) - key,
            tuple(frozenset(content(option.text.plain)) for option in item.distractors),
            " ".join(short) if 1 <= len(short) <= 4 else "",
        )


@dataclass(frozen=True)
class Told:
    """A sentence of a stem that states something."""

    content: frozenset[str]
    text: str

    @classmethod
    def of(cls, sentence: str) -> Told:
        return cls(frozenset(content(sentence)), " ".join(words(sentence)))


def _gives(other: Asked, sentence: Told) -> bool:
    told = sentence.content
    if len(other.key) < WORDS or len(other.key & told) < MATCH * len(other.key):
        return _number_given(other, sentence)
    return bool(other.subject & told) and not any(rival and rival <= told for rival in other.rivals)


def _number_given(other: Asked, sentence: Told) -> bool:
    """A short key, such as a number with its unit or one rare word, that returns beside the subject of its question."""
    if not other.short or other.short not in sentence.text:
        return False
    return len(other.lead & sentence.content) >= max(2, round(0.4 * len(other.lead)))
