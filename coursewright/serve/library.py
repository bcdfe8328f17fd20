"""The course as the service holds it: read once at the start, the same in every worker, never changed while it runs."""

from __future__ import annotations

import base64
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from coursewright.build.check import examine
from coursewright.build.inputs import image_kind, read_inputs
from coursewright.build.make import cache, template_folders
from coursewright.build.places import work_fingerprint
from coursewright.build.schedule import Schedule, one_story
from coursewright.build.store import Store
from coursewright.model.blocks.commitment import Commitment
from coursewright.model.course import Course
from coursewright.model.credit import final_form
from coursewright.model.quiz import Blueprint
from coursewright.plan.certificate import credit_hours
from coursewright.plan.numbering import Numbering
from coursewright.plan.uses import Uses, plan_uses
from coursewright.plan.workbook import Chapter, Workbook
from coursewright.read.course import Reading
from coursewright.write import Result
from coursewright.write.html import Templates
from coursewright.write.packet import Options, Packet

CHECK = "check:"  # the test of a module's knowledge check is `check:MODULE`
RECALL = "recall:"  # the questions asked again after 7 days are the test `recall:7`


class UnsoundCourse(Exception):
    """A course with errors cannot be served: what the reading found."""

    def __init__(self, reading: Reading) -> None:
        super().__init__("the course has errors")
        self.reading = reading


@dataclass
class Library:
    """The course with its plans, figures and files. `files`: what pages load, by name: (media type, content)."""

    root: Path
    course: Course
    packet: Packet
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _digests: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def numbering(self) -> Numbering:
        return self.packet.numbering

    @property
    def workbook(self) -> Workbook:
        return self.packet.workbook

    @property
    def templates(self) -> Templates:
        return self.packet.templates

    @cached_property
    def tests(self) -> dict[str, Blueprint]:
        """The tests by id, in the order in which a learner meets them: pre-tests first."""
        ordered = sorted(self.course.blueprints, key=lambda b: not b.parallel_to)
        return {blueprint.id: blueprint for blueprint in ordered}

    @cached_property
    def final(self) -> Blueprint | None:
        """The test that decides about credit."""
        return final_form(self.course)

    @cached_property
    def hours(self) -> Decimal:
        """What a certificate states."""
        return credit_hours(self.course)

    @cached_property
    def chapters(self) -> dict[str, Chapter]:
        return {chapter.module.id: chapter for chapter in self.workbook.chapters}

    @cached_property
    def commitment(self) -> Commitment | None:
        return next((block for unit in self.course.units for block in unit.blocks() if isinstance(block, Commitment)), None)

    @cached_property
    def unit_of(self) -> dict[str, str]:
        """The unit of each section."""
        return {section.id: unit.id for unit in self.course.units for section in unit.sections}

    @cached_property
    def uses(self) -> Uses:
        """Where terms are used and references cited."""
        return plan_uses(self.course)

    def title_of(self, test: str) -> str:
        """The words of a test or a knowledge check."""
        if test.startswith(CHECK):
            chapter = self.chapters.get(test.removeprefix(CHECK))
            return chapter.check.title if chapter else test
        if test.startswith(RECALL):
            return f"Recall after {test.removeprefix(RECALL)} days"
        return self.tests[test].title if test in self.tests else test

    def place(self, anchor: str) -> str | None:
        """The address of an anchor of the workbook: `sec-x`, `ref-x`, `term-x`. For prose that links."""
        kind, _, id_ = anchor.partition("-")
        if kind == "sec" and id_ in self.unit_of:
            return f"/read/{self.unit_of[id_]}#{anchor}"
        return {"ref": f"/references#{anchor}", "term": f"/glossary#{anchor}"}.get(kind)

    def address(self, name: str) -> str:
        """The address of a file, with a hash of its content in it: it may be kept for ever."""
        return f"/static/{self.digest(name)}/{name}"

    def digest(self, name: str) -> str:
        """A hash of a file's content, made once: pages ask for it each time. Raises KeyError."""
        if name not in self._digests:
            self._digests[name] = hashlib.sha256(self.files[name][1]).hexdigest()[:12]
        return self._digests[name]


STYLES = ("tokens.css", "screen.css", "service/service.css", "service/reading.css", "service/credit.css", "service/results.css", "service/manage.css", "service/paper.css")
WEIGHTS = (400, 600)  # a third would cost the first page a quarter of its bytes
SCRIPTS = ("site.js", "attempt-parts.js", "attempt.js", "manage.js", "read.js")


def load_library(root: Path) -> Library:
    """Read the course of a folder, draw its figures, gather the files of its pages. Raises UnsoundCourse, OSError."""
    inputs = read_inputs(root)
    reading = examine(inputs)
    if reading.course is None or any(d.severity == "error" for d in reading.diagnostics):
        raise UnsoundCourse(reading)
    templates = Templates(template_folders(root))
    assets = {path: f"data:{image_kind(path, data)};base64,{base64.b64encode(data).decode()}" for path, data in inputs.images.items()}
    packet = Packet(reading.course, templates, Options(), assets, texts=tuple(source.text for source in reading.sources.values()))
    fonts: list[Result] = []
    charts: list[Result] = []
    with cache() as folder, ThreadPoolExecutor(1) as pool:
        Schedule(Store(folder, work_fingerprint()), lambda: pool).run({"fonts": one_story(packet.font_tasks(), fonts), "charts": one_story(packet.chart_tasks(), charts)})
        packet.take_fonts(fonts)
        found = packet.draw(charts)
        packet.fonts.clear()  # what pages print with is cut anew where a page is laid out
    if any(d.severity == "error" for d in found):
        raise UnsoundCourse(Reading(reading.course, found, reading.sources))
    library = Library(root, reading.course, packet)
    _gather_files(library)
    _ = library.chapters  # planned now, before workers are forked
    return library


def _gather_files(library: Library) -> None:
    faces = []
    for weight, uri in sorted(library.packet.web_fonts.items()):
        if weight not in WEIGHTS:
            continue
        name = f"sans-{weight}.woff2"
        library.files[name] = ("font/woff2", base64.b64decode(uri.partition(",")[2]))
        faces.append(f'@font-face {{ font-family: "Source Sans 3"; font-weight: {weight}; font-display: swap; src: url({library.address(name)}) format("woff2") }}')
    css = "\n".join(faces) + "\n" + str(library.templates.styles(*STYLES))
    library.files["service.css"] = ("text/css; charset=utf-8", _tight(css).encode())
    for name in SCRIPTS:
        if any((folder / "service" / name).is_file() for folder in library.templates.folders):
            library.files[name] = ("text/javascript; charset=utf-8", library.templates.text(f"service/{name}").encode())
    for id_, drawing in library.packet.drawings.items():
        if drawing.svg:
            library.files[f"{id_}.svg"] = ("image/svg+xml", drawing.svg.encode())
        elif drawing.image:
            head, _, data = drawing.image.partition(",")
            kind = head.removeprefix("data:").partition(";")[0]
            library.files[f"{id_}.{kind.rpartition('/')[2].partition('+')[0]}"] = (kind, base64.b64decode(data))


def figure_file(library: Library, id_: str) -> str:
    """The address of a figure's image."""
    return next(library.address(name) for name in library.files if name.rpartition(".")[0] == id_)


def _tight(css: str) -> str:
    return re.sub(r"\n\s*", "\n", css)
