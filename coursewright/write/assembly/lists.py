"""The papers of those who run a test: the print shop's cover, the seating list, and the key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coursewright.plan.booklet import MM
from coursewright.write.assembly.document import ACCENT, ALARM, INK, RULE, SOFT, Canvas, Leaf

MARGIN = 18.0


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and its left edge in millimetres from the margin. `line`: left empty, to write on."""

    title: str
    left: float
    line: bool = False


def draw_cover(leaf: Leaf, title: str, course: str, facts: Sequence[tuple[str, str]], notes: Sequence[str], notice: str) -> None:
    """The first sheet of what goes to the print shop: what to print, and how many sheets there must be in the end."""
    page = leaf.page()
    y = _head(page, "FOR THE PRINT SHOP", title, course)
    for label, words in facts:
        with page.content("P"):
            page.text(MARGIN * MM, y, label, "semibold", 10, SOFT)
            page.text((MARGIN + 58) * MM, y, words, "bold", 12, INK)
        y += 8 * MM
    y += 4 * MM
    for note in notes:
        with page.content("P"):
            page.text(MARGIN * MM, y, note, "regular", 10, INK)
        y += 6 * MM
    _foot(page, notice, "")
    leaf.page()


def draw_table(leaf: Leaf, kind: str, title: str, course: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], notice: str, warning: str = "") -> None:
    """A table over as many pages as it needs, its heading on each; every row is one line."""
    left = MARGIN * MM
    right = leaf.size[0] - left
    per_page = int((leaf.size[1] / MM - 2 * MARGIN - 34) / 7)
    chunks = [rows[i : i + per_page] for i in range(0, len(rows), per_page)] or [[]]
    for number, chunk in enumerate(chunks, 1):
        page = leaf.page()
        y = _head(page, kind, title, course) if number == 1 else (MARGIN + 6) * MM
        if warning and number == 1:
            with page.content("P"):
                page.text(left, y - 2 * MM, warning, "bold", 9.5, ALARM)
            y += 5 * MM
        with leaf.element("Table"):
            with leaf.element("TR"):
                for column in columns:
                    with page.content("TH", "/A<</O/Table/Scope/Column>>"):
                        page.text(left + column.left * MM, y, column.title, "semibold", 8.6, SOFT)
            with page.artifact():
                page.line(left, y + 2 * MM, right, y + 2 * MM, INK, 0.9)
            y += 7 * MM
            for row in chunk:
                with leaf.element("TR"):
                    for column, cell, after in zip(columns, row, [*columns[1:], None], strict=True):
                        edge = after.left if after is not None else (right - left) / MM
                        with page.content("TD"):
                            if cell:
                                page.text(left + column.left * MM, y, fitted(page, cell, (edge - column.left - 2) * MM, 9.4), "regular", 9.4, INK)
                with page.artifact():
                    page.line(left, y + 2 * MM, right, y + 2 * MM, RULE, 0.4)
                y += 7 * MM
        _foot(page, notice, f"{number} / {len(chunks)}")


def draw_key(leaf: Leaf, title: str, course: str, forms: Sequence[tuple[str, str, Sequence[str]]], notice: str) -> None:
    """The keys of forms, in short: for each its id, what it takes to pass, and `1 B`, `2 A, C`, … in columns."""
    left, wide = MARGIN * MM, leaf.size[0] - 2 * MARGIN * MM
    bottom = leaf.size[1] - (MARGIN + 4) * MM
    page = leaf.page()
    y = _head(page, "KEY: NOT FOR LEARNERS", title, course)
    for id_, passing, answers in forms:
        width = 4 if max((len(answer) for answer in answers), default=0) <= 22 else 2
        rows = [answers[i : i + width] for i in range(0, len(answers), width)]
        if y + (min(len(rows), 30) * 5.4 + 14) * MM > bottom and y > (MARGIN + 10) * MM:
            _foot(page, notice, str(page.number + 1))
            page, y = leaf.page(), (MARGIN + 6) * MM
        with page.content("H2"):
            page.text(left, y, f"Form {id_}", "bold", 11, ACCENT)
            page.text(left + wide, y, passing, "regular", 9, SOFT, align="right")
        with page.artifact():
            page.line(left, y + 1.8 * MM, left + wide, y + 1.8 * MM, RULE, 0.6)
        y += 7 * MM
        for row in rows:
            if y > bottom:
                _foot(page, notice, str(page.number + 1))
                page, y = leaf.page(), (MARGIN + 6) * MM
            for i, answer in enumerate(row):
                number, _, words = answer.partition(" ")
                with page.content("P"):
                    x = left + wide / width * i
                    page.text(x + 7 * MM, y, number, "semibold", 9.4, SOFT, align="right")
                    page.text(x + 9 * MM, y, fitted(page, words, wide / width - 11 * MM, 9.8, "bold"), "bold", 9.8, INK)
            y += 5.4 * MM
        y += 5 * MM
    _foot(page, notice, str(page.number + 1))


def fitted(page: Canvas, text: str, room: float, size: float, face: str = "regular") -> str:
    """The text, cut with an ellipsis where it is wider than `room` points."""
    shape = page.leaf.library.faces[face].shape
    if shape(text)[1] * size / 1000 <= room:
        return text
    while text and shape(text + "…")[1] * size / 1000 > room:
        text = text[:-1]
    return text.rstrip() + "…"


def _head(page: Canvas, kind: str, title: str, course: str) -> float:
    left, y = MARGIN * MM, (MARGIN + 6) * MM
    room = page.leaf.size[0] - 2 * left
    with page.content("P"):
        page.text(left, y, kind, "bold", 7.6, ACCENT)
    y += 9 * MM
    with page.content("H1"):
        page.text(left, y, fitted(page, title, room, 20, "bold"), "bold", 20, INK)
    y += 6 * MM
    with page.content("P"):
        page.text(left, y, fitted(page, course, room, 10), "regular", 10, SOFT)
    y += 4 * MM
    with page.artifact():
        page.line(left, y, page.leaf.size[0] - left, y, ACCENT, 2.2)
    return y + 10 * MM


def _foot(page: Canvas, notice: str, folio: str) -> None:
    y = page.leaf.size[1] - 11 * MM
    with page.artifact("Pagination"):
        if notice:
            page.text(MARGIN * MM, y, notice, "semibold", 7.2, ALARM)
        if folio:
            page.text(page.leaf.size[0] - MARGIN * MM, y, folio, "semibold", 8.6, INK, align="right")
