from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coursewright.check import Fault, check
from coursewright.model.blocks.figure import Figure
from coursewright.model.course import Course
from coursewright.source.suggest import did_you_mean

MARKS = ["arc", "area", "bar", "boxplot", "circle", "errorband", "errorbar", "geoshape", "image", "line", "point", "rect", "rule", "square", "text", "tick", "trail"]
VIEWS = ("layer", "hconcat", "vconcat", "concat")


@check("E611")
def chart_without_marks(course: Course) -> Iterator[Fault]:
    """A chart has a mark that Vega-Lite does not know, or no data at all, so that it cannot be drawn or is empty.

    Example: `mark: bars`
    Instead: `mark: bar`, with `data: {values: […]}` and `encoding:`.
    Source: Vega-Lite documentation, mark and data.
    """
    for figure in course.all(Figure):
        if figure.chart is None:
            continue
        for mark in _marks(figure.chart):
            if mark not in MARKS:
                yield figure.at("chart", str(mark)), f'"{mark}" is not a mark of Vega-Lite', did_you_mean(str(mark), MARKS)
        if "data" not in str(figure.chart):
            yield figure.at("chart"), f'the chart of "{figure.id}" has no data', "write the values under data: {values: […]}"


def _marks(spec: Any) -> Iterator[Any]:
    """The marks of a specification and of the views within it."""
    if not isinstance(spec, dict):
        return
    if "mark" in spec:
        yield spec["mark"].get("type", "") if isinstance(spec["mark"], dict) else spec["mark"]
    for name in VIEWS:
        for view in spec.get(name) or ():
            yield from _marks(view)
    yield from _marks(spec.get("spec"))
