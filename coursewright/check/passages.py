"""How rules read the text of a course: by units of reading, by paragraphs with their citations, and word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from coursewright.model.base import Sourced, children
from coursewright.model.blocks.vignette import Decision, Vignette
from coursewright.model.claim import SourceDocument
from coursewright.model.course import Course, proses
from coursewright.model.items.base import ItemBase
from coursewright.model.items.case_cluster import CaseCluster
from coursewright.model.module import Section, Unit
from coursewright.model.prose import (
    Break,
    BulletList,
    Cite,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    Inline,
    Link,
    NumberedList,
    Paragraph,
    Prose,
    ProseBlock,
    Quote,
    Rule,
    Strong,
    Term,
    Text,
)
from coursewright.model.reference import Reference
from coursewright.source.span import Span

#: plain-text fields that a reader sees
SHOWN = ("title", "subtitle", "text", "alt", "term", "tag", "when", "stem")
CITED = "\x01"  # stands for a citation in a marked text; its keys follow, up to CITED again


MARK = re.compile(f"{CITED}[^{CITED}]*{CITED}")


@dataclass(frozen=True)
class Written:
    """A text in its place: its owner and field, its words as read, and the words with citations marked."""

    owner: Sourced
    field: str
    plain: str
    marked: str

    def at(self, find: str) -> Span:
        """The span of `find` in this paragraph; the whole field where it is not written literally."""
        whole = self.owner.at(self.field)
        place = self.owner._place
        if place is None:
            return whole
        start = self.owner.at(self.field, " ".join(self.marked.split(CITED)[0].split()[:3]))
        return place.source.find(find, Span(whole.path, start.line, start.column, whole.end_line, whole.end_column))

    @property
    def citations(self) -> tuple[str, ...]:
        return tuple(key for keys in self.marked.split(CITED)[1::2] for key in keys.split(";"))


def written(value: object) -> Iterator[Written]:
    """Every text that a reader sees within `value`, in reading order; a Prose gives one for each paragraph."""
    for owner in children(value):
        for name in type(owner).model_fields:
            field = getattr(owner, name)
            if isinstance(field, str):
                if name in SHOWN and not isinstance(owner, Reference):
                    yield Written(owner, name, field, field)
                continue
            for text in proses(field):
                for paragraph in paragraphs(text):
                    yield Written(owner, name, _clean(MARK.sub("", paragraph)), paragraph)


def paragraphs(text: Prose) -> Iterator[str]:
    """The paragraphs of a text, headings and list entries among them, with their citations marked."""
    for block in text.blocks:
        yield from _paragraphs(block)


def _paragraphs(block: ProseBlock) -> Iterator[str]:
    match block:
        case Paragraph(nodes) | Heading(_, nodes):
            yield _clean("".join(map(_marked, nodes)))
        case BulletList(entries) | NumberedList(_, entries):
            for entry in entries:
                for inner in entry:
                    yield from _paragraphs(inner)
        case Quote(blocks):
            for inner in blocks:
                yield from _paragraphs(inner)
        case CodeBlock(code):
            yield code
        case Rule():
            return


def _marked(node: Inline) -> str:
    match node:
        case Text(text) | Code(text):
            return text
        case Term(_, shown):
            return shown
        case Cite(keys):
            return f"{CITED}{';'.join(keys)}{CITED}"
        case Emphasis(nodes) | Strong(nodes) | Link(_, nodes):
            return "".join(map(_marked, nodes))
        case Break():
            return " "


def _clean(text: str) -> str:
    return re.sub(r"\s+([.,;:?!)])", r"\1", " ".join(text.split()))


def sentences(text: str) -> list[str]:
    """A paragraph by sentences; abbreviations such as "vs." and initials do not end one."""
    return [part for part in re.split(r"(?<=[.?!])(?<!\bvs\.)(?<!\bDr\.)(?<!\be\.g\.)(?<!\bi\.e\.)[”’)]*\x01?\s+(?=[A-Z“‘\x01\d])", text) if part.strip()]


@dataclass(frozen=True)
class Reading:
    """What is read as one: a section, a deck of slides, an item or a case with its items. `name` is for messages."""

    name: str
    owner: Sourced
    parts: tuple[Sourced, ...]

    def texts(self) -> tuple[Written, ...]:
        return tuple(entry for part in self.parts for entry in written(part))


def readings(course: Course) -> Iterator[Reading]:
    """The units of reading of a course."""
    for unit in course.units:
        for section in unit.sections:
            yield Reading(f'section "{section.id}"', section, (section,))
        slides = getattr(unit, "slides", ())
        if slides:
            yield Reading(f'the slides of "{unit.id}"', slides[0], slides)
    for item in course.items:
        yield Reading(f'item "{item.id}"', item, (item,))


def unit_texts(unit: Unit) -> Iterator[Written]:
    """All that a learner or a listener reads of a unit, in order."""
    yield from written(unit.sections)
    for name in ("objectives", "slides"):
        yield from written(getattr(unit, name, ()))
    for line in unit.key_points:
        for paragraph in paragraphs(line):
            yield Written(unit, "key_points", _clean(MARK.sub("", paragraph)), paragraph)
    yield from written(unit.discussion)


def course_texts(course: Course) -> Iterator[Written]:
    """Every text of the course that is ours: not titles of references, nor what the source document says."""
    for file in course.files:
        if isinstance(file, SourceDocument):
            continue
        yield from written(file)


def invented(entry: Written) -> bool:
    """Whether a text tells of an invented patient, whose numbers are no claims: cases, stems and their questions."""
    if isinstance(entry.owner, Vignette | CaseCluster):
        return entry.field == "case"
    if isinstance(entry.owner, Decision):
        return entry.field == "question"
    return isinstance(entry.owner, ItemBase) and entry.field == "stem"


def unquoted(text: str) -> str:
    """The text without what stands in quotation marks: words of a patient or a leaflet are not the course's."""
    return re.sub(r"“[^”]*”|\"[^\"]*\"", lambda found: " " * len(found[0]), text)


def rows(unit: Unit) -> Iterator[tuple[Section, Written]]:
    """The texts of a unit's sections, each with its section."""
    for section in unit.sections:
        for entry in written(section):
            yield section, entry

