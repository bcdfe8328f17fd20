"""Copies of forms, drawn in any process: a chunk of them at a time, for one file or for a file each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO

from coursewright.model.interaction import Alternative, Choice, Interaction, Match, Order
from coursewright.model.prose import Line, Prose
from coursewright.plan.answer_sheet import Asked, plan_answer_sheet
from coursewright.plan.booklet import LARGE, MM, NORMAL, plan_booklet
from coursewright.plan.sheet import Sheet
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
        asked = tuple(replace(a, question=replace(a.question, stem=NOTHING, interaction=_bare(a.question.interaction))) for a in group.asked)
        groups.append(replace(group, asked=asked, case=None if group.case is None else NOTHING))
    return replace(sheet, groups=tuple(groups))


def _bare(interaction: Interaction) -> Interaction:
    def cut(things: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
        return tuple(Alternative(thing.id, BARE) for thing in things)

    match interaction:
        case Choice() | Order():
            return replace(interaction, alternatives=cut(interaction.alternatives))
        case Match():
            return replace(interaction, prompts=cut(interaction.prompts), choices=cut(interaction.choices))
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
    return [draw_copy(job, copy).part(*Document.numbers(job.library, index, stride)) for index, copy in enumerate(copies, first)]


def stride_of(sheet: Sheet) -> int:
    """More object numbers than a copy of this sheet can need."""
    lines = 0
    for asked in sheet.asked:
        match asked.question.interaction:
            case Choice(alternatives=things) | Order(alternatives=things):
                lines += len(things)
            case Match(prompts=prompts, choices=choices):
                lines += len(prompts) + len(choices)
            case _:
                lines += 8
    return 300 + 20 * len(sheet.asked) + 4 * lines


def draw_files(job: Job, copies: list[CopyPlan]) -> list[bytes]:
    """Copies as files of their own. Run in any process; the job's library must hold its objects."""
    return [one_file(job, draw_copy(job, copy), copy.title) for copy in copies]


def one_file(job: Job, leaf: Leaf, title: str) -> bytes:
    """A leaf as a file, with no more of the library than it uses."""
    used = {int(name[1:]) for page in leaf.pages for name in page.names if name.startswith("P")}
    used |= {number for page in leaf.pages for number in page.fonts.values()}
    made = BytesIO()
    document = Document(made, job.library, title, job.language, job.library.closure(used))
    document.add(leaf.part(*Document.numbers(job.library)))
    document.close()
    return made.getvalue()

