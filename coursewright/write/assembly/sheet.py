"""Draw an answer sheet: registration marks, codes, circles, boxes, by the geometry that the scanner reads it with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from coursewright.plan.answer_sheet import CODE, CORNER, EDGE, AnswerSheet, SheetPage
from coursewright.plan.booklet import MM
from coursewright.plan.sheet_code import SheetCode
from coursewright.write.assembly.document import ALARM, INK, SOFT, Canvas, Leaf, alt
from coursewright.write.assembly.library import drawings

CIRCLE, LETTER = "0.36 0.42 0.45", "0.42 0.48 0.51"
HOW = (
    "Fill the circle of your answer wholly, with a dark pen or a soft pencil. Write nothing near the black squares.",
    "To take an answer back, draw a large cross through its circle, past its edge, and fill another.",
    "For a number, write a digit in each box and fill the circle of each below it.",
)


@dataclass(frozen=True)
class Heading:
    """What stands at the top of a sheet: the test, the learner (empty: a line to write on), form and sheet, the notice."""

    title: str
    name: str
    detail: str
    notice: str


def draw_answer_sheet(leaf: Leaf, sheet: AnswerSheet, code: tuple[str, str], heading: Heading) -> None:
    """Add an answer sheet to a leaf. code: the form's and the sheet's part of the QR codes."""
    for planned in sheet.pages:
        page = leaf.page()
        _marks(page, sheet)
        _codes(page, sheet, SheetCode(code[0], code[1], planned.number, len(sheet.pages)), planned.number == 1)
        _heading(page, sheet, planned, heading, len(sheet.pages))
        _rows(page, sheet, planned)
        _boxes(page, planned)


def _marks(page: Canvas, sheet: AnswerSheet) -> None:
    with page.artifact():
        for mark in sheet.marks:
            half = mark.side / 2
            page.rect((mark.x - half) * MM, (mark.y - half) * MM, mark.side * MM, mark.side * MM, fill="0 0 0")


def _codes(page: Canvas, sheet: AnswerSheet, code: SheetCode, tagged: bool) -> None:
    name = f"Q{page.number}"
    page.leaf.form(name, f"-1 {-CODE * MM - 1:.2f} {CODE * MM + 1:.2f} 1", qr_drawing(code.text, CODE * MM))
    for i, (x, y) in enumerate(sheet.codes):
        if i == 0:
            with page.content("Figure", alt(f"Code of this sheet: {code.text}") + f"/A<</O/Layout/BBox[{x * MM:.2f} {page.flip((y + CODE) * MM):.2f} {(x + CODE) * MM:.2f} {page.flip(y * MM):.2f}]>>"):
                page.form(name, x * MM, y * MM)
        else:
            with page.artifact():
                page.form(name, x * MM, y * MM)


@lru_cache(maxsize=4)
def qr_drawing(text: str, side: float) -> str:
    """A QR code (level Q where it fits version 2) as rectangles, from its top left corner, y upwards."""
    rows = qr_rows(text)
    module = side / len(rows)
    parts = ["0 0 0 rg"]
    for y, row in enumerate(rows):
        start = -1
        for x, dark in enumerate([*row, False]):
            if dark and start < 0:
                start = x
            elif not dark and start >= 0:
                parts.append(f"{start * module:.3f} {-(y + 1) * module:.3f} {(x - start) * module:.3f} {module:.3f} re")
                start = -1
    return "\n".join([*parts, "f"])


def qr_rows(text: str, level: str = "Q") -> list[list[bool]]:
    """The modules of a QR code at an error-correction level, True where dark."""
    import zxingcpp

    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    image = memoryview(made.to_image(scale=1, add_quiet_zones=False))
    assert image.shape is not None
    height, width = image.shape[:2]
    return [[image[y, x] < 128 for x in range(width)] for y in range(height)]


def _heading(page: Canvas, sheet: AnswerSheet, planned: SheetPage, heading: Heading, pages: int) -> None:
    left = (EDGE + CORNER + 4) * MM
    right = (sheet.codes[0][0] - 8) * MM
    scale = 1.0 if not sheet.large else 1.35
    y = (EDGE + 4.2) * MM
    with page.content("H1" if planned.number == 1 else "P"):
        page.text(left, y, f"Answer sheet: {heading.title}", "bold", 13 * scale, INK)
    y += 7.6 * MM
    with page.content("P"):
        width = page.text(left, y, "Name ", "semibold", 9, SOFT)
        if heading.name:
            page.text(left + width + 3, y, heading.name, "bold", 12.5 * scale, INK)
    with page.artifact():
        if not heading.name:
            page.line(left + width + 3, y + 1.5, right, y + 1.5, INK, 0.8)
    y += 5.6 * MM
    with page.content("P"):
        counted = f" · page {planned.number} of {pages}" if pages > 1 else ""
        page.text(left, y, heading.detail + counted, "regular", 8.6, SOFT)
    y += 6 * MM
    if planned.number == 1:
        for line in HOW:
            with page.content("P"):
                page.text(left, y, line, "regular", 8.4 if not sheet.large else 10, INK)
            y += 4.3 * MM if not sheet.large else 4.8 * MM
        _example(page, left, y + 1.2 * MM)
    with page.artifact("Pagination"):
        if heading.notice:
            page.text(page.leaf.size[0] / 2, page.leaf.size[1] - 5.2 * MM, heading.notice, "semibold", 7, ALARM, align="center")


def _example(page: Canvas, left: float, y: float) -> None:
    """What a filled circle and one taken back look like."""
    radius = 2.15 * MM
    with page.artifact():
        for i, kind in enumerate(("filled", "taken back")):
            x, middle = left + radius + i * 34 * MM, y - 0.9 * MM
            page.ops.append(f"{INK} rg {_circle(x, page.flip(middle), radius * 0.94)} f")
            if kind != "filled":
                reach = radius * 1.75
                for sign in (1, -1):
                    page.line(x - reach, middle - sign * reach, x + reach, middle + sign * reach, INK, 1.5)
            page.text(x + radius + 2.6 * MM, y, kind, "regular", 8.4, SOFT)


def _rows(page: Canvas, sheet: AnswerSheet, planned: SheetPage) -> None:
    size, height = sheet.radius * 2.9, page.leaf.size[1]
    reach = sheet.radius * MM + 1
    page.leaf.form("O", f"{-reach:.2f} {-reach:.2f} {reach:.2f} {reach:.2f}", f"{CIRCLE} RG 0.75 w {_circle(0, 0, sheet.radius * MM)} S")
    page.names["O"] = "O"
    page.use("regular")
    known = drawings(page.leaf.library.digest)
    for words, bubbles in planned.rows:
        with page.content("P"):
            if words.text:
                page.text(words.x * MM, words.y * MM, words.text, "bold", words.size, INK)
            if bubbles:
                key = (size, height, *((bubble.x, bubble.y, bubble.letter) for bubble in bubbles))
                if key not in known:
                    circles = [f"q 1 0 0 1 {bubble.x * MM:.2f} {height - bubble.y * MM:.2f} cm /O Do Q" for bubble in bubbles]
                    letters = page.letters([(bubble.x * MM, bubble.y * MM + size * 0.33, bubble.letter) for bubble in bubbles], "regular", size, LETTER)
                    known[key] = "\n".join([*circles, letters])
                page.ops.append(known[key])


def _boxes(page: Canvas, planned: SheetPage) -> None:
    for box in planned.boxes:
        with page.artifact():
            page.rect(box.x * MM, box.y * MM, box.width * MM, box.height * MM, stroke=CIRCLE, line=0.75)
        if not box.item:
            with page.content("P"):
                page.text((box.x + 1.2) * MM, (box.y - 1.1) * MM, "What the circles cannot hold (with the item’s number); a person reads it", "regular", 7.6, SOFT)


def _circle(x: float, y: float, r: float) -> str:
    k = r * 0.5523
    return (
        f"{x + r:.2f} {y:.2f} m {x + r:.2f} {y + k:.2f} {x + k:.2f} {y + r:.2f} {x:.2f} {y + r:.2f} c "
        f"{x - k:.2f} {y + r:.2f} {x - r:.2f} {y + k:.2f} {x - r:.2f} {y:.2f} c {x - r:.2f} {y - k:.2f} {x - k:.2f} {y - r:.2f} {x:.2f} {y - r:.2f} c "
        f"{x + k:.2f} {y - r:.2f} {x + r:.2f} {y - k:.2f} {x + r:.2f} {y:.2f} c"
    )


