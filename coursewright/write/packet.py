"""What every writer gets: the course, its plans, the templates, the drawn figures and the options of the build."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from coursewright.model.blocks.figure import Figure
from coursewright.model.course import Course
from coursewright.model.figure_data import filled
from coursewright.model.module import Module, Unit
from coursewright.plan.form import Form, plan_form
from coursewright.plan.notice import Notice, plan_notice
from coursewright.plan.numbering import Numbering, plan_numbering, two_digits
from coursewright.plan.workbook import Workbook, plan_workbook
from coursewright.source.diagnostic import Diagnostic, fault
from coursewright.write import Blob, Result, Task
from coursewright.write.chart import LARGE_TYPE, PAGE_TYPE, SLIDE_TYPE
from coursewright.write.html import Templates, page_size
from coursewright.write.pdf.fonts import WEIGHTS, letters_beyond
from coursewright.write.process_svg import LARGE, lying, process_svg, standing


@dataclass(frozen=True)
class Options:
    """What a build was asked for."""

    paper: str = "a4"
    up: int = 3
    notes: bool = False
    only: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """A figure drawn: SVG text, or a data URI of an image file; `alt` for those who cannot see it."""

    alt: str
    svg: str = ""
    image: str = ""


@fault("W605")
def page_complaint(document: str, complaint: str) -> tuple[str, str]:
    """The layout engine complained about a page.

    Why: a style it does not know, a link without a target or a font without a letter shows on paper.
    Instead: correct the text or the template that the message names.
    """
    return f"while laying out {document}: {complaint}", "correct the template or text that it names"


@fault("E606")
def undrawable_chart(figure: str, complaint: str) -> tuple[str, str]:
    """A chart's Vega-Lite specification cannot be drawn.

    Example: an encoding channel that does not exist
    Instead: try the specification in a Vega-Lite editor; the message is Vega-Lite's own.
    """
    return f'the chart of "{figure}" cannot be drawn: {complaint}', "correct the Vega-Lite specification"


@fault("W607")
def slide_overflows(number: int, module: str) -> tuple[str, str]:
    """A slide holds more than fits.

    Why: what does not fit would be cut off on the screen and in the handout.
    Instead: shorten the bullets, show fewer rows of the table (`rows: [1, 2, 3]`), or make two slides.
    """
    return f'slide {number} of "{module}" does not fit on its page', "shorten it, show fewer rows, or make two slides"


@dataclass
class Packet:
    """A course on its way to paper.

    assets: the image files of the course, by path, as data URIs. texts: all that its files say, for the letters in
    use. fonts, web_fonts (by weight, as data URIs) and drawings are filled in before the writers run. page_counts: how
    many pages parts had in an earlier build, a first guess that writers correct; it changes no output, only the time.
    """

    course: Course
    templates: Templates
    options: Options
    assets: dict[str, str] = field(default_factory=dict)
    drawings: dict[str, Drawing] = field(default_factory=dict)
    slide_drawings: dict[str, Drawing] = field(default_factory=dict)
    large_drawings: dict[str, Drawing] = field(default_factory=dict)
    fonts: dict[str, Blob] = field(default_factory=dict)
    web_fonts: dict[int, str] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    page_counts: dict[str, int] = field(default_factory=dict)
    large: bool = False

    @cached_property
    def numbering(self) -> Numbering:
        return plan_numbering(self.course)

    @cached_property
    def notice(self) -> Notice:
        return plan_notice(self.course.info)

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        return tuple(plan_form(self.course, blueprint) for blueprint in self.course.blueprints)

    @cached_property
    def workbook(self) -> Workbook:
        return plan_workbook(self.course, self.numbering, self.forms)

    @property
    def modules(self) -> tuple[Module, ...]:
        """The modules asked for; all of them by default."""
        wanted = self.options.modules
        return tuple(module for module in self.course.modules if not wanted or module.id in wanted)

    def stem(self, module: Unit) -> str:
        """`01-mechanism`: a module's file name without its ending."""
        return f"{two_digits(self.numbering.modules[module.id])}-{module.id}"

    @property
    def paper(self) -> str:
        return page_size(self.options.paper)[1]

    def html(self, name: str, link: Callable[[str], str | None], **plan: Any) -> str:
        """Render a template of a printed page with what all of them need."""
        return self.page(name, link, **plan)[0]

    def page(self, name: str, link: Callable[[str], str | None], **plan: Any) -> tuple[str, Any]:
        """As `html`, with the terms that were marked."""
        return self.templates.document(
            name,
            self.numbering,
            link,
            info=self.course.info,
            notice=self.notice,
            paper=self.options.paper,
            page_size=page_size(self.options.paper)[0],
            styles=self.templates.large_styles if self.large else self.templates.styles,
            large=self.large,
            script=self.templates.text,
            drawing=(self.large_drawings if self.large else self.drawings).__getitem__,
            slide_drawing=self.slide_drawings.__getitem__,
            web_fonts=self.web_fonts,
            **plan,
        )

    def lay_out(self, title: str, html: str, forms: bool = False) -> Task:
        """The task of laying out a page."""
        return Task(title, "coursewright.write.pdf.layout:lay_out", {"html": html, "forms": forms, "fonts": self.fonts})

    def thumbnail(self, pdf: Blob, width: int) -> Task:
        """The task of drawing the first page of a file, for the packet's contents."""
        return Task("thumbnail", "coursewright.write.pdf.thumbnail:thumbnail", {"pdf": pdf, "width": width})

    def complaints(self, title: str, result: Result) -> list[Diagnostic]:
        """What the layout engine said about a document, as diagnostics of the course."""
        span = self.course.info.at("title")
        return [page_complaint(span, title, said) for said in dict.fromkeys(result.facts["warnings"])]

    def font_tasks(self) -> list[Task]:
        """The fonts to cut, in the order of `WEIGHTS`, for the letters that this course uses."""
        more = letters_beyond(source for source in self.texts)
        return [Task(f"font {name}", "coursewright.write.pdf.fonts:cut_fonts", {"font": name, "more": more}) for name in WEIGHTS]

    def take_fonts(self, results: list[Result]) -> None:
        """Take in the fonts cut."""
        for (name, weights), result in zip(WEIGHTS.items(), results, strict=True):
            self.fonts.update({f"{name}/{weight}": result.blobs[f"{weight}.ttf"] for weight in weights})
            self.web_fonts.update({weight: _font_uri(result.blobs[f"{weight}.woff2"]) for weight in weights if f"{weight}.woff2" in result.blobs})

    def chart_tasks(self) -> list[Task]:
        """The charts to draw, in the order of `figures`: each for the page, with larger type for slides, and for large print."""
        return [
            Task(f"chart {figure.id}", "coursewright.write.chart:chart", {"spec": filled(figure.chart, self.course.claims), "id": figure.id, "type": size})
            for figure in self.figures
            if figure.chart is not None
            for size in (PAGE_TYPE, SLIDE_TYPE, LARGE_TYPE)
        ]

    @property
    def figures(self) -> list[Figure]:
        return list(self.course.all(Figure))

    def draw(self, charts: list[Result]) -> list[Diagnostic]:
        """Take in the charts drawn, and draw the rest."""
        found: list[Diagnostic] = []
        left = iter(charts)
        for figure in self.figures:
            alt = figure.alt or ""
            if figure.chart is not None:
                page, slide, large = next(left), next(left), next(left)
                found += [undrawable_chart(figure.at("chart"), figure.id, said) for said in page.facts["warnings"]]
                self.drawings[figure.id] = Drawing(alt, svg=_svg(page))
                self.slide_drawings[figure.id] = Drawing(alt, svg=_svg(slide))
                self.large_drawings[figure.id] = Drawing(alt, svg=_svg(large))
            elif figure.process is not None:
                self.drawings[figure.id] = Drawing(alt, svg=process_svg(figure.process))
                self.slide_drawings[figure.id] = Drawing(alt, svg=process_svg(lying(figure.process)))
                self.large_drawings[figure.id] = Drawing(alt, svg=process_svg(standing(figure.process), LARGE))
            else:
                drawing = Drawing(alt, image=self.assets.get(f"course/{figure.image}", ""))
                self.drawings[figure.id] = self.slide_drawings[figure.id] = self.large_drawings[figure.id] = drawing
        return found


def _svg(result: Result) -> str:
    return result.blobs["chart.svg"].read().decode() if result.blobs else ""


def _font_uri(blob: Blob) -> str:
    return "data:font/woff2;base64," + base64.b64encode(blob.read()).decode()


def nowhere(_: str) -> None:
    """The link function of documents that have no reference list or glossary of their own."""
    return


def within(anchor: str) -> str:
    """The link function of documents that hold all their targets."""
    return f"#{anchor}"


