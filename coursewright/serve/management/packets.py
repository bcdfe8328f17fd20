"""The packet that was built beside the course, for printing; and rosters by which forms are printed for a cohort."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.build.publish import MANIFEST
from coursewright.read.roster import Learner
from coursewright.serve.library import Library
from coursewright.serve.people.enrolling import NOTHING
from coursewright.serve.store.tables import Member, Person
from coursewright.write.accreditation import csv_bytes

DIST = "dist"
MOST_MANIFEST = 20_000_000  # bytes
#: the columns of a roster that `forms` reads, and those that `grade` and `certify` read of the forms' record
ROSTER = (
    *("given_name", "family_name", "learner_id", "seat", "large_print", "extra_minutes", "extra_percent", "credential", "profession"),
    *("license_state", "license_id", "npi", "board", "board_id", "birth_month", "birth_day", "consent_to_report", "email"),
)


@dataclass(frozen=True)
class PacketFile:
    """One file of the packet. audience: learner or educator, whose files hold keys."""

    path: str
    title: str
    group: str
    audience: str
    pages: int
    size: int
    paper: str
    note: str

    @property
    def kind(self) -> str:
        return PurePosixPath(self.path).suffix.removeprefix(".").upper()

    @property
    def megabytes(self) -> str:
        return f"{self.size / 1_000_000:.1f} MB" if self.size >= 100_000 else f"{max(1, round(self.size / 1000))} kB"


@dataclass(frozen=True)
class BuiltPacket:
    """What the manifest lists. stale: whether texts of the course were changed since it was built."""

    files: tuple[PacketFile, ...]
    stale: bool


def built_packet(library: Library) -> BuiltPacket | None:
    """The packet of this course in `dist` beside it; None where none was built, or it is another course's."""
    path = library.root / DIST / MANIFEST
    try:
        if path.stat().st_size > MOST_MANIFEST:
            return None
        found = json.loads(path.read_text("utf-8"))
        if found["course"] != library.course.info.id:
            return None
        files = tuple(_file(entry) for entry in found["files"])
        return BuiltPacket(files, _stale(library.root, found.get("inputs", {})))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _file(entry: dict[str, object]) -> PacketFile:
    words = {name: str(entry.get(name) or "") for name in ("path", "title", "group", "audience", "paper", "note")}
    return PacketFile(pages=int(str(entry.get("pages") or 0)), size=int(str(entry.get("size") or 0)), **words)


def _stale(root: Path, inputs: dict[str, str]) -> bool:
    """Whether an input of the build is newer than the packet, or gone."""
    built = (root / DIST / MANIFEST).stat().st_mtime
    for name in inputs:
        try:
            if (root / name).stat().st_mtime > built:
                return True
        except OSError:
            return True
    return False


def packet_file(library: Library, name: str) -> tuple[PacketFile, Path] | None:
    """A file that the manifest lists, where it lies in the packet's own folder; None for every other name."""
    packet = built_packet(library)
    listed = next((file for file in packet.files if file.path == name), None) if packet else None
    if listed is None:
        return None
    folder = (library.root / DIST).resolve()
    path = (folder / listed.path).resolve()
    return (listed, path) if path.is_relative_to(folder) and path.is_file() else None


def cohort_roster(session: Session, cohort: str) -> tuple[bytes, int]:
    """The learners of a cohort as the roster that `forms` reads, and how many they are."""
    rows = [tuple(_cell(person, name) for name in ROSTER) for person in _people(session, cohort)]
    return csv_bytes(ROSTER, rows), len(rows)


def cohort_learners(session: Session, cohort: str) -> tuple[Learner, ...]:
    """The same learners as rows that were read: namesakes too, whom a roster without numbers could not tell apart."""
    known = {field.name for field in fields(Learner)}
    told = [{name: value for name in ROSTER if name in known and (value := _value(person, name)) not in NOTHING} for person in _people(session, cohort)]
    return tuple(Learner(**{"line": line, "given_name": "", "family_name": "", **values}) for line, values in enumerate(told, 2))


def _people(session: Session, cohort: str) -> list[Person]:
    return list(
        session.execute(
            select(Person)
            .join(Member, Member.person_id == Person.id)
            .where(Member.cohort_id == cohort, Person.role == "learner", Person.erased_at.is_(None))
            .order_by(Person.family_name, Person.given_name, Person.learner_id)
        ).scalars()
    )


def _value(person: Person, name: str) -> Any:
    return getattr(person, name) if hasattr(Person, name) else person.roster.get(name)


def _cell(person: Person, name: str) -> str:
    value = _value(person, name)
    if value is True:
        return "yes"
    return "" if value in NOTHING else str(value)


def print_command(test: str, roster: str, folder: str, paper: str) -> str:
    """The command that prints forms for a roster."""
    return shlex.join(["python", "build.py", "forms", test, "--roster", roster, "--out", f"forms/{folder}", *(["--paper", paper] if paper != "a4" else [])])
