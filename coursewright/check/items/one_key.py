from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.items.single_best_answer import SingleBestAnswer


@check("E301")
def one_key(course: Course) -> Iterator[Fault]:
    """A single-best-answer item has exactly one key.

    Why: with none, nobody can be right; with two, whoever chooses the other one is marked wrong unfairly.
    Example: two options with `correct: true`
    Instead: mark one; or make it a multiple-response item, and say "Select all that apply".
    Source: Haladyna, Downing and Rodriguez 2002, guideline 19.
    """
    for item in course.items_of(SingleBestAnswer):
        keys = [option for option in item.options if option.correct]
        if len(keys) != 1:
            yield item.at("options"), f'item "{item.id}" has {len(keys) or "no"} {"key" if len(keys) == 1 else "keys"}', "mark exactly one option correct: true"
