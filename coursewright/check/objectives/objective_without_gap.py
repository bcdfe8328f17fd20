from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.source.suggest import did_you_mean

ITEMS = 2


@check("W206")
def objective_without_gap(course: Course) -> Iterator[Fault]:
    """In a course that names practice gaps, an objective answers none of them or several, a gap names an unknown
    objective, or an objective has fewer than two items.

    Why: gap → objective → section → item must be traced in both directions, and one item is no measure.
    Instead: each objective under one gap; two items or more for each.
    Source: ACCME Educational Needs; rule R-05; alignment matrix in ce_rules 4.2.
    """
    gaps = course.info.gaps
    if not gaps:
        return
    for gap in gaps:
        for id_ in gap.objectives:
            if id_ not in course.objectives and not course.may_mention(id_):
                yield gap.at("objectives", id_), f'objective "{id_}" is in no module', did_you_mean(id_, course.objectives)
    for objective in course.objectives.values():
        answered = [gap.id for gap in gaps if objective.id in gap.objectives]
        if len(answered) != 1:
            said = "answers no practice gap" if not answered else f"stands under {len(answered)} gaps"
            yield objective.at("id"), f'objective "{objective.id}" {said}', "put it under one gap in course.yaml"
        count = sum(item.objective == objective.id for item in course.single_items)
        if 0 < count < ITEMS:
            yield objective.at("id"), f'objective "{objective.id}" has one item', "write another"
