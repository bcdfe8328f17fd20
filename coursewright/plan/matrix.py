"""The alignment matrix: practice gap → need → objective → section → item, in both directions."""

from __future__ import annotations

from dataclasses import dataclass

from coursewright.model.accreditation import Gap
from coursewright.model.course import Course
from coursewright.model.items.base import SingleItem
from coursewright.model.module import Module, Objective, Section


@dataclass(frozen=True)
class Traced:
    """One objective with all that leads to it and follows from it."""

    gap: Gap | None
    module: Module
    objective: Objective
    sections: tuple[Section, ...]
    items: tuple[SingleItem, ...]

    @property
    def practice(self) -> tuple[SingleItem, ...]:
        return tuple(item for item in self.items if item.pool == "practice")

    @property
    def exam(self) -> tuple[SingleItem, ...]:
        return tuple(item for item in self.items if item.pool == "exam")


HEADER = ("gap", "need", "gap_kind", "module", "objective", "objective_text", "moore", "sections", "practice_items", "exam_items")


def plan_matrix(course: Course) -> tuple[Traced, ...]:
    """A row for each objective, in the order of the modules."""
    gap_of = {objective: gap for gap in course.info.gaps for objective in gap.objectives}
    return tuple(
        Traced(
            gap_of.get(objective.id),
            module,
            objective,
            tuple(section for section in module.sections if objective.id in section.objectives),
            tuple(item for item in course.single_items if item.objective == objective.id),
        )
        for module in course.modules
        for objective in module.objectives
    )


def matrix_rows(matrix: tuple[Traced, ...]) -> list[tuple[str, ...]]:
    """The matrix as rows of text under HEADER, for CSV."""
    return [
        (
            row.gap.gap.plain if row.gap else "",
            row.gap.need.plain if row.gap else "",
            row.gap.kind if row.gap else "",
            row.module.id,
            row.objective.id,
            row.objective.text,
            row.objective.moore or "",
            " ".join(section.id for section in row.sections),
            " ".join(item.id for item in row.practice),
            " ".join(item.id for item in row.exam),
        )
        for row in matrix
    ]
