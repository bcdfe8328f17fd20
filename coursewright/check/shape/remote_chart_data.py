from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coursewright.check import Fault, check
from coursewright.model.blocks.figure import Figure
from coursewright.model.course import Course


@check("E128")
def remote_chart_data(course: Course) -> Iterator[Fault]:
    """A chart fetches its data or an image from an address instead of holding the values.

    Why: building touches no network, and a number that a page shows must stand in the course.
    Example: `data: {url: https://example.org/trials.csv}`
    Instead: `data: {values: [{arm: Treated, percent: 64}, …]}`
    """
    for figure in course.all(Figure):
        if figure.chart is not None and _has_url(figure.chart):
            yield figure.at("chart", "url"), "a chart must hold its data", "write them under data: {values: […]}"


def _has_url(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key == "url" or _has_url(entry) for key, entry in value.items())
    return isinstance(value, list) and any(_has_url(entry) for entry in value)
