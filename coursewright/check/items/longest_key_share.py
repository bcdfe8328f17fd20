from __future__ import annotations

from collections.abc import Iterator
from math import comb

from coursewright.check import Fault, check
from coursewright.check.item_words import single_best, words
from coursewright.model.course import Course
from coursewright.model.quiz import Bank

LEAST = 12  # items of a bank before shares mean anything
SIGNIFICANT = 0.05


@check("W325")
def longest_key_share(course: Course) -> Iterator[Fault]:
    """In a bank, the key is the longest option more often than chance has it.

    Why: one long key is nothing; a habit of long keys is a rule that learners find.
    Instead: shorten keys, lengthen distractors. Options count as longest alone: ties do not.
    Source: ce_rules 5.1, T4: a binomial test against chance at p < .05.
    """
    every = {item.item.id: item for item in single_best(course)}
    for bank in course.all(Bank):
        items = [every[single.id] for item in bank.items for single in item.singles() if single.id in every]
        if len(items) < LEAST:
            continue
        longest = 0
        for item in items:
            key = len(words(item.keys[0].text.plain))
            longest += all(key > len(words(option.text.plain)) for option in item.distractors)
        chance = sum(1 / len(item.options) for item in items) / len(items)
        p = sum(comb(len(items), n) * chance**n * (1 - chance) ** (len(items) - n) for n in range(longest, len(items) + 1))
        if p < SIGNIFICANT and longest > 1.5 * chance * len(items):
            yield bank.at("id"), f"the key is the longest option in {longest} of {len(items)} items", "shorten keys, or lengthen distractors"
