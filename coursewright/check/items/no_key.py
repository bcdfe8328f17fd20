from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.items.matching import Matching
from coursewright.model.items.multiple_response import MultipleResponse
from coursewright.source.suggest import did_you_mean


@check("E302")
def no_key(course: Course) -> Iterator[Fault]:
    """An item's key cannot be right: a multiple-response item without a key, or a prompt matched with no choice.

    Instead: mark at least one option `correct: true`; let each `match:` name the id of a choice.
    """
    for item in course.items_of(MultipleResponse):
        if not any(option.correct for option in item.options):
            yield item.at("options"), f'item "{item.id}" has no key', "mark the right options correct: true"
    for matching in course.items_of(Matching):
        ids = [choice.id for choice in matching.choices]
        for prompt in matching.prompts:
            if prompt.match not in ids:
                yield prompt.at("match"), f'"{prompt.match}" is no choice of item "{matching.id}"', did_you_mean(prompt.match, ids)
        for choice in matching.choices:
            if ids.count(choice.id) > 1:
                yield choice.at("id"), f'choice id "{choice.id}" is used twice in item "{matching.id}"', "give each choice its own id"
