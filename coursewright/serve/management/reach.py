"""Whom a member of staff may see: an administrator everyone, a coordinator the learners of the cohorts he or she looks after."""

from __future__ import annotations

import re

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from coursewright.serve.security.access import Who
from coursewright.serve.store.tables import Attempt, Cohort, Member, Person


def cohort_ids(who: Who) -> Select[str]:
    """The ids of the cohorts in reach, as a query to select within."""
    if who.role == "administrator":
        return select(Cohort.id)
    return select(Member.cohort_id).where(Member.person_id == who.id)


def cohort_of(session: Session, who: Who, id_: str) -> Cohort | None:
    """A cohort, if it is in reach."""
    return session.scalar(select(Cohort).where(Cohort.id == id_, Cohort.id.in_(cohort_ids(who))))


def learners(who: Who) -> Select[Person]:
    """The learners in reach. Those that were erased are left to administrators."""
    found = select(Person).where(Person.role == "learner")
    if who.role == "administrator":
        return found
    mine, theirs = aliased(Member), aliased(Member)
    together = exists(select(theirs.person_id).join(mine, mine.cohort_id == theirs.cohort_id).where(mine.person_id == who.id, theirs.person_id == Person.id))
    return found.where(Person.erased_at.is_(None), together)


def learner_of(session: Session, who: Who, id_: str) -> Person | None:
    """A learner, if he or she is in reach."""
    return session.scalar(learners(who).where(Person.id == id_))


def attempt_of(session: Session, who: Who, id_: str) -> tuple[Attempt, Person] | None:
    """An attempt with its learner, if both are in reach."""
    attempt = session.get(Attempt, id_)
    person = learner_of(session, who, attempt.person_id) if attempt is not None else None
    return None if attempt is None or person is None or not in_hand(session, who, attempt) else (attempt, person)


def in_hand(session: Session, who: Who, attempt: Attempt) -> bool:
    """Whether an attempt of a learner in reach is for this coordinator: not where it was made in another's cohort, to which the learner still belongs."""
    if who.role == "administrator" or attempt.cohort_id is None:
        return True
    if session.get(Member, (attempt.cohort_id, attempt.person_id)) is None:
        return True
    return session.scalar(select(Cohort.id).where(Cohort.id == attempt.cohort_id, Cohort.id.in_(cohort_ids(who)))) is not None


def named(session: Session, who: Who, text: str) -> bool:
    """Whether a text names a learner in reach: by given and family name, number or address."""
    words, folded = set(re.findall(r"\w+", text.casefold())), text.casefold()
    columns = learners(who).with_only_columns(Person.given_name, Person.family_name, Person.learner_id, Person.email)
    for given, family, number, email in session.execute(columns):
        parts = re.findall(r"\w+", f"{given} {family}".casefold())
        if (given and family and set(parts) <= words) or any(mark and mark.casefold() in folded for mark in (email, number if len(number) > 3 else "")):
            return True
    return False
