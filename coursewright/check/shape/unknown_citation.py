from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.source.suggest import did_you_mean


@check("E121")
def unknown_citation(course: Course) -> Iterator[Fault]:
    """A citation `[@key]` names no entry of references.yaml.

    Why: the reader would meet a number that leads nowhere.
    Example: `[@muroff-2013]`
    Instead: the id of a reference, `[@murrough-2013]`; or add the reference.
    """
    for owner, field, text in course.texts():
        for key in dict.fromkeys(text.citations):
            if key not in course.reference_by_id and not course.may_mention(key):
                yield owner.at(field, "@" + key), f'citation "@{key}" is not in references.yaml', did_you_mean(key, course.reference_by_id)
