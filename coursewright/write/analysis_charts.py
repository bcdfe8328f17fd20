"""The plots of an item analysis as Vega-Lite, each with its description in words. Legible in black and white: options differ
in dash and letter, not in hue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import floor
from typing import Any

from coursewright.plan.analysis import Analysis
from coursewright.plan.findings import HARD, HIGH, WEAK, listed, percent, two
from coursewright.plan.item_statistics import ItemStatistics
from coursewright.plan.statistics import Estimate, mean
from coursewright.write.chart import COLORS, INK, SOFT

GROUPS = ("lowest 27%", "middle 46%", "highest 27%")
DASHES = [[6, 3], [2, 2], [8, 2, 2, 2], [4, 6], [1, 4], [10, 4], [3, 1], [6, 1, 1, 1]]
NARROW = 236  # the plotting width of drawings for phones, in pixels
NEAR = 0.07  # end labels nearer than this share a line


@dataclass(frozen=True)
class Plot:
    """A plot: its Vega-Lite specification, the same for a phone with type of the same size, what stands under it, and
    what it shows, in words."""

    id: str
    spec: dict[str, Any]
    narrow: dict[str, Any]
    caption: str
    alt: str

    @classmethod
    def of(cls, id_: str, spec: dict[str, Any], caption: str, alt: str, narrow: dict[str, Any] | None = None) -> Plot:
        """A plot whose drawing for phones is the same one, or another, less wide."""
        inner = {key: value for key, value in (narrow or spec).items() if key != "data"}
        return cls(id_, spec, {"data": (narrow or spec)["data"], "vconcat": [{**inner, "width": NARROW}]}, caption, alt)


@dataclass(frozen=True)
class Drawn:
    """A plot with its SVG, for paper and wide screens, and for phones."""

    plot: Plot
    svg: str
    narrow: str


def distribution(analysis: Analysis) -> Plot | None:
    """How scores are spread, with the cut score: in points where all met the same items, else in percent."""
    if not analysis.n:
        return None
    one = analysis.tests[0] if len(analysis.tests) == 1 and not analysis.alone else None
    if one and one.points <= 40 and all(score.denominator == 1 for score in (*one.scores, one.points)):
        lowest = max(0, int(min(*one.scores, Fraction(one.cut.needed))) - 1)
        bars = [{"from": n - 0.42, "to": n + 0.42, "learners": sum(score == n for score in one.scores)} for n in range(lowest, int(one.points) + 1)]
        cuts, unit, ends = [one.cut.needed - 0.5], "points", [lowest - 0.8, int(one.points) + 0.6]
        label = f"cut score {one.cut.needed}"
        spread = f"from {two(min(one.scores), 0)} to {two(max(one.scores), 0)} of {two(one.points, 0)} points, mean {two(one.mean, 1)}"
    else:
        counts = [sum(min(9, floor(value / 10)) == n for value in analysis.percents) for n in range(10)]
        bars = [{"from": 10 * n + 0.6, "to": 10 * n + 9.4, "learners": count} for n, count in enumerate(counts)]
        cuts, unit, ends = sorted({test.cut.needed_percent for test in analysis.tests}), "percent", [0, 100]
        label = "cut score" if len(cuts) == 1 else "cut scores"
        spread = f"from {two(min(analysis.percents), 0)}% to {two(max(analysis.percents), 0)}%, mean {two(mean(analysis.percents), 1)}%"
    bars = [bar for bar in bars if bar["learners"]]
    most = max(bar["learners"] for bar in bars)
    align, aside = ("right", -5) if cuts and cuts[0] > sum(ends) / 2 else ("left", 5)
    spec = {
        "data": {"values": bars},
        "height": 170,
        "layer": [
            {
                "mark": {"type": "bar", "color": "#dbe6e8", "stroke": INK, "strokeWidth": 0.8},
                "encoding": {
                    "x": {"field": "from", "type": "quantitative", "title": f"Score in {unit}", "scale": {"domain": ends, "nice": False}, "axis": {"tickMinStep": 1, "grid": False}},
                    "x2": {"field": "to"},
                    "y": {"field": "learners", "type": "quantitative", "title": "Learners", "axis": {"tickMinStep": 1}, "scale": {"domain": [0, most * 1.22]}},
                    "y2": {"datum": 0},
                },
            },
            {"data": {"values": [{"cut": cut} for cut in cuts]}, "mark": {"type": "rule", "strokeWidth": 1.6, "strokeDash": [5, 3]}, "encoding": {"x": {"field": "cut", "type": "quantitative"}}},
            {
                "data": {"values": [{"cut": cut, "label": label} for cut in cuts[:1]]},
                "mark": {"type": "text", "align": align, "dx": aside, "baseline": "top", "fontWeight": 600},
                "encoding": {"x": {"field": "cut", "type": "quantitative"}, "y": {"value": 0}, "text": {"field": "label"}},
            },
        ],
    }
    alt = f"Bars: {analysis.n} scores {spread}; {analysis.passed} reached the cut score."
    return Plot.of("scores", spec, f"Scores of {analysis.n} learners" + ("; the dashed line is the cut score." if cuts else "."), alt)


def scatter(analysis: Analysis) -> Plot | None:
    """Difficulty against corrected discrimination, an item a point, under its number."""
    shown = [(item.number, float(item.p.value), float(item.r.value)) for item in analysis.items if isinstance(item.p, Estimate) and isinstance(item.r, Estimate)]
    if not shown:
        return None
    left = sorted(number for number, _, r in shown if r < 0)
    alt = f"Points: {len(shown)} items by difficulty and discrimination. "
    alt += f"Below 0 {'is item' if len(left) == 1 else 'are items'} {listed(left)}. " if left else "None lies below 0. "
    alt += f"{sum(p > HIGH for _, p, _ in shown)} are easier than 0.80, {sum(p < HARD for _, p, _ in shown)} harder than 0.30. All numbers are in the table of items."
    caption = "Items by difficulty and discrimination, under their numbers. Below the solid line an item works against the test; the dashed line is 0.20."
    return Plot.of("items", _scatter(shown, "Difficulty p: share right (hard on the left, easy on the right)", 440), caption, alt, _scatter(shown, "Difficulty p: share right", NARROW))


def _scatter(shown: Iterable[tuple[int, float, float]], title: str, width: int, height: int = 280) -> dict[str, Any]:
    def place(point: tuple[int, float, float]) -> tuple[float, float]:
        return round(point[1], 2), round(point[2], 2)

    named = [(at, ", ".join(str(number) for number, _, _ in same)) for at, same in groupby(sorted(shown, key=lambda point: (place(point), point[0])), place)]
    points = [{"p": p, "r": r} for (p, r), _ in named]
    right, low, high = 1.06, min(-0.1, min(r for (_, r), _ in named) - 0.08), max(0.5, max(r for (_, r), _ in named) + 0.08)
    at = _label_places([(p / right * width, (high - r) / (high - low) * height, label) for (p, r), label in named])
    labels = [{"p": x * right / width, "r": high - y * (high - low) / height, "label": label} for x, y, label in at]
    y = {"field": "r", "type": "quantitative", "title": "Discrimination r", "scale": {"domain": [low, high], "nice": False}}
    x = {"field": "p", "type": "quantitative", "title": title, "scale": {"domain": [0, right], "nice": False}, "axis": {"values": [0, 0.2, 0.4, 0.6, 0.8, 1]}}
    return {
        "data": {"values": points},
        "height": height,
        "layer": [
            {"data": {"values": [{"r": 0.0}]}, "mark": {"type": "rule", "color": INK, "strokeWidth": 1}, "encoding": {"y": y}},
            {"data": {"values": [{"r": WEAK}]}, "mark": {"type": "rule", "color": SOFT, "strokeDash": [4, 3]}, "encoding": {"y": y}},
            {"mark": {"type": "point", "filled": True, "size": 22, "color": INK}, "encoding": {"x": x, "y": y}},
            {"data": {"values": labels}, "mark": {"type": "text", "fontWeight": 600, "color": COLORS[0]}, "encoding": {"x": x, "y": y, "text": {"field": "label"}}},
        ],
    }


def _label_places(points: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """Where labels stand beside their points, in pixels: the first free of places further and further away."""
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y, _ in points]
    made = []
    for x, y, label in points:
        half = 3.2 * len(label) + 1
        around = [(far * dx * (half + 5) if dx else 0.0, far * dy * 10) for far in (1.0, 1.6, 2.3, 3.0) for dx, dy in ((1, -0.7), (-1, -0.7), (1, 0.7), (-1, 0.7), (0, -1.1), (0, 1.1), (1, 0), (-1, 0))]
        boxes = [(x + dx - half, y + dy - 5.5, x + dx + half, y + dy + 5.5) for dx, dy in around]
        free = next((box for box in boxes if not any(_overlap(box, other) for other in taken)), boxes[0])
        taken.append(free)
        made.append(((free[0] + free[2]) / 2, (free[1] + free[3]) / 2, label))
    return made


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def options(item: ItemStatistics) -> Plot | None:
    """Who chose which option: its share within the lowest, the middle and the highest scorers."""
    shown = [option for option in item.options if option.upper is not None and option.lower is not None and (option.chosen or option.credit == 1)]
    if not shown:
        return None
    rows = []
    for option in shown:
        for group, share in zip(GROUPS, (option.lower, option.middle, option.upper), strict=True):
            if share is not None:
                rows.append({"option": option.letter, "group": group, "share": float(share)})
    letters = [option.letter for option in item.options]
    ends = [{"group": GROUPS[2], "share": at, "label": label} for at, label in _end_labels([(max(0.03, float(o.upper or 0)), o.letter + (" (key)" if o.credit == 1 else "")) for o in shown])]
    x = {"field": "group", "type": "ordinal", "sort": list(GROUPS), "title": None, "axis": {"labelAngle": 0, "grid": False}, "scale": {"padding": 0.35}}
    y = {"field": "share", "type": "quantitative", "title": "Chose it", "scale": {"domain": [0, 1]}, "axis": {"format": "%", "values": [0, 0.25, 0.5, 0.75, 1], "grid": True}}
    keys = {option.letter for option in item.options if option.credit == 1}
    patterns = iter(DASHES * len(letters))
    dashes = {"field": "option", "type": "nominal", "legend": None, "scale": {"domain": letters, "range": [[1, 0] if letter in keys else next(patterns) for letter in letters]}}
    spec = {
        "data": {"values": rows},
        "height": 150,
        "layer": [
            *(
                {"data": {"values": [row for row in rows if (row["option"] in keys) == key]}, "mark": {"type": "line", "color": INK, "strokeWidth": width}, "encoding": {"x": x, "y": y, "strokeDash": dashes}}
                for key, width in ((False, 1.2), (True, 3.4))
            ),
            {"mark": {"type": "point", "color": INK, "filled": True, "size": 26}, "encoding": {"x": x, "y": y}},
            {"data": {"values": ends}, "mark": {"type": "text", "align": "left", "dx": 9, "fontWeight": 600}, "encoding": {"x": x, "y": y, "text": {"field": "label"}}},
        ],
    }
    said = "; ".join(f"{o.letter}{' (key)' if o.credit == 1 else ''} {percent(o.lower)} to {percent(o.upper)}" for o in shown)
    return Plot.of(f"options-{item.number}", spec, f"Item {item.number}: who chose which option. The key is the thick line.", f"Lines, from the lowest to the highest scorers: {said}.")


def _end_labels(ends: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
    """Labels at the ends of lines; those that would overlap stand side by side, the highest first."""
    made: list[tuple[float, str]] = []
    for at, label in sorted(ends, reverse=True):
        if made and made[-1][0] - at < NEAR:
            made[-1] = (made[-1][0], f"{made[-1][1]}, {label}")
        else:
            made.append((at, label))
    return made


def plots(analysis: Analysis, flagged: frozenset[int], most: int = 24) -> dict[str, Plot]:
    """All plots by id; those of options for flagged items alone, `most` of them."""
    makers: list[Callable[[], Plot | None]] = [lambda: distribution(analysis), lambda: scatter(analysis)]
    made = [plot for make in makers if (plot := make()) is not None]
    made += [plot for item in [i for i in analysis.items if i.number in flagged][:most] if (plot := options(item)) is not None]
    return {plot.id: plot for plot in made}
