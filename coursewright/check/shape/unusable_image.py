from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.blocks.figure import Figure
from coursewright.model.course import Course
from coursewright.source.suggest import did_you_mean


@check("E127")
def unusable_image(course: Course) -> Iterator[Fault]:
    """A figure's image is missing, cannot be read as PNG, JPEG or SVG, or lies on the network or outside the course.

    Why: a packet is built from the course folder alone, with no network, so that it is the same everywhere.
    Example: `image: https://example.org/brain.png`
    Instead: put the file into `course/figures/` and write `image: figures/brain.png`.
    """
    for figure in course.all(Figure):
        if figure.image is None:
            continue
        if "://" in figure.image or figure.image.startswith(("//", "data:")):
            yield figure.at("image"), "an image cannot come from the network", "put the file into course/figures/"
            continue
        path = f"course/{figure.image}"
        kind = course.assets.get(path)
        if kind is None:
            known = [name.removeprefix("course/") for name in course.assets if name.startswith("course/")]
            yield figure.at("image"), f'there is no file "{path}"', did_you_mean(figure.image, known)
        elif kind.startswith("!"):
            yield figure.at("image"), f'"{path}" cannot be used: {kind[1:]}', "save it again as PNG, JPEG or SVG"
