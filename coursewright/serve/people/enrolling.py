"""Rosters become people in a cohort. The same roster twice enrols nobody twice, and a roster says nothing of columns that it lacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.read.roster import Learner
from coursewright.serve.store import audit, locks
from coursewright.serve.store.tables import Cohort, Member, Person

COLUMNS = ("given_name", "family_name", "learner_id", "email", "extra_minutes", "extra_percent")
KEPT = ("credential", "profession", "license_state", "license_id", "npi", "board", "board_id", "birth_month", "birth_day", "consent_to_report", "seat", "large_print")
NOTHING: tuple[object, ...] = ("", None, False, 0)


@dataclass
class Enrolled:
    """Who was added, who was there and changed, who was there as the roster says; joined: who is in the cohort only now."""

    added: list[Person] = field(default_factory=list)
    changed: list[Person] = field(default_factory=list)
    known: list[Person] = field(default_factory=list)
    joined: list[Person] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """Who each learner of a roster is, in its order: None for somebody new. unclear: the lines that may mean several people."""

    people: list[Person | None]
    unclear: frozenset[int]


@dataclass(frozen=True)
class Change:
    """A value that a roster says otherwise than what is kept. Texts are empty where there is nothing."""

    name: str
    before: str
    after: str


def alone(session: Session) -> None:
    """From here to the end of the transaction nobody else takes in a roster: two who do it at once would both find nobody."""
    locks.alone(session, locks.ENROLLING)


def known(session: Session, cohort: str, learners: Sequence[Learner]) -> Known:
    """Who each learner is among the people there are: by the roster's id; else by name within the cohort, where license and birthday
    do not speak against it. Nobody is meant by two lines."""
    members = session.execute(select(Person).join(Member, Member.person_id == Person.id).where(Member.cohort_id == cohort, Person.role == "learner", Person.erased_at.is_(None))).scalars()
    by_name: dict[tuple[str, str], list[Person]] = {}
    for person in members:
        by_name.setdefault((person.given_name.casefold(), person.family_name.casefold()), []).append(person)
    ids = [learner.learner_id for learner in learners if learner.learner_id]
    by_id: dict[str, Person] = {}
    for start in range(0, len(ids), 500):
        rows = session.execute(select(Person).where(Person.role == "learner", Person.learner_id.in_(ids[start : start + 500]), Person.erased_at.is_(None))).scalars()
        by_id.update({person.learner_id: person for person in rows})
    taken = {person.id for person in by_id.values()}
    found: list[Person | None] = [by_id.get(learner.learner_id) for learner in learners]
    unclear: set[int] = set()
    for place, learner in enumerate(learners):
        if found[place] is not None:
            continue
        could = _could_be(learner, [person for person in by_name.get((learner.given_name.casefold(), learner.family_name.casefold()), ()) if person.id not in taken])
        if len(could) > 1:
            unclear.add(learner.line)
        elif could:
            found[place] = could[0]
            taken.add(could[0].id)
    return Known(found, frozenset(unclear))


def _could_be(learner: Learner, namesakes: list[Person]) -> list[Person]:
    """Those of one name whom a line may mean."""
    if learner.learner_id:  # an id that nobody has: somebody who came without one
        namesakes = [person for person in namesakes if not person.learner_id]
    could = [person for person in namesakes if all(_agree(person.roster.get(name), getattr(learner, name)) for name in ("license_id", "license_state", "birth_month", "birth_day"))]
    licensed = [person for person in could if learner.license_id and person.roster.get("license_id") == learner.license_id]
    return licensed or [person for person in could if not person.learner_id] or could


def _agree(kept: object, given: object) -> bool:
    return kept in NOTHING or given in NOTHING or kept == given


def changes(person: Person, learner: Learner, columns: Collection[str]) -> list[Change]:
    """What a roster says otherwise than what is kept of a person, in the order of the columns."""
    values, roster = _values(learner, columns), _roster(person.roster, learner, columns)
    pairs = [(name, getattr(person, name), value) for name, value in values.items()]
    pairs += [(name, person.roster.get(name), roster.get(name)) for name in KEPT]
    return [Change(name, _words(before), _words(after)) for name, before, after in pairs if before != after]


def _words(value: object) -> str:
    return "yes" if value is True else "" if value in NOTHING else str(value)


def enrol(session: Session, cohort: Cohort, learners: Sequence[Learner], columns: Collection[str], now: datetime, actor: str) -> Enrolled:
    """Put learners into a cohort. columns: those that the roster has. The same roster again changes nothing."""
    made = Enrolled()
    joining = []
    for learner, person in zip(learners, known(session, cohort.id, learners).people, strict=True):
        if person is None:
            person = Person(role="learner", created_at=now, **_values(learner, COLUMNS), roster=_roster({}, learner, KEPT))
            session.add(person)
            made.added.append(person)
        elif changed := {change.name for change in changes(person, learner, columns)}:
            _change(session, person, learner, columns, changed, now, actor)
            made.changed.append(person)
        else:
            made.known.append(person)
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


def _change(session: Session, person: Person, learner: Learner, columns: Collection[str], changed: set[str], now: datetime, actor: str) -> None:
    """Take over what a roster says. The log keeps the extra time that was; of names and addresses that they were changed."""
    time = ("extra_minutes", "extra_percent")
    before = {name: getattr(person, name) for name in time}
    for name, value in _values(learner, columns).items():
        setattr(person, name, value)
    person.roster = _roster(person.roster, learner, columns)
    if changed & set(time):
        audit.append(session, now, actor, "extra time changed", f"person:{person.id}", before, {**{name: getattr(person, name) for name in time}, "reason": "roster"})
    if rest := sorted(changed - set(time)):
        audit.append(session, now, actor, "person changed by roster", f"person:{person.id}", after={"changed": rest})


def _values(learner: Learner, columns: Collection[str]) -> dict[str, Any]:
    """Columns of a person, of those that a roster has. An id is given, never taken away."""
    return {name: getattr(learner, name) for name in COLUMNS if name in columns and (name != "learner_id" or learner.learner_id)}


def _roster(kept: Mapping[str, Any], learner: Learner, columns: Collection[str]) -> dict[str, Any]:
    """What else is kept of a person, after a roster."""
    told = {name: getattr(learner, name) for name in KEPT if name in columns}
    return {name: value for name, value in {**kept, **told}.items() if value not in NOTHING}
