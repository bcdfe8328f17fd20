from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course

HINGE = re.compile(
    r"\b(?:in|from|of|to|on|by|using|given|see) (?:the )?(?:previous|preceding|last|prior|earlier|above|next) (?:question|item|answer|response|problem|calculation|exercise)\b|\b(?:previous|preceding|prior|earlier|last) (?:question|item|problem)\b"
    r"|\b(?:question|item|problem|Q) ?#?\d+\b|\b(?:your (?:previous|earlier|last) (?:answer|response|choice|selection|calculation|result)|(?:based on|using|given|from|with|after) your (?:answer|response|choice|selection|calculation|result|diagnosis))\b(?! (?:sheet|form))|\b(?:you (?:calculated|chose|selected|identified|answered)|(?:chosen|calculated|identified|selected) (?:above|earlier|in the))\b"
    r"|\bas (?:calculated|determined|identified|answered|found) (?:above|before|earlier|previously)\b",
    re.IGNORECASE,
)


@check("W343")
def hinged_item(course: Course) -> Iterator[Fault]:
    """A stem leans on the answer to another item.

    Why: who misses the first misses both, and a form that draws one without the other makes no sense.
    Example: "Using the dose from the previous question, …"
    Instead: state the value in the stem; or a case cluster, whose case both items may use.
    Source: NBME item-writing guide; Haladyna, Downing and Rodriguez 2002, guideline 4.
    """
    ids = {item.id for item in course.single_items}
    for item in course.single_items:
        text = item.stem.plain
        found = HINGE.search(text)
        named = next((id_ for id_ in ids if id_ != item.id and "-" in id_ and id_ in text), None)
        if found or named:
            word = found[0] if found else str(named)
            yield item.at("stem", word), f'the stem of "{item.id}" leans on another item: "{word}"', "state what it needs in its own stem"
