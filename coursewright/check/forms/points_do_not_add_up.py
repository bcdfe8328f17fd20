from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.drawing import draw


@check("E409")
def points_do_not_add_up(course: Course) -> Iterator[Fault]:
    """A form does not come to the points that its blueprint promises.

    Why: percentages and cut scores are told to learners in points.
    Example: `points: 30` over rows that draw 25 items of one point each
    Instead: correct `points`, or draw items whose points add up. With several forms each of them must.
    """
    for blueprint in course.blueprints:
        if blueprint.points is None or course.broken:
            continue
        for number in range(1, (blueprint.forms or 1) + 1):
            items, shortages = draw(course, blueprint, number)
            total = sum((Fraction(single.points) for item in items for single in item.singles()), Fraction(0))
            off = total - Fraction(blueprint.points)
            if not shortages and off:
                said = f"{float(abs(off)):g} too {'many' if off > 0 else 'few'}"
                yield blueprint.at("points"), f"form {number} comes to {float(total):g} points, {said}", "correct points:, or the items that the rows draw"
                break
