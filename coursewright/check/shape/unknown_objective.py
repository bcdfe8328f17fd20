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
    owners: list[ItemBase | Cell] = [*course.all(ItemBase), *course.all(Cell)]
    for owner in owners:
        named = owner.objective
        if named and named not in course.objectives and not course.may_mention(named):
            yield owner.at("objective"), f'objective "{named}" is in no module', did_you_mean(named, course.objectives)
