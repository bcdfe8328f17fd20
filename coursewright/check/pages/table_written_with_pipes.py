from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course

RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(\|[ \t]*:?-{2,}:?[ \t]*)+\|?[ \t]*$", re.MULTILINE)


@check("W610")
def table_written_with_pipes(course: Course) -> Iterator[Fault]:
    """Prose holds a table drawn with pipes and dashes, which CommonMark does not know: it would be printed as it stands.

    Instead: a block of its own: `type: table` with `columns:` and `rows:`. Its head then repeats on each page.
    """
    for owner, field, text in course.texts():
        found = RULE.search(text.source)
        if found:
            yield owner.at(field, found[0].strip()), "prose holds a table drawn with pipes", "make it a block with type: table"
