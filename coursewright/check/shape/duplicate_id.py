from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.base import Sourced
from coursewright.model.blocks.base import BlockBase
from coursewright.model.claim import Claim, SourceClaim
from coursewright.model.course import Course
from coursewright.model.glossary import GlossaryTerm
from coursewright.model.items.base import ItemBase
from coursewright.model.module import Objective, Section, Unit
from coursewright.model.quiz import Bank, Blueprint
from coursewright.model.reference import Reference


@check("E120")
def duplicate_id(course: Course) -> Iterator[Fault]:
    """Two things of the course have the same id.

    Why: a reference to the id could mean either; answers and statistics of two items would be mixed.
    Example: two items `q-routes-03` in two banks.
    Instead: give one of them another id. References, glossary terms, banks, blueprints and claims each have names of their
    own; modules, objectives, sections, blocks and items share one set.
    """
    shared: list[Sourced] = [o for o in course.objects if isinstance(o, Unit | Objective | Section | BlockBase | ItemBase)]
    named: tuple[type[Sourced], ...] = (Reference, GlossaryTerm, Bank, Blueprint, Claim, SourceClaim)
    kinds = [shared, *([o for o in course.objects if isinstance(o, kind)] for kind in named)]
    for kind in kinds:
        first: dict[str, Sourced] = {}
        for thing in kind:
            id_ = getattr(thing, "id", None)
            if id_ is None:
                continue
            if id_ in first:
                yield thing.at("id"), f'id "{id_}" is used twice', f"the first is at {first[id_].at('id').start}"
            else:
                first[id_] = thing
