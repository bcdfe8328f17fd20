"""Templates: a course's own before the shipped ones, file by file; strict, and escaping everything."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from coursewright.model.interaction import Choice, Match, NumericEntry, Order, TextEntry
from coursewright.model.judgement import Cut
from coursewright.plan.ama import ama
from coursewright.plan.numbering import Numbering
from coursewright.plan.sheet import label, verdict
from coursewright.write.prose_html import ProseHtml

INTERACTIONS = {Choice: "choice", Match: "match", Order: "order", NumericEntry: "numeric", TextEntry: "text"}


class Templates:
    """The templates of a build. `folders`: where to look, first match wins."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
            undefined=jinja2.StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.environment.filters.update(points=points, data_uri=svg_data_uri, letter=label, minutes=minutes, date=long_date, inline_svg=inline_svg, raw=Markup, cut=cut_in_words)
        self.environment.globals.update(interaction_name=lambda thing: INTERACTIONS[type(thing)], web_faces=web_faces, verdict=verdict)

    def text(self, name: str) -> str:
        """A file as it is: style sheets and scripts."""
        loader = self.environment.loader
        assert loader is not None
        return loader.get_source(self.environment, name)[0]

    def styles(self, *names: str) -> Markup:
        """Style sheets, one after another, for a `<style>` element."""
        return Markup(without_comments("\n".join(self.text(name) for name in names)))

    def large_styles(self, *names: str) -> Markup:
        """As `styles`, for large print: every size of type raised, and what large type needs besides."""
        return Markup(enlarged(self.styles(*names)) + without_comments(self.text("workbook/large-print.css")))

    def document(self, name: str, numbering: Numbering, link: Callable[[str], str | None], **plan: Any) -> tuple[str, ProseHtml]:
        """Render a template. The second value knows which terms were marked, and where."""
        prose = ProseHtml(numbering, link)
        html = self.environment.get_template(name).render(
            prose=prose.block,
            line=prose.line,
            cite=lambda reference: prose.inlines(ama(reference)),
            numbering=numbering,
            **plan,
        )
        return html, prose


LEAST, SMALL_TYPE, RAISED, MOST = 18, 7, 13, 40  # sizes of large print in points; superscripts are raised to 13
BODY = 10.2  # what the body is set in elsewhere


def enlarged(css: str) -> str:
    """Style sheets with every size of type raised: 18 points at least, headings in proportion. Sizes of boxes stay."""

    def size(found: re.Match[str]) -> str:
        points_ = float(found[2])
        larger = RAISED if points_ < SMALL_TYPE else min(MOST, max(LEAST, points_ * LEAST / BODY * (0.8 if points_ > BODY + 1 else 1)))
        return f"{found[1]}{larger:g}pt"

    return re.sub(r"(font(?:-size)?:[^;{}]*?)(\d*\.?\d+)pt", size, css)


def points(value: Fraction) -> str:
    """`1 point`, `2 points`, `½ point`."""
    text = str(value.numerator) if value.denominator == 1 else f"{float(value):g}"
    return f"{text} point" + ("" if value == 1 else "s")


def cut_in_words(cut: Cut) -> str:
    """`80% of 25 points: at least 20 points`; with judges, how many, and the standard error of their mean."""
    if cut.mean is None:
        return f"{cut.percent}% of {points(cut.points)}: at least {points(Fraction(cut.needed))}"
    name = {"angoff": "modified Angoff", "ebel": "Ebel"}[cut.method]
    error = f", SE {cut.error:.2f}" if cut.error is not None else ""
    floor = f"; never below {cut.percent}%" if cut.percent is not None else ""
    return f"at least {cut.needed} of {points(cut.points)} ({name}, {cut.judges} judges: {float(cut.mean):.2f}{error}{floor})"


def minutes(value: int) -> str:
    """`45 minutes`, `1 hour`, `2 hours 15 minutes`."""
    hours, rest = divmod(value, 60)
    parts = [f"{n} {noun}{'s' if n != 1 else ''}" for n, noun in ((hours, "hour"), (rest, "minute")) if n]
    return " ".join(parts) or "0 minutes"


def long_date(value: Any) -> str:
    """`March 13, 2026`."""
    return f"{value:%B} {value.day}, {value.year}"


def svg_data_uri(svg: str) -> str:
    """An SVG as a data URI, for an `<img>`."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def web_faces(fonts: dict[int, str]) -> Markup:
    """The font faces of a page that carries its fonts within."""
    face = '@font-face {{ font-family: "Source Sans 3"; font-weight: {}; font-display: swap; src: url({}) format("woff2") }}'
    return Markup("\n".join(face.format(weight, uri) for weight, uri in sorted(fonts.items())))


def inline_svg(svg: str) -> Markup:
    """An SVG that our own code drew, to stand within a page. Its text was escaped when it was drawn."""
    return Markup(svg)


@cache
def page_size(paper: str) -> tuple[str, str]:
    """The CSS size of a paper, and its name for people."""
    return {"a4": ("210mm 297mm", "A4"), "letter": ("8.5in 11in", "US Letter")}[paper]


def without_comments(css: str) -> str:
    """Style sheets as they go into a page."""
    return re.sub(r"/\*.*?\*/\s*", "", css, flags=re.DOTALL)
