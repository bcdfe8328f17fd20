"""The workbook: chapters, knowledge checks, answers, glossary, references and index, all under one numbering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from coursewright.model.blocks.vignette import Vignette
from coursewright.model.course import Course, CourseInfo
from coursewright.model.glossary import GlossaryTerm
from coursewright.model.module import Module, Section
from coursewright.model.reference import Reference
from coursewright.plan.form import Form
from coursewright.plan.notice import Notice, plan_notice
from coursewright.plan.numbering import Numbering, texts_of
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
    """One module as the workbook prints it."""

    number: int
    module: Module
    sections: tuple[PlannedSection, ...]
    check: Sheet
    keys: KeySheet

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
    def minutes(self) -> int:
        """The estimated time of all modules."""
        return sum(chapter.module.minutes for chapter in self.chapters)


def plan_workbook(course: Course, numbering: Numbering, forms: tuple[Form, ...]) -> Workbook:
    """Assemble the workbook."""
    cited = sorted(numbering.references.items(), key=lambda entry: entry[1])
    return Workbook(
        info=course.info,
        notice=plan_notice(course.info),
        chapters=tuple(plan_chapter(course, numbering, module) for module in course.modules),
        glossary=tuple(sorted(course.glossary, key=lambda term: term.term.casefold())),
        references=tuple(NumberedReference(number, reference) for number, reference in ((n, course.reference_by_id[key]) for key, n in cited)),
        forms=forms,
    )


def plan_chapter(course: Course, numbering: Numbering, module: Module) -> Chapter:
    """One module's chapter, with its knowledge check and the keys of it."""
    place = {objective.id: n for n, objective in enumerate(module.objectives, 1)}
    sections = tuple(
        PlannedSection(numbering.sections[s.id], s, tuple(place[o] for o in s.objectives if o in place)) for s in module.sections
    )
    sheet = plan_sheet(module.id, f"Knowledge check: {module.title}", course.bank_items(module.id, "practice"))
    return Chapter(numbering.modules[module.id], module, sections, sheet, plan_keys(course, numbering, sheet))


def references_of(value: Any, workbook: Workbook, numbering: Numbering) -> tuple[NumberedReference, ...]:
    """The references that a part of the course cites, in order."""
    keys = {key for text in texts_of(value) for key in text.citations}
    numbers = {numbering.references[key] for key in keys if key in numbering.references}
    return tuple(entry for entry in workbook.references if entry.number in numbers)

