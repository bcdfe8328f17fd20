"""The audit log for reading: filtered, newest first, with names beside the ids that it holds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from coursewright.serve.language import _
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


def words() -> dict[str, str]:
    """What pages say for each action, in the language of the reader."""
    return {
        "attempt began": _("attempt began"),
        "attempt extended": _("attempt extended"),
        "attempt given": _("one more attempt given"),
        "attempt made void": _("attempt made void"),
        "attempt reopened": _("attempt reopened"),
        "attempt submitted": _("attempt submitted"),
        "certificate issued": _("certificate issued"),
        "certificate reinstated": _("certificate reinstated"),
        "certificate withdrawn": _("certificate withdrawn"),
        "codes made": _("codes made"),
        "cohort changed": _("cohort changed"),
        "cohort made": _("cohort made"),
        "commitment submitted": _("commitment submitted"),
        "coordinator assigned": _("coordinator assigned"),
        "coordinator released": _("coordinator removed"),
        "course started": _("course started"),
        "data exported": _("data of a learner downloaded"),
        "end moved": _("end of an attempt moved"),
        "erasure request taken back": _("request to be deleted taken back"),
        "erasure requested": _("asked to be deleted"),
        "evaluation submitted": _("evaluation submitted"),
        "exported": _("downloaded"),
        "extra time changed": _("extra time changed"),
        "follow-up submitted": _("follow-up submitted"),
        "forms printed": _("forms printed"),
        "identity linked": _("account elsewhere linked"),
        "identity unlinked": _("account elsewhere unlinked"),
        "item given another key": _("item given another key"),
        "item restored": _("item restored"),
        "item withdrawn": _("item withdrawn"),
        "joined cohort": _("joined the cohort"),
        "learner erased": _("learner erased"),
        "moved": _("moved to another cohort"),
        "name corrected": _("name corrected"),
        "paper result added": _("result from paper added"),
        "paper result corrected": _("result from paper corrected"),
        "paper taken in": _("results from paper taken in"),
        "password changed": _("password changed"),
        "password link made": _("password link made"),
        "password set": _("password set"),
        "person added": _("person added"),
        "person changed": _("person changed"),
        "person changed by roster": _("person changed by a roster"),
        "result moved": _("result moved"),
        "role changed": _("role changed"),
        "roster taken in": _("roster taken in"),
        "second factor set up": _("second factor set up"),
        "second factor taken off": _("second factor taken off"),
        "sessions ended": _("sessions ended"),
        "signed in": _("signed in"),
        "signed out everywhere": _("signed out everywhere"),
        "staff activated": _("account of staff opened again"),
        "staff added": _("staff added"),
        "staff deactivated": _("account of staff closed"),
        "unit finished": _("unit read to the end"),
        "withdrawn": _("withdrawn from the cohort"),
    }


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
