"""Filled answer sheets as a copier would deliver them: printed pages, marked by many kinds of hand, scanned in many ways.

Everything follows from a seed. The truth of every circle is kept beside the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image

from coursewright.plan.answer_sheet import AnswerSheet, Bubble, SheetPage

DPI = 300  # of the paper before it is scanned
MM = DPI / 25.4


@dataclass
class Filled:
    """A page with its marks: the truth is what a careful person would read, by (item, part); doubtful rows are named."""

    image: Any
    page: SheetPage
    truth: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    hard: set[tuple[str, str]] = field(default_factory=set)  # rows that may be sent to review


def printed_page(pdf: bytes, number: int) -> Any:
    """A page of a PDF as paper, grey."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    return np.asarray(document[number].render(scale=DPI / 72).to_pil().convert("L")).copy()


def fill(paper: Any, sheet: AnswerSheet, page: SheetPage, rng: np.random.Generator, hand: str = "mixed", multiple: frozenset[str] = frozenset()) -> Filled:
    """Mark a page. hand: pen, pencil, tick, cross, erased, stray, changed, double, or mixed as in an office."""
    made = Filled(paper.copy(), page)
    rows: dict[tuple[str, str], list[Bubble]] = {}
    for bubble in page.bubbles:
        rows.setdefault((bubble.item, bubble.part), []).append(bubble)
    tool = rng.choice(["pen", "pencil", "blue"])
    for key, bubbles in rows.items():
        style = str(hand)
        if hand == "mixed":
            style = str(rng.choice(["plain", "blank", "changed", "erased", "tick", "cross", "stray", "double"], p=[0.905, 0.05, 0.012, 0.008, 0.008, 0.007, 0.005, 0.005]))
        elif hand in ("pen", "pencil"):
            tool, style = hand, "plain"
        _answer(made, sheet, key, bubbles, style, str(tool), rng, key[0] in multiple)
    return made


def _answer(made: Filled, sheet: AnswerSheet, key: tuple[str, str], bubbles: list[Bubble], style: str, tool: str, rng: np.random.Generator, multiple: bool) -> None:
    order = rng.permutation(len(bubbles))
    chosen, other = bubbles[order[0]], bubbles[order[-1]]
    if style == "blank":
        made.truth[key] = frozenset()
        return
    made.truth[key] = frozenset({chosen.value})
    if multiple and style == "plain":
        several = [bubbles[i] for i in order[: int(rng.integers(1, max(2, len(bubbles) - 1)))]]
        for bubble in several:
            blob(made.image, bubble, sheet.radius, tool, rng)
        made.truth[key] = frozenset(b.value for b in several)
        return
    if style == "tick":
        tick(made.image, chosen, sheet.radius, tool, rng)
    elif style == "cross":
        cross(made.image, chosen, sheet.radius, tool, rng, 0.75)
    elif style == "changed" and other is not chosen:
        blob(made.image, other, sheet.radius, tool, rng)
        cross(made.image, other, sheet.radius, tool, rng, 1.75)
        blob(made.image, chosen, sheet.radius, tool, rng)
    elif style == "erased" and other is not chosen:
        smudge(made.image, other, sheet.radius, rng)
        blob(made.image, chosen, sheet.radius, "pencil", rng)
    elif style == "stray":
        blob(made.image, chosen, sheet.radius, tool, rng)
        line(made.image, chosen, tool, rng)
        made.hard.add(key)
    elif style == "double" and other is not chosen:
        blob(made.image, chosen, sheet.radius, tool, rng)
        blob(made.image, other, sheet.radius, tool, rng)
        made.truth[key] = frozenset({chosen.value, other.value})
        made.hard.add(key)
    else:
        blob(made.image, chosen, sheet.radius, tool, rng)


def _shade(tool: str, rng: np.random.Generator) -> float:
    return {"pen": rng.uniform(15, 50), "blue": rng.uniform(50, 95), "pencil": rng.uniform(75, 130)}[tool]


def _ink(image: Any, mask: Any, x0: int, y0: int, shade: float, grain: float, rng: np.random.Generator) -> None:
    h, w = mask.shape
    part = image[y0 : y0 + h, x0 : x0 + w]
    mask = mask[: part.shape[0], : part.shape[1]]
    noise = rng.normal(0, grain, mask.shape)
    level = np.clip(shade + noise, 0, 255)
    part[:] = np.clip(part * (1 - mask) + np.minimum(part, level) * mask, 0, 255).astype(np.uint8)


def blob(image: Any, bubble: Bubble, radius: float, tool: str, rng: np.random.Generator) -> None:
    """A circle filled by scribbling: not quite round, not quite centred, not quite full."""
    r = radius * MM
    size = int(r * 4)
    mask = np.zeros((size, size), np.float32)
    c = size / 2 + rng.normal(0, 0.07 * r, 2)
    angle = rng.uniform(0, math.pi)
    width = 0.5 * MM if tool == "pencil" else 0.42 * MM
    reach = r * rng.uniform(0.84, 1.06)
    points = []
    step = width * rng.uniform(0.55, 0.95)
    for i, t in enumerate(np.arange(-reach, reach + step, step)):
        half = math.sqrt(max(0.0, reach**2 - t**2)) * rng.uniform(0.88, 1.06)
        for sign in (1, -1) if i % 2 == 0 else (-1, 1):
            x, y = t, sign * half
            points.append((c[0] + x * math.cos(angle) - y * math.sin(angle), c[1] + x * math.sin(angle) + y * math.cos(angle)))
    cv2.polylines(mask, [np.round(np.array(points) * 16).astype(np.int32)], False, 1.0, max(1, round(width)), cv2.LINE_AA, 4)
    mask = np.clip(cv2.GaussianBlur(mask, (0, 0), 0.8), 0, 1)
    _ink(image, mask * rng.uniform(0.88, 1.0), round(bubble.x * MM - size / 2), round(bubble.y * MM - size / 2), _shade(tool, rng), 18 if tool == "pencil" else 6, rng)


def strokes(image: Any, bubble: Bubble, lines: list[list[tuple[float, float]]], width: float, shade: float, rng: np.random.Generator) -> None:
    size = int(60 * MM)
    mask = np.zeros((size, size), np.float32)
    for points in lines:
        at = np.array(points) * MM + size / 2
        cv2.polylines(mask, [np.round(at * 16).astype(np.int32)], False, 1.0, max(1, round(width * MM)), cv2.LINE_AA, 4)
    x0, y0 = round(bubble.x * MM - size / 2), round(bubble.y * MM - size / 2)
    cut_x, cut_y = max(0, -x0), max(0, -y0)
    _ink(image, cv2.GaussianBlur(mask, (0, 0), 0.7)[cut_y:, cut_x:], x0 + cut_x, y0 + cut_y, shade, 6, rng)


def tick(image: Any, bubble: Bubble, radius: float, tool: str, rng: np.random.Generator) -> None:
    s, d = radius * rng.uniform(0.8, 1.15), rng.normal(0, 0.1 * radius, 2)
    points = [(-0.7 * s + d[0], -0.05 * s + d[1]), (-0.15 * s + d[0], 0.65 * s + d[1]), (0.9 * s + d[0], -0.9 * s + d[1])]
    strokes(image, bubble, [points], rng.uniform(0.45, 0.7), _shade(tool, rng), rng)


def cross(image: Any, bubble: Bubble, radius: float, tool: str, rng: np.random.Generator, reach: float) -> None:
    """An X of `reach` radii: within the circle a mark, well past its edge an answer taken back."""
    s, d, turn = radius * reach * rng.uniform(0.92, 1.12) * 0.72, rng.normal(0, 0.08 * radius, 2), rng.normal(0, 0.12)
    lines = []
    for a in (math.pi / 4, 3 * math.pi / 4):
        x, y = math.cos(a + turn) * s * 1.3, math.sin(a + turn) * s * 1.3
        lines.append([(-x + d[0], -y + d[1]), (x + d[0], y + d[1])])
    strokes(image, bubble, lines, rng.uniform(0.45, 0.7), min(_shade(tool, rng), 80), rng)


def smudge(image: Any, bubble: Bubble, radius: float, rng: np.random.Generator) -> None:
    """What a rubber leaves of a pencil mark."""
    r = radius * MM
    size = int(r * 4)
    yy, xx = np.mgrid[:size, :size]
    mask = np.clip(1.15 - np.hypot(xx - size / 2, yy - size / 2) / r, 0, 1).astype(np.float32) * 0.9
    mask *= cv2.GaussianBlur(rng.uniform(0.4, 1, mask.shape).astype(np.float32), (0, 0), 5)
    _ink(image, np.clip(mask, 0, 1), round(bubble.x * MM - size / 2), round(bubble.y * MM - size / 2), rng.uniform(195, 225), 8, rng)


def line(image: Any, bubble: Bubble, tool: str, rng: np.random.Generator) -> None:
    """A slip of the pen across the page."""
    angle, length = rng.uniform(0, math.pi), rng.uniform(12, 45)
    x, y = math.cos(angle) * length / 2, math.sin(angle) * length / 2
    d = rng.normal(0, 4, 2)
    strokes(image, bubble, [[(-x + d[0], -y + d[1]), (x + d[0], y + d[1])]], rng.uniform(0.25, 0.5), _shade(tool, rng), rng)


# ---- the way through the copier ----------------------------------------------------------------------------------


def scanned(paper: Any, rng: np.random.Generator, way: str, dpi: int = 150) -> Any:
    """The picture of a page. way: office, fax, photo, poor; see below for what each does."""
    scale = dpi / DPI
    image = cv2.resize(paper, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if way == "office":
        image = rotated(image, rng.normal(0, 0.8))
        return noisy(blurred(image, rng.uniform(0.3, 0.7)), rng, 3)
    if way == "fax":
        image = rotated(image, rng.normal(0, 1.2))
        return np.where(noisy(blurred(image, 0.5), rng, 6) < rng.uniform(135, 175), 0, 255).astype(np.uint8)
    if way == "turned":
        return noisy(rotated(image, rng.uniform(0, 360), grow=True), rng, 4)
    if way == "photo":
        image = bent(image, rng)
        image = lit(perspective(image, rng), rng)
        return jpeg(noisy(blurred(image, rng.uniform(0.5, 1.0)), rng, 5), int(rng.integers(45, 80)))
    if way == "folded":
        image = folded(image, rng)
        return jpeg(noisy(rotated(blurred(image, 0.6), rng.normal(0, 1)), rng, 4), 70)
    if way == "poor":
        image = rotated(blurred(image, rng.uniform(0.7, 1.1)), rng.normal(0, 2.5))
        return jpeg(noisy(lit(image, rng), rng, 12), int(rng.integers(25, 50)))
    raise ValueError(way)


def blurred(image: Any, sigma: float) -> Any:
    return cv2.GaussianBlur(image, (0, 0), sigma)


def noisy(image: Any, rng: np.random.Generator, sigma: float) -> Any:
    return np.clip(image + rng.normal(0, sigma, image.shape), 0, 255).astype(np.uint8)


def rotated(image: Any, degrees: float, grow: bool = False) -> Any:
    h, w = image.shape
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1)
    size = (w, h)
    if grow:
        c, s = abs(matrix[0, 0]), abs(matrix[0, 1])
        size = (round(h * s + w * c), round(h * c + w * s))
        matrix[:, 2] += (size[0] - w) / 2, (size[1] - h) / 2
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=250)


def perspective(image: Any, rng: np.random.Generator) -> Any:
    """Photographed from an angle, on a table."""
    h, w = image.shape
    pad = int(0.08 * h)
    table = np.full((h + 2 * pad, w + 2 * pad), rng.uniform(60, 150), np.uint8)
    source = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    target = source + pad + rng.uniform(-0.06, 0.06, (4, 2)).astype(np.float32) * w
    matrix = cv2.getPerspectiveTransform(source, target.astype(np.float32))
    warped = cv2.warpPerspective(image, matrix, (table.shape[1], table.shape[0]), flags=cv2.INTER_LINEAR)
    inside = cv2.warpPerspective(np.full_like(image, 255), matrix, (table.shape[1], table.shape[0]))
    return np.where(inside > 127, warped, table)


def lit(image: Any, rng: np.random.Generator) -> Any:
    """Light from one side."""
    h, w = image.shape
    yy, xx = np.mgrid[:h, :w]
    a, strength = rng.uniform(0, 2 * math.pi), rng.uniform(0.15, 0.45)
    ramp = ((xx / w - 0.5) * math.cos(a) + (yy / h - 0.5) * math.sin(a)) + 0.5
    return np.clip(image * (1 - strength * ramp), 0, 255).astype(np.uint8)


def bent(image: Any, rng: np.random.Generator) -> Any:
    """Paper that does not lie flat."""
    h, w = image.shape
    yy, xx = np.mgrid[:h, :w].astype(np.float32)
    amount = rng.uniform(-0.012, 0.012) * h
    dy = amount * np.sin(math.pi * xx / w)
    dx = rng.uniform(-0.006, 0.006) * w * np.sin(math.pi * yy / h)
    return cv2.remap(image, xx + dx.astype(np.float32), yy + dy.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def folded(image: Any, rng: np.random.Generator) -> Any:
    """Folded across, with a shadow along the fold."""
    h, w = image.shape
    at = rng.uniform(0.3, 0.7) * h
    yy, xx = np.mgrid[:h, :w].astype(np.float32)
    slope = rng.uniform(-0.012, 0.012)
    shift = np.where(yy < at, 0, (yy - at) * slope).astype(np.float32)
    image = cv2.remap(image, xx + shift, yy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shadow = 1 - rng.uniform(0.1, 0.3) * np.exp(-(((yy - at) / (0.004 * h)) ** 2))
    return np.clip(image * shadow, 0, 255).astype(np.uint8)


def jpeg(image: Any, quality: int) -> Any:
    made = BytesIO()
    Image.fromarray(image).save(made, "JPEG", quality=quality)
    return np.asarray(Image.open(BytesIO(made.getvalue())).convert("L"))
