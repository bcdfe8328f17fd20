from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.accreditation import Person
from coursewright.model.course import Course


@check("E506")
def mitigation_missing(course: Course) -> Iterator[Fault]:
    """A financial relationship was not mitigated, or only after the person had begun to work on content.

    Instead: `mitigated:` with what was done and `mitigated_on:` with a day before `content_from:`.
    Source: ACCME Standards for Integrity and Independence, Standard 3; rule R-12.
    """
    for person in course.all(Person):
        for relationship in person.relationships:
            if relationship.mitigated is None or relationship.mitigated_on is None:
                yield relationship.at("company"), f"the relationship of {person.name} with {relationship.company} is not mitigated", "add mitigated: and mitigated_on:"
            elif person.content_from and relationship.mitigated_on > person.content_from:
                yield relationship.at("mitigated_on"), f"{person.name} worked on content before this was mitigated", "correct the dates, or have the content reviewed"
