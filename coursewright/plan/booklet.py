"""Question booklets: pieces of known height put on pages. Items are kept whole, a case with its first item. Points, from the top.

The same pieces serve every form: a form differs from another in which it takes and in what order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, assert_never

from coursewright.model.interaction import Choice, Match, NumericEntry, Order, TextEntry
from coursewright.model.prose import Prose
from coursewright.plan.answer_sheet import letter_of
from coursewright.plan.sheet import Asked, Sheet

MM = 72 / 25.4


@dataclass(frozen=True)
class Measure:
    """Sizes of one edition, in millimetres. `indent` of items beside their numbers, `letter` of options beside theirs."""

    margin: float = 20.0
    indent: float = 10.0
    letter: float = 6.5
    option_gap: float = 1.3
    instruction_gap: float = 1.6
    item_gap: float = 5.5


NORMAL = Measure()
LARGE = Measure(margin=16.0, indent=17.0, letter=11.0, option_gap=2.6, instruction_gap=3.0, item_gap=9.0)


@dataclass(frozen=True)
class Text:
    """A piece of text to lay out once: its key, what it is, its words and its width in millimetres."""

    key: str
    kind: str
    text: Prose | str
    width: float

    @property
    def prose(self) -> bool:
        return self.kind in ("stem", "case", "intro")


class Extent(NamedTuple):
    """What laying out found, in points: the height of a piece and its first baseline from its top."""

    height: float
    baseline: float


class Piece(NamedTuple):
    """A piece on a page. `left` and `top` in points; `label` stands before it: a letter, a number."""

    kind: str
    key: str
    left: float
    top: float
    label: str = ""


@dataclass(frozen=True)
class Placed:
    """A case or an item on a page, whole or in part. `number` is 0 for a case; `first` where it begins here."""

    number: int
    pieces: tuple[Piece, ...]
    bottom: float
    first: bool = True
    title: str = ""


def texts_of(sheet: Sheet, version: Callable[[str], str], paper_width: float, measure: Measure) -> Iterable[Text]:
    """The pieces of a form. version: of an item by its id, so that a piece is known by what it says."""
    full = paper_width - 2 * measure.margin
    inner = full - measure.indent
    for group in sheet.groups:
        if group.case is not None:
            yield Text(f"case:{group.case_id}", "case", group.case, full - 6)
        for asked in group.asked:
            question, name = asked.question, version(asked.question.id)
            yield Text(f"stem:{name}", "stem", question.stem, inner)
            yield Text(f"instruction:{question.instruction}", "instruction", question.instruction, inner)
            for key, text, _ in _options(asked, name):
                yield Text(key, "option", text, inner - measure.letter)


def _options(asked: Asked, name: str) -> Sequence[tuple[str, Prose, str]]:
    """What stands below a stem: key, words and label of each line."""
    match asked.question.interaction:
        case Choice(alternatives=alternatives) | Order(alternatives=alternatives):
            return [(f"option:{name}:{a.id}", a.text, letter_of(i)) for i, a in enumerate(alternatives)]
        case Match(prompts=prompts, choices=choices):
            listed = [(f"prompt:{name}:{p.id}", p.text, f"{asked.number}.{i}") for i, p in enumerate(prompts, 1)]
            return [*listed, *((f"choice:{name}:{c.id}", c.text, letter_of(i)) for i, c in enumerate(choices))]
        case NumericEntry() | TextEntry():
            return []
        case other:
            assert_never(other)


def plan_booklet(sheet: Sheet, version: Callable[[str], str], extents: Callable[[str], Extent], height: float, measure: Measure) -> list[list[Placed]]:
    """The pages of a form's items. height: of the paper in millimetres. Items taller than a page run over."""
    top, bottom = (measure.margin + 2) * MM, (height - measure.margin - 2) * MM
    pages: list[list[Placed]] = [[]]
    y = top
    for group in sheet.groups:
        blocks = []
        if group.case is not None:
            words = f"Case for items {group.asked[0].number} to {group.asked[-1].number}"
            blocks.append(_case(f"case:{group.case_id}", extents, words, measure))
        blocks += [_item(asked, version(asked.question.id), extents, measure) for asked in group.asked]
        for i, block in enumerate(blocks):
            whole = block.height + (blocks[i + 1].height if block.number == 0 and i + 1 < len(blocks) else 0)
            if y > top and y + whole > bottom:
                pages.append([])
                y = top
            y = _put(block, pages, y, top, bottom)
    return pages


@dataclass
class _Block:
    """A case or an item before it has a place: its pieces with their extents and the space after each."""

    number: int
    title: str
    lines: list[tuple[Piece, Extent, float]]
    gap: float
    head: float = 0.0

    @property
    def height(self) -> float:
        return self.head + sum(extent.height + after for _, extent, after in self.lines)


def _put(block: _Block, pages: list[list[Placed]], y: float, top: float, bottom: float) -> float:
    pieces: list[Piece] = []
    first = True
    y += block.head
    for piece, extent, after in block.lines:
        if y + extent.height > bottom and y > top and (pieces or not first):
            pages[-1].append(Placed(block.number, tuple(pieces), y, first, block.title))
            pages.append([])
            pieces, first, y = [], False, top
        pieces.append(Piece(piece.kind, piece.key, piece.left, y, piece.label))
        y += extent.height + after
    pages[-1].append(Placed(block.number, tuple(pieces), y, first, block.title))
    return y + block.gap


def _case(key: str, extents: Callable[[str], Extent], title: str, measure: Measure) -> _Block:
    scale = measure.item_gap / NORMAL.item_gap
    return _Block(0, title, [(Piece("case", key, (measure.margin + 5) * MM, 0), extents(key), 0)], measure.item_gap * 0.8 * MM, 5.5 * MM * scale)


def _item(asked: Asked, name: str, extents: Callable[[str], Extent], measure: Measure) -> _Block:
    left = (measure.margin + measure.indent) * MM
    stem, how = f"stem:{name}", f"instruction:{asked.question.instruction}"
    lines = [
        (Piece("stem", stem, left, 0), extents(stem), 0.9 * MM),
        (Piece("instruction", how, left, 0), extents(how), measure.instruction_gap * MM),
    ]
    options = _options(asked, name)
    for i, (key, _, label) in enumerate(options):
        kind = key.split(":", 1)[0]
        last_prompt = kind == "prompt" and options[i + 1][0].startswith("choice:")
        after = measure.option_gap * (2.4 if last_prompt else 1)
        lines.append((Piece(kind, key, left + measure.letter * MM, 0, label), extents(key), after * MM))
    return _Block(asked.number, "", lines, (measure.item_gap - measure.option_gap) * MM)
