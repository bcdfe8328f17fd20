"""In a worker: one page of a scan, from a picture to what it is and what its rows say."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from coursewright.build.scan import images
from coursewright.build.scan.store import PageRead, RowRead
from coursewright.plan.answer_sheet import NUMBER, AnswerSheet, SheetPage, plan_answer_sheet
from coursewright.plan.marks import read_row
from coursewright.plan.record import Record, asked_of, read_record
from coursewright.plan.sheet_code import form_code

LEAST_SIDE = 300  # pixels: a sheet at 100 dpi has 800


class Sheets:
    """The answer sheets of a record, planned when they are first met."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._planned: dict[tuple[str, bool, bool], tuple[AnswerSheet, frozenset[str]]] = {}

    def __contains__(self, sheet: str) -> bool:
        return sheet in self.record.copies

    def form(self, sheet: str) -> str:
        """The form's part of the code of a sheet."""
        return form_code(self.record.copies[sheet].form)

    def plan(self, sheet: str) -> tuple[AnswerSheet, frozenset[str]]:
        """The geometry of a sheet, and the items for which several circles may be filled."""
        copy = self.record.copies[sheet]
        key = (copy.form, copy.large_print, not copy.name)
        if key not in self._planned:
            asked = asked_of(self.record, copy.form)
            several = frozenset(a.item for a in asked if getattr(a.interaction, "multiple", False))
            self._planned[key] = (plan_answer_sheet(asked, copy.paper or self.record.paper, copy.large_print, not copy.name), several)
        return self._planned[key]


@lru_cache(maxsize=2)
def _sheets(path: str, changed: int) -> Sheets:
    return Sheets(read_record(Path(path).read_text("utf-8")))


def read_pages(path: str, numbers: list[int], record: str) -> list[PageRead]:
    """Read these pages of a file, by the record of a path."""
    sheets = _sheets(record, Path(record).stat().st_mtime_ns)
    made = []
    for number, image, problem in images.pages(Path(path), numbers):
        if image is None:
            made.append(PageRead(number, "unreadable", note=problem))
        elif min(image.shape) < LEAST_SIDE:
            made.append(PageRead(number, "unreadable", note=f"this picture is too small ({image.shape[1]} by {image.shape[0]} pixels)"))
        else:
            try:
                made.append(read_image(number, image, sheets))
            except Exception as error:  # a page that breaks the reader waits for a person, and the others are read
                made.append(PageRead(number, "unreadable", note=f"this page could not be read ({type(error).__name__})"))
    return made


def read_image(number: int, image: Any, sheets: Sheets, as_sheet: tuple[str, int] | None = None) -> PageRead:
    """One page. as_sheet: whose it is and which page, where a person says so and the code cannot be read."""
    from coursewright.build.scan import locate, measure

    found = locate.find_codes(image) if as_sheet is None else []
    small = measure.overview(image)
    if not found and as_sheet is None:
        if locate.is_blank(image):
            return PageRead(number, "blank", picture=small)
        if locate.looks_like_ours(image):
            return PageRead(number, "unreadable", note="this is an answer sheet, but its code cannot be read", picture=small)
        return PageRead(number, "foreign", note="no answer sheet", picture=small)
    sheet, page = as_sheet if as_sheet is not None else (found[0].code.sheet, found[0].code.page)
    if len({(f.code.sheet, f.code.page, f.code.form) for f in found}) > 1:
        return PageRead(number, "unreadable", note="codes of two sheets are on one page", picture=small)
    if sheet not in sheets or (found and sheets.form(sheet) != found[0].code.form):
        return PageRead(number, "unknown", sheet, found[0].code.form if found else "", page, note="this sheet is not in the record of this test", picture=small)
    form, (plan, several) = sheets.form(sheet), sheets.plan(sheet)
    if not 1 <= page <= len(plan.pages):
        return PageRead(number, "unknown", sheet, form, page, note="this sheet has no such page", picture=small)
    place = locate.place_by_codes(image, found, plan.paper, plan.large) if found else locate.place_by_marks(image, plan.paper, plan.large)
    if place is None:
        return PageRead(number, "unreadable", sheet, form, page, len(plan.pages), "the black squares of this sheet cannot be found", picture=small)
    flat = locate.flatten(image, place, plan.paper)
    rows = _rows(flat, plan, plan.pages[page - 1], several)
    return PageRead(number, "sheet", sheet, form, page, len(plan.pages), "", place.share, measure.picture(flat), rows)


def _rows(flat: Any, plan: AnswerSheet, page: SheetPage, several: frozenset[str]) -> tuple[RowRead, ...]:
    from coursewright.build.scan import measure

    ink = measure.ink_of(flat, plan.marks)
    inks = measure.measure(ink, page.bubbles, plan.radius)
    made = []
    at = 0
    for _, bubbles in page.rows:
        if not bubbles:
            continue
        mine = inks[at : at + len(bubbles)]
        at += len(bubbles)
        read = read_row(mine, [b.value for b in bubbles], bubbles[0].item in several)
        edge = plan.radius + 1.6
        left = min(b.x for b in bubbles) - edge - (0 if bubbles[0].item == NUMBER else 9)
        around = (left, min(b.y for b in bubbles) - edge, max(b.x for b in bubbles) + edge, max(b.y for b in bubbles) + edge)
        evidence = {"states": read.states, "ink": {b.value: i.rounded() for b, i in zip(bubbles, mine, strict=True)}}
        made.append(RowRead(bubbles[0].item, bubbles[0].part, read.values, read.doubt, evidence, measure.crop(flat, *around) if read.doubt else None))
    for box in page.boxes:
        held = {bubble.item for bubble in page.bubbles}
        if box.item in held:
            continue  # the boxes above digits: the circles below them say the same
        x, y, width, height = box.x, box.y, box.width, box.height
        inked = measure.share_of_ink(ink, x + 0.8, y + 0.8, x + width - 0.8, y + height - 0.8)
        written = inked > 0.004
        if box.item:
            doubt = "written in words: a person reads it" if written else ""
            made.append(RowRead(box.item, "", (), doubt, {"inked": round(inked, 4)}, measure.crop(flat, x - 12, y - 1, x + width + 1, y + height + 1) if written else None))
        elif written:
            doubt = "something is written in the box for what the circles cannot hold"
            made.append(RowRead("", "note", (), doubt, {"inked": round(inked, 4)}, measure.crop(flat, x - 1, y - 1, x + width + 1, y + height + 1)))
    return tuple(made)
