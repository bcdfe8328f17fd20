"""Answer sheets: where every registration mark, code, bubble and box stands. The printer draws by it, the scanner reads by it.

Millimetres from the top left corner of the page. The geometry is a function of what a form asks, of the paper and of the
size of print alone, so that a sheet need not be stored to be read; GEOMETRY is its version, and is never changed once
sheets were printed by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, assert_never

from coursewright.model.interaction import Choice, Interaction, Match, NumericEntry, Order, TextEntry

GEOMETRY = 1
SIZES = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
EDGE = 8.0  # from the edge of the paper to the outer side of corner marks: printers leave 4 to 6 mm white
CORNER, INNER = 5.0, 3.0  # sides of the registration marks
CODE, QUIET = 19.0, 3.1  # the QR code's side without its quiet zone, and that zone
DIGITS = "0123456789"
NUMBER = "#"  # the question that stands for the learner's number
NUMBER_COLUMNS, ENTRY_COLUMNS = 8, 6


@dataclass(frozen=True)
class Asked:
    """A question as the sheet asks it: its number, its item's id, and its interaction with alternatives as shown."""

    number: int
    item: str
    interaction: Interaction


class Bubble(NamedTuple):
    """A circle to fill. `part` tells rows of one item apart (a prompt, a step, a column of digits); `letter` is printed in it."""

    item: str
    part: str
    value: str
    letter: str
    x: float
    y: float


class Words(NamedTuple):
    """Something printed on the sheet: its left end and baseline; `bold` for numbers of items."""

    x: float
    y: float
    text: str
    bold: bool = False
    size: float = 8.5  # points


class Box(NamedTuple):
    """A box to write in. `item` is empty where it is for what cannot be bubbled at all."""

    item: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Mark:
    """A registration mark: a black square, by its centre and side."""

    x: float
    y: float
    side: float


@dataclass(frozen=True)
class SheetPage:
    """One page of an answer sheet. rows: what is read together, as (words of the row, its bubbles), in reading order."""

    number: int
    rows: tuple[tuple[Words, tuple[Bubble, ...]], ...]
    boxes: tuple[Box, ...]

    @property
    def bubbles(self) -> tuple[Bubble, ...]:
        return tuple(bubble for _, bubbles in self.rows for bubble in bubbles)


@dataclass(frozen=True)
class AnswerSheet:
    """A whole answer sheet. radius: of bubbles. `marks` and `codes` (top left corners of QR codes) are the same on each page."""

    paper: str
    large: bool
    radius: float
    pages: tuple[SheetPage, ...]

    @property
    def size(self) -> tuple[float, float]:
        return SIZES[self.paper]

    @property
    def marks(self) -> tuple[Mark, ...]:
        return marks(self.paper, self.large)

    @property
    def codes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        return code_places(self.paper)


@dataclass(frozen=True)
class _Measure:
    """Sizes of one edition. `columns` of rows; `across`: bubbles in one line."""

    columns: int
    across: int
    pitch: float
    radius: float
    label: float
    type: float


NORMAL = _Measure(columns=3, across=7, pitch=6.4, radius=2.15, label=10.0, type=8.5)
LARGE = _Measure(columns=2, across=7, pitch=9.6, radius=3.4, label=17.0, type=18.0)
TOP, BOTTOM, GUTTER = 60.0, 38.0, 6.5


def marks(paper: str, large: bool) -> tuple[Mark, ...]:
    """The registration marks: four corners, then a grid in the gutters, which shows how a page is bent."""
    width, height = SIZES[paper]
    far = EDGE + CORNER / 2
    corners = [Mark(x, y, CORNER) for y in (far, height - far) for x in (far, width - far)]
    left, right = EDGE + INNER / 2, width - EDGE - INNER / 2
    top, bottom = TOP - 2.5, height - BOTTOM + 2.5
    columns = (LARGE if large else NORMAL).columns
    xs = [left + (right - left) * i / columns for i in range(columns + 1)]
    ys = [top + (bottom - top) * i / 4 for i in range(5)]
    return (*corners, *(Mark(x, y, INNER) for y in ys for x in xs))


def code_places(paper: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the two equal QR codes stand: top right and bottom left, so that they also show how the page lies."""
    width, height = SIZES[paper]
    inner = EDGE + CORNER + QUIET + 1
    return (width - inner - CODE, EDGE + QUIET), (inner, height - EDGE - QUIET - CODE)


def plan_answer_sheet(asked: Sequence[Asked], paper: str, large: bool = False, numbered: bool = False) -> AnswerSheet:
    """The sheet for these questions, over as many pages as they need.

    numbered: whether the first page asks for the learner's number, for sheets without names.
    """
    measure = LARGE if large else NORMAL
    flow = _Flow(paper, measure)
    if numbered:
        flow.digits(NUMBER, "Your number", NUMBER_COLUMNS, DIGITS, "")
    for question in asked:
        flow.question(question)
    return AnswerSheet(paper, large, measure.radius, flow.finished())


class _Flow:
    """Fills columns from the top, pages from the left; the rows of a question stay together."""

    def __init__(self, paper: str, measure: _Measure) -> None:
        self.measure = measure
        self.width, self.height = SIZES[paper]
        self.paper = paper
        left = EDGE + INNER + 3
        self.step = (self.width - 2 * EDGE - INNER) / measure.columns
        self.left = left
        self.bottom = self.height - BOTTOM
        self.column, self.y = 0, TOP
        self.pages: list[SheetPage] = []
        self.rows: list[tuple[Words, tuple[Bubble, ...]]] = []
        self.boxes: list[Box] = []

    @property
    def x(self) -> float:
        return self.left + self.column * self.step

    def room(self, height: float) -> None:
        """Go on in the next column, or on the next page, where `height` does not fit."""
        if self.y + height <= self.bottom + 0.01 or self.y == TOP:
            return
        self.column, self.y = self.column + 1, TOP
        if self.column == self.measure.columns:
            self.turn()

    def turn(self) -> None:
        extra = Box("", EDGE + CORNER + 2 * QUIET + CODE + 6, self.height - EDGE - CODE - 2, self.width - 2 * EDGE - 2 * CORNER - 2 * QUIET - CODE - 10, CODE - 3)
        self.pages.append(SheetPage(len(self.pages) + 1, tuple(self.rows), (*self.boxes, extra)))
        self.rows, self.boxes, self.column, self.y = [], [], 0, TOP

    def finished(self) -> tuple[SheetPage, ...]:
        if self.rows or self.boxes or not self.pages:
            self.turn()
        return tuple(self.pages)

    def question(self, asked: Asked) -> None:
        match asked.interaction:
            case Choice(alternatives=alternatives):
                words = {"true": "T", "false": "F"} if {a.id for a in alternatives} == {"true", "false"} else {}
                values = [(a.id, words.get(a.id) or letter_of(i)) for i, a in enumerate(alternatives)]
                self.lines(asked.item, [(str(asked.number), "", values)])
            case Match(prompts=prompts, choices=choices):
                values = [(c.id, letter_of(i)) for i, c in enumerate(choices)]
                self.lines(asked.item, [(f"{asked.number}.{n}", prompt.id, values) for n, prompt in enumerate(prompts, 1)])
            case Order(alternatives=alternatives):
                places = [(str(n), str(n)) for n in range(1, len(alternatives) + 1)]
                self.lines(asked.item, [(f"{asked.number} {letter_of(i)}", a.id, places) for i, a in enumerate(alternatives)])
            case NumericEntry(unit=unit):
                self.digits(asked.item, str(asked.number), ENTRY_COLUMNS, "." + DIGITS, unit)
            case TextEntry():
                self.written(asked.item, str(asked.number))
            case other:
                assert_never(other)

    def lines(self, item: str, rows: list[tuple[str, str, list[tuple[str, str]]]]) -> None:
        measure = self.measure
        count = sum(-(-len(values) // measure.across) for _, _, values in rows)
        self.room(count * measure.pitch)
        for label, part, values in rows:
            self.room(measure.pitch * -(-len(values) // measure.across))
            bubbles, first = [], self.y
            for i, (value, letter) in enumerate(values):
                line, place = divmod(i, measure.across)
                x = self.x + measure.label + measure.pitch * (place + 0.5)
                bubbles.append(Bubble(item, part, value, letter, x, first + measure.pitch * (line + 0.5)))
            self.rows.append((self.label(label, first), tuple(bubbles)))
            self.y += measure.pitch * -(-len(values) // measure.across)
        self.y = min(self.y + (0.8 if len(rows) > 1 else 0), self.bottom)

    def label(self, text: str, top: float) -> Words:
        return Words(self.x, top + self.measure.pitch / 2 + self.measure.type * 0.125, text, True, self.measure.type)

    def digits(self, item: str, label: str, columns: int, rows: str, unit: str) -> None:
        """A grid of digits under boxes to write them in. A minus stands in the first column alone."""
        measure = self.measure
        pitch = measure.radius * 2.8  # closer, and a circle would stand in the way of strokes that leave its neighbour
        minus = item != NUMBER
        head = 6.5 + measure.type * 0.45
        self.room(head + pitch * (len(rows) + minus) + 2)
        top = self.y + 1
        across = min(measure.pitch, (self.step - GUTTER - (0 if item == NUMBER else measure.label)) / columns)
        left = self.x + (0 if item == NUMBER else measure.label)
        caption = f"{label} ({unit})" if unit else label
        self.rows.append((Words(self.x, top + measure.type * 0.36, caption, True, measure.type), ()))
        top += measure.type * 0.45
        for column in range(columns):
            self.boxes.append(Box(item, left + across * column + 0.3, top, across - 0.6, 6.0))
        top += 6.5
        listed = ("−" if minus else "") + rows
        for column in range(columns):
            bubbles = [
                Bubble(item, str(column), "-" if digit == "−" else digit, digit, left + across * (column + 0.5), top + pitch * (n + 0.5))
                for n, digit in enumerate(listed)
                if digit != "−" or column == 0
            ]
            self.rows.append((Words(left, top, "", False), tuple(bubbles)))
        self.y = top + pitch * len(listed) + 1.2

    def written(self, item: str, label: str) -> None:
        """A box for words, which a person reads."""
        height = self.measure.pitch * 2
        self.room(height + 2)
        self.rows.append((self.label(label, self.y), ()))
        self.boxes.append(Box(item, self.x + self.measure.label, self.y + 0.6, self.step - self.measure.label - GUTTER, height))
        self.y += height + 2


def letter_of(index: int) -> str:
    """A, B, … Z for 0, 1, … 25."""
    return chr(ord("A") + index)
