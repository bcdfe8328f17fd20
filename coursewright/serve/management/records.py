"""What leaves the service: gradebooks, learner records, score reports and certificates, each noted in the log as exported.

The log tells who took what, of which cohort, and how many rows; never whose.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from coursewright.build.grade import write_reports
from coursewright.model.credit import contact_hours
from coursewright.plan.certificate import CE_BROKER, NEUTRAL, ce_broker_rows, neutral_rows
from coursewright.plan.gradebook import Gradebook
from coursewright.plan.gradebook_table import gradebook_header, gradebook_rows, percent_of
from coursewright.read.roster import Learner
from coursewright.serve.library import Library
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Attempt, CertificateRow, Person, ResultRow
from coursewright.write.accreditation import csv_bytes

MOST_REPORTS = 300  # score reports in one file: more are asked for by cohort
WORDS = ("credential", "profession", "license_state", "license_id", "npi", "board", "board_id")


def exported(session: Session, now: datetime, by: str, what: str, rows: int, test: str = "", cohort: str = "") -> None:
    """Note that something was taken out."""
    after = {"what": what, "rows": rows, **({"test": test} if test else {}), **({"cohort": cohort} if cohort else {})}
    audit.append(session, now, by, "exported", f"export:{what}", after=after)


def gradebook_csv(book: Gradebook) -> bytes:
    """The gradebook as `grade` lays it down."""
    return csv_bytes(gradebook_header(book), gradebook_rows(book))


@dataclass(frozen=True)
class Holder:
    """Someone who holds a certificate, as a row of a roster. statement: what the certificate says, whatever became of the course since."""

    serial: str
    statement: dict[str, Any]
    learner: Learner


def holders(session: Session, library: Library, cohorts: Collection[str] | None) -> list[Holder]:
    """Who holds a certificate that was not withdrawn, by name. Those who asked to be erased are in no list."""
    columns = (CertificateRow.serial, CertificateRow.statement, Person, Attempt.number, ResultRow.earned, ResultRow.possible, ResultRow.needed)
    rows = session.execute(
        select(*columns)
        .join(Person, Person.id == CertificateRow.person_id)
        .join(Attempt, Attempt.id == CertificateRow.attempt_id)
        .outerjoin(ResultRow, ResultRow.attempt_id == Attempt.id)
        .where(CertificateRow.withdrawn_at.is_(None), Person.erased_at.is_(None), true() if cohorts is None else Attempt.cohort_id.in_(sorted(cohorts)))
        .order_by(Person.family_name, Person.given_name, CertificateRow.serial)
    ).all()
    return [Holder(row.serial, row.statement, _learner(row.Person, row)) for row in rows]


def _learner(person: Person, row: Any) -> Learner:
    percent = "" if row.earned is None else percent_of(Fraction(row.earned), Fraction(row.possible), row.needed)
    about = person.roster
    words: dict[str, Any] = {name: str(about.get(name, "")) for name in WORDS}
    return Learner(
        line=0,
        given_name=person.given_name,
        family_name=person.family_name,
        completed_at=date.fromisoformat(row.statement["d"]),
        learner_id=person.learner_id,
        score_percent=Decimal(percent) if percent else None,
        attempts=row.number,
        birth_month=about.get("birth_month"),
        birth_day=about.get("birth_day"),
        consent_to_report=bool(about.get("consent_to_report")),
        **words,
    )


def neutral_csv(library: Library, found: Iterable[Holder], consenting: bool) -> tuple[bytes, int]:
    """Learner records that other systems map from, and how many. consenting: of those alone who agreed to be reported."""
    kept = [holder for holder in found if holder.learner.consent_to_report or not consenting]
    rows = neutral_rows(library.course, [holder.learner for holder in kept], library.hours)
    told = [tuple((dict(zip(NEUTRAL, row, strict=True)) | _certified(holder)).values()) for row, holder in zip(rows, kept, strict=True)]
    return csv_bytes(NEUTRAL, told), len(told)


def _certified(holder: Holder) -> dict[str, str]:
    """The columns in which the certificate has the word."""
    said = holder.statement
    return {"provider_id": said["p"], "activity_title": said["t"], "credit_type": said["c"], "credits": f"{contact_hours(Decimal(said['h']) * 60):f}", "credit_id": holder.serial}


def ce_broker_csv(library: Library, found: Iterable[Holder]) -> tuple[bytes, int]:
    """The columns of CE Broker's upload, of those who agreed to be reported and have a license; and how many."""
    rows = ce_broker_rows(library.course, [holder.learner for holder in found])
    return csv_bytes(CE_BROKER, rows), len(rows)


def score_reports(library: Library, book: Gradebook, paper: str) -> bytes:
    """A score report a learner, in one PDF: no key and no answer is in it."""
    with tempfile.TemporaryDirectory(prefix="reports-") as folder:
        names, _ = write_reports(library.course, library.root, book, Path(folder), paper, closed=False, joined=True, jobs=1)
        return (Path(folder) / names[0]).read_bytes() if names else b""


@dataclass(frozen=True)
class Ready:
    """Certificates that could be printed: their serials, and how many have a PDF already."""

    serials: tuple[str, ...]
    made: int


def certificates_of(session: Session, cohorts: Collection[str] | None) -> Ready:
    """The certificates in force, in the order of their days."""
    query = (
        select(CertificateRow.serial, func.length(CertificateRow.pdf).is_not(None))
        .join(Attempt, Attempt.id == CertificateRow.attempt_id)
        .join(Person, Person.id == CertificateRow.person_id)
        .where(CertificateRow.withdrawn_at.is_(None), Person.erased_at.is_(None), true() if cohorts is None else Attempt.cohort_id.in_(sorted(cohorts)))
        .order_by(CertificateRow.issued_at, CertificateRow.serial)
    )
    rows = session.execute(query).all()
    return Ready(tuple(serial for serial, _ in rows), sum(bool(made) for _, made in rows))

