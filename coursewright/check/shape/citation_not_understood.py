from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.prose import Text


@check("E130")
def citation_not_understood(course: Course) -> Iterator[Fault]:
    """Text holds `[@` or `[[` that is neither a citation nor a glossary term, so it would be printed as it stands.

    Example: `[@murrough-2013, p. 3]`
    Instead: `[@murrough-2013]`, `[@murrough-2013; @lii-2023]`, `[[response]]` or `[[response|responded]]`; a page goes
    into the sentence. To print the brackets themselves, write them as code: `` `[@` ``.
    """
    for owner, field, text in course.texts():
        for node in text.inlines():
            if isinstance(node, Text):
                for mark in ("[@", "[["):
                    if mark in node.text:
                        words = node.text[node.text.index(mark) :][:40]
                        yield owner.at(field, mark), f'this is neither a citation nor a term: "{words}"', "write [@key], [@key; @other] or [[term]]"
