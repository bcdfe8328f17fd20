"""What marks mean: circles read as filled, empty, taken back or doubtful, and rows as answers. Nothing doubtful is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FILLED, EMPTY, TAKEN_BACK, DOUBTFUL, FAINT = "filled", "empty", "taken back", "doubtful", "faint"


@dataclass(frozen=True)
class Ink:
    """What was measured in one circle, the printed letter taken off. All are shares: 0 for paper, 1 for the sheet's black.

    mean ink; strokes: the area as dark as a stroke; covered: the area darker than paper; deepest: the darkest twentieth.
    arms: strokes that leave the circle; ring: the share of a circle around it that is inked; opposite: whether two of them
    go opposite ways; far: how many go further still. reach: how far the stroke
    goes from the centre, in radii; offset: how far its middle lies off, in radii (both 0 where not looked at).
    """

    mean: float
    strokes: float
    covered: float
    deepest: float
    arms: int = 0
    ring: float = 0.0
    opposite: bool = False
    far: int = 0
    reach: float = 0.0
    offset: float = 0.0

    def rounded(self) -> list[float]:
        return [round(float(v), 3) for v in (self.mean, self.strokes, self.covered, self.deepest, self.arms, self.ring, self.opposite, self.far, self.reach, self.offset)]


@dataclass(frozen=True)
class Row:
    """A row as it was read. `values`: the circles filled; doubt: why a person must look, empty where none need."""

    values: tuple[str, ...]
    states: tuple[str, ...]
    doubt: str = ""


def state(ink: Ink) -> str:
    """The state of one circle by itself. A tick or a cross within it is `doubtful` here: its row decides."""
    if ink.mean < 0.065 and ink.strokes < 0.085:
        return EMPTY
    solid = ink.covered > 0.72 and ink.mean > 0.30
    if solid:
        if ink.opposite and ink.ring < 0.62 and ink.arms >= 3 and ink.far >= 3 and ink.reach < 3:
            return TAKEN_BACK
        if ink.arms >= 2 and ink.opposite:
            return DOUBTFUL  # struck through, perhaps
        if ink.mean < 0.36 and ink.deepest < 0.45:
            return DOUBTFUL
        return FILLED
    if ink.deepest < 0.40 and ink.strokes < 0.05:
        return FAINT
    return DOUBTFUL


def deliberate(ink: Ink) -> bool:
    """Whether a mark that does not fill its circle is a tick or a cross made in it, and no slip of the pen."""
    return ink.strokes > 0.12 and ink.deepest > 0.46 and 0 < ink.reach < 2.25 and ink.offset < 0.55 and ink.arms <= 2 and ink.ring < 0.3


def read_row(inks: Sequence[Ink], values: Sequence[str], multiple: bool) -> Row:
    """What a row of circles says. multiple: whether several may be filled."""
    states = tuple(state(ink) for ink in inks)
    filled = [i for i, s in enumerate(states) if s == FILLED]
    doubtful = [i for i, s in enumerate(states) if s == DOUBTFUL]
    faint = [i for i, s in enumerate(states) if s == FAINT]
    back = [i for i, s in enumerate(states) if s == TAKEN_BACK]

    def row(chosen: list[int], doubt: str = "") -> Row:
        return Row(tuple(values[i] for i in chosen), states, doubt)

    if filled and all(_passing(inks[i]) for i in doubtful):
        doubtful = []
    if doubtful:
        alone = not (filled or faint or back) and (len(doubtful) == 1 or multiple)
        if alone and all(deliberate(inks[i]) for i in doubtful):
            return row(doubtful)
        return row([], "a mark that does not fill its circle")
    weak = [i for i in faint if not _erased(inks[i], [inks[j] for j in filled])]
    if weak:
        return row([], "a faint mark")
    if not filled and back:
        return row([], "an answer was taken back and no other given")
    if multiple:
        return row(filled)
    if len(filled) > 1:
        return row([], "more than one circle is filled")
    return row(filled)


def _passing(ink: Ink) -> bool:
    """Whether what crosses a circle is a line that comes from afar and goes on: a slip of the pen, beside a filled circle."""
    return ink.reach > 4 and ink.strokes < 0.3 and ink.covered < 0.4


def _erased(ink: Ink, filled: Sequence[Ink]) -> bool:
    """Whether a faint trace lies so far below the marks of its row that it can only be what a rubber left."""
    return bool(filled) and ink.mean < 0.38 * min(mark.mean for mark in filled) and ink.deepest < 0.55 * min(mark.deepest for mark in filled)
