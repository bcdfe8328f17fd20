"""How much ink each circle holds, against the paper around it and the black of the sheet's own marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from coursewright.build.scan.images import Grey
from coursewright.build.scan.locate import RASTER
from coursewright.plan.answer_sheet import Bubble, Mark
from coursewright.plan.marks import Ink

HALO = (1.15, 1.22, 1.3, 1.37, 1.44)  # of the radius: where a circle drawn around the printed one lies
INNER, CLOSE, BESIDE, NEAR, FAR = 0.80, 1.20, 1.26, 1.33, 1.44  # of the radius: the disc that is measured, and the circles on which arms are counted
ANGLES = 72
DARK = 0.42  # of the sheet's black: a stroke
STRAIGHT, SQUARE = 25, 35  # degrees: how far strokes may be from opposite, and their pairs from square to each other
ARM = 0.32  # of the sheet's black: a stroke that leaves a circle, thin as it is
FAINT = 0.20  # of the sheet's black: more than paper


def ink_of(page: Grey, marks: Sequence[Mark]) -> Any:
    """The page as ink, 0 for paper and 1 for the sheet's black, whatever the light."""
    h, w = page.shape
    small = cv2.resize(page, (w // 8, h // 8), interpolation=cv2.INTER_AREA)
    paper = cv2.dilate(small, np.ones((7, 7), np.uint8))
    paper = cv2.GaussianBlur(cv2.erode(paper, np.ones((3, 3), np.uint8)), (0, 0), 3)
    ground = cv2.resize(paper, (w, h), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    dark = 1 - page.astype(np.float32) / np.maximum(ground, 1)
    cores = []
    for mark in marks:
        x, y, r = round(mark.x * RASTER), round(mark.y * RASTER), round(mark.side * RASTER * 0.3)
        cores.append(float(np.median(dark[y - r : y + r, x - r : x + r])))
    black = max(0.25, float(np.median(cores)))
    return np.clip(dark / black, 0, 1.1)


def measure(ink: Any, bubbles: Sequence[Bubble], radius: float) -> list[Ink]:
    """The ink of every circle, in their order."""
    if not bubbles:
        return []
    r = radius * RASTER
    half = int(np.ceil(r * 1.9))
    yy, xx = np.mgrid[-half : half + 1, -half : half + 1]
    away = np.hypot(xx, yy)
    inner = away <= INNER * r
    patches = np.stack([_patch(ink, bubble, half) for bubble in bubbles])
    discs = patches[:, inner]
    means, strokes = discs.mean(axis=1), (discs > DARK).mean(axis=1)
    covered = (discs > FAINT).mean(axis=1)
    deepest = np.quantile(discs, 0.95, axis=1)
    printed = _printed([bubble.letter for bubble in bubbles], means, strokes, covered)
    near, far, close, beside = (_rings(patches, half, r, radius) for radius in (NEAR, FAR, CLOSE, BESIDE))
    halo = (np.concatenate([_ring(patches, half, r, factor) for factor in HALO], axis=1) > DARK).mean(axis=1)
    printed_line = np.maximum.reduce([_ring(patches, half, r, factor) for factor in (0.95, 1.0, 1.05)]).mean(axis=1)
    outline = printed_line - np.minimum(_ring(patches, half, r, 1.18), _ring(patches, half, r, 1.24)).mean(axis=1)
    usual = float(np.quantile(outline, 0.75))
    outline = outline / usual if usual > 0.35 else np.ones(len(outline))  # a fax may leave nothing of the printed lines
    parts: dict[int, tuple[float, float]] = {}
    arms = [_arms(ring) for ring in near]
    suspects = [i for i in range(len(bubbles)) if means[i] - printed[i][0] > 0.05 and (strokes[i] < 0.8 or arms[i][0] > 1)]
    if suspects:
        parts = _extents(ink, bubbles, suspects, r)
    made = []
    for i in range(len(bubbles)):
        spread, offset = parts.get(i, (0.0, 0.0))
        net = [float(max(0.0, value - base)) for value, base in zip((means[i], strokes[i], covered[i]), printed[i], strict=True)]
        nearest, next_ = _arms(close[i]), _arms(beside[i])
        made.append(Ink(net[0], net[1], net[2], float(deepest[i]), *arms[i][:3], _arms(far[i])[0], spread, offset, nearest[2] and next_[0] >= 2, next_[3], float(halo[i]), float(outline[i])))
    return made


def crop(page: Grey, left: float, top: float, right: float, bottom: float) -> bytes:
    """A piece of the flattened page as PNG; millimetres."""
    h, w = page.shape
    x0, x1 = max(0, int(left * RASTER)), min(w, int(right * RASTER))
    y0, y1 = max(0, int(top * RASTER)), min(h, int(bottom * RASTER))
    return bytes(cv2.imencode(".png", page[y0:y1, x0:x1])[1].tobytes())


def picture(page: Grey, scale: float = 0.6) -> bytes:
    """The whole page as JPEG, to look at."""
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes())


def overview(image: Grey) -> bytes:
    """A page as it was scanned, small, as JPEG."""
    scale = min(1.0, 900 / max(image.shape))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes())


def share_of_ink(ink: Any, left: float, top: float, right: float, bottom: float) -> float:
    """The share of an area that is as dark as a stroke; millimetres."""
    part = ink[int(top * RASTER) : int(bottom * RASTER), int(left * RASTER) : int(right * RASTER)]
    return float((part > DARK).mean()) if part.size else 0.0


def _patch(ink: Any, bubble: Bubble, half: int) -> Any:
    x, y = round(bubble.x * RASTER - 0.5), round(bubble.y * RASTER - 0.5)
    return ink[y - half : y + half + 1, x - half : x + half + 1]


def _printed(letters: list[str], *values: Any) -> list[tuple[float, ...]]:
    """What the printed letter itself adds to each value: the lower quartile of its kind on this page.

    Letters differ little. Where one kind has more than that, it was filled more often than not, and the others speak for it.
    """
    names = np.array(letters)
    usual = [float(np.quantile(v, 0.2)) for v in values]
    bases: dict[str, tuple[float, ...]] = {}
    for letter in set(letters):
        own = [float(np.quantile(v[names == letter], 0.25)) for v in values]
        fits = all(mine <= 1.8 * common + 0.05 for mine, common in zip(own, usual, strict=True))
        bases[letter] = tuple(own if fits else usual)
    return [bases[letter] for letter in letters]


def _rings(patches: Any, half: int, r: float, radius: float) -> Any:
    """Ink along a circle outside each bubble, at ANGLES places; a little further out there must be ink too."""
    return np.minimum(_ring(patches, half, r, radius), _ring(patches, half, r, radius + 0.06))


def _ring(patches: Any, half: int, r: float, radius: float) -> Any:
    angles = np.arange(ANGLES) * 2 * np.pi / ANGLES
    x = np.clip(np.round(half + np.cos(angles) * r * radius).astype(int), 0, 2 * half)
    y = np.clip(np.round(half + np.sin(angles) * r * radius).astype(int), 0, 2 * half)
    return patches[:, y, x]


def _arms(ring: Any) -> tuple[int, float, bool, bool]:
    """The strokes that cross a ring: how many, what share of it is inked, whether two go opposite ways, and whether four
    go as those of a cross do: two pairs of opposites, about square to each other."""
    dark = ring > ARM
    share = float(dark.mean())
    if not dark.any() or dark.all():
        return int(dark.all()), share, bool(dark.all()), False
    start = int(np.argmin(dark))
    turned = np.roll(dark, -start).astype(np.int8)
    edges = np.diff(np.concatenate([turned, [0]]))
    begins, ends = np.flatnonzero(edges == 1) + 1, np.flatnonzero(edges == -1)
    angles = ((begins + ends) / 2 + start) * 360 / ANGLES % 360
    first, second = np.triu_indices(len(angles), 1)
    gaps = np.abs(angles[first] - angles[second])
    pairs = np.abs(gaps - 180) <= STRAIGHT
    axes = ((angles[first] + angles[second] + 180) / 2 % 180)[pairs]
    turns = np.abs(axes[:, None] - axes[None, :])
    return len(angles), share, bool(pairs.any()), bool((np.abs(np.minimum(turns, 180 - turns) - 90) <= SQUARE).any())


def _extents(ink: Any, bubbles: Sequence[Bubble], suspects: list[int], r: float) -> dict[int, tuple[float, float]]:
    """For marks that are no full circles: how far their stroke reaches from the centre, in radii, and how far its middle lies off."""
    dark = (ink > DARK * 0.85).astype(np.uint8)
    _, labels, stats, _centers = cv2.connectedComponentsWithStats(dark, connectivity=8)
    made = {}
    for i in suspects:
        bubble = bubbles[i]
        x, y = bubble.x * RASTER - 0.5, bubble.y * RASTER - 0.5
        half = int(r * INNER)
        part = labels[round(y) - half : round(y) + half + 1, round(x) - half : round(x) + half + 1]
        found = np.unique(part[part > 0])
        if not len(found):
            continue
        biggest = max(found, key=lambda n: int((part == n).sum()))
        left, top, width, height = (float(v) for v in stats[biggest][:4])
        reach = max(x - left, left + width - x, y - top, top + height - y) / r
        at = np.argwhere(part == biggest).mean(axis=0) - half
        made[i] = (float(reach), float(np.hypot(*at) / r))
    return made
