"""The appendix "Where this course differs from its source, and why" as a file of its own."""

from __future__ import annotations

from pathlib import Path

from coursewright.build.make import cache, template_folders, workers
from coursewright.build.places import work_fingerprint
from coursewright.build.schedule import Schedule, one_story
from coursewright.build.store import Store
from coursewright.model.course import Course
from coursewright.plan.ledger import plan_ledger
from coursewright.write import Result
from coursewright.write.html import Templates
from coursewright.write.packet import Options, Packet, nowhere


def write_appendix(course: Course, root: Path, target: Path, paper: str) -> int:
    """Lay the appendix out and write it to `target`; its number of pages. Raises OSError."""
    packet = Packet(course, Templates(template_folders(root)), Options(paper=paper), texts=tuple(text.source for _, _, text in course.texts()))
    fonts: list[Result] = []
    made: list[Result] = []
    with workers(1) as executor, cache() as folder:
        schedule = Schedule(Store(folder, work_fingerprint()), executor)
        schedule.run({"fonts": one_story(packet.font_tasks(), fonts)})
        packet.take_fonts(fonts)
        ledger = plan_ledger(course, packet.numbering)
        html = packet.html("accreditation/differences.html.j2", nowhere, part="", ledger=ledger, document=course.document)
        schedule.run({"appendix": one_story([packet.lay_out("appendix", html)], made)})
        temporary = target.with_name(f".{target.name}.new")
        temporary.write_bytes(made[0].blobs["plain.pdf"].read())
        temporary.replace(target)
    pages: int = made[0].facts["pages"]
    return pages
