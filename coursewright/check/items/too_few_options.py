from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.items.multiple_response import MultipleResponse
from coursewright.model.items.single_best_answer import SingleBestAnswer


@check("W307")
def too_few_options(course: Course) -> Iterator[Fault]:
    """A choice item has fewer than three options, or the same option twice.

    Why: with two options half of the guesses are right.
    Instead: three plausible options; or a true–false item.
    Source: Haladyna, Downing and Rodriguez 2002, guideline 18: three is enough.
    """
    items: list[SingleBestAnswer | MultipleResponse] = [*course.items_of(SingleBestAnswer), *course.items_of(MultipleResponse)]
    for item in items:
        if len(item.options) < 3:
            yield item.at("options"), f'item "{item.id}" has {len(item.options)} options', "add a plausible distractor"
        seen: set[str] = set()
        for option in item.options:
            text = option.text.plain.casefold()
            if text in seen:
                yield option.at("text"), f'item "{item.id}" has this option twice', "make the options differ"
            seen.add(text)
