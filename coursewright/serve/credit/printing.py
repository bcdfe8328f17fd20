"""Certificates as signed PDFs: made once, in this process, and kept, so that every download gives the same bytes."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from typing import Any, cast

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session, undefer

from coursewright.build.forms import file_name
from coursewright.build.make import cache
from coursewright.build.pdf_signature import sign_pdf
from coursewright.build.places import work_fingerprint
from coursewright.build.schedule import Schedule, one_story
from coursewright.build.store import Store
from coursewright.plan.certificate import Certificate
from coursewright.plan.notice import SAMPLE
from coursewright.serve import here
from coursewright.serve.credit.issuing import certificate_of, consider, due
from coursewright.serve.credit.keys import identity
from coursewright.serve.library import Library
from coursewright.serve.settings import Settings
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import CertificateRow, Person
from coursewright.write import Blob, Result, Task
from coursewright.write.certificates import certificate_task
from coursewright.write.packet import Options, Packet
from coursewright.write.pdf.fonts import letters_beyond

log = logging.getLogger(__name__)
#: what can be printed: neither withdrawn nor of a person who was erased, whose token is gone
STANDING = (CertificateRow.withdrawn_at.is_(None), CertificateRow.token != "")


@dataclass(frozen=True)
class Held(Blob):
    """A file that is held in memory: it stays when the cache that it came from is gone."""

    data: bytes = b""

    def read(self) -> bytes:
        return self.data


class Press:
    """Lays out the certificates of a process, one at a time, with fonts that are cut once.

    They are cut for the letters of the course, as they were when the service started, so the cache has them; a name with
    letters beyond those has them cut once more.
    """

    def __init__(self, library: Library, paper: str) -> None:
        self.packet = Packet(library.course, library.templates, Options(paper=paper), texts=library.packet.texts)
        self._letters: set[int] | None = None
        self._configuration: Any = None
        self._lock = threading.Lock()

    def lay_out(self, certificate: Certificate, token: str, page: str) -> bytes:
        """The page of a certificate, not yet signed."""
        from coursewright.write.pdf.layout import kept_fonts, lay_out  # a second and 40 MB: only for a process that prints

        task = certificate_task(self.packet, certificate, token, page)
        with self._lock:
            if self._see_to_fonts(task):
                self._configuration = kept_fonts()
            files, facts = lay_out(task.arguments, self._configuration)
        if facts["warnings"]:
            log.warning("a certificate was laid out with complaints", extra={"count": len(facts["warnings"])})
        return files["plain.pdf"]

    def _see_to_fonts(self, task: Task) -> bool:
        """Have the fonts that a page needs; whether they are others than before."""
        letters = set(letters_beyond([*self.packet.texts, task.arguments["html"]]))
        if self._letters is not None and letters <= self._letters:
            return False
        if letters != set(letters_beyond(self.packet.texts)):
            self.packet.texts = (*self.packet.texts, "".join(map(chr, sorted(letters))))
        cut: list[Result] = []
        with cache() as folder, contextlib.ExitStack() as ends:
            # cutting takes seconds of a processor: another process does it, so that answers are still saved meanwhile
            process = functools.cache(lambda: ends.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn"))))
            Schedule(Store(folder, work_fingerprint()), process).run({"fonts": one_story(self.packet.font_tasks(), cut)})
            self.packet.take_fonts(cut)
            self.packet.fonts.update({name: Held(blob.path, blob.sha256, blob.read()) for name, blob in self.packet.fonts.items()})
        self.packet.web_fonts.clear()
        self._letters = letters
        return True


def page_of(settings: Settings, serial: str) -> str:
    """The public address of a certificate."""
    return f"{settings.base_url}/verify/{serial}"


def pdf_of(app: Flask, serial: str) -> bytes:
    """The signed PDF of a certificate. Whoever asks first has it made; all get what was kept first.

    Raises KeyError where there is no such certificate or it was withdrawn; KeyFault, Unavailable.
    """
    database = cast(Database, app.extensions["database"])
    with database.reading() as reading:
        row = reading.execute(select(CertificateRow).where(CertificateRow.serial == serial, *STANDING).options(undefer(CertificateRow.pdf))).scalar_one_or_none()
    if row is None:
        raise KeyError(serial)
    if row.pdf is not None:
        return row.pdf
    made = _print(app, row)

    def keep(writing: Session) -> bytes | None:
        writing.execute(update(CertificateRow).where(CertificateRow.serial == serial, CertificateRow.pdf.is_(None), *STANDING).values(pdf=made))
        return writing.scalar(select(CertificateRow.pdf).where(CertificateRow.serial == serial, *STANDING))

    kept = database.write(keep)
    if kept is None:  # withdrawn while it was being made
        raise KeyError(serial)
    return kept


def pending(database: Database, limit: int = 1000) -> list[str]:
    """The serials of certificates whose PDF is still to be made, oldest first."""
    with database.reading() as reading:
        return list(reading.execute(select(CertificateRow.serial).where(CertificateRow.pdf.is_(None), *STANDING).order_by(CertificateRow.issued_at, CertificateRow.serial).limit(limit)).scalars())


def make_pending(app: Flask, limit: int = 5) -> int:
    """Issue what is due and was not issued yet, and make PDFs that nobody has asked for yet. Returns how many PDFs were made."""
    database = cast(Database, app.extensions["database"])
    catch_up(app, limit)
    made = 0
    for serial in pending(database, limit):
        with contextlib.suppress(KeyError):
            pdf_of(app, serial)
            made += 1
    return made


def catch_up(app: Flask, limit: int = 5) -> int:
    """Issue the certificates of learners who have done all that it takes. Returns how many."""
    database, library, settings = cast(Database, app.extensions["database"]), cast(Library, app.extensions["library"]), cast(Settings, app.extensions["settings"])
    now: datetime = app.extensions["clock"]()
    with database.reading() as reading:
        people = due(reading, library, limit)

    def issue(person: str) -> Callable[[Session], bool]:
        return lambda writing: consider(writing, settings, library, person, now) is not None

    return sum(database.write(issue(person)) for person in people)


def bulk(database: Database, serials: Iterable[str], app: Flask | None = None) -> Iterator[tuple[str, bytes]]:
    """Certificates with the names of their files, for a ZIP; those withdrawn are left out, and those missing are made.

    app: the application; within a request it need not be named.
    """
    serving: Flask = app or here.app()
    return _each(database, list(serials), serving)


def _each(database: Database, serials: list[str], app: Flask) -> Iterator[tuple[str, bytes]]:
    for serial in serials:
        with database.reading() as reading:
            row = reading.execute(select(CertificateRow.facts, CertificateRow.person_id, Person.given_name, Person.family_name).join(Person).where(CertificateRow.serial == serial)).first()
        if row is None:
            continue
        try:
            data = pdf_of(app, serial)
        except KeyError:
            continue
        family, given = row.facts.get("family_name", row.family_name), row.facts.get("given_name", row.given_name)
        yield f"{file_name(f'{family} {given}', 'learner')}-{serial}.pdf", data


def _print(app: Flask, row: CertificateRow) -> bytes:
    library, settings = cast(Library, app.extensions["library"]), cast(Settings, app.extensions["settings"])
    press: Press = app.extensions.setdefault("press", Press(library, settings.paper))
    certificate = certificate_of(row)
    name = certificate.sample or library.course.info.provider.name or SAMPLE
    reason = f"{certificate.sample}. Certificate of completion" if certificate.sample else "Certificate of completion"
    data = press.lay_out(certificate, row.token, page_of(settings, row.serial))
    return sign_pdf(data, identity(settings, library.course.info), name=name, reason=reason, at=app.extensions["clock"]())
