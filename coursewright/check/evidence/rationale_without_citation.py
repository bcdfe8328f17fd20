from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.base import children
from coursewright.model.course import Course
from coursewright.model.items.base import ItemBase
from coursewright.model.items.numeric import Numeric, TypicalError
from coursewright.model.prose import Prose

FIELDS = ("rationale", "if_true", "if_false")
FLAG = "source to be added"


@check("W914")
def rationale_without_citation(course: Course) -> Iterator[Fault]:
    """A rationale cites nothing, in a course that keeps an evidence ledger.

    Why: "why is that wrong?" is answered by a source, not by the writer's word.
    Instead: `[@key]` in the rationale; where none was seen, "source to be added at clinical review".
    """
    if not course.claims:
        return
    for item in course.all(ItemBase):
        for owner in children(item):
            if isinstance(owner, ItemBase) and owner is not item:
                continue
            if isinstance(owner, TypicalError) or (isinstance(owner, Numeric) and _cites(owner.rationale)):
                continue
            for field in FIELDS:
                text = getattr(owner, field, None)
                if isinstance(text, Prose) and not _cites(text):
                    yield owner.at(field), "this rationale cites nothing", "cite the source as [@key]"


def _cites(text: Prose | None) -> bool:
    return text is not None and (bool(text.citations) or FLAG in text.plain)
