"""Cohorts: made, changed, looked after by coordinators, and seen at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from coursewright.serve.learning.attempts import move_ends
from coursewright.serve.library import Library
from coursewright.serve.management.reach import cohort_ids
from coursewright.serve.security.access import Who
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Attempt, CertificateRow, Cohort, Member, Person, ResultRow, moment_text

SOON = timedelta(days=7)  # who has not passed so long before the end is late
LONGEST = 120  # characters of a name


class Refused(ValueError):
    """Something that cannot be done as asked: a word that pages explain."""


@dataclass(frozen=True)
class Glance:
    """A cohort in numbers. late: has not passed, though the cohort has closed or closes within a week."""

    cohort: Cohort
    learners: int
    started: int
    pretest: int
    passed: int
    certificates: int
    late: int


@dataclass(frozen=True)
class CohortFacts:
    """What is said of a cohort."""

    name: str
    opens_at: datetime | None
    closes_at: datetime | None


def is_closing(closes_at: datetime | None, now: datetime) -> bool:
    """Whether a cohort has closed or closes within a week."""
    return closes_at is not None and now >= closes_at - SOON


def glances(session: Session, library: Library, who: Who, now: datetime) -> list[Glance]:
    """The cohorts in reach, the newest first: a handful of queries, however many there are."""
    cohorts = session.execute(select(Cohort).where(Cohort.id.in_(cohort_ids(who))).order_by(Cohort.created_at.desc(), Cohort.name)).scalars().all()
    pretests = [blueprint.id for blueprint in library.tests.values() if blueprint.parallel_to]
    final = library.final.id if library.final else ""

    def counts(*where: ColumnElement[bool], joined: type[Attempt] | type[CertificateRow] | None = None, graded: bool = False) -> dict[str, int]:
        query = select(Member.cohort_id, func.count(Person.id.distinct())).join(Person, Person.id == Member.person_id)
        if joined is not None:
            query = query.join(joined, joined.person_id == Person.id)
        if graded:
            query = query.join(ResultRow, ResultRow.attempt_id == Attempt.id)
        return dict(session.execute(query.where(Person.role == "learner", Person.erased_at.is_(None), *where).group_by(Member.cohort_id)).all())

    learners, started = counts(), counts(Person.started_at.is_not(None))
    pretest = counts(Attempt.state == "submitted", Attempt.test.in_(pretests), joined=Attempt)
    passed = counts(Attempt.state == "submitted", Attempt.test == final, ResultRow.passed.is_(True), joined=Attempt, graded=True)
    certificates = counts(CertificateRow.withdrawn_at.is_(None), joined=CertificateRow)
    made = []
    for cohort in cohorts:
        there, began, tried, through, certified = (found.get(cohort.id, 0) for found in (learners, started, pretest, passed, certificates))
        made.append(Glance(cohort, there, began, tried, through, certified, there - through if is_closing(cohort.closes_at, now) else 0))
    return made


def create(session: Session, facts: CohortFacts, who: Who, now: datetime) -> Cohort:
    """A new cohort, which its maker looks after. Raises Refused."""
    _check(session, facts, "")
    made = Cohort(name=facts.name, opens_at=facts.opens_at, closes_at=facts.closes_at, created_at=now)
    session.add(made)
    session.flush()
    session.add(Member(cohort_id=made.id, person_id=who.id, joined_at=now))
    session.flush()
    audit.append(session, now, who.id, "cohort made", f"cohort:{made.id}", after=_logged(facts))
    return made


def change(session: Session, library: Library, cohort: Cohort, facts: CohortFacts, who: Who, now: datetime) -> bool:
    """Another name or other dates; whether anything changed. Open attempts end with the cohort. Raises Refused."""
    _check(session, facts, cohort.id)
    before = CohortFacts(cohort.name, cohort.opens_at, cohort.closes_at)
    if before == facts:
        return False
    cohort.name, cohort.opens_at, cohort.closes_at = facts.name, facts.opens_at, facts.closes_at
    session.flush()
    audit.append(session, now, who.id, "cohort changed", f"cohort:{cohort.id}", _logged(before), _logged(facts))
    if facts.closes_at != before.closes_at:
        move_ends(session, lambda test: library.tests[test].minutes, cohort.id, before.closes_at, facts.closes_at, who.id, now)
    return True


def _check(session: Session, facts: CohortFacts, own: str) -> None:
    if not facts.name or len(facts.name) > LONGEST or any(ord(c) < 32 for c in facts.name):
        raise Refused("name")
    if facts.opens_at and facts.closes_at and facts.closes_at <= facts.opens_at:
        raise Refused("dates")
    if session.scalar(select(Cohort.id).where(Cohort.name == facts.name, Cohort.id != own)):
        raise Refused("taken")


def _logged(facts: CohortFacts) -> dict[str, str | None]:
    moments = {"opens_at": facts.opens_at, "closes_at": facts.closes_at}
    return {"name": facts.name, **{name: None if moment is None else moment_text(moment) for name, moment in moments.items()}}


def coordinators(session: Session, cohort: str) -> list[Person]:
    """Who looks after a cohort."""
    return list(session.execute(select(Person).join(Member, Member.person_id == Person.id).where(Member.cohort_id == cohort, Person.role != "learner").order_by(Person.family_name, Person.given_name)).scalars())


def other_coordinators(session: Session, cohort: str) -> list[Person]:
    """Staff who could look after it too."""
    there = select(Member.person_id).where(Member.cohort_id == cohort)
    return list(session.execute(select(Person).where(Person.role == "coordinator", Person.erased_at.is_(None), Person.id.not_in(there)).order_by(Person.family_name, Person.given_name)).scalars())


def assign(session: Session, cohort: Cohort, person: str, who: Who, now: datetime) -> bool:
    """Let a coordinator look after a cohort. Raises Refused for someone who is none."""
    found = session.get(Person, person)
    if found is None or found.role == "learner" or found.erased_at is not None:
        raise Refused("nobody")
    if session.get(Member, (cohort.id, person)) is not None:
        return False
    session.add(Member(cohort_id=cohort.id, person_id=person, joined_at=now))
    session.flush()
    audit.append(session, now, who.id, "coordinator assigned", f"cohort:{cohort.id}", after={"person": person})
    return True


def release(session: Session, cohort: Cohort, person: str, who: Who, now: datetime) -> bool:
    """Let a coordinator no longer look after a cohort. Raises Refused where nobody would be left."""
    there = {found.id for found in coordinators(session, cohort.id)}
    if person not in there:
        return False
    if len(there) == 1 and who.role != "administrator":
        raise Refused("last")
    session.execute(delete(Member).where(Member.cohort_id == cohort.id, Member.person_id == person))
    audit.append(session, now, who.id, "coordinator released", f"cohort:{cohort.id}", before={"person": person})
    return True
