"""The pieces of a set of forms: which there are, the tasks that lay them out, and the library made of the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coursewright.model.prose import Prose
from coursewright.model.quiz import Blueprint
from coursewright.plan.booklet import LARGE, NORMAL, Extent, Text, texts_of
from coursewright.plan.sheet import Sheet
from coursewright.write import Result, Task
from coursewright.write.assembly.booklet import COURSE, HOW, INTRO, TITLE
from coursewright.write.assembly.job import LARGE_PRINT
from coursewright.write.assembly.library import Laid, Library, build_library
from coursewright.write.packet import Packet, nowhere

BATCH = 150  # pieces a run: many tiny pages in one run take more than their share
FACES = {"regular": "source-sans-3/roman/400", "semibold": "source-sans-3/roman/600", "bold": "source-sans-3/roman/700"}
MARKING = Prose.parse(
    "**Mark your answers on the answer sheet.** What stands in this booklet is not scored. Where an item asks for steps in "
    "order, fill for each step the circle of its place; where it asks to match, fill one letter for each numbered line."
)


@dataclass(frozen=True)
class Pieces:
    """The pieces of one edition, in the order of their tasks."""

    texts: tuple[Text, ...]
    edition: str
    width: float

    def tasks(self, packet: Packet) -> list[Task]:
        """The layout runs, `BATCH` pieces each."""
        made = []
        for i in range(0, len(self.texts), BATCH):
            html = packet.html("forms/blocks.html.j2", nowhere, blocks=self.texts[i : i + BATCH], width=self.width, enlarged=bool(self.edition))
            made.append(Task("pieces of forms", "coursewright.write.pdf.blocks:lay_out_blocks", {"html": html, "fonts": packet.fonts}))
        return made

    def laid(self, results: list[Result]) -> list[Laid]:
        """The results of the tasks, with the keys of the pieces."""
        made = []
        for i, result in enumerate(results):
            keys = tuple(self.edition + text.key for text in self.texts[i * BATCH : (i + 1) * BATCH])
            extents = tuple(Extent(h, b) for h, b in zip(result.facts["heights"], result.facts["baselines"], strict=True))
            made.append(Laid(result.blobs["blocks.pdf"].read(), keys, extents))
        return made


def plan_pieces(packet: Packet, blueprint: Blueprint, sheet: Sheet, versions: Mapping[str, str], large: bool, paper_width: float) -> Pieces:
    """Every piece that forms of a blueprint may need, once. sheet: of all items that they may hold."""
    measure = LARGE if large else NORMAL
    width = paper_width - 2 * measure.margin
    texts = [Text(TITLE, "title", blueprint.title, width), Text(COURSE, "course", packet.course.info.title, width), Text(HOW, "intro", MARKING, width)]
    if blueprint.instructions is not None:
        texts.append(Text(INTRO, "intro", blueprint.instructions, width))
    texts += texts_of(sheet, versions.__getitem__, paper_width, measure)
    return Pieces(tuple({text.key: text for text in texts}.values()), LARGE_PRINT if large else "", width)


def face_tasks(packet: Packet, letters: str) -> list[Task]:
    """The faces that names, numbers and labels are written in, cut to their letters; in the order of FACES."""
    return [
        Task(f"face {name}", "coursewright.write.assembly.library:cut_face", {"font": packet.fonts[font], "letters": letters}) for name, font in FACES.items()
    ]


def library_of(laid: list[Laid], faces: list[Result]) -> Library:
    """The library of laid-out pieces and cut faces."""
    return build_library(laid, {name: result.blobs["face.ttf"].read() for name, result in zip(FACES, faces, strict=True)})
