"""The audit log for reading: filtered, newest first, with names beside the ids that it holds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from coursewright.serve.store.tables import Attempt, CertificateRow, Cohort, LogEntry, Person

PER_PAGE = 100


@dataclass(frozen=True)
class Line:
    """A row with words for whom and what it speaks of. kind and id: of the subject; person: the learner or member of staff it is about."""

    entry: LogEntry
    actor: str
    kind: str
    id: str
    name: str
    person: str


@dataclass(frozen=True)
class Wanted:
    """A filter. before: only rows of smaller numbers."""

    action: str = ""
    subject: str = ""
    person: str = ""
    before: int | None = None


def actions(session: Session) -> list[str]:
    """Every action that stands in the log."""
    return list(session.execute(select(LogEntry.action).distinct().order_by(LogEntry.action)).scalars())


def lines(session: Session, wanted: Wanted) -> tuple[list[Line], int | None]:
    """A page of rows, and the number to go on from; None at the end."""
    query = select(LogEntry).order_by(LogEntry.number.desc()).limit(PER_PAGE + 1)
    if wanted.action:
        query = query.where(LogEntry.action == wanted.action)
    if wanted.subject:
        query = query.where(LogEntry.subject == wanted.subject)
    if wanted.person:
        own = [f"attempt:{id_}" for id_ in session.execute(select(Attempt.id).where(Attempt.person_id == wanted.person)).scalars()]
        own += [f"certificate:{serial}" for serial in session.execute(select(CertificateRow.serial).where(CertificateRow.person_id == wanted.person)).scalars()]
        query = query.where(or_(LogEntry.actor == wanted.person, LogEntry.subject.in_([f"person:{wanted.person}", *own])))
    if wanted.before is not None:
        query = query.where(LogEntry.number < wanted.before)
    entries = list(session.execute(query).scalars())
    shown = entries[:PER_PAGE]
    return _named(session, shown), shown[-1].number if len(entries) > PER_PAGE else None


def _named(session: Session, entries: list[LogEntry]) -> list[Line]:
    subjects = [entry.subject.partition(":")[::2] for entry in entries]
    ids = {kind: {id_ for each, id_ in subjects if each == kind} for kind in ("attempt", "certificate", "cohort", "person")}
    owners = {f"attempt:{id_}": person for id_, person in session.execute(select(Attempt.id, Attempt.person_id).where(Attempt.id.in_(ids["attempt"])))}
    owners |= {f"certificate:{id_}": person for id_, person in session.execute(select(CertificateRow.serial, CertificateRow.person_id).where(CertificateRow.serial.in_(ids["certificate"])))}
    cohorts = dict(session.execute(select(Cohort.id, Cohort.name).where(Cohort.id.in_(ids["cohort"]))).all())
    wanted = {entry.actor for entry in entries} | ids["person"] | set(owners.values())
    columns = (Person.id, Person.given_name, Person.family_name)
    names = {id_: f"{given} {family}".strip() for id_, given, family in session.execute(select(*columns).where(Person.id.in_(wanted)))}
    made = []
    for entry, (kind, id_) in zip(entries, subjects, strict=True):
        person = id_ if kind == "person" else owners.get(entry.subject, "")
        name = cohorts.get(id_, "") if kind == "cohort" else names.get(person, "")
        made.append(Line(entry, names.get(entry.actor, ""), kind, id_, name, person))
    return made
