from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course


@check("W912")
def source_claim_unaccounted(course: Course) -> Iterator[Fault]:
    """A claim of the source document is neither taught, nor corrected, nor declined by the evidence ledger; or it is
    handled in two ways.

    Why: a reader who knows the document will ask what became of it.
    Instead: under `source:` of the claim that answers it, or under `declined:`, with the reason.
    """
    handled: dict[str, set[str]] = {}
    for handling, _ in course.handlings:
        handled.setdefault(handling.claim, set()).add(handling.does)
    for claim in course.source_claims.values():
        if claim.id not in handled and not course.may_mention(claim.id):
            yield claim.at("id"), f"nothing says what became of {claim.id}", "teach, correct or decline it in the ledger"
    for handling, _ in course.handlings:
        if len(handled[handling.claim]) > 1:
            ways = " and ".join(sorted(handled[handling.claim]))
            yield handling.at("does"), f"{handling.claim} is both {ways}", "decide for one"
