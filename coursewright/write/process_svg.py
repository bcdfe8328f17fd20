"""Process diagrams: boxes and arrows from steps, as SVG with real text. Pure arithmetic, no layout engine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

from coursewright.model.blocks.figure import Aside, Process, ProcessStep

INK, SOFT, EDGE, FILL, TAG = "#1b2a33", "#3d4d56", "#0b4f5c", "#f2f6f6", "#0b4f5c"
TITLE, BODY, SMALL = 12.5, 11.0, 9.5  # type sizes, in units of the drawing (about a point in print)
LEAD = 1.28
PAD = 9.0
GAP = 26.0
WIDTH = 520.0

#: how a box is drawn: its dashes, its fill, the width of its line; told apart in black and white too
LINES = {"solid": ("", FILL, 1), "dashed": (' stroke-dasharray="6 4"', "#ffffff", 1.2), "dotted": (' stroke-dasharray="1.5 3.5" stroke-linecap="round"', "#ffffff", 1.4)}

NARROW, WIDE, CAPITAL, OTHER = 0.27, 0.82, 0.59, 0.49


@dataclass(frozen=True)
class Box:
    """A step with its lines broken, before it is placed."""

    step: ProcessStep
    number: int
    title: list[str]
    body: list[str]
    width: float

    @property
    def height(self) -> float:
        tag = SMALL * LEAD + 5 if self.step.tag else 0
        return PAD * 2 + len(self.title) * TITLE * LEAD + (3 if self.body else 0) + len(self.body) * BODY * LEAD + tag


LARGE = WIDTH / 1.56  # a narrower drawing, shown as wide as any: its type is larger by as much


def process_svg(process: Process, width: float = WIDTH) -> str:
    """The diagram, `width` units wide. Its type has fixed sizes in these units."""
    if process.direction == "cycle":
        return _cycle(process, width)
    if process.direction == "down":
        return _down(process, width)
    return _across(process, width)


def standing(process: Process) -> Process:
    """The same process for a narrow page: steps go one below another, and what stood beside a box is told in it."""
    return _told(process, "down")


def lying(process: Process) -> Process:
    """The same process for a page that is wider than high: steps one below another go side by side."""
    return _told(process, "across") if process.direction == "down" else process


def _told(process: Process, direction: str) -> Process:
    steps = tuple(step.model_copy(update={"aside": None, "text": _with_aside(step.text, step.aside)}) if step.aside else step for step in process.steps)
    return process.model_copy(update={"direction": direction, "steps": steps})


def _with_aside(text: str | None, aside: Aside) -> str:
    """What a box says, and the way out of it as a sentence of its own."""
    before = f"{text}{'' if text.endswith(('.', '?', '!')) else '.'} " if text else ""
    return f"{before}{aside.when[:1].upper()}{aside.when[1:]}: {aside.title[:1].lower()}{aside.title[1:]}."


def text_width(text: str, size: float, bold: bool = False) -> float:
    """About how wide a line of Source Sans is: within some percent, on the wide side."""
    ems = sum(
        NARROW if c in "iljtfrI.,;:'’|!()[] -" else WIDE if c in "mwMW—%@" else CAPITAL if c.isupper() else OTHER for c in text
    )
    return ems * size * (1.07 if bold else 1.0)


def wrap(text: str, size: float, width: float, bold: bool = False) -> list[str]:
    """Break text into lines no wider than `width`; a single word may be wider."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size, bold) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def _boxes(process: Process, width: float) -> list[Box]:
    inner = width - 2 * PAD
    return [
        Box(step, n, wrap(step.title, TITLE, inner, bold=True), wrap(step.text or "", BODY, inner), width)
        for n, step in enumerate(process.steps, 1)
    ]


def _across(process: Process, whole: float) -> str:
    """Side by side; more than four steps go on in a second row."""
    count = len(process.steps)
    columns = count if count <= 4 else math.ceil(count / 2)
    width = (whole - GAP * (columns - 1)) / columns
    boxes = _boxes(process, width)
    rows = [boxes[i : i + columns] for i in range(0, count, columns)]
    parts: list[str] = []
    y = 1.0
    for r, row in enumerate(rows):
        height = max(box.height for box in row)
        for c, box in enumerate(row):
            x = c * (width + GAP)
            parts.append(_draw(box, x, y, height))
            if c:
                parts.append(_arrow(x - GAP + 3, y + height / 2, x - 3, y + height / 2))
        if r + 1 < len(rows):
            right, below = (len(row) - 1) * (width + GAP) + width / 2, y + height
            middle = below + GAP / 2
            parts.append(_path(f"M{right:.1f} {below + 2:.1f}V{middle:.1f}H{width / 2:.1f}V{below + GAP - 4:.1f}"))
        y += height + GAP
    return _svg(whole, y - GAP + 1, parts)


def _down(process: Process, whole: float) -> str:
    """One below another; a step's way out stands beside it, on the right."""
    asides = any(step.aside for step in process.steps)
    width = whole * (0.56 if asides else 0.8 if whole == WIDTH else 1)
    boxes = _boxes(process, width)
    x, y = 0.0 if asides else (whole - width) / 2, 1.0
    parts: list[str] = []
    for n, box in enumerate(boxes):
        if n:
            parts.append(_arrow(x + width / 2, y - GAP * 0.75 + 2, x + width / 2, y - 3))
        height = box.height
        if box.step.aside:
            drawn, beside = _aside(box.step.aside, x + width, y, box.height, whole)
            parts.append(drawn)
            height = max(height, beside)
        parts.append(_draw(box, x, y, height))
        y += height + GAP * 0.75
    return _svg(whole, y - GAP * 0.75 + 1, parts)


def _aside(aside: Aside, left: float, y: float, least: float, whole: float) -> tuple[str, float]:
    """A way out of the box that ends at `left`: an arrow under its condition, and a box with what is done; its height."""
    arm = 76.0
    width = whole - left - arm
    step = ProcessStep(title=aside.title, text=aside.text, line="dashed")
    (box,) = _boxes(Process(steps=(step, step)), width)[:1]
    when = wrap(aside.when, SMALL, arm - 12)
    height = max(least, box.height, 2 * len(when) * SMALL * LEAD + 12)
    middle = y + height / 2
    parts = [_arrow(left + 3, middle, left + arm - 3, middle), _draw(box, left + arm, y, height)]
    parts += [_text(left + 8, middle - 6 - (len(when) - 1 - n) * SMALL * LEAD, line, SMALL, INK, "600") for n, line in enumerate(when)]
    return "".join(parts), height


def _cycle(process: Process, whole: float) -> str:
    """In a ring, clockwise from the top; arrows run from box to box."""
    count = len(process.steps)
    width = 150.0 if count > 3 else 165.0
    boxes = _boxes(process, width)
    height = max(box.height for box in boxes)
    rx = (whole - width) / 2
    ry = max(height * 1.02 + 18, height * (count / 4) + 26)
    cx, cy = whole / 2, ry + height / 2 + 1
    parts: list[str] = []
    spots = []
    for n in range(count):
        angle = 2 * math.pi * n / count - math.pi / 2
        spots.append((cx + rx * math.cos(angle), cy + ry * math.sin(angle)))
    for n, (x, y) in enumerate(spots):
        to = spots[(n + 1) % count]
        parts.append(_arrow(*_edge((x, y), to, width, height, 5), *_edge(to, (x, y), width, height, 6)))
    for box, (x, y) in zip(boxes, spots, strict=True):
        parts.append(_draw(box, x - width / 2, y - height / 2, height))
    bottom = max(y for _, y in spots) + height / 2 + 1
    return _svg(whole, bottom, parts)


def _edge(of: tuple[float, float], towards: tuple[float, float], width: float, height: float, gap: float) -> tuple[float, float]:
    """Where the line from a box's middle to another point leaves the box."""
    dx, dy = towards[0] - of[0], towards[1] - of[1]
    scale = min((width / 2 + gap) / abs(dx) if dx else math.inf, (height / 2 + gap) / abs(dy) if dy else math.inf)
    return of[0] + dx * scale, of[1] + dy * scale


def _draw(box: Box, x: float, y: float, height: float) -> str:
    dash, fill, stroke = LINES[box.step.line]
    parts = [f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{height:.1f}" rx="4" fill="{fill}" stroke="{EDGE}" stroke-width="{stroke}"{dash}/>']
    if box.step.line == "solid":
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="3.5" height="{height:.1f}" fill="{EDGE}"/>')
    at = y + PAD
    for line in box.title:
        at += TITLE * LEAD
        parts.append(_text(x + PAD + 2, at - 4, line, TITLE, INK, "600"))
    at += 3 if box.body else 0
    for line in box.body:
        at += BODY * LEAD
        parts.append(_text(x + PAD + 2, at - 4, line, BODY, SOFT))
    if box.step.tag:
        parts.append(_text(x + PAD + 2, y + height - PAD + 1, box.step.tag.upper(), SMALL, TAG, "600", ' letter-spacing=".4"'))
    return "".join(parts)


def _text(x: float, y: float, text: str, size: float, color: str, weight: str = "400", more: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="Source Sans 3, sans-serif" font-size="{size:g}" '
        f'font-weight="{weight}" fill="{color}"{more}>{escape(text)}</text>'
    )


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return _path(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}")


def _path(d: str) -> str:
    """A line with its head drawn as a triangle, as markers are drawn differently by different programs."""
    numbers = [float(n) for n in d.replace("M", " ").replace("L", " ").replace("H", " ").replace("V", " ").split()]
    if "L" in d:
        x1, y1, x2, y2 = numbers
    else:
        x1, y1, x2, y2 = numbers[3], numbers[2], numbers[3], numbers[4]
    angle = math.atan2(y2 - y1, x2 - x1)
    back = [(x2 - 8 * math.cos(angle + turn), y2 - 8 * math.sin(angle + turn)) for turn in (0.42, -0.42)]
    head = f"M{x2:.1f} {y2:.1f}L{back[0][0]:.1f} {back[0][1]:.1f}L{back[1][0]:.1f} {back[1][1]:.1f}Z"
    return f'<path d="{d}" fill="none" stroke="{SOFT}" stroke-width="1.4"/><path d="{head}" fill="{SOFT}"/>'


def _svg(width: float, height: float, parts: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="-1 0 {width + 2:.0f} {height:.1f}">{"".join(parts)}</svg>'
    )
