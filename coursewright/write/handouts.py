"""Handouts: the slides on paper, beside ruled lines for notes."""

from __future__ import annotations

from coursewright.plan.deck import plan_deck
from coursewright.plan.handout import Handout, plan_handout
from coursewright.source.diagnostic import Diagnostic, fault
from coursewright.write import Output, Story, Written, writer
from coursewright.write.packet import Packet, nowhere
from coursewright.write.process_svg import wrap

POINTS = 72 / 25.4  # a millimetre in points
TYPE, LEAD = 8.2, 1.36  # of speaker notes in templates/handouts/handouts.css: size in points, and line height


@fault("W608")
def notes_overflow(number: int, module: str) -> tuple[str, str]:
    """The speaker notes of a slide are longer than their place on the handout.

    Why: what does not fit is cut off.
    Instead: fewer slides a page (`--up 2` or `--up 1`), or shorter notes.
    """
    return f'the speaker notes of slide {number} of "{module}" do not fit beside it', "use --up 1, or shorten the notes"


@writer("handouts")
def write_handouts(packet: Packet) -> Story:
    """`handouts/01-….pdf` for every module: three slides a page by default."""
    options = packet.options
    decks = [plan_deck(packet.course, packet.numbering, module) for module in packet.modules if module.slides]
    handouts = [plan_handout(deck, options.up, options.paper, options.notes) for deck in decks]
    results = yield [
        packet.lay_out(f"handout, {handout.deck.module.title}", packet.html("handouts/handout.html.j2", nowhere, handout=handout))
        for handout in handouts
    ]
    thumbs = yield [packet.thumbnail(result.blobs["plain.pdf"], 200) for result in results]
    written = Written()
    for handout, result, thumb in zip(handouts, results, thumbs, strict=True):
        stem, title = packet.stem(handout.deck.module), handout.deck.module.title
        written.diagnostics += packet.complaints(f"handouts/{stem}.pdf", result) + _overflows(handout)
        note = "with speaker notes" if options.notes else f"{options.up} slide{'s' if options.up > 1 else ''} a page"
        pages, preview = result.facts["pages"], thumb.blobs["page.png"]
        written.outputs.append(
            Output(f"handouts/{stem}.pdf", result.blobs["plain.pdf"], title, "Handouts", pages=pages, paper=packet.paper, preview=preview, note=note)
        )
    return written


def _overflows(handout: Handout) -> list[Diagnostic]:
    """Notes whose lines, as far as widths of letters tell, need more height than they have."""
    module, found = handout.deck.module, []
    for placed in (placed for page in handout.pages for placed in page if handout.speaking and placed.slide.notes):
        assert placed.slide.notes is not None
        paragraphs = [text for text in placed.slide.notes.source.split("\n\n") if text.strip()]
        lines = 1.2 + sum(len(wrap(text, TYPE, placed.notes.width * POINTS)) + 0.6 for text in paragraphs)
        if lines * TYPE * LEAD > placed.notes.height * POINTS:
            slide = next((s for s in module.slides if s.notes is placed.slide.notes), None)
            span = slide.at("notes") if slide else module.at("title")
            found.append(notes_overflow(span, placed.slide.number, module.id))
    return found
