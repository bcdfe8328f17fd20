"""Draw a question booklet: a cover, then the items, each piece where the plan put it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coursewright.plan.booklet import MM, Measure, Placed
from coursewright.write.assembly.document import ACCENT, ALARM, INK, SOFT, Canvas, Leaf

#: the pieces that every booklet of a job shares
TITLE, COURSE, INTRO, HOW = "title", "course", "intro", "how"


@dataclass(frozen=True)
class Cover:
    """What a booklet's first page says. facts: label and words, in order; notice: what every page warns of."""

    head: str
    facts: tuple[tuple[str, str], ...]
    notice: str
    footer: str


def draw_booklet(leaf: Leaf, cover: Cover, pages: Sequence[Sequence[Placed]], measure: Measure, edition: str = "") -> None:
    """Add a booklet to a leaf. edition: a prefix of the shared pieces' keys, for large print."""
    scale = 1.0 if not edition else 1.8
    _cover(leaf, cover, measure, edition, scale)
    with leaf.element("Sect"):
        for number, placed in enumerate(pages, 2):
            page = leaf.page()
            _running(page, cover, f"{number} / {len(pages) + 1}", measure, min(scale, 1.4))
            for entry in placed:
                _placed(page, entry, measure, edition, scale)


def pad_to_leaf(leaf: Leaf) -> None:
    """An empty page where the count is odd, so that what follows begins on a sheet of its own."""
    if len(leaf.pages) % 2:
        leaf.page()


def _cover(leaf: Leaf, cover: Cover, measure: Measure, edition: str, scale: float) -> None:
    page = leaf.page()
    left, right = measure.margin * MM, leaf.size[0] - measure.margin * MM
    y = (measure.margin + 8) * MM
    with page.content("P"):
        page.text(left, y, "GRADED FORM", "bold", 7.6 * scale, ACCENT)
    y += 5 * MM
    for key, tag, gap in ((TITLE, "H1", 2.5), (COURSE, "P", 5.0)):
        with page.content(tag):
            page.piece(edition + key, left, y)
        y += leaf.library.extents[edition + key].height + gap * MM
    with page.artifact():
        page.line(left, y, right, y, ACCENT, 2.2)
    y += 9 * MM * min(scale, 1.3)
    for label, words in cover.facts:
        with page.content("P"):
            page.text(left, y, label, "semibold", 9 * scale, SOFT)
            across = 34 * MM * (1 if scale == 1 else 1.75)
            if words:
                page.text(left + across, y, words, "bold" if label == "Name" else "regular", (12.5 if label == "Name" else 10) * (scale if scale == 1 else 1.75), INK)
        if not words:
            with page.artifact():
                page.line(left + across, y + 1.5, right, y + 1.5, INK, 0.8)
        y += 7 * MM * scale
    y += 3 * MM
    for key in (INTRO, HOW):
        if edition + key in leaf.library.pieces:
            with page.content("P"):
                page.piece(edition + key, left, y)
            y += leaf.library.extents[edition + key].height + 4 * MM
    _foot(page, cover, measure, min(scale, 1.4))


def _running(page: Canvas, cover: Cover, folio: str, measure: Measure, scale: float) -> None:
    left, right = measure.margin * MM, page.leaf.size[0] - measure.margin * MM
    y = (measure.margin - 6) * MM
    with page.artifact("Pagination"):
        page.text(left, y, cover.head, "regular", 8.6 * scale, SOFT)
        page.text(right, y, folio, "semibold", 8.6 * scale, INK, align="right")
    _foot(page, cover, measure, scale)


def _foot(page: Canvas, cover: Cover, measure: Measure, scale: float) -> None:
    left, right = measure.margin * MM, page.leaf.size[0] - measure.margin * MM
    y = page.leaf.size[1] - (measure.margin - 9) * MM
    with page.artifact("Pagination"):
        page.text(left, y, cover.footer, "regular", 7.6 * scale, SOFT)
        if cover.notice:
            page.text(right, y, cover.notice, "semibold", 7.2 * scale, ALARM, align="right")


def _placed(page: Canvas, placed: Placed, measure: Measure, edition: str, scale: float) -> None:
    extents = page.leaf.library.extents
    if placed.number == 0:
        _case(page, placed, measure, edition, scale)
        return
    with page.leaf.element("Sect"):
        listed = [piece for piece in placed.pieces if piece.kind in ("option", "prompt", "choice")]
        for piece in placed.pieces:
            if piece in listed:
                continue
            with page.content("P"):
                if piece.kind == "stem" and placed.first:
                    page.text(piece.left - 2.4 * MM * scale, piece.top + extents[edition + piece.key].baseline, str(placed.number), "bold", 12 * (scale if scale == 1 else 1.7), ACCENT, align="right")
                page.piece(edition + piece.key, piece.left, piece.top)
        if listed:
            size = 9.4 * (scale if scale == 1 else 1.75)
            page.use("bold")
            with page.leaf.element("L", "/A<</O/List/ListNumbering/UpperAlpha>>"):
                for piece in listed:
                    with page.leaf.element("LI"), page.content("LBody"):
                        page.labelled(edition + piece.key, piece.left, piece.top, piece.label, piece.left - 2.2 * MM * scale, size)


def _case(page: Canvas, placed: Placed, measure: Measure, edition: str, scale: float) -> None:
    left = measure.margin * MM
    top = min(piece.top for piece in placed.pieces)
    with page.leaf.element("Sect"):
        if placed.first:
            with page.content("P"):
                page.text(left + 5 * MM, top - 2.2 * MM, placed.title.upper(), "bold", 7.4 * scale, ACCENT)
        with page.artifact():
            page.rect(left, top - (5 * MM * scale if placed.first else 0), 2.4, placed.bottom - top + (5 * MM * scale if placed.first else 0), fill=INK)
        for piece in placed.pieces:
            with page.content("P"):
                page.piece(edition + piece.key, piece.left, piece.top)
