"""What marks mean: circles read as filled, empty, taken back or doubtful, and rows as answers. Nothing doubtful is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ALIGNED = 0.3  # the least that printed circles stand out, as a share of what is usual on their page, where they are where they should be
FILLED, EMPTY, TAKEN_BACK, DOUBTFUL, FAINT = "filled", "empty", "taken back", "doubtful", "faint"


@dataclass(frozen=True)
class Ink:
    """What was measured in one circle, the printed letter taken off. All are shares: 0 for paper, 1 for the sheet's black.

    mean ink; strokes: the area as dark as a stroke; covered: the area darker than paper; deepest: the darkest twentieth.
    arms: strokes that leave the circle; ring: the share of a circle around it that is inked; opposite: whether two of them
    go opposite ways; far: how many go further still. struck: whether strokes go opposite ways just outside the circle, where
    short ones end; crossed: whether they lie there as those of a cross. halo: the share of the ring about the circle that is inked. outline: how clearly the printed circle stands
    where it should, as a share of what is usual on its page. reach: how far the stroke
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
    struck: bool = False
    crossed: bool = False
    halo: float = 0.0
    outline: float = 1.0

    def rounded(self) -> list[float]:
        return [round(float(value), 3) for value in vars(self).values()]


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
        if (ink.crossed or (ink.arms >= 3 and ink.opposite)) and ink.ring < 0.62 and ink.reach < 3.5:
            return TAKEN_BACK
        # a stroke that leaves a circle filled tidily strikes it through; one that leaves a scribble is part of it
        if ink.opposite or (ink.struck and ink.halo < 0.16) or (ink.arms >= 1 and ink.halo < 0.08):
            return DOUBTFUL
        if ink.mean < 0.36 and ink.deepest < 0.45:
            return DOUBTFUL
        return FILLED
    if ink.deepest < 0.40 and ink.strokes < 0.05:
        return FAINT
    return DOUBTFUL


def deliberate(ink: Ink) -> bool:
    """Whether a mark that does not fill its circle is a tick or a cross made within it, and no slip of the pen or writing."""
    if ink.covered > 0.72 or ink.deepest < 0.45 or ink.offset > 0.45:
        return False
    if 0 < ink.reach < 1.35 and ink.halo < 0.03 and ink.arms == 0:  # nothing leaves the circle: a thin stroke will do
        return ink.strokes > 0.085 and ink.mean > 0.075
    return 0 < ink.reach < 1.6 and ink.halo < 0.08 and ink.arms <= 1 and ink.strokes > 0.13 and ink.mean > 0.11


def read_row(inks: Sequence[Ink], values: Sequence[str], multiple: bool) -> Row:
    """What a row of circles says. multiple: whether several may be filled."""
    states = tuple(state(ink) for ink in inks)
    filled = [i for i, s in enumerate(states) if s == FILLED]
    doubtful = [i for i, s in enumerate(states) if s == DOUBTFUL]
    faint = [i for i, s in enumerate(states) if s == FAINT]
    back = [i for i, s in enumerate(states) if s == TAKEN_BACK]

    if inks and sorted(ink.outline for ink in inks)[len(inks) // 2] < ALIGNED:
        return Row((), states, "the printed circles are not where they should be")

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
    if not filled and any(_drawn(ink) for ink in inks):
        return row([], "something is drawn here, and no circle is filled")
    if multiple and any(inks[i].far < 3 for i in back):
        return row([], "an answer may have been taken back")
    if multiple:
        return row(filled)
    if len(filled) > 1:
        return row([], "more than one circle is filled")
    return row(filled)


def _passing(ink: Ink) -> bool:
    """Whether what crosses a circle is a line that comes from afar and goes on: a slip of the pen, beside a filled circle."""
    return ink.reach > 4 and ink.strokes < 0.3 and ink.covered < 0.4 and ink.arms >= 2 and ink.opposite


def _drawn(ink: Ink) -> bool:
    """Whether something is drawn in a circle or about it, thin as it may be: a row is blank only where nothing is."""
    return ink.strokes > 0.03 or ink.mean > 0.03 or ink.arms > 0 or ink.halo > 0.025


def _erased(ink: Ink, filled: Sequence[Ink]) -> bool:
    """Whether a faint trace lies so far below the marks of its row that it can only be what a rubber left."""
    if not filled or ink.mean > 0.2 or ink.covered > 0.65:
        return False
    mean, deepest = min(mark.mean for mark in filled), min(mark.deepest for mark in filled)
    return ink.mean < 0.38 * mean and ink.deepest < (0.65 if ink.mean < 0.12 else 0.55) * deepest
