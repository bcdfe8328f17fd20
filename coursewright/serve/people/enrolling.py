"""Rosters become people in a cohort. The same roster twice enrols nobody twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.read.roster import Learner
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Cohort, Member, Person

KEPT = ("credential", "profession", "license_state", "license_id", "npi", "board", "board_id", "birth_month", "birth_day", "consent_to_report", "seat", "large_print")


@dataclass
class Enrolled:
    """Who was added, who was there and changed, who was there as the roster says; joined: who is in the cohort only now."""

    added: list[Person] = field(default_factory=list)
    changed: list[Person] = field(default_factory=list)
    known: list[Person] = field(default_factory=list)
    joined: list[Person] = field(default_factory=list)


def known(session: Session, cohort: str, learners: Sequence[Learner]) -> list[Person | None]:
    """Who each learner is among the people there are. A learner is known by the roster's id; without one by name, within the cohort."""
    members = session.execute(
        select(Person).join(Member, Member.person_id == Person.id).where(Member.cohort_id == cohort, Person.role == "learner", Person.learner_id == "", Person.erased_at.is_(None))
    ).scalars()
    by_name = {(p.given_name.casefold(), p.family_name.casefold()): p for p in members}
    ids = [learner.learner_id for learner in learners if learner.learner_id]
    by_id: dict[str, Person] = {}
    for start in range(0, len(ids), 500):
        rows = session.execute(select(Person).where(Person.role == "learner", Person.learner_id.in_(ids[start : start + 500]), Person.erased_at.is_(None))).scalars()
        by_id.update({person.learner_id: person for person in rows})
    return [by_id.get(each.learner_id) if each.learner_id else by_name.get((each.given_name.casefold(), each.family_name.casefold())) for each in learners]


def changes(person: Person, learner: Learner) -> dict[str, object]:
    """What a roster says otherwise than what is kept of a person."""
    return {name: value for name, value in _values(learner).items() if getattr(person, name) != value}


def enrol(session: Session, cohort: Cohort, learners: Sequence[Learner], now: datetime, actor: str) -> Enrolled:
    """Put learners into a cohort. The same roster again changes nothing."""
    made = Enrolled()
    joining = []
    for learner, person in zip(learners, known(session, cohort.id, learners), strict=True):
        if person is None:
            person = Person(role="learner", created_at=now, **_values(learner))
            session.add(person)
            made.added.append(person)
        else:
            changed = changes(person, learner)
            for name, value in changed.items():
                setattr(person, name, value)
            (made.changed if changed else made.known).append(person)
        joining.append(person)
    session.flush()
    members = set(session.execute(select(Member.person_id).where(Member.cohort_id == cohort.id)).scalars())
    for person in joining:
        if person.id not in members:
            session.add(Member(cohort_id=cohort.id, person_id=person.id, joined_at=now))
            members.add(person.id)
            made.joined.append(person)
    session.flush()
    after = {"added": [p.id for p in made.added], "changed": [p.id for p in made.changed], "joined": [p.id for p in made.joined if p not in made.added], "known": len(made.known)}
    audit.append(session, now, actor, "roster taken in", f"cohort:{cohort.id}", after=after)
    return made


def _values(learner: Learner) -> dict[str, object]:
    roster = {name: getattr(learner, name) for name in KEPT if getattr(learner, name) not in ("", None, False)}
    return {
        "given_name": learner.given_name,
        "family_name": learner.family_name,
        "learner_id": learner.learner_id,
        "email": learner.email,
        "extra_minutes": learner.extra_minutes,
        "extra_percent": learner.extra_percent,
        "roster": roster,
    }
