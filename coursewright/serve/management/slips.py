"""Personal codes on paper: a slip a learner, to cut out. Codes are made for them, shown on them, and kept nowhere in clear."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from threading import Lock
from typing import Any

import segno
from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.build.make import cache
from coursewright.build.places import work_fingerprint
from coursewright.build.schedule import Schedule, one_story
from coursewright.build.store import Store
from coursewright.serve.library import Library
from coursewright.serve.people import codes
from coursewright.serve.people.codes import new_code, shown
from coursewright.serve.store import audit
from coursewright.serve.store.tables import AccessCode, Member, Person
from coursewright.write import Result, Task
from coursewright.write.html import page_size
from coursewright.write.packet import nowhere
from coursewright.write.pdf.fonts import letters_beyond
from coursewright.write.pdf.letters import without_font

FONT, WEIGHTS = "source-sans-3/roman", ("400", "600", "700")
ROWS = {"a4": 5, "letter": 4}  # of two slips each
MOST = 2_000  # in one file
_layout = Lock()  # one file at a time is laid out in a worker: it takes the whole of a core


@dataclass(frozen=True)
class Slip:
    """What stands on a slip. name: the learner's id instead, where no font has all letters of the name. language: the learner's, where one is kept."""

    person: str
    name: str
    learner_id: str
    code: str
    link: str
    language: str = ""

    @property
    def grouped(self) -> str:
        return shown(self.code)


def without_code(session: Session, cohort: str, now: datetime) -> set[str]:
    """The learners of a cohort whom no code lets in now."""
    in_force = select(AccessCode.person_id).join(Member, Member.person_id == AccessCode.person_id)
    having = set(session.execute(in_force.where(Member.cohort_id == cohort, AccessCode.ended_at.is_(None), AccessCode.expires_at > now)).scalars())
    return {person.id for person in learners_of(session, cohort)} - having


def chosen(session: Session, cohort: str, which: str, ticked: Iterable[str], now: datetime) -> list[Person]:
    """Whom slips are for: `lacking` a code in force, `all`, or those ticked; by name. Nobody from outside the cohort."""
    people = learners_of(session, cohort)
    if which == "all":
        return people
    wanted = without_code(session, cohort, now) if which == "lacking" else set(ticked)
    return [person for person in people if person.id in wanted]


def learners_of(session: Session, cohort: str) -> list[Person]:
    """The learners of a cohort by name."""
    query = select(Person).join(Member, Member.person_id == Person.id).where(Member.cohort_id == cohort, Person.role == "learner", Person.erased_at.is_(None))
    return sorted(session.execute(query).scalars(), key=lambda person: (person.family_name.casefold(), person.given_name.casefold(), person.id))


def make_slips(people: Sequence[Person], base_url: str) -> list[Slip]:
    """Slips with new codes, which let nobody in before `keep_codes`."""
    made = []
    for person in people:
        code = new_code()
        made.append(Slip(person.id, printable(person), person.learner_id, code, f"{base_url}/s/{code}", person.language or ""))
    return made


def printable(person: Person) -> str:
    """A name as it can be printed."""
    return (person.learner_id or person.id) if without_font(person.name) else person.name


def keep_codes(session: Session, secret: str, slips: Sequence[Slip], actor: str, subject: str, now: datetime, days: int) -> None:
    """Let the codes of slips hold from now on; earlier ones of these people end."""
    codes.keep_codes(session, secret, {slip.person: slip.code for slip in slips}, now, days)
    audit.append(session, now, actor, "codes made", subject, after={"people": [slip.person for slip in slips], "days": days})


def slips_pdf(library: Library, slips: Sequence[Slip], paper: str, base_url: str, days: int, words: Mapping[str, Mapping[str, str]], language: str) -> bytes:
    """The slips as a PDF. It holds codes, so nothing of it is put into a cache. words: what stands on a slip, by language. language: of slips that have none."""
    from coursewright.write.pdf.layout import lay_out

    per_page = 2 * ROWS[paper]
    html = library.packet.html(
        "slips/slips.html.j2",
        nowhere,
        sheets=[slips[start : start + per_page] for start in range(0, len(slips), per_page)],
        rows=ROWS[paper],
        qr=lambda slip: _qr_code(slip.link),
        address=base_url.partition("://")[2],
        sheet_size=page_size(paper)[0],
        slip_size=_slip_size(paper),
        days=days,
        words=words,
        spoken=language,
        spoken_on=lambda slip: slip.language if slip.language in words else language,
    )
    fonts = _fonts(library, tuple(letters_beyond([html])))
    with _layout:
        files, _ = lay_out({"html": html, "fonts": fonts})
    return files["plain.pdf"]


def _qr_code(text: str) -> str:
    """A QR code as a PNG: WeasyPrint takes it over as it is, while it reads an SVG anew. One mask for all spares the search for the best."""
    made = BytesIO()
    segno.make(text, error="m", micro=False, boost_error=False, mask=2).save(made, kind="png", border=4, scale=6)
    return "data:image/png;base64," + base64.b64encode(made.getvalue()).decode()


def _slip_size(paper: str) -> tuple[str, str]:
    width, height = page_size(paper)[0].split()
    unit = width.lstrip("0123456789.")
    return f"{float(width.removesuffix(unit)) / 2:g}{unit}", f"{float(height.removesuffix(unit)) / ROWS[paper]:g}{unit}"


@dataclass(frozen=True)
class _Font:
    """A font in memory: the file in the cache may be pruned while the service runs."""

    data: bytes
    sha256: str

    def read(self) -> bytes:
        return self.data


def _fonts(library: Library, more: tuple[int, ...]) -> dict[str, Any]:
    return _cut(tuple(sorted({*more, *letters_beyond(library.packet.texts)})))


@lru_cache(maxsize=8)
def _cut(more: tuple[int, ...]) -> dict[str, Any]:
    """The face that slips are set in, cut to letters. Scripts that it lacks are left to the fonts of the machine."""
    results: list[Result] = []
    task = Task(f"font {FONT}", "coursewright.write.pdf.fonts:cut_fonts", {"font": FONT, "more": list(more)})
    with cache() as folder, ThreadPoolExecutor(1) as pool:
        Schedule(Store(folder, work_fingerprint()), lambda: pool).run({"fonts": one_story([task], results)})
        return {f"{FONT}/{weight}": _Font(results[0].blobs[f"{weight}.ttf"].read(), results[0].blobs[f"{weight}.ttf"].sha256) for weight in WEIGHTS}
