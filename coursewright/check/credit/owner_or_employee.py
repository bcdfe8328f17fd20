from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.accreditation import Relationship
from coursewright.model.course import Course


@check("E505")
def owner_or_employee(course: Course) -> Iterator[Fault]:
    """Someone in control of content owns or works for an ineligible company, and no exception is recorded.

    Why: owners and employees are excluded, with three exceptions.
    Instead: `exception:` with the one that applies, or another person.
    Source: ACCME Standards for Integrity and Independence, Standard 3; rule R-11.
    """
    for relationship in course.all(Relationship):
        if relationship.employee_or_owner and relationship.exception is None:
            yield relationship.at("company"), f"an owner or employee of {relationship.company} may not control content", "record the exception, or choose another person"
