"""The instructor's guide: how long each part takes with a group, what to ask, what to listen for."""

from __future__ import annotations

from dataclasses import dataclass

from coursewright.model.blocks.callout import Callout
from coursewright.model.blocks.reflection import Reflection
from coursewright.model.blocks.vignette import Vignette
from coursewright.model.course import Course, texts_of
from coursewright.model.module import Discussion, Module, Section, Unit
from coursewright.plan.numbering import Numbering
from coursewright.plan.workbook import Chapter, Workbook

SPOKEN = 130  # words a minute that a group follows: slower than reading, as most of it is said
A_DECISION = 4  # minutes to decide, show hands and debrief


@dataclass(frozen=True)
class Slot:
    """A section in a session: its number, its title, what happens in it, and the minutes for it."""

    number: str
    section: Section
    minutes: int
    cases: tuple[Vignette, ...]
    reflections: tuple[Reflection, ...]
    corrections: tuple[Callout, ...]
    discussion: tuple[Discussion, ...]


@dataclass(frozen=True)
class Lesson:
    """One unit as an instructor leads it. `loose`: discussion points that belong to no section."""

    chapter: Chapter
    slots: tuple[Slot, ...]
    loose: tuple[Discussion, ...]
    slides: int

    @property
    def minutes(self) -> int:
        return sum(slot.minutes for slot in self.slots)


def plan_guide(course: Course, numbering: Numbering, book: Workbook) -> tuple[Lesson, ...]:
    """A lesson for every unit."""
    return tuple(_lesson(numbering, chapter, chapter.module) for chapter in book.chapters)


def _lesson(numbering: Numbering, chapter: Chapter, unit: Unit) -> Lesson:
    slots = []
    for section in unit.sections:
        cases = tuple(block for block in section.blocks if isinstance(block, Vignette))
        reflections = tuple(block for block in section.blocks if isinstance(block, Reflection))
        told = sum(len(text.plain.split()) for block in section.blocks if not isinstance(block, Vignette | Reflection) for text in texts_of(block))
        # a group hears the gist and reads the rest: half of the words are said
        minutes = round(told / 2 / SPOKEN) + A_DECISION * sum(len(case.decisions) for case in cases) + sum(r.minutes for r in reflections)
        slots.append(
            Slot(
                numbering.sections[section.id],
                section,
                max(2, minutes),
                cases,
                reflections,
                tuple(block for block in section.blocks if isinstance(block, Callout) and block.kind == "correction"),
                tuple(entry for entry in unit.discussion if entry.section == section.id),
            )
        )
    known = {section.id for section in unit.sections}
    loose = tuple(entry for entry in unit.discussion if entry.section not in known)
    return Lesson(chapter, tuple(slots), loose, len(unit.slides) if isinstance(unit, Module) else 0)
