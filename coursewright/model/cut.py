"""How a blueprint's cut score follows from its course: the judges who count, and their chances."""

from __future__ import annotations

from fractions import Fraction

from coursewright.model.course import Course
from coursewright.model.drawing import drawable
from coursewright.model.judgement import CutRule, Rating
from coursewright.model.quiz import Blueprint

JUDGES = "quizzes/judges"


def cut_rule(course: Course, blueprint: Blueprint) -> CutRule:
    """How the blueprint's cut score follows from items, with the judges' chances where it has any.

    A judge who did not rate every item that the blueprint may draw is left out; a rule says so.
    """
    cut = blueprint.cut
    judgements = course.judgements.get(f"{JUDGES}/{cut.judges}") if cut.method != "fixed" else None
    if judgements is None:
        return CutRule(cut.method, cut.percent)
    wanted = {single.id for item in drawable(course, blueprint) for single in item.singles()}
    chances = {}
    for judge, ratings in judgements.latest.items():
        made = {item: chance for item, rating in ratings.items() if (chance := chance_of(blueprint, rating)) is not None}
        if wanted <= set(made):
            chances[judge] = {item: made[item] for item in sorted(wanted)}
    return CutRule(cut.method, cut.percent, chances)


def chance_of(blueprint: Blueprint, rating: Rating) -> Fraction | None:
    """What a rating comes to: Angoff's chance as it is, Ebel's by the grid; None where it has neither."""
    if blueprint.cut.method == "angoff":
        return rating.chance
    percent = next((row.get(d) for r, row in blueprint.cut.grid.items() if r == rating.relevance for d in row if d == rating.difficulty), None)
    return Fraction(percent) / 100 if percent is not None else None
