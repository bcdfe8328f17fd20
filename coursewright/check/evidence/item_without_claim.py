from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course


@check("W913")
def item_without_claim(course: Course) -> Iterator[Fault]:
    """An item of a course with an evidence ledger names no claim that it tests.

    Why: when evidence changes, the items that test it must be found.
    Instead: `claim: c-…`, the id of a statement of the ledger.
    """
    if not course.claims:
        return
    for item in course.single_items:
        if item.claim is None:
            yield item.at("id"), f'item "{item.id}" tests no claim of the ledger', "add claim: with the id of the statement that it tests"
