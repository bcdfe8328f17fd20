"""Copies of forms, drawn in any process: a chunk of them at a time, for one file or for a file each."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from coursewright.model.interaction import Alternative, Choice, Interaction, Match, Order
from coursewright.model.items.base import Question
from coursewright.model.prose import Line, Prose
from coursewright.plan.answer_sheet import Asked, plan_answer_sheet
from coursewright.plan.booklet import LARGE, MM, NORMAL, plan_booklet
from coursewright.plan.sheet import Asked as SheetAsked
from coursewright.plan.sheet import Group, Sheet
from coursewright.write.assembly.booklet import Cover, draw_booklet, pad_to_leaf
from coursewright.write.assembly.document import Document, Leaf, Part
from coursewright.write.assembly.library import Library
from coursewright.write.assembly.sheet import Heading, draw_answer_sheet

BARE, NOTHING = Line((), ""), Prose((), "")
LARGE_PRINT = "large:"  # before the keys of pieces in large print


@dataclass(frozen=True)
class CopyPlan:
    """One copy to draw. `sheet` is bare (see `bare`); `versions` names each item's pieces; code: form's and sheet's part."""

    number: int
    sheet: Sheet
    versions: Mapping[str, str]
    code: tuple[str, str]
    heading: Heading
    cover: Cover
    title: str
    large: bool = False
    numbered: bool = False


@dataclass(frozen=True)
class Job:
    """What all copies share. size: of the paper in millimetres; `language` as in course.yaml."""

    library: Library
    paper: str
    size: tuple[float, float]
    language: str


def bare(sheet: Sheet) -> Sheet:
    """A sheet without its words: enough to place pieces by, and small to send to another process."""
    groups = []
    for group in sheet.groups:
        asked = tuple(
            SheetAsked(a.number, Question(a.question.id, NOTHING, _bare(a.question.interaction), a.question.points, a.question.instruction, a.question.version))
            for a in group.asked
        )
        groups.append(Group(asked, None if group.case is None else NOTHING, group.case_id))
    return replace(sheet, groups=tuple(groups))


def _bare(interaction: Interaction) -> Interaction:
    def cut(things: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
        return tuple(Alternative(thing.id, BARE) for thing in things)

    match interaction:
        case Choice(alternatives, multiple, ordered):
            return Choice(cut(alternatives), multiple, ordered)
        case Order(alternatives):
            return Order(cut(alternatives))
        case Match(prompts, choices):
            return Match(cut(prompts), cut(choices))
        case _:
            return interaction


def draw_copy(job: Job, copy: CopyPlan) -> Leaf:
    """The pages of one copy: the answer sheet on sheets of its own, then the booklet, ready for both sides of the paper."""
    leaf = Leaf(job.library, (job.size[0] * MM, job.size[1] * MM), title=copy.title)
    asked = [Asked(a.number, a.question.id, a.question.interaction) for a in copy.sheet.asked]
    sheet = plan_answer_sheet(asked, job.paper, copy.large, copy.numbered)
    with leaf.element("Sect"):
        draw_answer_sheet(leaf, sheet, copy.code, copy.heading)
    pad_to_leaf(leaf)
    measure, edition = (LARGE, LARGE_PRINT) if copy.large else (NORMAL, "")
    extents = job.library.extents
    pages = plan_booklet(copy.sheet, copy.versions.__getitem__, lambda key: extents[edition + key], job.size[1], measure)
    with leaf.element("Sect"):
        draw_booklet(leaf, copy.cover, pages, measure, edition)
    pad_to_leaf(leaf)
    return leaf


def draw_chunk(job: Job, copies: list[CopyPlan], first: int, stride: int) -> list[Part]:
    """Copies as leaves of one file, the first of them its leaf `first`. Run in any process."""
    with no_collection():
        return [draw_copy(job, copy).part(*Document.numbers(job.library, index, stride)) for index, copy in enumerate(copies, first)]


def lines_of(interaction: Interaction) -> int:
    """How many lines an item has below its stem, or on its answer sheet."""
    match interaction:
        case Choice(alternatives=things) | Order(alternatives=things):
            return len(things)
        case Match(prompts=prompts, choices=choices):
            return len(prompts) + len(choices)
        case _:
            return 8


def stride_of(lines: Sequence[int]) -> int:
    """More object numbers than a copy can need whose items have so many lines."""
    return 300 + sum(20 + 4 * count for count in lines)


def draw_files(job: Job, copies: list[CopyPlan]) -> list[bytes]:
    """Copies as files of their own. Run in any process; the job's library must hold its objects."""
    with no_collection():
        return [one_file(job, draw_copy(job, copy), copy.title) for copy in copies]


def draw_paper(job: Job, title: str, draw: Callable[..., None], arguments: tuple[Any, ...]) -> tuple[bytes, int]:
    """A list of `lists.py` as a file of its own, and its pages. Run in any process."""
    leaf = Leaf(job.library, (job.size[0] * MM, job.size[1] * MM), title=title)
    draw(leaf, *arguments)
    return one_file(job, leaf, title), len(leaf.pages)


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the cyclic collector: many small objects are made and none of them in circles; it takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def one_file(job: Job, leaf: Leaf, title: str) -> bytes:
    """A leaf as a file, with no more of the library than it uses."""
    used = {int(name[1:]) for page in leaf.pages for name in page.names if name.startswith("P")}
    used |= {number for page in leaf.pages for number in page.fonts.values()}
    made = BytesIO()
    document = Document(made, job.library, title, job.language, job.library.closure(used))
    document.add(leaf.part(*Document.numbers(job.library)))
    document.close()
    return made.getvalue()

