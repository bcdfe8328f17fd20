"""The instructor's guide."""

from __future__ import annotations

from coursewright.plan.guide import plan_guide
from coursewright.write import Output, Story, Written, writer
from coursewright.write.packet import Packet, nowhere


@writer("guide")
def write_guide(packet: Packet) -> Story:
    """`guide/instructor-guide.pdf`: a time plan, questions to ask, what to listen for, and the debriefing of cases."""
    written = Written()
    if packet.options.modules:
        return written
    lessons = plan_guide(packet.course, packet.numbering, packet.workbook)
    (result,) = yield [packet.lay_out("instructor's guide", packet.html("guide/guide.html.j2", nowhere, lessons=lessons))]
    (thumb,) = yield [packet.thumbnail(result.blobs["plain.pdf"], 200)]
    written.diagnostics += packet.complaints("the instructor's guide", result)
    pages, preview = result.facts["pages"], thumb.blobs["page.png"]
    written.outputs.append(
        Output("guide/instructor-guide.pdf", result.blobs["plain.pdf"], "Instructor’s guide", "Guide", "educator", pages, packet.paper, preview, "timings, discussion, case feedback")
    )
    return written
