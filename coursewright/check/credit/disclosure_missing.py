from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.accreditation import Person
from coursewright.model.course import Course


@check("E504")
def disclosure_missing(course: Course) -> Iterator[Fault]:
    """A person in control of content has no disclosure record.

    Why: everyone discloses all financial relationships with ineligible companies of the 24 months before, in any amount;
    "none" must be said too.
    Instead: `disclosed_on:` with `nothing_to_disclose: true`, or `relationships:`.
    Source: ACCME Standards for Integrity and Independence, Standard 3; rule R-10.
    """
    for person in course.all(Person):
        if person.disclosed_on is None or not (person.nothing_to_disclose or person.relationships):
            yield person.at("name"), f"{person.name} has no disclosure record", "add disclosed_on:, and nothing_to_disclose: true or relationships:"
