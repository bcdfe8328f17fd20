"""From the store to sittings and open questions; and decisions on their way into it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coursewright.build.administration import READS
from coursewright.build.scan import images
from coursewright.build.scan.pages import Sheets, read_image
from coursewright.build.scan.store import Decision, Kept, Reads
from coursewright.plan.gradebook import Sitting
from coursewright.plan.record import Record
from coursewright.plan.review import Gathered, Question, ReadPage, gather
from coursewright.read.roster import read_roster

ROSTER = "roster.csv"


class CannotDecide(ValueError):
    """A decision that cannot be taken: why, in words for a coordinator."""


def gathered(folder: Path, record: Record, reads: Reads) -> Gathered:
    """The sittings of all sheets seen so far, and what waits for a person."""
    pages = [ReadPage(kept.id, kept.place, kept.kind, kept.sheet, kept.page, kept.note, {key: (row.values, row.doubt) for key, row in kept.rows.items()}) for kept in reads.pages()]
    decisions = {subject: decision.given for subject, decision in reads.decisions().items()}
    return gather(record, pages, decisions, numbered_learners(folder))


def sittings(folder: Path, record: Record) -> tuple[Sitting, ...]:
    """What the scans of an administration come to. Raises DamagedStore."""
    reads = Reads(folder / READS)
    try:
        return gathered(folder, record, reads).sittings
    finally:
        reads.close()


def numbered_learners(folder: Path) -> dict[str, tuple[str, str]] | None:
    """Given and family names by learner's number, where a roster was given to `scan`."""
    path = folder / ROSTER
    if not path.exists():
        return None
    roster = read_roster(ROSTER, path.read_bytes(), ("given_name", "family_name"))
    return {learner.learner_id: (learner.given_name, learner.family_name) for learner in roster.learners if learner.learner_id}


def decide(record: Record, reads: Reads, question: Question, given: Any, who: str, why: str, now: Callable[[], str]) -> None:
    """Store a decision, and read a page again that now has a sheet. Raises CannotDecide."""
    values = [value for value, _ in question.options]
    if not who.strip():
        raise CannotDecide("say who decides")
    answer: Any = given
    if question.kind == "unreadable" and given not in values:
        answer = _assign(record, reads, question, str(given))
    elif question.several:
        answer = [str(value) for value in (given if isinstance(given, list) else [given] if given else [])]
        if any(value not in values for value in answer):
            raise CannotDecide("that is none of the circles of this row")
    elif not question.typed and str(given) not in [*values, ""]:
        raise CannotDecide("that is none of the choices")
    elif question.typed and len(str(given)) > 400:
        raise CannotDecide("that is too long")
    reads.decide(Decision(question.subject, answer, who.strip(), now(), why.strip()))


def _assign(record: Record, reads: Reads, question: Question, typed: str) -> str:
    words = typed.upper().split()
    if len(words) not in (1, 2) or words[0] not in record.copies or (len(words) == 2 and not words[1].isdigit()):
        raise CannotDecide("type the sheet's seven characters and the page, such as K7M2QX4 1")
    page = int(words[1]) if len(words) == 2 else 1
    kept = next(kept for kept in reads.pages() if kept.id == question.pages[0])
    read = read_image(kept.number, _image(kept), Sheets(record), (words[0], page))
    if read.kind != "sheet":
        raise CannotDecide(f"the page cannot be read as that sheet: {read.note}. Leave it out and scan it again")
    reads.reread(kept.id, read)
    return f"{words[0]} {page}"


def _image(kept: Kept) -> Any:
    """The picture of a page, from its file. Raises CannotDecide where that is gone or another."""
    path = Path(kept.source)
    try:
        data = path.read_bytes()
    except OSError:
        raise CannotDecide(f"{path.name} is no longer where it was scanned from") from None
    if hashlib.sha256(data).hexdigest() != kept.digest:
        raise CannotDecide(f"{path.name} is another file than the one that was read")
    for _, image, problem in images.pages(data, [kept.number]):
        if image is not None:
            return image
        raise CannotDecide(problem)
    raise CannotDecide("the page is not there")


