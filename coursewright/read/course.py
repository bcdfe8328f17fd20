"""The files of a course to one Course."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from coursewright.model.base import Sourced
from coursewright.model.claim import Ledger, SourceDocument
from coursewright.model.course import Course, CourseInfo
from coursewright.model.glossary import Glossary
from coursewright.model.module import Closing, Module, Orientation
from coursewright.model.quiz import Bank, Blueprint
from coursewright.model.reference import References
from coursewright.read import faults
from coursewright.read.judges import read_judges
from coursewright.read.nodes import decode, read_nodes
from coursewright.read.validate import read_model
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.span import Source, Span

COURSE = "course/course.yaml"
SINGLE: dict[str, type[Sourced]] = {
    COURSE: CourseInfo,
    "course/orientation.yaml": Orientation,
    "course/closing.yaml": Closing,
    "course/references.yaml": References,
    "course/glossary.yaml": Glossary,
    "course/source.yaml": SourceDocument,
}
FOLDERS: dict[str, type[Sourced]] = {"course": Module, "course/claims": Ledger, "quizzes/banks": Bank, "quizzes/blueprints": Blueprint}
#: in which order the files of a course are walked by checks and numbering
ORDER = (CourseInfo, Orientation, Module, Closing, References, Glossary, SourceDocument, Ledger, Bank, Blueprint)


def kind_of(path: str) -> type[Sourced] | None:
    """What a file of the course folder holds, by where it stands; None for files that are not read as YAML."""
    if not path.endswith((".yaml", ".yml")):
        return None
    if path in SINGLE:
        return SINGLE[path]
    folder, _, _ = path.rpartition("/")
    return FOLDERS.get(folder)


@dataclass
class Reading:
    """What came of reading: the course (None without a course.yaml that can be read), sources and faults."""

    course: Course | None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)


@dataclass(frozen=True)
class FileRead:
    """One file, read."""

    source: Source
    made: Sourced | None
    diagnostics: tuple[Diagnostic, ...]
    broken: str


def read_file(path: str, data: bytes) -> FileRead:
    """Read one YAML file of the course."""
    kind = kind_of(path)
    assert kind is not None
    source, found = decode(path, data)
    if found:
        return FileRead(source, None, tuple(found), source.text)
    value, found = read_nodes(source)
    if value is None:
        return FileRead(source, None, tuple(found), source.text)
    made, more, broken = read_model(kind, value, source)
    return FileRead(source, made, tuple(found + more), broken)


def read_course(files: Mapping[str, bytes], assets: Mapping[str, str] | None = None, tables: Mapping[str, bytes] | None = None) -> Reading:
    """Read the files of a course, given by their paths below its folder (`course/course.yaml` …).

    assets: the other files of the course folder by path, each with the kind of content found in it
    (`image/png`, or a reason why it cannot be used, starting with `!`). tables: the CSV files of judges, by path.
    """
    reading = Reading(None)
    by_kind: dict[type[Sourced], list[Any]] = {}
    broken: list[str] = []
    for path in sorted(files, key=_reading_order):
        if kind_of(path) is None:
            continue
        read = read_file(path, files[path])
        reading.sources[path] = read.source
        reading.diagnostics += read.diagnostics
        broken.append(read.broken)
        if read.made is not None:
            by_kind.setdefault(type(read.made), []).append(read.made)
    if COURSE not in files:
        span = Span(COURSE)
        reading.diagnostics.append(faults.unreadable_file(span, "there is no such file"))
    judgements = {}
    for path, data in sorted((tables or {}).items()):
        judgements[path], found, reading.sources[path] = read_judges(path, data)
        reading.diagnostics += found
    infos = by_kind.get(CourseInfo, [])
    if infos:
        course = _assemble(infos[0], by_kind, "\n".join(filter(None, broken)), dict(assets or {}))
        reading.course = replace(course, judgements=judgements)
    return reading


def _assemble(info: CourseInfo, made: dict[type[Sourced], list[Any]], broken: str, assets: dict[str, str]) -> Course:
    place = {id_: i for i, id_ in enumerate(info.modules)}
    modules = [module for module in made.get(Module, []) if module.id in place]
    modules.sort(key=lambda module: place[module.id])
    every = [file for kind in ORDER for file in made.get(kind, [])]
    banks = made.get(Bank, [])
    return Course(
        info=info,
        modules=tuple(modules),
        references=tuple(r for file in made.get(References, []) for r in file.references),
        glossary=tuple(t for file in made.get(Glossary, []) for t in file.terms),
        banks=tuple(sorted(banks, key=lambda bank: place.get(bank.module, len(place)))),
        blueprints=tuple(made.get(Blueprint, [])),
        orientation=next(iter(made.get(Orientation, [])), None),
        closing=next(iter(made.get(Closing, [])), None),
        ledgers=tuple(made.get(Ledger, [])),
        document=next(iter(made.get(SourceDocument, [])), None),
        files=tuple(every),
        assets=assets,
        broken=broken,
    )


@cache
def _reading_order(path: str) -> tuple[int, str]:
    return (path != COURSE, path)
