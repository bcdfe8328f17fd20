from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean, pstdev

from coursewright.check import Fault, check
from coursewright.check.item_words import quantity, single_best, words
from coursewright.model.course import Course

SPREAD = 0.6  # coefficient of variation of the options' lengths
LONG = 6  # words that the longest option must have before lengths are compared


@check("W319")
def heterogeneous_options(course: Course) -> Iterator[Fault]:
    """The options are of different kinds: numbers beside words, or lengths that differ widely.

    Why: options that cannot be compared on one dimension are true or false each on its own, and the odd one stands out.
    Example: "12 mg", "Weekly", "The liver" and "Because it is lipophilic"
    Instead: options of one kind, about as long as each other.
    Source: NBME item-writing guide; Haladyna, Downing and Rodriguez 2002, guideline 23. The threshold (a coefficient of
    variation of 0.6) is ours.
    """
    for item in single_best(course):
        texts = [option.text.plain for option in item.options]
        numbers = sum(quantity(text) is not None for text in texts)
        lengths = [len(words(text)) for text in texts]
        if 0 < numbers < len(texts) and len(texts) > 2:
            yield item.item.at("options"), f'item "{item.item.id}" mixes numbers and words', "let all options answer the same question"
        elif max(lengths) >= LONG and pstdev(lengths) / fmean(lengths) > SPREAD:
            yield item.item.at("options"), f"options of {min(lengths)} to {max(lengths)} words", "write options of similar length"
