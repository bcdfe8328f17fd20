from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.module import Module
from coursewright.model.quiz import Bank, Cell
from coursewright.source.suggest import did_you_mean


@check("E124")
def unknown_module(course: Course) -> Iterator[Fault]:
    """course.yaml, a bank or a blueprint names a module that no file of `course/` holds, or a module file is not
    named in course.yaml and would be left out.

    Example: `modules: [mechanisms]` where the file says `id: mechanism`
    Instead: the id that stands in the module's file.
    """
    found = {module.id: module for module in course.all(Module)}
    for id_ in course.info.modules:
        if id_ not in found and not course.may_mention(id_):
            yield course.info.at("modules", id_), f'module "{id_}" is in no file of course/', did_you_mean(id_, found)
    for module in found.values():
        if module.id not in course.info.modules:
            message = f'module "{module.id}" is not listed in course.yaml'
            yield module.at("id"), message, "add it to `modules:` there, or remove the file"
    owners: list[Bank | Cell] = [*course.all(Bank), *course.all(Cell)]
    for owner in owners:
        named = owner.module
        if named and named not in found and not course.may_mention(named):
            yield owner.at("module"), f'module "{named}" is in no file of course/', did_you_mean(named, found)
