"""Handouts: the slides on paper, beside ruled lines for notes."""

from __future__ import annotations

from coursewright.plan.deck import plan_deck
from coursewright.write import Output, Story, Task, Written, writer
from coursewright.write.packet import Packet, nowhere

#: slides a page → columns and rows
LAYOUTS = {1: (1, 1), 2: (1, 2), 3: (1, 3), 4: (2, 2), 6: (2, 3)}


@writer("handouts")
def write_handouts(packet: Packet) -> Story:
    """`handouts/01-….pdf` for every module: three slides a page by default."""
    decks = [plan_deck(packet.course, packet.numbering, module) for module in packet.modules if module.slides]
    up = packet.options.up
    columns, rows = LAYOUTS[up]
    tasks = []
    for deck in decks:
        pages = [deck.slides[i : i + up] for i in range(0, len(deck.slides), up)]
        html = packet.html(
            "handouts/handout.html.j2", nowhere, deck=deck, pages=pages, up=up, columns=columns, rows=rows, notes=packet.options.notes
        )
        tasks.append(packet.lay_out(f"handout, {deck.module.title}", html))
    results = yield tasks
    thumbs = yield [
        Task("thumbnail", "coursewright.write.pdf.thumbnail:thumbnail", {"pdf": r.blobs["plain.pdf"], "width": 200}) for r in results
    ]
    written = Written()
    for deck, result, thumb in zip(decks, results, thumbs, strict=True):
        stem = packet.stem(deck.module)
        written.diagnostics += packet.complaints(f"handouts/{stem}.pdf", result)
        written.outputs.append(
            Output(
                f"handouts/{stem}.pdf",
                result.blobs["plain.pdf"],
                deck.module.title,
                "Handouts",
                pages=result.facts["pages"],
                paper=packet.paper,
                preview=thumb.blobs["page.png"],
                note="with speaker notes" if packet.options.notes else f"{up} slide{'s' if up > 1 else ''} a page",
            )
        )
    return written
