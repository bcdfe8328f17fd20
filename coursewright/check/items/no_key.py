from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.base import Sourced
from coursewright.model.course import Course
from coursewright.model.items.base import SingleItem
from coursewright.model.items.extended_matching import ExtendedMatching
from coursewright.model.items.matching import MatchChoice, Matching
from coursewright.model.items.multiple_response import MultipleResponse
from coursewright.source.suggest import did_you_mean


@check("E302")
def no_key(course: Course) -> Iterator[Fault]:
    """An item's key cannot be right: a multiple-response item without a key, or a prompt matched with no choice.

    Instead: mark at least one option `correct: true`; let each `match:` (or `answer:`) name the id of a choice.
    """
    for several in course.items_of(MultipleResponse):
        if not any(option.correct for option in several.options):
            yield several.at("options"), f'item "{several.id}" has no key', "mark the right options correct: true"
    for item, entries, choices, field in _matched(course):
        ids = [choice.id for choice in choices]
        for entry in entries:
            named = getattr(entry, field)
            if named not in ids:
                yield entry.at(field), f'"{named}" is no choice of item "{item.id}"', did_you_mean(named, ids)
        for choice in choices:
            if ids.count(choice.id) > 1:
                yield choice.at("id"), f'choice id "{choice.id}" is used twice in item "{item.id}"', "give each choice its own id"


def _matched(course: Course) -> Iterator[tuple[SingleItem, tuple[Sourced, ...], tuple[MatchChoice, ...], str]]:
    """Items that match things: what is matched, with what, and the field that names it."""
    for matching in course.items_of(Matching):
        yield matching, matching.prompts, matching.choices, "match"
    for extended in course.items_of(ExtendedMatching):
        yield extended, extended.vignettes, extended.options, "answer"
