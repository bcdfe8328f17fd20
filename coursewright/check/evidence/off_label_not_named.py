from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.passages import readings
from coursewright.model.course import Course

NAMED = re.compile(r"\boff-label\b|\bunapproved\b|\b(?:is|are|was|were) (?:not|no longer) approved\b|\bapproved for no\b|\bnot approved for\b|\bno approved\b|\blacks? approval\b", re.IGNORECASE)


@check("W905")
def off_label_not_named(course: Course) -> Iterator[Fault]:
    """A section, item or deck speaks of a medicine whose use in this course is unapproved, and never says so.

    Why: a reader who opens the course at this page must not take the use for an approved one.
    Example: a section on infusions without the words "off-label"
    Instead: name the use as off-label where the medicine is first named. `medicines:` in course.yaml lists the medicines
    (`off_label: true`) and the names that the text uses.
    Source: ACCME Standard 1; AMA Code of Medical Ethics on unapproved uses; rule R-23 of the project's notes.
    """
    for medicine in course.info.medicines:
        if not medicine.off_label:
            continue
        word = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in (medicine.generic, *medicine.names)), re.IGNORECASE)
        for reading in readings(course):
            texts = reading.texts()
            if any(NAMED.search(entry.plain) for entry in texts):
                continue
            for entry in texts:
                found = word.search(entry.plain)
                if found:
                    yield entry.at(found[0]), f'{reading.name} names "{found[0]}" and no unapproved use', "say that the use is off-label"
                    break
