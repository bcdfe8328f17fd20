from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.source.suggest import did_you_mean


@check("E402")
def parallel_blueprint(course: Course) -> Iterator[Fault]:
    """A blueprint says what its form covers in one of two ways: `cells`, or `parallel_to` another blueprint.

    Why: a pre-test and a post-test can be compared only where both cover the same; with `parallel_to` they must.
    Example: `parallel_to: postest`
    Instead: the id of a blueprint that has cells, and no cells beside it.
    """
    known = {other.id: other for other in course.blueprints if other.cells}
    for blueprint in course.blueprints:
        twin = blueprint.parallel_to
        if twin is None and not blueprint.cells:
            yield blueprint.at("id"), f'blueprint "{blueprint.id}" covers nothing', "add cells:, or parallel_to: with another blueprint"
        elif twin is not None and blueprint.cells:
            yield blueprint.at("parallel_to"), f'blueprint "{blueprint.id}" has cells and parallel_to', "keep one of them"
        elif twin is not None and twin not in known and not course.may_mention(twin):
            yield blueprint.at("parallel_to"), f'there is no blueprint "{twin}" with cells', did_you_mean(twin, known)
