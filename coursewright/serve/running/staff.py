"""Coordinators and administrators: added from the command line, where nobody is signed in yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from coursewright.serve.people.codes import end_sessions
from coursewright.serve.people.passwords import LONGEST, SHORTEST, fault_of, hashed
from coursewright.serve.store import audit
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import Person

STAFF = ("administrator", "coordinator")
FAULTS = {
    "short": f"the password is too short: at least {SHORTEST} characters, of any kind",
    "long": f"the password is too long: at most {LONGEST} characters",
    "guessable": "the password is too easy to guess: it is, or is made of, what people usually take, or holds the username",
}


class CannotAdd(Exception):
    """Somebody who cannot be added: why."""


def has_staff(database: Database) -> bool:
    """Whether anybody could sign in with a password. Raises Unavailable."""
    with database.reading() as reading:
        return bool(reading.scalar(select(exists().where(Person.role.in_(STAFF), Person.erased_at.is_(None)))))


def add_staff(database: Database, username: str, password: str, role: str, given_name: str, family_name: str, now: datetime) -> str:
    """Add a person with a role; the person's id. Raises CannotAdd, Unavailable."""
    username = username.strip().casefold()
    if not username or len(username) > 200 or any(c.isspace() or not c.isprintable() for c in username):
        raise CannotAdd("a username has no spaces, and 200 characters at most")
    fault = fault_of(password, username)
    if fault:
        raise CannotAdd(FAULTS[fault])
    sealed = hashed(password)

    def work(writing: Session) -> str | None:
        if writing.scalar(select(exists().where(Person.username == username))):
            return None
        person = Person(role=role, username=username, password=sealed, given_name=given_name.strip(), family_name=family_name.strip(), created_at=now, started_at=now)
        writing.add(person)
        writing.flush()
        audit.append(writing, now, "command line", "staff added", f"person:{person.id}", after={"role": role})
        return person.id

    made = database.write(work)
    if made is None:
        raise CannotAdd(f"there is a {username!r} already")
    return made


def reset_second_factor(database: Database, username: str, now: datetime) -> bool:
    """Take the second factor off somebody who has lost it; whether there was one. Raises CannotAdd, Unavailable."""

    def work(writing: Session) -> bool | None:
        person = writing.execute(select(Person).where(Person.username == username.strip().casefold(), Person.erased_at.is_(None))).scalar_one_or_none()
        if person is None:
            return None
        had = bool(person.second_factor)
        if had:
            person.second_factor, person.second_factor_step = "", 0
            end_sessions(writing, person.id)
            audit.append(writing, now, "command line", "second factor taken off", f"person:{person.id}")
        return had

    had = database.write(work)
    if had is None:
        raise CannotAdd(f"there is no {username!r}")
    return had
