"""Numbers that all outputs share: modules, sections, figures, tables, references and glossary entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from coursewright.model.course import Course, texts_of
from coursewright.model.prose import Prose


@dataclass(frozen=True)
class Numbering:
    """Numbers by id; `modules` counts modules alone. References are numbered in the order in which the workbook first cites them (AMA)."""

    modules: dict[str, int]
    sections: dict[str, str]
    figures: dict[str, str]
    tables: dict[str, str]
    references: dict[str, int]
    terms: dict[str, str]  # a term's name in lower case → its id


def plan_numbering(course: Course) -> Numbering:
    """Number everything that a reader may be sent to."""
    sections: dict[str, str] = {}
    figures: dict[str, str] = {}
    tables: dict[str, str] = {}
    labels = unit_labels(course)
    for unit in course.units:
        label = labels[unit.id]
        sections.update({section.id: f"{label}.{s}" for s, section in enumerate(unit.sections, 1)})
        figures.update({id_: f"{label}.{n}" for n, id_ in enumerate(unit.figures, 1)})
        tables.update({id_: f"{label}.{n}" for n, id_ in enumerate(unit.tables, 1)})
    references: dict[str, int] = {}
    for text in _reading_order(course):
        for key in text.citations:
            if key in course.reference_by_id:
                references.setdefault(key, len(references) + 1)
    return Numbering(
        modules={module.id: n for n, module in enumerate(course.modules, 1)},
        sections=sections,
        figures=figures,
        tables=tables,
        references=references,
        terms={name: term.id for name, term in course.term_by_name.items()},
    )


def unit_labels(course: Course) -> dict[str, str]:
    """What stands before the numbers of a unit's sections: O for the orientation, 1 … for modules, C for the closing."""
    labels = {module.id: str(n) for n, module in enumerate(course.modules, 1)}
    if course.orientation:
        labels[course.orientation.id] = "O"
    if course.closing:
        labels[course.closing.id] = "C"
    return labels


def two_digits(number: int) -> str:
    """A module's number as file names carry it: 01."""
    return f"{number:02d}"


def _reading_order(course: Course) -> Iterator[Prose]:
    """Every text of the course as the workbook prints it, then slides and what only other outputs show."""
    yield from texts_of(course.info)
    for unit in course.units:
        yield unit.summary
        yield from texts_of(unit.sections)
        yield from unit.key_points
    for bank in course.banks:
        yield from texts_of(tuple(item for item in bank.items if item.pool == "practice"))
    yield from texts_of(course.glossary)
    for module in course.modules:
        yield from texts_of(module.slides)
    yield from texts_of(course.banks)
    yield from texts_of(course.ledgers)
    for unit in course.units:
        yield from texts_of(unit.discussion)
