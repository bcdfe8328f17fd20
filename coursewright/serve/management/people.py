"""One learner: name, extra time, cohorts, sessions, codes, attempts given. Each change is logged with what was before; people by id alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from coursewright.serve.connections import identities
from coursewright.serve.library import Library
from coursewright.serve.management.cohorts import Refused
from coursewright.serve.management.reach import cohort_ids, in_hand, learners
from coursewright.serve.people.codes import end_sessions
from coursewright.serve.security.access import Who
from coursewright.serve.store import audit
from coursewright.serve.store.tables import (
    AccessCode,
    Allowance,
    Attempt,
    CertificateRow,
    Cohort,
    Identity,
    Member,
    Person,
    ResultRow,
    SignedIn,
    moment_text,
)

LONGEST_REASON, LONGEST_NAME = 500, 200
MOST_MINUTES, MOST_PERCENT, MOST_GIVEN = 999, 400, 20
MOST_FOUND = 200


@dataclass(frozen=True)
class Facts:
    """What staff are shown of a learner. attempts: each with its result, and whether who asks may open it."""

    person: Person
    cohorts: list[Cohort]
    attempts: list[tuple[Attempt, ResultRow | None, bool]]
    allowances: dict[str, int]
    certificates: list[CertificateRow]
    linked: list[str]
    sessions: int
    code: AccessCode | None


def facts(session: Session, who: Who, person: Person, now: datetime) -> Facts:
    """A learner with attempts (void ones too), cohorts, and the code in force."""
    cohorts = session.execute(select(Cohort).join(Member, Member.cohort_id == Cohort.id).where(Member.person_id == person.id).order_by(Member.joined_at)).scalars().all()
    attempts = session.execute(
        select(Attempt, ResultRow).outerjoin(ResultRow, ResultRow.attempt_id == Attempt.id).where(Attempt.person_id == person.id).order_by(Attempt.started_at.desc(), Attempt.id)
    )
    allowances = session.execute(select(Allowance.test, Allowance.attempts).where(Allowance.person_id == person.id))
    sessions = session.execute(select(SignedIn.digest).where(SignedIn.person_id == person.id, SignedIn.expires_at > now)).all()
    certificates = session.execute(select(CertificateRow).where(CertificateRow.person_id == person.id).order_by(CertificateRow.issued_at.desc(), CertificateRow.serial)).scalars()
    linked = session.execute(select(Identity.issuer).where(Identity.person_id == person.id).order_by(Identity.created_at)).scalars()
    return Facts(person, list(cohorts), [(attempt, result, in_hand(session, who, attempt)) for attempt, result in attempts], dict(allowances.all()), list(certificates), list(linked), len(sessions), code_in_force(session, person.id, now))


def certificate_of(session: Session, person: str) -> CertificateRow | None:
    """A learner's certificate, unless it was withdrawn."""
    return session.scalar(select(CertificateRow).where(CertificateRow.person_id == person, CertificateRow.withdrawn_at.is_(None)))


def code_in_force(session: Session, person: str, now: datetime) -> AccessCode | None:
    """The personal code that lets a person in now."""
    return session.scalar(select(AccessCode).where(AccessCode.person_id == person, AccessCode.ended_at.is_(None), AccessCode.expires_at > now).limit(1))


def found(session: Session, who: Who, words: str) -> list[Person]:
    """The learners in reach whose names, id or address hold each of these words."""
    query = learners(who).where(Person.erased_at.is_(None))
    for word in words.split()[:6]:
        like = "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"
        query = query.where(or_(*(column.ilike(like, escape="\\") for column in (Person.given_name, Person.family_name, Person.learner_id, Person.email)), Person.id == word))
    return list(session.execute(query.order_by(Person.family_name, Person.given_name, Person.id).limit(MOST_FOUND)).scalars())


def reason_of(text: str, person: Person) -> str:
    """A reason as the log keeps it. The log is for ever, so it may not name the learner. Raises Refused."""
    reason = " ".join(text.split())
    if not reason:
        raise Refused("reason")
    if len(reason) > LONGEST_REASON:
        raise Refused("reason-long")
    words = set(re.findall(r"\w+", reason.casefold()))
    parts = re.findall(r"\w+", f"{person.given_name} {person.family_name}".casefold())
    marks = [mark.casefold() for mark in (person.learner_id, person.email) if mark]
    if any(len(part) > 2 and part in words for part in parts) or any(mark in reason.casefold() for mark in marks):
        raise Refused("reason-name")
    return reason


def correct_name(session: Session, person: Person, given: str, family: str, reason: str, who: Who, now: datetime) -> bool:
    """Another spelling of a name. The log says that it was corrected, not what it was. Raises Refused."""
    given, family = " ".join(given.split()), " ".join(family.split())
    if not given or not family or max(len(given), len(family)) > LONGEST_NAME or any(ord(c) < 32 for c in given + family):
        raise Refused("name")
    if (given, family) == (person.given_name, person.family_name):
        return False
    changed = [name for name, value in (("given_name", given), ("family_name", family)) if getattr(person, name) != value]
    logged = reason_of(reason, Person(given_name=f"{given} {person.given_name}", family_name=f"{family} {person.family_name}", learner_id=person.learner_id, email=person.email))
    person.given_name, person.family_name = given, family
    audit.append(session, now, who.id, "name corrected", f"person:{person.id}", after={"changed": changed, "reason": logged})
    return True


def give_time(session: Session, library: Library, person: Person, minutes: int, percent: int, also_open: bool, reason: str, who: Who, now: datetime) -> list[str]:
    """Extra time from now on; also_open: for the attempts under way too, whose ends are worked out anew. Returns those moved. Raises Refused."""
    if not 0 <= minutes <= MOST_MINUTES or not 0 <= percent <= MOST_PERCENT:
        raise Refused("time")
    logged = reason_of(reason, person)
    before = {"extra_minutes": person.extra_minutes, "extra_percent": person.extra_percent}
    after = {"extra_minutes": minutes, "extra_percent": percent}
    moved = []
    if before != after:
        audit.append(session, now, who.id, "extra time changed", f"person:{person.id}", before, {**after, "reason": logged})
    if also_open:
        for attempt in session.execute(select(Attempt).where(Attempt.person_id == person.id, Attempt.state == "open", Attempt.ends_at.is_not(None)).with_for_update()).scalars():
            blueprint = library.tests.get(attempt.test)
            if blueprint is None or blueprint.minutes is None or attempt.ends_at is None:
                continue
            more = _extra(blueprint.minutes, minutes, percent) - _extra(blueprint.minutes, person.extra_minutes, person.extra_percent)
            if not more:
                continue
            was, attempt.ends_at = attempt.ends_at, attempt.ends_at + more  # what was extended by hand stays extended
            audit.append(session, now, who.id, "end moved", f"attempt:{attempt.id}", {"ends_at": moment_text(was)}, {"ends_at": moment_text(attempt.ends_at), "reason": logged})
            moved.append(attempt.id)
    person.extra_minutes, person.extra_percent = minutes, percent
    session.flush()
    return moved


def _extra(test: int, minutes: int, percent: int) -> timedelta:
    return timedelta(minutes=test * percent / 100 + minutes)


def give_attempt(session: Session, library: Library, person: Person, test: str, reason: str, who: Who, now: datetime) -> int:
    """One attempt more than the policy allows; how many are given now. Raises Refused."""
    if test not in library.tests:
        raise Refused("test")
    logged = reason_of(reason, person)
    row = session.get(Allowance, (person.id, test), with_for_update=True)
    before = row.attempts if row is not None else 0
    if before >= MOST_GIVEN:
        raise Refused("given")
    if row is None:
        session.add(Allowance(person_id=person.id, test=test, attempts=1))
    else:
        row.attempts = before + 1
    session.flush()
    audit.append(session, now, who.id, "attempt given", f"person:{person.id}", {"test": test, "given": before}, {"test": test, "given": before + 1, "reason": logged})
    return before + 1


def sign_out_everywhere(session: Session, person: Person, reason: str, who: Who, now: datetime) -> int:
    """End all sessions of a learner; how many there were. Raises Refused."""
    logged = reason_of(reason, person)
    sessions = len(session.execute(select(SignedIn.digest).where(SignedIn.person_id == person.id, SignedIn.expires_at > now)).all())
    end_sessions(session, person.id)
    audit.append(session, now, who.id, "sessions ended", f"person:{person.id}", {"sessions": sessions}, {"sessions": 0, "reason": logged})
    return sessions


def unlink(session: Session, person: Person, reason: str, who: Who, now: datetime) -> int:
    """Let a learner be somebody else's account no more, as where a stranger's was linked; how many accounts were. Raises Refused."""
    logged = reason_of(reason, person)
    count = identities.unlink(session, person.id)
    if not count:
        raise Refused("not-linked")
    end_sessions(session, person.id)
    audit.append(session, now, who.id, "identity unlinked", f"person:{person.id}", {"linked": count}, {"linked": 0, "reason": logged})
    return count


def move(session: Session, person: Person, old: Cohort, new: Cohort | None, reason: str, who: Who, now: datetime) -> None:
    """Out of a cohort, and into another. Who is left in none is signed out, and the codes end. Raises Refused."""
    logged = reason_of(reason, person)
    place = session.get(Member, (old.id, person.id))
    if place is None:
        raise Refused("not-there")
    if new is not None and session.get(Member, (new.id, person.id)) is not None:
        raise Refused("there-already")
    session.delete(place)
    if new is not None:
        session.add(Member(cohort_id=new.id, person_id=person.id, joined_at=now))
        # what is under way goes along, so that the dates of the new cohort hold for it
        session.execute(update(Attempt).where(Attempt.person_id == person.id, Attempt.state == "open", Attempt.cohort_id == old.id).values(cohort_id=new.id))
    session.flush()
    audit.append(session, now, who.id, "moved" if new else "withdrawn", f"person:{person.id}", {"cohort": old.id}, {"cohort": new and new.id, "reason": logged})
    if new is None and session.scalar(select(Member.cohort_id).where(Member.person_id == person.id).limit(1)) is None:
        session.execute(update(AccessCode).where(AccessCode.person_id == person.id, AccessCode.ended_at.is_(None)).values(ended_at=now))
        session.execute(delete(SignedIn).where(SignedIn.person_id == person.id))


def cohorts_to_move_to(session: Session, who: Who, person: str) -> list[Cohort]:
    """The cohorts in reach that a learner is not in."""
    there = select(Member.cohort_id).where(Member.person_id == person)
    return list(session.execute(select(Cohort).where(Cohort.id.in_(cohort_ids(who)), Cohort.id.not_in(there)).order_by(Cohort.name)).scalars())
