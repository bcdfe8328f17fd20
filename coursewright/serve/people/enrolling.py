"""Rosters become people in a cohort. The same roster twice enrols nobody twice."""

from __future__ import annotations

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
    """Who was added, who was there and changed, who was there as the roster says."""

    added: list[Person] = field(default_factory=list)
    changed: list[Person] = field(default_factory=list)
    known: list[Person] = field(default_factory=list)


def enrol(session: Session, cohort: Cohort, learners: list[Learner], now: datetime, actor: str) -> Enrolled:
    """Put learners into a cohort. A learner is known by the roster's id; without one by name, within the cohort."""
    made = Enrolled()
    members = {person.id: person for person in session.execute(select(Person).join(Member, Member.person_id == Person.id).where(Member.cohort_id == cohort.id)).scalars()}
    by_name = {(p.given_name.casefold(), p.family_name.casefold()): p for p in members.values() if p.role == "learner" and not p.learner_id and p.erased_at is None}
    ids = [learner.learner_id for learner in learners if learner.learner_id]
    by_id: dict[str, Person] = {}
    for start in range(0, len(ids), 500):
        rows = session.execute(select(Person).where(Person.role == "learner", Person.learner_id.in_(ids[start : start + 500]), Person.erased_at.is_(None))).scalars()
        by_id.update({person.learner_id: person for person in rows})
    joining = []
    for learner in learners:
        values = _values(learner)
        person = by_id.get(learner.learner_id) if learner.learner_id else by_name.get((learner.given_name.casefold(), learner.family_name.casefold()))
        if person is None:
            person = Person(role="learner", created_at=now, **values)
            session.add(person)
            made.added.append(person)
        else:
            changed = [name for name, value in values.items() if getattr(person, name) != value]
            for name in changed:
                setattr(person, name, values[name])
            (made.changed if changed else made.known).append(person)
        joining.append(person)
    session.flush()
    for person in joining:
        if person.id not in members:
            session.add(Member(cohort_id=cohort.id, person_id=person.id, joined_at=now))
            members[person.id] = person
    session.flush()
    audit.append(session, now, actor, "roster taken in", f"cohort:{cohort.id}", after={"added": [p.id for p in made.added], "changed": [p.id for p in made.changed], "known": len(made.known)})
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
