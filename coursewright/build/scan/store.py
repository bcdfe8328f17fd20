"""What was read, and what people decided about it: one SQLite file, where pages are entered whole or not at all.

Pages are known by the content of their file and their number in it, so that reading twice changes nothing. Decisions are
only ever added: a later one counts, the earlier stays to be seen, and the database itself refuses to change either.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = 1
PATIENCE = 60.0  # seconds for which another may hold the store
SCHEMA = """
CREATE TABLE pages (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, digest TEXT NOT NULL, number INTEGER NOT NULL,
  kind TEXT NOT NULL, sheet TEXT NOT NULL, form TEXT NOT NULL, page INTEGER NOT NULL, pages INTEGER NOT NULL,
  note TEXT NOT NULL, found REAL NOT NULL, picture BLOB NOT NULL, read_at TEXT NOT NULL, engine TEXT NOT NULL,
  UNIQUE (digest, number));
CREATE INDEX pages_by_sheet ON pages (sheet, page);
CREATE TABLE rows (
  page_id INTEGER NOT NULL REFERENCES pages (id), item TEXT NOT NULL, part TEXT NOT NULL,
  given TEXT NOT NULL, doubt TEXT NOT NULL, evidence TEXT NOT NULL, crop BLOB,
  PRIMARY KEY (page_id, item, part)) WITHOUT ROWID;
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, given TEXT NOT NULL,
  who TEXT NOT NULL, at TEXT NOT NULL, why TEXT NOT NULL);
CREATE INDEX decisions_by_subject ON decisions (subject);
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
CREATE TRIGGER decisions_remain BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
"""


class DamagedStore(Exception):
    """The file of reads cannot be used: why."""


@dataclass(frozen=True)
class RowRead:
    """A row as read. given: JSON of the values; doubt: why a person must look; evidence: what was measured; crop: PNG."""

    item: str
    part: str
    values: tuple[str, ...]
    doubt: str
    evidence: Any
    crop: bytes | None = None


@dataclass(frozen=True)
class PageRead:
    """A page as read. kind: sheet, blank, foreign, unreadable, or unknown (a code that no record holds)."""

    number: int
    kind: str
    sheet: str = ""
    form: str = ""
    page: int = 0
    pages: int = 0
    note: str = ""
    found: float = 0.0
    picture: bytes = b""
    rows: tuple[RowRead, ...] = ()


@dataclass(frozen=True)
class Kept:
    """A page in the store, with its rows by (item, part)."""

    id: int
    source: str
    digest: str
    number: int
    kind: str
    sheet: str
    form: str
    page: int
    pages: int
    note: str
    rows: dict[tuple[str, str], RowRead] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where the page lies, for people: `batch.pdf, page 3`."""
        return f"{Path(self.source).name}, page {self.number + 1}"


@dataclass(frozen=True)
class Decision:
    """What somebody decided. subject: `row:ID:item:part`, `page:ID`, `sheet:CODE:PAGE`, or `learner:CODE`."""

    subject: str
    given: Any
    who: str
    at: str
    why: str


class Reads:
    """The store. One writer at a time; readers are never in its way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        deadline = time.monotonic() + PATIENCE
        try:
            self.base = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            while not self._opened():
                if time.monotonic() > deadline:
                    raise DamagedStore(f"{path.name} is held by another program")
                time.sleep(0.02)
        except sqlite3.DatabaseError as error:
            raise DamagedStore(f"{path.name} is damaged ({error})") from None

    def _opened(self) -> bool:
        """Set it up, or find it so; False while another changes how it is written, for which SQLite itself does not wait."""
        try:
            self.base.execute("PRAGMA journal_mode=WAL")
            self.base.execute("PRAGMA synchronous=FULL")
            version = self._version()
            if version == 0:
                with self.writing():
                    if self._version() == 0:  # another may have made the tables while this one waited to write
                        for statement in _statements(SCHEMA):
                            self.base.execute(statement)
                        self.base.execute(f"PRAGMA user_version={VERSION}")
            elif version != VERSION:
                raise DamagedStore(f"{self.path.name} was written by a newer Coursewright")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                return False
            raise
        return True

    def _version(self) -> int:
        return int(self.base.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        self.base.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All of it or nothing, on disk when it ends."""
        self.base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.base.execute("ROLLBACK")
            raise
        self.base.execute("COMMIT")

    def known(self, digest: str) -> set[int]:
        """The pages of a file that were read already."""
        return {number for (number,) in self.base.execute("SELECT number FROM pages WHERE digest = ?", (digest,))}

    def enter(self, source: str, digest: str, pages: list[PageRead], at: str, engine: str) -> None:
        """Enter pages; those that are there stay as they are."""
        with self.writing():
            for page in pages:
                values = (source, digest, page.number, page.kind, page.sheet, page.form, page.page, page.pages, page.note, page.found, page.picture, at, engine)
                made = self.base.execute(
                    "INSERT OR IGNORE INTO pages (source, digest, number, kind, sheet, form, page, pages, note, found, picture, read_at, engine)"
                    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                    values,
                )
                if made.rowcount == 1:
                    self._rows(int(made.lastrowid or 0), page)

    def _rows(self, page_id: int, page: PageRead) -> None:
        rows = [(page_id, row.item, row.part, json.dumps(row.values), row.doubt, json.dumps(row.evidence), row.crop) for row in page.rows]
        self.base.executemany("INSERT INTO rows VALUES (?,?,?,?,?,?,?)", rows)

    def reread(self, page_id: int, page: PageRead) -> None:
        """Enter the rows of a page that was read once more, knowing whose it is."""
        with self.writing():
            self.base.execute("DELETE FROM rows WHERE page_id = ?", (page_id,))
            values = (page.kind, page.sheet, page.form, page.page, page.pages, page.note, page.found, page_id)
            self.base.execute("UPDATE pages SET kind=?, sheet=?, form=?, page=?, pages=?, note=?, found=? WHERE id=?", values)
            self._rows(page_id, page)

    def pages(self) -> list[Kept]:
        """Every page, in the order in which they were read, with rows but without pictures."""
        kept = {}
        for id_, *values in self.base.execute("SELECT id, source, digest, number, kind, sheet, form, page, pages, note FROM pages ORDER BY id"):
            kept[id_] = Kept(id_, *values)
        for page_id, item, part, given, doubt, evidence in self.base.execute("SELECT page_id, item, part, given, doubt, evidence FROM rows"):
            kept[page_id].rows[(item, part)] = RowRead(item, part, tuple(json.loads(given)), doubt, json.loads(evidence))
        return list(kept.values())

    def picture(self, page_id: int) -> bytes | None:
        """A page as JPEG."""
        found = self.base.execute("SELECT picture FROM pages WHERE id = ?", (page_id,)).fetchone()
        return found[0] if found else None

    def crop(self, page_id: int, item: str, part: str) -> bytes | None:
        """A row as PNG."""
        found = self.base.execute("SELECT crop FROM rows WHERE page_id = ? AND item = ? AND part = ?", (page_id, item, part)).fetchone()
        return found[0] if found else None

    def decide(self, decision: Decision) -> None:
        """Add a decision, on disk when this returns."""
        with self.writing():
            values = (decision.subject, json.dumps(decision.given), decision.who, decision.at, decision.why)
            self.base.execute("INSERT INTO decisions (subject, given, who, at, why) VALUES (?,?,?,?,?)", values)

    def decisions(self) -> dict[str, Decision]:
        """The decision that counts for each subject: the last."""
        made = {}
        for subject, given, who, at, why in self.base.execute("SELECT subject, given, who, at, why FROM decisions ORDER BY id"):
            made[subject] = Decision(subject, json.loads(given), who, at, why)
        return made


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; a trigger holds semicolons of its own."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
