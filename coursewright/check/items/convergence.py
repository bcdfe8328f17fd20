from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from coursewright.check import Fault, check
from coursewright.check.item_words import STOP, quantity, single_best, words
from coursewright.model.course import Course
from coursewright.model.items.options import Option

MARGIN = 1.2  # times the sharing of any distractor
LONG = 8  # words; longer options share words by chance


@check("W317")
def convergence(course: Course) -> Iterator[Fault]:
    """The key shares its parts with several distractors, and no distractor does so to that degree.

    Why: distractors are often made by changing one part of the key; the option that has most in common is the key.
    Example: "aspirin and heparin" among "aspirin and warfarin", "heparin and digoxin" and "digoxin"
    Instead: distractors that have as much in common with one another.
    Source: NBME item-writing guide, cues for the testwise: convergence.
    """
    for item in single_best(course):
        if len(item.options) < 3 or all(quantity(option.text.plain) for option in item.options) or _labels(item.options):
            continue
        bags = [_parts(option.text.plain) for option in item.options]
        everywhere = frozenset.intersection(*bags)
        shared = [_shared(n, bags, everywhere) for n in range(len(bags))]
        at = item.options.index(item.keys[0])
        rivals = [count for n, count in enumerate(shared) if n != at]
        partners = sum(bool((bags[at] & bag) - everywhere) for n, bag in enumerate(bags) if n != at)
        if partners >= 2 and shared[at] >= MARGIN * max(rivals) and _short(item.options):
            yield item.keys[0].at("text"), f"the key shares parts with {partners} distractors, which share less among themselves", "balance what options have in common"


def _labels(options: tuple[Option, ...]) -> bool:
    """Whether options name statements of the stem: "1 and 2"."""
    return all(len(text) <= 3 for option in options for text in words(option.text.plain))


def _short(options: tuple[Option, ...]) -> bool:
    return all(len(words(option.text.plain)) <= LONG for option in options)


def _parts(text: str) -> frozenset[str]:
    """Words and pairs of neighbours: "low glucose" is another part than "high glucose"."""
    all_words = [word for word in words(text) if word not in STOP]  # a shared "of the" is no feature
    return frozenset((*all_words, *(f"{a} {b}" for a, b in pairwise(all_words))))


def _shared(n: int, bags: list[frozenset[str]], everywhere: frozenset[str]) -> int:
    """How often the parts of one option return in others, those that all have aside."""
    return sum(len((bags[n] & bag) - everywhere) for m, bag in enumerate(bags) if m != n)
