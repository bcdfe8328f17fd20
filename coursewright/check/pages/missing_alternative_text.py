from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.blocks.figure import Figure
from coursewright.model.course import Course


@check("E601")
def missing_alternative_text(course: Course) -> Iterator[Fault]:
    """A figure has no alternative text.

    Why: a reader who cannot see the figure gets nothing from it, and the PDF fails PDF/UA.
    Instead: `alt:` with what the figure shows and the numbers that matter, in two to four sentences.
    Source: WCAG 2.2, 1.1.1 Non-text Content; ISO 14289-1, 7.3.
    """
    for figure in course.all(Figure):
        if not (figure.alt or "").strip():
            yield figure.at("id"), f'figure "{figure.id}" has no alternative text', "add alt: with what the figure shows"
