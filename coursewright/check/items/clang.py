from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import STOP, root, single_best, words
from coursewright.model.course import Course

SHORT = 45  # words of a stem that is read as one; of a longer one the question alone rings in the ear
LETTERS = 5  # shorter roots are common words


@check("W316")
def clang(course: Course) -> Iterator[Fault]:
    """A word of the stem returns in the key and in no distractor.

    Why: the sound of the stem leads to the key.
    Example: "What treats bladder pain?" with the key "Bladder instillation" beside "Antibiotics" and "Rest"
    Instead: another word in the key, or the same word in a distractor.
    Source: NBME item-writing guide, cues for the testwise: word repeats; Haladyna, Downing and Rodriguez 2002, 28b.
    """
    for item in single_best(course):
        text = item.stem if len(words(item.stem)) <= SHORT else item.lead
        asked = {root(word): word for word in words(text) if word not in STOP and len(word) >= LETTERS}
        key = {root(word): word for word in words(item.keys[0].text.plain) if word not in STOP}
        others = {root(word) for option in item.distractors for word in words(option.text.plain)}
        shared = [word for base, word in key.items() if base in asked and base not in others and len(base) >= LETTERS - 1 and not word[0].isdigit()]
        if shared:
            yield item.keys[0].at("text", shared[0]), f'"{shared[0]}" stands in the stem and in the key alone', "use another word, or put it into a distractor"
