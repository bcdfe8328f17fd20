"""Where a sheet lies in a picture: its codes and registration marks give the way from millimetres to pixels, bends included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from coursewright.build.scan.images import Grey
from coursewright.plan.answer_sheet import CODE, SIZES, Mark, code_places, marks
from coursewright.plan.sheet_code import SheetCode, read_code

Points = np.ndarray[Any, np.dtype[np.float64]]
RASTER = 6.0  # pixels a millimetre of the flattened page
ALIKE = 7  # black squares of one size that other pages hardly have
PATCH = 5.0  # pixels a millimetre while looking for marks
SURE, LEAST_SHARE, ANY_SHARE = 0.62, 0.55, 0.35  # the correlation that makes a mark; the share of marks that makes a page, and a first guess
BEND = 0.003  # how stiff paper is taken to be: larger follows single marks less
ASTRAY = 1.2  # millimetres from where its neighbours put it: a mark that is none


@dataclass(frozen=True)
class Found:
    """A code of ours in a picture, with its four corners in pixels: top left, top right, bottom right, bottom left of the code."""

    code: SheetCode
    corners: Points


@dataclass(frozen=True)
class Place:
    """The way from millimetres on the sheet to pixels. `share` of the marks were found; `miss` is their mean distance, in mm."""

    homography: Points
    known: Points
    weights: Points
    share: float
    miss: float

    def pixels(self, at: Points) -> Points:
        """Points in millimetres (n × 2) as pixels."""
        flat = _apply(self.homography, at)
        return flat + _spline(self.known, self.weights, at) if len(self.known) else flat


def find_codes(image: Grey) -> list[Found]:
    """The codes of ours in a picture. Tries harder where it finds none."""
    for scale, prepare in ((1.0, None), (2.0, None), (1.0, "blur"), (1.0, "threshold"), (0.5, None)):
        if scale > 1 and image.shape[1] > 2600:
            continue
        picture: Any = image
        if scale != 1.0:
            picture = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
        if prepare == "blur":
            picture = cv2.GaussianBlur(image, (0, 0), 1.2)
        elif prepare == "threshold":
            picture = cv2.adaptiveThreshold(cv2.GaussianBlur(image, (0, 0), 0.8), 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 51, 10)
        found = _codes(picture, scale)
        if found:
            return found
    return []


def _codes(image: Any, scale: float) -> list[Found]:
    import zxingcpp

    only: Any = zxingcpp.BarcodeFormat.QRCode
    made: list[Found] = []
    for code in zxingcpp.read_barcodes(image, formats=only):
        read = read_code(code.text)
        if read is None:
            continue
        p = code.position
        corners = np.array([[c.x, c.y] for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left)], float) / scale
        made.append(Found(read, corners))
    return made


def place_by_codes(image: Grey, found: list[Found], paper: str, large: bool) -> Place | None:
    """The place of a sheet whose codes were found; None where too few registration marks stand where they should."""
    best: Place | None = None
    for which in _guesses(found, paper):
        mm, px = (np.vstack(part) for part in zip(*which, strict=True))
        start = _homography(mm, px, len(which) == 1)
        if start is None:
            continue
        made = _refine(image, start, marks(paper, large), mm.mean(axis=0), wide=len(which) == 1)
        if made is not None and (best is None or (made.share, -made.miss) > (best.share, -best.miss)):
            best = made
    return best


def _guesses(found: list[Found], paper: str) -> list[list[tuple[Points, Points]]]:
    """Which code is which: with two, the one below the other in the sheet's own direction; with one, either."""
    places = [np.array([[x, y], [x + CODE, y], [x + CODE, y + CODE], [x, y + CODE]]) for x, y in code_places(paper)]
    if len(found) >= 2:
        a, b = found[0], found[1]
        down = a.corners[3] - a.corners[0]
        first, second = (a, b) if np.dot(b.corners.mean(axis=0) - a.corners.mean(axis=0), down) > 0 else (b, a)
        return [[(places[0], first.corners), (places[1], second.corners)]]
    return [[(place, found[0].corners)] for place in places]


def place_by_marks(image: Grey, paper: str, large: bool) -> Place | None:
    """The place of a sheet whose codes cannot be read, by its black squares alone, whichever way up it lies."""
    squares = _squares(image)
    if len(squares) < 12:
        return None
    sizes = np.array([size for _, size in squares])
    centers = np.array([center for center, _ in squares])
    typical = float(np.quantile(sizes, 0.85))  # of corner marks and of the codes' finders
    big = centers[(sizes > 0.75 * typical) & (sizes < 1.5 * typical)]
    hull = cv2.convexHull(big.astype(np.float32)).reshape(-1, 2).astype(float)
    if len(hull) < 4:
        return None
    corners = _extremes(hull)
    every = marks(paper, large)
    wanted = np.array([[every[i].x, every[i].y] for i in (0, 1, 3, 2)])
    best: Place | None = None
    for turn in range(4):
        start = _homography(wanted, np.roll(corners, turn, axis=0), True)
        made = _refine(image, start, every, wanted.mean(axis=0), wide=False) if start is not None else None
        if made is not None and (best is None or made.share > best.share):
            best = made
    return best if best is not None and best.share >= 0.8 else None


def looks_like_ours(image: Grey) -> bool:
    """Whether a picture without a readable code may be one of our sheets: it has several black squares of one size."""
    sizes = np.sort([size for _, size in _squares(image)])
    return any(int(np.sum((sizes >= size) & (sizes <= 1.3 * size))) >= ALIKE for size in sizes)


def is_blank(image: Grey) -> bool:
    """Whether a page is white and holds nothing: hardly a pixel is much darker than the paper, scanner's edges left out."""
    if float(np.median(image)) < 90:
        return False
    small = cv2.resize(image, (400, max(1, round(400 * image.shape[0] / image.shape[1]))), interpolation=cv2.INTER_AREA)
    inner = small[20:-20, 20:-20]
    if inner.size == 0:
        return True
    paper = cv2.GaussianBlur(inner, (0, 0), 25)
    return float(np.mean(inner.astype(int) < paper.astype(int) - 45)) < 0.0012


def flatten(image: Grey, place: Place, paper: str) -> Grey:
    """The sheet as it was printed, at RASTER pixels a millimetre."""
    width, height = SIZES[paper]
    step = 6.0
    xs, ys = np.arange(0, width + step, step), np.arange(0, height + step, step)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    coarse = place.pixels(grid).reshape(len(ys), len(xs), 2).astype(np.float32)
    out = (round(width * RASTER), round(height * RASTER))
    fx, fy = (np.arange(out[0]) + 0.5) / RASTER / step, (np.arange(out[1]) + 0.5) / RASTER / step
    mx, my = np.meshgrid(fx.astype(np.float32), fy.astype(np.float32))
    fine = cv2.remap(coarse, mx, my, cv2.INTER_LINEAR)
    # a pixel of the result covers several of a fine scan: smooth before sampling
    spread = float(np.linalg.norm(coarse[0, 1] - coarse[0, 0])) / step / RASTER
    source = cv2.GaussianBlur(image, (0, 0), 0.45 * spread) if spread > 1.3 else image
    made = cv2.remap(source, fine[..., 0] - 0.5, fine[..., 1] - 0.5, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made)


def _refine(image: Grey, start: Points, wanted: tuple[Mark, ...], origin: Points, wide: bool) -> Place | None:
    """Find the marks, nearest to what is known first, each found one leading to the next."""
    order = sorted(wanted, key=lambda mark: (mark.x - origin[0]) ** 2 + (mark.y - origin[1]) ** 2)
    homography = start
    mm: list[tuple[float, float]] = []
    px: list[Points] = []
    for turn in range(2):
        hits: list[tuple[Mark, Points]] = []
        for mark in order:
            far = float(np.hypot(mark.x - origin[0], mark.y - origin[1]))
            reach = (3.0 + 0.045 * far if wide else 5.0) if turn == 0 else 3.2
            at = _find_mark(image, homography, mark, reach)
            if at is None:
                continue
            hits.append((mark, at))
            if turn == 0 and wide and len(hits) >= 4 and _spread(hits):
                better = _fit(hits, origin)
                homography = better if better is not None else homography
        if len(hits) < ANY_SHARE * len(wanted):
            return None
        mm = [(mark.x, mark.y) for mark, _ in hits]
        px = [at for _, at in hits]
        scale = _scale(homography)
        fitted, kept = cv2.findHomography(np.array(mm), np.array(px), cv2.RANSAC, 2.2 * scale)
        if fitted is None:
            return None
        homography = fitted
        good = kept.ravel().astype(bool)
        mm, px = [m for m, k in zip(mm, good, strict=True) if k], [p for p, k in zip(px, good, strict=True) if k]
    if len(mm) < ANY_SHARE * len(wanted):
        return None
    return _follow(image, homography, np.array(mm), np.array(px), wanted)


def _follow(image: Grey, homography: Points, known: Points, there: Points, wanted: tuple[Mark, ...]) -> Place | None:
    """Follow a bend: marks that one plane cannot hold are looked for where those already found say that they lie."""
    for _ in range(4):
        weights = _bend(known, there - _apply(homography, known))
        hits = []
        for mark in wanted:
            shift = np.eye(3)
            shift[:2, 2] = _spline(known, weights, np.array([[mark.x, mark.y]]))[0]
            at = _find_mark(image, shift @ homography, mark, 3.5)
            if at is not None:
                hits.append((mark.x, mark.y, *at))
        found = np.array(hits)
        if len(found) < 8:
            return None
        off = _left_out(found[:, :2], found[:, 2:] - _apply(homography, found[:, :2]))
        good = np.linalg.norm(off, axis=1) < ASTRAY * 3 * _scale(homography)
        before, known, there = len(known), found[good, :2], found[good, 2:]
        if len(known) <= before:
            break
    if len(known) < LEAST_SHARE * len(wanted):
        return None
    residual = there - _apply(homography, known)
    weights = _bend(known, residual)
    left = residual - _spline(known, weights, known)
    return Place(homography, known, weights, len(known) / len(wanted), float(np.mean(np.linalg.norm(left, axis=1))) / _scale(homography))


def _find_mark(image: Grey, homography: Points, mark: Mark, reach: float) -> Points | None:
    """The centre of a black square near where it should be, in pixels; None where there is none."""
    half = reach + mark.side
    size = round(2 * half * PATCH)
    to_mm = np.array([[1 / PATCH, 0, mark.x - half + 0.5 / PATCH], [0, 1 / PATCH, mark.y - half + 0.5 / PATCH], [0, 0, 1]])
    shift = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])  # pixel centres
    patch = cv2.warpPerspective(image, shift @ homography @ to_mm, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
    scores = cv2.matchTemplate(patch, _template(mark.side), cv2.TM_CCOEFF_NORMED)
    middle = half * PATCH - _template(mark.side).shape[0] / 2  # where the template lies if the mark is where it should be
    yy, xx = np.mgrid[: scores.shape[0], : scores.shape[1]]
    away = np.hypot(xx - middle, yy - middle) / (PATCH * max(reach, 1))
    y, x = np.unravel_index(int(np.argmax(scores - 0.12 * away)), scores.shape)
    if scores[y, x] < SURE:
        return None
    dx, dy = _peak(scores[y, :], int(x)), _peak(scores[:, x], int(y))
    width = _template(mark.side).shape[0]
    at = np.array([[mark.x - half + (dx + width / 2) / PATCH, mark.y - half + (dy + width / 2) / PATCH]])
    return np.asarray(_apply(homography, at)[0])


_TEMPLATES: dict[float, Any] = {}


def _template(side: float) -> Any:
    made = _TEMPLATES.get(side)
    if made is None:
        size = round((side + 2.4) * PATCH)
        made = np.full((size, size), 255, np.float32)
        edge = (size - side * PATCH) / 2
        for i in range(size):
            for j in range(size):
                inside = min(1, max(0, i + 1 - edge), max(0, size - edge - i)) * min(1, max(0, j + 1 - edge), max(0, size - edge - j))
                made[i, j] = 255 * (1 - inside)
        made = _TEMPLATES[side] = cv2.GaussianBlur(made.astype(np.uint8), (0, 0), 0.8)
    return made


def _peak(values: Any, at: int) -> float:
    """The place of a maximum between samples, by a parabola."""
    if not 0 < at < len(values) - 1:
        return float(at)
    a, b, c = (float(v) for v in values[at - 1 : at + 2])
    bottom = a - 2 * b + c
    return at + (0.5 * (a - c) / bottom if bottom < -1e-9 else 0.0)


def _homography(mm: Points, px: Points, few: bool) -> Points | None:
    made = cv2.getPerspectiveTransform(mm.astype(np.float32), px.astype(np.float32)) if few else cv2.findHomography(mm, px)[0]
    if few and made is not None and len(mm) == 4 and np.ptp(mm[:, 0]) < 30:
        # one small code says little of perspective: begin with what is sure, a rotation and a scale
        similar, _ = cv2.estimateAffinePartial2D(mm, px)
        made = np.vstack([similar, [0, 0, 1]]) if similar is not None else None
    return None if made is None else np.asarray(made)


def _fit(hits: list[tuple[Mark, Points]], origin: Points) -> Points | None:
    mm = np.array([(mark.x, mark.y) for mark, _ in hits])
    px = np.array([at for _, at in hits])
    if len(hits) < 6:
        affine, _ = cv2.estimateAffine2D(mm, px)
        return np.vstack([affine, [0, 0, 1]]) if affine is not None else None
    made, _ = cv2.findHomography(mm, px, cv2.RANSAC, 12.0)
    return None if made is None else np.asarray(made)


def _spread(hits: list[tuple[Mark, Points]]) -> bool:
    at = np.array([(mark.x, mark.y) for mark, _ in hits])
    return bool(np.linalg.svd(at - at.mean(axis=0), compute_uv=False)[1] > 20)


def _scale(homography: Points) -> float:
    """Pixels a millimetre, in the middle of a page."""
    a, b = _apply(homography, np.array([[100.0, 140.0], [110.0, 140.0]]))
    return max(1e-6, float(np.linalg.norm(b - a)) / 10)


def _apply(homography: Points, at: Points) -> Points:
    made = np.c_[at, np.ones(len(at))] @ np.asarray(homography).T
    return np.asarray(made[:, :2] / made[:, 2:])


def _bend(known: Points, residual: Points) -> Points:
    """Thin-plate weights that carry the residuals of marks over the page."""
    n = len(known)
    kernel = _kernel(known, known) + BEND * n * np.eye(n)
    plane = np.c_[np.ones(n), known / 100]
    matrix = np.block([[kernel, plane], [plane.T, np.zeros((3, 3))]])
    return np.asarray(np.linalg.lstsq(matrix, np.vstack([residual, np.zeros((3, residual.shape[1]))]), rcond=None)[0])


def _left_out(known: Points, residual: Points) -> Points:
    """How far each mark lies from where all others would put it."""
    smooth = _spline(known, _bend(known, np.eye(len(known))), known)
    return np.asarray((residual - smooth @ residual) / np.maximum(1e-3, 1 - np.diag(smooth))[:, None])


def _spline(known: Points, weights: Points, at: Points) -> Points:
    return np.asarray(_kernel(at, known) @ weights[:-3] + np.c_[np.ones(len(at)), at / 100] @ weights[-3:])


def _kernel(a: Points, b: Points) -> Points:
    squared = ((a[:, None, :] - b[None, :, :]) / 100) ** 2
    r2 = squared.sum(axis=2)
    return np.asarray(50 * r2 * np.log(np.maximum(r2, 1e-12)))


def _squares(image: Grey) -> list[tuple[Points, float]]:
    """Solid dark squares: their centres and sides in pixels."""
    width = 1400
    scale = min(1.0, width / max(image.shape))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    dark = cv2.adaptiveThreshold(small, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 61, 25)
    contours, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        area = cv2.contourArea(contour)
        if not 30 < area < 4000:
            continue
        (cx, cy), (w, h), _ = cv2.minAreaRect(contour)
        if min(w, h) < 0.7 * max(w, h) or area < 0.82 * w * h:
            continue
        found.append((np.array([cx, cy]) / scale, float(np.sqrt(area)) / scale))
    return found


def _extremes(hull: Points) -> Points:
    """The four corners of a convex hull that enclose most of it, clockwise from the top left of the picture."""
    import itertools

    if len(hull) > 14:
        hull = hull[:: max(1, len(hull) // 14)]
    best = max(itertools.combinations(range(len(hull)), 4), key=lambda four: abs(cv2.contourArea(hull[list(four)].astype(np.float32))))
    quad = hull[list(best)]
    center = quad.mean(axis=0)
    quad = quad[np.argsort(np.arctan2(*(quad - center).T[::-1]))]
    return np.asarray(np.roll(quad, -int(np.argmin(quad.sum(axis=1))), axis=0))
