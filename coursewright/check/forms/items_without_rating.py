from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.cut import JUDGES, chance_of, cut_rule
from coursewright.model.drawing import drawable
from coursewright.model.judgement import Judgements
from coursewright.model.quiz import Blueprint

FEWEST = 6


def judged(course: Course) -> Iterator[tuple[Blueprint, Judgements]]:
    """The blueprints whose cut score comes from a file of judges that is there."""
    for blueprint in course.blueprints:
        judgements = course.judgements.get(f"{JUDGES}/{blueprint.cut.judges}")
        if blueprint.cut.method != "fixed" and judgements is not None:
            yield blueprint, judgements


@check("E406")
def items_without_rating(course: Course) -> Iterator[Fault]:
    """No judge rated every item that the blueprint may draw, so that its forms have no cut score.

    Why: each form carries a cut score of its own, from the ratings of its own items.
    Instead: have the items rated that the message names, or narrow the rows of the blueprint.
    """
    for blueprint, judgements in judged(course):
        if not judgements.ratings or cut_rule(course, blueprint).chances:
            continue
        wanted = [single.id for item in drawable(course, blueprint) for single in item.singles()]
        rated = {r.item for ratings in judgements.latest.values() for r in ratings.values() if chance_of(blueprint, r) is not None}
        missing = [item for item in wanted if item not in rated]
        message = f"not rated: {', '.join(missing[:3])}{f' and {len(missing) - 3} more' if len(missing) > 3 else ''}" if missing else "no judge rated all of them"
        yield blueprint.cut.at("judges"), f'no judge rated every item that "{blueprint.id}" may draw; {message}', "have them rated, or narrow the rows"


@check("W407")
def judge_left_out(course: Course) -> Iterator[Fault]:
    """A judge who did not rate every item is left out of the cut score.

    Why: a sum over fewer items than the others' would pull the mean down.
    Instead: have the judge rate the rest, or remove the judge's rows.
    """
    for blueprint, judgements in judged(course):
        kept = cut_rule(course, blueprint).chances
        left = [judge for judge in judgements.latest if judge not in kept]
        if kept and left:
            yield blueprint.cut.at("judges"), f"left out of the cut score, for items not rated: {', '.join(left[:4])}", "have them rate the rest"


@check("W408")
def few_judges(course: Course) -> Iterator[Fault]:
    """Fewer than six judges stand behind a cut score.

    Why: the standard error of their mean is large, and one opinion decides who passes; six to fifteen are the custom.
    Instead: ask more judges, or waive this where the test has no consequences.
    """
    for blueprint, _ in judged(course):
        found = len(cut_rule(course, blueprint).chances)
        if 0 < found < FEWEST:
            yield blueprint.cut.at("judges"), f'{found} judge{"s" if found != 1 else ""} stand behind the cut score of "{blueprint.id}"', f"ask at least {FEWEST}"
