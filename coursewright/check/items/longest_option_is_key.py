from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.items.single_best_answer import SingleBestAnswer

RATIO = 1.3  # words of the key over the mean of the distractors
LEAST = 6  # words of a key before its length catches the eye
MARGIN = 2  # a word more is no cue: the key must be longer than any distractor by at least this many words


@check("W305")
def longest_option_is_key(course: Course) -> Iterator[Fault]:
    """The key is the longest option, and clearly longer than the distractors.

    Why: writers qualify the right answer with care; a test-wise learner chooses the longest option without reading.
    Instead: shorten the key, or give the distractors the same detail.
    Source: NBME item-writing guide, cues for the testwise. The thresholds (1.3 times the mean of the distractors, and
    two words longer than any) are ours.
    """
    for item in course.items_of(SingleBestAnswer):
        keys = [len(option.text.plain.split()) for option in item.options if option.correct]
        others = [len(option.text.plain.split()) for option in item.options if not option.correct]
        if len(keys) == 1 and others and keys[0] >= LEAST and keys[0] >= max(others) + MARGIN and keys[0] > RATIO * sum(others) / len(others):
            key = next(option for option in item.options if option.correct)
            message = f"the key has {keys[0]} words, the distractors {', '.join(map(str, others))}"
            yield key.at("text"), message, "shorten the key, or give the distractors the same detail"
