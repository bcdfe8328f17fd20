"""Slides: a 16:9 deck a module as PDF, and the same deck as one HTML file that presents in a browser."""

from __future__ import annotations

from coursewright.plan.deck import Deck, plan_deck
from coursewright.source.diagnostic import Diagnostic
from coursewright.write import Output, Result, Story, Written, writer
from coursewright.write.packet import Packet, nowhere, slide_overflows


@writer("slides")
def write_slides(packet: Packet) -> Story:
    """`slides/01-….pdf` and `.html` for every module."""
    decks = [plan_deck(packet.course, packet.numbering, module) for module in packet.modules if module.slides]
    tasks = [packet.lay_out(f"slides, {deck.module.title}", packet.html("slides/deck.html.j2", nowhere, deck=deck)) for deck in decks]
    results = yield tasks
    thumbs = yield [packet.thumbnail(result.blobs["plain.pdf"], 300) for result in results]
    written = Written()
    for deck, result, thumb in zip(decks, results, thumbs, strict=True):
        stem, title = packet.stem(deck.module), deck.module.title
        written.diagnostics += packet.complaints(f"slides/{stem}.pdf", result) + _overflows(deck, result)
        web = packet.html("slides/present.html.j2", nowhere, deck=deck)
        written.outputs += [
            Output(f"slides/{stem}.pdf", result.blobs["plain.pdf"], title, "Slides", "educator", result.facts["pages"], "16:9", thumb.blobs["page.png"]),
            Output(f"slides/{stem}.html", web.encode(), title, "Slides", "educator", note="presents in a browser; press S for the speaker view"),
        ]
    return written


def _overflows(deck: Deck, result: Result) -> list[Diagnostic]:
    """A slide that runs on to a second page pushes the next one back."""
    anchors = result.facts["anchors"]
    places = [anchors[slide.anchor] for slide in deck.slides] + [result.facts["pages"]]
    shown = len(deck.slides) - len(deck.module.slides) - sum(slide.layout == "sources" for slide in deck.slides)
    found = []
    for slide, here, there in zip(deck.slides, places, places[1:], strict=False):
        if there - here > 1:
            index = slide.number - shown - 1
            owner = deck.module.slides[index] if 0 <= index < len(deck.module.slides) else deck.module
            found.append(slide_overflows(owner.at("title"), slide.number, deck.module.id))
    return found
