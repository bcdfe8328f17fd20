from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.blocks.prose import Prose
from coursewright.model.course import Course
from coursewright.model.prose import Heading

FIRST = 3  # a module's title is level 1, a section's title level 2


@check("W602")
def heading_level_skipped(course: Course) -> Iterator[Fault]:
    """A heading in prose skips a level, or stands above its section: headings in prose begin at `###`.

    Why: screen readers and the PDF outline build the table of contents from levels; a gap reads as a missing part.
    Example: `#### Detail` right under a section's title
    Instead: `### Detail`
    Source: WCAG 2.2, 1.3.1; ISO 14289-1, 7.4.2.
    """
    for unit in course.units:
        for section in unit.sections:
            level = FIRST - 1
            for block in section.blocks:
                if not isinstance(block, Prose):
                    continue
                for node in block.text.blocks:
                    if not isinstance(node, Heading):
                        continue
                    if node.level < FIRST or node.level > level + 1:
                        wanted = "#" * (min(level + 1, 6) if node.level > level + 1 else FIRST)
                        mark = "#" * node.level + " "
                        yield block.at("text", mark), f"this heading is of level {node.level} where level {len(wanted)} is due", f"write {wanted}"
                    level = max(node.level, FIRST)
