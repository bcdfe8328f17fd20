"""A roster looked at before anything is written: each fault at its line, and what taking it in would do."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.read.roster import Learner, Roster, read_roster
from coursewright.serve.management.reach import cohort_ids
from coursewright.serve.people.enrolling import Change, Enrolled, alone, changes, enrol, known
from coursewright.serve.security.access import Who
from coursewright.serve.store.tables import Cohort, Member, Person
from coursewright.source.diagnostic import Diagnostic

MOST_BYTES = 1_000_000  # some ten thousand learners; the form that confirms carries them once more, as base64
MOST_LEARNERS = 10_000
REQUIRED = ("given_name", "family_name")


@dataclass
class Preview:
    """What a roster would do. elsewhere: rows that name learners of cohorts out of reach; they are left out.

    unclear: rows that may mean several people, left out too. removed: rows that say `delete`.
    """

    roster: Roster
    new: list[Learner] = field(default_factory=list)
    changed: list[tuple[Learner, list[Change]]] = field(default_factory=list)
    joining: list[Learner] = field(default_factory=list)
    same: list[Learner] = field(default_factory=list)
    elsewhere: list[Learner] = field(default_factory=list)
    unclear: list[Learner] = field(default_factory=list)
    removed: list[Learner] = field(default_factory=list)
    too_many: bool = False

    @property
    def faults(self) -> list[Diagnostic]:
        return sorted(self.roster.diagnostics)

    @property
    def taken(self) -> list[Learner]:
        """The rows that would be taken in, in the order of the file."""
        return sorted([*self.new, *(learner for learner, _ in self.changed), *self.joining, *self.same], key=lambda learner: learner.line)

    @property
    def changes_something(self) -> bool:
        return bool(self.new or self.changed or self.joining)


def preview(session: Session, cohort: Cohort, name: str, data: bytes, who: Who) -> Preview:
    """Look at a roster; nothing is written."""
    roster = read_roster(name, data, required=REQUIRED)
    made = Preview(roster, too_many=len(roster.learners) > MOST_LEARNERS)
    if made.too_many:
        return made
    made.removed = [learner for learner in roster.learners if learner.action == "delete"]
    rows = [learner for learner in roster.learners if learner.action != "delete"]
    who_is_who = known(session, cohort.id, rows)
    people = who_is_who.people
    members = set(session.execute(select(Member.person_id).where(Member.cohort_id == cohort.id)).scalars())
    out_of_reach = _out_of_reach(session, [person for person in people if person is not None], who)
    for learner, person in zip(rows, people, strict=True):
        if learner.line in who_is_who.unclear:
            made.unclear.append(learner)
        elif person is None:
            made.new.append(learner)
        elif person.id in out_of_reach:
            made.elsewhere.append(learner)
        elif changed := changes(person, learner, roster.columns):
            made.changed.append((learner, changed))
        else:
            (made.same if person.id in members else made.joining).append(learner)
    return made


def _out_of_reach(session: Session, people: Sequence[Person], who: Who) -> set[str]:
    """Whom a coordinator may not draw into a cohort by naming them: learners that he or she does not look after."""
    if who.role == "administrator" or not people:
        return set()
    mine = set(session.execute(select(Member.person_id).where(Member.cohort_id.in_(cohort_ids(who)))).scalars())
    return {person.id for person in people} - mine


def take_in(session: Session, cohort: Cohort, name: str, data: bytes, who: Who, now: datetime) -> tuple[Preview, Enrolled]:
    """Enrol the sound rows of a roster, looked at once more."""
    alone(session)
    looked = preview(session, cohort, name, data, who)
    return looked, enrol(session, cohort, looked.taken if not looked.too_many else [], looked.roster.columns, now, who.id)


def packed(data: bytes) -> str:
    """Bytes as a field of a form."""
    return base64.b64encode(data).decode()


def unpacked(text: str) -> bytes | None:
    """The bytes of a field; None for what `packed` did not make, or made too large."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if len(data) <= MOST_BYTES else None
