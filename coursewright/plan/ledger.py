"""The evidence ledger as people read it: statements with their sources, and what became of the source document's claims."""

from __future__ import annotations

from dataclasses import dataclass

from coursewright.model.claim import Claim, Handling, SourceClaim
from coursewright.model.course import Course
from coursewright.model.readability import Grade, grade_of
from coursewright.plan.numbering import Numbering


@dataclass(frozen=True)
class Stated:
    """A statement of the course, with the numbers of its sections and references."""

    claim: Claim
    sections: tuple[str, ...]
    references: tuple[int, ...]


@dataclass(frozen=True)
class Treated:
    """A claim of the source document, and what the course does with it."""

    claim: SourceClaim
    handling: Handling | None
    answer: Claim | None
    sections: tuple[str, ...]

    @property
    def does(self) -> str:
        return self.handling.does if self.handling else "not yet decided"


@dataclass(frozen=True)
class PlannedLedger:
    """The ledger in order: statements by their first section, claims of the source document in its order."""

    stated: tuple[Stated, ...]
    treated: tuple[Treated, ...]
    grades: tuple[tuple[str, Grade], ...]

    def count(self, does: str) -> int:
        """How many claims of the source document were taught, corrected or declined."""
        return sum(entry.does == does for entry in self.treated)


HEADER = ("id", "statement", "sections", "references", "level", "certainty", "checked", "unsourced", "source_claims")
SOURCE_HEADER = ("id", "heading", "claim", "opinion", "does", "reason", "answered_by", "sections")


def plan_ledger(course: Course, numbering: Numbering) -> PlannedLedger:
    """Put the ledger in order."""
    place = {id_: n for n, id_ in enumerate(course.sections)}
    claims = sorted(course.claims.values(), key=lambda claim: min((place.get(s, len(place)) for s in claim.sections), default=len(place)))
    stated = tuple(Stated(claim, _numbers(claim, numbering), _references(claim, numbering)) for claim in claims)
    first: dict[str, tuple[Handling, Claim | None]] = {}
    for handling, claim in course.handlings:
        first.setdefault(handling.claim, (handling, claim))
    treated = []
    for source in course.source_claims.values():
        found = first.get(source.id)
        answer = found[1] if found else None
        treated.append(Treated(source, found[0] if found else None, answer, _numbers(answer, numbering) if answer else ()))
    return PlannedLedger(stated, tuple(treated), tuple((unit.title, grade_of(unit)) for unit in course.units))


def _numbers(claim: Claim, numbering: Numbering) -> tuple[str, ...]:
    return tuple(numbering.sections[id_] for id_ in claim.sections if id_ in numbering.sections)


def _references(claim: Claim, numbering: Numbering) -> tuple[int, ...]:
    return tuple(sorted(numbering.references[id_] for id_ in claim.references if id_ in numbering.references))


def ledger_rows(ledger: PlannedLedger) -> list[tuple[str, ...]]:
    """Statements as rows under HEADER, for CSV."""
    return [
        (
            entry.claim.id,
            entry.claim.statement.plain,
            " ".join(entry.claim.sections),
            " ".join(entry.claim.references),
            entry.claim.level,
            entry.claim.certainty,
            entry.claim.checked.isoformat(),
            entry.claim.unsourced.plain if entry.claim.unsourced else "",
            " ".join(f"{handling.claim}:{handling.does}" for handling in entry.claim.source),
        )
        for entry in ledger.stated
    ]


def source_rows(ledger: PlannedLedger) -> list[tuple[str, ...]]:
    """Claims of the source document as rows under SOURCE_HEADER, for CSV."""
    return [
        (
            entry.claim.id,
            entry.claim.heading or "",
            entry.claim.text.plain,
            "yes" if entry.claim.opinion else "",
            entry.does,
            entry.handling.reason.plain if entry.handling else "",
            entry.answer.id if entry.answer else "",
            " ".join(entry.sections),
        )
        for entry in ledger.treated
    ]
