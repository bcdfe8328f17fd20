from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coursewright.check import Fault, check
from coursewright.model.blocks.figure import Figure
from coursewright.model.course import Course


@check("E128")
def remote_chart_data(course: Course) -> Iterator[Fault]:
    """A chart fetches its data or an image from an address, or links to one, instead of holding the values.

    Why: building touches no network, and a number that a page shows must stand in the course.
    Example: `data: {url: https://example.org/trials.csv}`
    Instead: `data: {values: [{arm: Treated, percent: 64}, …]}`
    """
    for figure in course.all(Figure):
        key = _address(figure.chart)
        if key:
            yield figure.at("chart", key), "a chart must hold its data and lead nowhere", "write the values under data: {values: […]}"


def _address(value: Any) -> str:
    """The first key that names an address, or nothing."""
    if isinstance(value, dict):
        return next((found for key, entry in value.items() if (found := key if key in ("url", "href") else _address(entry))), "")
    return next((found for entry in value if (found := _address(entry))), "") if isinstance(value, list) else ""
