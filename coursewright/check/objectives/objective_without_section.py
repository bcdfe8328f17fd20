from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course


@check("W205")
def objective_without_section(course: Course) -> Iterator[Fault]:
    """No section of the course serves this objective.

    Why: an objective that no section teaches asks learners for what they were not given.
    Instead: name the objective in the `objectives:` of the section that teaches it.
    """
    taught = {id_ for section in course.sections.values() for id_ in section.objectives}
    for objective in course.objectives.values():
        if objective.id not in taught and not course.may_mention(objective.id):
            yield objective.at("id"), f'no section serves objective "{objective.id}"', "name it in a section's objectives"
