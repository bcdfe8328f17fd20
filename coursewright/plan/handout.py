"""Where slides and the space for notes stand on the pages of a handout. All lengths in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

from coursewright.plan.deck import Deck, PlannedSlide

SLIDE = (254.0, 142.875)
GAP = 8.0
LINE = 8.0  # from one ruled line to the next
BESIDE = 106.0  # the width of a slide that has its lines beside it
#: slides a page → columns and rows
GRID = {1: (1, 1), 2: (1, 2), 3: (1, 3), 4: (2, 2), 6: (2, 3)}
#: what a paper leaves inside the margins of templates/handouts/handouts.css
AREA = {"a4": (178.0, 259.0), "letter": (183.9, 241.4)}


@dataclass(frozen=True)
class Area:
    """A rectangle of a page, from its top left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def lines(self) -> int:
        """How many ruled lines fit."""
        return int(self.height / LINE)


@dataclass(frozen=True)
class Placed:
    """A slide on a page, made smaller by `scale`, and the space for notes beside or below it."""

    slide: PlannedSlide
    left: float
    top: float
    scale: float
    notes: Area


@dataclass(frozen=True)
class Handout:
    """A deck on paper. `speaking`: the speaker's notes are printed where there would be lines."""

    deck: Deck
    height: float
    pages: tuple[tuple[Placed, ...], ...]
    speaking: bool


def plan_handout(deck: Deck, up: int, paper: str, speaking: bool) -> Handout:
    """Lay `up` slides (1, 2, 3, 4 or 6) on each page. Raises KeyError for another number or paper."""
    columns, rows = GRID[up]
    width, height = AREA[paper]
    cell = (width - GAP * (columns - 1)) / columns, (height - GAP * (rows - 1)) / rows
    batches = [deck.slides[i : i + up] for i in range(0, len(deck.slides), up)]
    pages = tuple(tuple(_place(slide, n, columns, cell, up) for n, slide in enumerate(batch)) for batch in batches)
    return Handout(deck, height, pages, speaking)


def _place(slide: PlannedSlide, n: int, columns: int, cell: tuple[float, float], up: int) -> Placed:
    left, top = (n % columns) * (cell[0] + GAP), (n // columns) * (cell[1] + GAP)
    if up == 3:
        scale = BESIDE / SLIDE[0]
        notes = Area(left + BESIDE + 6, top, cell[0] - BESIDE - 6, cell[1])
    else:
        room = cell[1] - 40 if up == 2 else cell[1]  # two slides leave at least five lines each
        scale = min(cell[0] / SLIDE[0], room / SLIDE[1])
        below = SLIDE[1] * scale + 4
        notes = Area(left, top + below, cell[0], cell[1] - below)
    return Placed(slide, left, top, scale, notes)
