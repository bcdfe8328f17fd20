"""The workbook in large print: the same parts under the same numbering, set again in 18 points, not enlarged."""

from __future__ import annotations

from dataclasses import replace

from coursewright.write import Output, Story, Written, writer
from coursewright.write.packet import Packet
from coursewright.write.workbook import lay_out_whole

PREFIX = "large print: "


@writer("large-print")
def write_large_print(packet: Packet) -> Story:
    """`workbook/workbook-large-print.pdf`. Tables are told row by row, and figures have larger type."""
    written = Written()
    if packet.options.modules:
        return written
    known = {title.removeprefix(PREFIX): count for title, count in packet.page_counts.items() if title.startswith(PREFIX)}
    large = replace(packet, large=True, page_counts=known)
    _, (plain,) = yield from lay_out_whole(large, written, (("plain.pdf", "workbook in large print"),))
    packet.page_counts.update({PREFIX + title: count for title, count in large.page_counts.items()})
    (thumb,) = yield [packet.thumbnail(plain.blobs["joined.pdf"], 240)]
    pages, preview, title = plain.facts["pages"], thumb.blobs["page.png"], packet.course.info.title
    written.outputs.append(
        Output("workbook/workbook-large-print.pdf", plain.blobs["joined.pdf"], title, "Workbook", pages=pages, paper=packet.paper, preview=preview, note="large print, 18 points")
    )
    return written
