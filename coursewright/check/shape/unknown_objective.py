from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.items.base import ItemBase
from coursewright.model.module import Section
from coursewright.model.quiz import Cell
from coursewright.source.suggest import did_you_mean


@check("E123")
def unknown_objective(course: Course) -> Iterator[Fault]:
    """A section, item or blueprint names an objective that no module has.

    Example: `objective: lo-2-9`
    Instead: the id of an objective of a module.
    """
    for section in course.all(Section):
        for id_ in section.objectives:
            if id_ not in course.objectives and not course.may_mention(id_):
                yield section.at("objectives", id_), f'objective "{id_}" is in no module', did_you_mean(id_, course.objectives)
    for owner in (*course.all(ItemBase), *course.all(Cell)):
        id_ = owner.objective
        if id_ and id_ not in course.objectives and not course.may_mention(id_):
            yield owner.at("objective"), f'objective "{id_}" is in no module', did_you_mean(id_, course.objectives)
