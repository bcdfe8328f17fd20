"""The appendix "Where this course differs from its source, and why" as a file of its own."""

from __future__ import annotations

from pathlib import Path

from coursewright.build.make import laid_out, template_folders
from coursewright.model.course import Course
from coursewright.plan.ledger import plan_ledger
from coursewright.write.html import Templates
from coursewright.write.packet import Options, Packet, nowhere


def write_appendix(course: Course, root: Path, target: Path, paper: str) -> int:
    """Lay the appendix out and write it to `target`; its number of pages. Raises OSError."""
    packet = Packet(course, Templates(template_folders(root)), Options(paper=paper), texts=tuple(text.source for _, _, text in course.texts()))
    html = packet.html("accreditation/differences.html.j2", nowhere, part="", ledger=plan_ledger(course, packet.numbering), document=course.document)
    ((data, result),) = laid_out(packet, lambda: [packet.lay_out("appendix", html)], jobs=1)
    temporary = target.with_name(f".{target.name}.new")
    temporary.write_bytes(data)
    temporary.replace(target)
    pages: int = result.facts["pages"]
    return pages
