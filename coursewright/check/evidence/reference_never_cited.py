from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course


@check("W901")
def reference_never_cited(course: Course) -> Iterator[Fault]:
    """A reference of references.yaml is cited nowhere, so it gets no number and is not printed.

    Instead: cite it as `[@key]` where it supports a statement, or keep it for a later edition.
    """
    cited = {key for _, _, text in course.texts() for key in text.citations}
    for reference in course.references:
        if reference.id not in cited and not course.may_mention("@" + reference.id):
            yield reference.at("id"), f'reference "{reference.id}" is never cited', f"cite it as [@{reference.id}], or remove it"
