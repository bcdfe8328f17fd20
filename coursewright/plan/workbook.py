"""The workbook: chapters, knowledge checks, answers, glossary, references and index, all under one numbering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from coursewright.model.blocks.vignette import Vignette
from coursewright.model.course import Course, CourseInfo, texts_of
from coursewright.model.glossary import GlossaryTerm
from coursewright.model.module import Module, Objective, Section, Unit
from coursewright.model.reference import Reference
from coursewright.plan.form import Form
from coursewright.plan.notice import Notice, plan_notice
from coursewright.plan.numbering import Numbering, unit_labels
from coursewright.plan.sheet import KeySheet, Sheet, plan_keys, plan_sheet


@dataclass(frozen=True)
class PlannedSection:
    """A section under its number, with its objectives' numbers."""

    number: str
    section: Section
    objectives: tuple[int, ...]

    @property
    def anchor(self) -> str:
        return f"sec-{self.section.id}"


@dataclass(frozen=True)
class Chapter:
    """One unit as the workbook prints it: a module, the orientation or the closing. `label`: O, 1, 2 … or C."""

    label: str
    module: Unit
    sections: tuple[PlannedSection, ...]
    check: Sheet
    keys: KeySheet

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives; none for orientation and closing."""
        return self.module.objectives if isinstance(self.module, Module) else ()

    @property
    def is_module(self) -> bool:
        return isinstance(self.module, Module)

    @property
    def answered(self) -> bool:
        """Whether it has anything to look up among the answers."""
        return bool(self.vignettes or self.keys.keyed)

    @property
    def anchor(self) -> str:
        return f"mod-{self.module.id}"

    @property
    def vignettes(self) -> tuple[Vignette, ...]:
        return tuple(block for block in self.module.blocks() if isinstance(block, Vignette))

    @property
    def reflection_minutes(self) -> int:
        return sum(getattr(block, "minutes", 0) for block in self.module.blocks())


@dataclass(frozen=True)
class NumberedReference:
    """A reference under its number."""

    number: int
    reference: Reference


@dataclass(frozen=True)
class Workbook:
    """All that the workbook shows."""

    info: CourseInfo
    notice: Notice
    chapters: tuple[Chapter, ...]
    glossary: tuple[GlossaryTerm, ...]
    references: tuple[NumberedReference, ...]
    forms: tuple[Form, ...]

    @property
    def module_count(self) -> int:
        return sum(chapter.is_module for chapter in self.chapters)

    @property
    def minutes(self) -> int:
        """The estimated time of all units."""
        return sum(chapter.module.minutes for chapter in self.chapters)


def plan_workbook(course: Course, numbering: Numbering, forms: tuple[Form, ...]) -> Workbook:
    """Assemble the workbook."""
    cited = sorted(numbering.references.items(), key=lambda entry: entry[1])
    return Workbook(
        info=course.info,
        notice=plan_notice(course.info),
        chapters=tuple(plan_chapter(course, numbering, unit) for unit in course.units),
        glossary=tuple(sorted(course.glossary, key=lambda term: term.term.casefold())),
        references=tuple(NumberedReference(number, reference) for number, reference in ((n, course.reference_by_id[key]) for key, n in cited)),
        forms=forms,
    )


def plan_chapter(course: Course, numbering: Numbering, unit: Unit) -> Chapter:
    """One unit's chapter, with its knowledge check and the keys of it."""
    objectives = unit.objectives if isinstance(unit, Module) else ()
    place = {objective.id: n for n, objective in enumerate(objectives, 1)}
    sections = tuple(
        PlannedSection(numbering.sections[s.id], s, tuple(place[o] for o in s.objectives if o in place)) for s in unit.sections
    )
    sheet = plan_sheet(unit.id, f"Knowledge check: {unit.title}", course.bank_items(unit.id, "practice"))
    return Chapter(unit_labels(course)[unit.id], unit, sections, sheet, plan_keys(course, numbering, sheet))


def references_of(value: Any, workbook: Workbook, numbering: Numbering) -> tuple[NumberedReference, ...]:
    """The references that a part of the course cites, in order."""
    keys = {key for text in texts_of(value) for key in text.citations}
    numbers = {numbering.references[key] for key in keys if key in numbering.references}
    return tuple(entry for entry in workbook.references if entry.number in numbers)

