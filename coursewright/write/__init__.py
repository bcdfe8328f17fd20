"""Floor 5: plans become files. One writer an output family, found by its decorator.

A writer is a generator. It yields lists of tasks (pages to lay out, files to join), gets their results back in the
same order, and returns its outputs. So each writer tells its story in one function, while the scheduler runs the
tasks of all writers side by side and keeps every result in a cache keyed by what went into it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coursewright.source.diagnostic import Diagnostic

if TYPE_CHECKING:
    from coursewright.write.packet import Packet


@dataclass(frozen=True)
class Blob:
    """A file in the cache, known by its content: `sha256` stands for it in the keys of later tasks."""

    path: Path
    sha256: str

    def read(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True)
class Task:
    """Work for another process: `module:function`, called with `arguments` (JSON values and Blobs)."""

    title: str
    work: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a task left: files by name, and facts (JSON values) about them."""

    blobs: dict[str, Blob]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Output:
    """A file of the packet. `group` and `title` are for the packet's contents page; `audience`: learner or educator."""

    path: str
    content: bytes | Blob
    title: str
    group: str
    audience: str = "learner"
    pages: int | None = None
    paper: str = ""
    preview: Blob | None = None
    note: str = ""


@dataclass
class Written:
    """All that a writer made, and what its pages complain about."""

    outputs: list[Output] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


Story = Generator[list[Task], list[Result], Written]
Writer = Callable[["Packet"], Story]
WRITERS: dict[str, Writer] = {}


def writer(name: str) -> Callable[[Writer], Writer]:
    """Enter a writer under the name that `--only` takes."""

    def decorate(function: Writer) -> Writer:
        WRITERS[name] = function
        return function

    return decorate
