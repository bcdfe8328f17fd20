from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course


@check("E902")
def reference_from_memory(course: Course) -> Iterator[Fault]:
    """A reference that nobody has looked up (`verification: memory`) is cited.

    Why: it would be printed as fact.
    Instead: verify it, or do without it.
    """
    for owner, field, text in course.texts():
        for key in text.citations:
            reference = course.reference_by_id.get(key)
            if reference is not None and reference.verification == "memory":
                yield owner.at(field, "@" + key), f'"{key}" was never verified', "verify the reference, or do without it"
