from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.claim import Claim
from coursewright.model.course import Course


@check("E911")
def reference_not_verified(course: Course) -> Iterator[Fault]:
    """A release build cites a reference that was verified only in part.

    Why: what was not seen may be wrong; a release may print only what someone looked up.
    Instead: look the reference up, complete the entry, set `verification: full` and drop `left_out`. Outside a release
    build (`--release`) such entries are printed with what is missing named.
    """
    if not course.release:
        return
    cited = {key for _, _, text in course.texts() for key in text.citations} | {key for claim in course.all(Claim) for key in claim.references}
    for reference in course.references:
        if reference.verification == "part" and reference.id in cited:
            left = f" ({reference.left_out})" if reference.left_out else ""
            yield reference.at("verification"), f'"{reference.id}" was verified only in part{left}', "verify the rest, or do without it"
