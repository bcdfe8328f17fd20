"""A module's deck: title, objectives, the module's slides, sources."""

from __future__ import annotations

from dataclasses import dataclass

from coursewright.model.blocks.figure import Figure
from coursewright.model.blocks.table import Table
from coursewright.model.course import Course
from coursewright.model.module import Module, Objective, Slide
from coursewright.model.prose import Line, Paragraph, Prose, Text
from coursewright.model.reference import Reference
from coursewright.plan.ama import short
from coursewright.plan.numbering import Numbering

SOURCES_A_SLIDE = 14


@dataclass(frozen=True)
class Source:
    """A source cited in the deck: its number in the course, and a few words."""

    number: int
    text: str


@dataclass(frozen=True)
class PlannedSlide:
    """One slide. `layout` names what it shows; the fields of other layouts are empty."""

    number: int
    layout: str  # title, objectives, bullets, statement, figure, table or sources
    title: str
    bullets: tuple[Line, ...] = ()
    statement: Line | None = None
    figure: Figure | None = None
    figure_number: str = ""
    table: Table | None = None
    table_number: str = ""
    rows: tuple[tuple[Line, ...], ...] = ()
    objectives: tuple[Objective, ...] = ()
    sources: tuple[Source, ...] = ()
    notes: Prose | None = None

    @property
    def anchor(self) -> str:
        return f"slide-{self.number}"


@dataclass(frozen=True)
class Deck:
    """The slides of one module, in order, numbered from 1."""

    module: Module
    number: int
    slides: tuple[PlannedSlide, ...]


def plan_deck(course: Course, numbering: Numbering, module: Module) -> Deck:
    """Lay the deck out: each slide's number, its layout, and the sources that the deck cites."""
    slides = [
        PlannedSlide(1, "title", module.title, statement=module.summary, notes=_opening(course, module)),
        PlannedSlide(2, "objectives", "What you will be able to do", objectives=module.objectives),
    ]
    for slide in module.slides:
        slides.append(_content(numbering, module, slide, len(slides) + 1))
    for sources in _batches(_sources(course, numbering, module)):
        slides.append(PlannedSlide(len(slides) + 1, "sources", "Sources cited in this deck", sources=sources))
    return Deck(module, numbering.modules[module.id], tuple(slides))


def _content(numbering: Numbering, module: Module, slide: Slide, number: int) -> PlannedSlide:
    figure = module.figures.get(slide.figure or "")
    table = module.tables.get(slide.table or "")
    layout = "statement" if slide.statement else "figure" if figure else "table" if table else "bullets"
    rows = tuple(table.rows[i - 1] for i in slide.rows) if table and slide.rows else table.rows if table else ()
    return PlannedSlide(
        number,
        layout,
        slide.title,
        bullets=slide.bullets,
        statement=slide.statement,
        figure=figure,
        figure_number=numbering.figures.get(figure.id, "") if figure else "",
        table=table,
        table_number=numbering.tables.get(table.id, "") if table else "",
        rows=rows,
        notes=slide.notes,
    )


def _opening(course: Course, module: Module) -> Prose:
    text = f"Welcome the group and name the module’s place in “{course.info.title}”. About {module.minutes} minutes in all."
    return Prose((Paragraph((Text(text),)),), text)


def _sources(course: Course, numbering: Numbering, module: Module) -> list[Source]:
    keys: set[str] = set()
    for slide in module.slides:
        texts = [*slide.bullets, slide.statement, slide.notes]
        figure, table = module.figures.get(slide.figure or ""), module.tables.get(slide.table or "")
        texts += [figure.caption] if figure else []
        texts += [cell for row in table.rows for cell in row] if table else []
        keys.update(key for text in texts if text is not None for key in text.citations)
    found: list[tuple[int, Reference]] = [
        (numbering.references[key], course.reference_by_id[key]) for key in keys if key in numbering.references
    ]
    return [Source(number, short(reference)) for number, reference in sorted(found, key=lambda entry: entry[0])]


def _batches(sources: list[Source]) -> list[tuple[Source, ...]]:
    """As few slides as will do, filled evenly."""
    if not sources:
        return []
    pages = -(-len(sources) // SOURCES_A_SLIDE)
    size = -(-len(sources) // pages)
    return [tuple(sources[i : i + size]) for i in range(0, len(sources), size)]
