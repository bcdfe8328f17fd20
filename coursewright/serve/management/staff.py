"""Staff: coordinators and administrators. Each sets an own password by a link that works once. One administrator always remains."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from coursewright.serve.management.cohorts import Refused
from coursewright.serve.people.codes import end_sessions, keyed
from coursewright.serve.people.passwords import fault_of, hashed
from coursewright.serve.security.access import Who
from coursewright.serve.store import audit
from coursewright.serve.store.tables import AccessCode, Kept, Member, Person

ROLES = ("coordinator", "administrator")
LINK_HOURS = 72
USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,99}")


def staff(session: Session) -> list[tuple[Person, int]]:
    """Everyone who is or was staff, with the number of cohorts looked after; those who still are first."""
    counts = select(Member.person_id, func.count().label("cohorts")).group_by(Member.person_id).subquery()
    query = select(Person, func.coalesce(counts.c.cohorts, 0)).outerjoin(counts, counts.c.person_id == Person.id).where(Person.role != "learner")
    return list(session.execute(query.order_by(Person.erased_at.is_not(None), Person.family_name, Person.given_name, Person.id)))


def one(session: Session, id_: str) -> Person | None:
    """A member of staff, locked for this transaction."""
    return session.scalar(select(Person).where(Person.id == id_, Person.role != "learner").with_for_update())


def add(session: Session, given: str, family: str, username: str, role: str, who: Who, now: datetime) -> Person:
    """A new member of staff, who cannot sign in before a password is set. Raises Refused."""
    given, family, username = " ".join(given.split()), " ".join(family.split()), username.strip().casefold()
    if not given or not family or max(len(given), len(family)) > 200 or any(ord(c) < 32 for c in given + family):
        raise Refused("name")
    if not USERNAME.fullmatch(username):
        raise Refused("username")
    if role not in ROLES:
        raise Refused("role")
    if session.scalar(select(Person.id).where(Person.username == username)):
        raise Refused("taken")
    made = Person(role=role, given_name=given, family_name=family, username=username, created_at=now)
    session.add(made)
    session.flush()
    audit.append(session, now, who.id, "staff added", f"person:{made.id}", after={"role": role})
    return made


def make_link(session: Session, secret: str, person: Person, token: str, who: str, now: datetime) -> None:
    """Keep the hash of a token by which somebody may set a password, once. Earlier links end."""
    forget_links(session, person.id)
    session.add(Kept(name=_place(secret, token), value={"person": person.id}, ends_at=now + timedelta(hours=LINK_HOURS)))
    session.flush()
    audit.append(session, now, who, "password link made", f"person:{person.id}")


def new_token() -> str:
    """A token for a link: 256 random bits."""
    return secrets.token_urlsafe(32)


def forget_links(session: Session, person: str) -> None:
    """End the links of somebody."""
    for row in session.execute(select(Kept).where(Kept.name.startswith("set-password:"))).scalars():
        if row.value.get("person") == person:
            session.delete(row)
    session.flush()


def person_of_link(session: Session, secret: str, token: str, now: datetime) -> Person | None:
    """Whose link it is, while it works."""
    row = session.get(Kept, _place(secret, token))
    person = session.get(Person, row.value["person"]) if row is not None and row.ends_at > now else None
    return person if person is not None and person.role != "learner" and person.erased_at is None else None


def set_password(session: Session, secret: str, token: str, password: str, now: datetime) -> Person | None:
    """Set a password by a link, which ends with it, as do all sessions. None for a link that does not work. Raises Refused."""
    person = person_of_link(session, secret, token, now)
    if person is None:
        return None
    if fault := fault_of(password, person.username or ""):
        raise Refused(fault)
    person.password = hashed(password)
    session.execute(delete(Kept).where(Kept.name == _place(secret, token)))
    forget_links(session, person.id)
    end_sessions(session, person.id)
    session.flush()
    audit.append(session, now, person.id, "password set", f"person:{person.id}", after={"by": "link"})
    return person


def change_role(session: Session, person: Person, role: str, who: Who, now: datetime) -> bool:
    """Another role. Raises Refused for the last administrator."""
    if role not in ROLES:
        raise Refused("role")
    if person.erased_at is not None:
        raise Refused("inactive")
    if person.role == role:
        return False
    if person.role == "administrator":
        _look_for_another(session, person)
    before, person.role = person.role, role
    end_sessions(session, person.id)
    session.flush()
    audit.append(session, now, who.id, "role changed", f"person:{person.id}", {"role": before}, {"role": role})
    return True


def deactivate(session: Session, person: Person, who: Who, now: datetime) -> bool:
    """Let somebody in no more. The name stays, so that the log can be read. Raises Refused for the last administrator."""
    if person.erased_at is not None:
        return False
    if person.role == "administrator":
        _look_for_another(session, person)
    person.erased_at, person.password, person.second_factor = now, "", ""
    for table in (AccessCode, Member):
        session.execute(delete(table).where(table.person_id == person.id))
    end_sessions(session, person.id)
    forget_links(session, person.id)
    session.flush()
    audit.append(session, now, who.id, "staff deactivated", f"person:{person.id}", {"active": True, "role": person.role}, {"active": False})
    return True


def activate(session: Session, person: Person, who: Who, now: datetime) -> bool:
    """Let somebody in again, by a new password."""
    if person.erased_at is None:
        return False
    person.erased_at = None
    session.flush()
    audit.append(session, now, who.id, "staff activated", f"person:{person.id}", {"active": False}, {"active": True, "role": person.role})
    return True


def take_off_second_factor(session: Session, person: Person, who: Who, now: datetime) -> bool:
    """Let somebody whose phone is lost sign in with the password alone, until a second factor is set up anew."""
    if not person.second_factor:
        return False
    person.second_factor, person.second_factor_step = "", 0
    end_sessions(session, person.id)
    session.flush()
    audit.append(session, now, who.id, "second factor taken off", f"person:{person.id}", {"second_factor": True}, {"second_factor": False})
    return True


def _look_for_another(session: Session, person: Person) -> None:
    others = session.execute(select(Person.id).where(Person.role == "administrator", Person.erased_at.is_(None), Person.id != person.id).order_by(Person.id).with_for_update()).scalars().all()
    if not others:
        raise Refused("last")


def _place(secret: str, token: str) -> str:
    return "set-password:" + keyed(secret, "set-password", token)
