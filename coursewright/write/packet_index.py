"""The packet's front door: `index.html`, with a picture, the pages and the size of every file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from coursewright.write import Output
from coursewright.write.packet import Packet, nowhere

GROUPS = ("Workbook", "Handouts", "Slides", "Quizzes", "Guide", "Accreditation")


@dataclass(frozen=True)
class Entry:
    """A file of the packet as the manifest records it. `inputs`: a digest of what it was built from."""

    path: str
    sha256: str
    size: int
    pages: int | None
    title: str
    group: str
    audience: str
    paper: str
    note: str
    preview: str
    inputs: str

    @classmethod
    def of(cls, output: Output, data: bytes, preview: str, inputs: str) -> Entry:
        digest = hashlib.sha256(data).hexdigest()
        return cls(
            output.path, digest, len(data), output.pages, output.title, output.group, output.audience, output.paper, output.note, preview, inputs
        )

    @property
    def order(self) -> tuple[int, bool, str]:
        """Groups as the packet shows them; within a group the whole before the parts, then by name."""
        group = GROUPS.index(self.group) if self.group in GROUPS else len(GROUPS)
        return group, self.path.rsplit("/", 1)[-1][:1].isdigit(), self.path

    @property
    def megabytes(self) -> str:
        """`1.2 MB`, `340 KB`."""
        return f"{self.size / 1e6:.1f} MB" if self.size >= 1e6 else f"{max(1, round(self.size / 1e3))} KB"

    @property
    def format(self) -> str:
        return self.path.rsplit(".", 1)[-1].upper()


def write_index(packet: Packet, entries: list[Entry], inputs: str) -> str:
    """The page. Files that were kept from a build of other `inputs` are marked so."""
    groups = [(name, [entry for entry in entries if entry.group == name]) for name in dict.fromkeys(e.group for e in entries)]
    return packet.html("packet/index.html.j2", nowhere, groups=groups, book=packet.workbook, newest=inputs)
