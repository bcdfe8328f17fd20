"""A learner's data: erased at the wish of the learner.

What names a person goes. What was achieved stays as numbers under the person's id, so that the statistics of tests and
the counts that accreditors ask for still hold.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, delete, or_, select, text
from sqlalchemy.orm import Session

from coursewright.serve.learning.attempts import NOTHING
from coursewright.serve.management.printing import forget_files
from coursewright.serve.store import audit
from coursewright.serve.store.tables import (
    AccessCode,
    Answer,
    Attempt,
    CertificateRow,
    Identity,
    Kept,
    LtiLink,
    Member,
    Outgoing,
    Person,
    SignedIn,
    Writing,
)

REQUEST = "erasure-request"  # the kind of Writing by which a learner asks for it
STAYS_IN_STATEMENT = ("s", "a", "t", "d", "h", "c", "p", "v")  # serial, activity, title, day, hours, kind of credit, provider, validity: no name


def requests(session: Session) -> list[tuple[Person, datetime]]:
    """Who asked to be erased, the oldest wish first."""
    query = select(Person, Writing.at).join(Writing, Writing.person_id == Person.id).where(Writing.kind == REQUEST, Person.erased_at.is_(None)).order_by(Writing.at)
    return [(person, at) for person, at in session.execute(query)]


def erase(session: Session, person: Person, actor: str, now: datetime) -> bool:
    """Take out all that names a learner; whether there was anything left to take out. Run again it does nothing."""
    locked = session.execute(select(Person).where(Person.id == person.id).with_for_update()).scalar_one()
    if locked.erased_at is not None:
        return False
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA secure_delete=ON"))  # what is deleted is overwritten in the file
    marks = _marks(session, locked)
    forget_files(session, locked.id)
    counts = {table.__tablename__: _deleted(session, table, locked.id) for table in (AccessCode, Identity, SignedIn, LtiLink, Member)}
    counts["writing"] = _erase_writing(session, locked.id)
    counts["answer"] = _erase_answers(session, locked)
    counts["certificate"] = _erase_certificate(session, locked.id)
    counts["outgoing"] = _erase_mentions(session, marks)
    for name in ("given_name", "family_name", "learner_id", "email", "password", "language"):
        setattr(locked, name, "")
    locked.username, locked.roster, locked.extra_minutes, locked.extra_percent, locked.erased_at = None, {}, 0, 0, now
    session.flush()
    audit.append(session, now, actor, "learner erased", f"person:{locked.id}", before={name: count for name, count in counts.items() if count}, after={"erased": True})
    return True


def _marks(session: Session, person: Person) -> list[str]:
    """What a record elsewhere would know the person by: as it stands in JSON, whole values in their quotes."""
    subjects = [*session.execute(select(Identity.subject).where(Identity.person_id == person.id)).scalars(), *session.execute(select(LtiLink.subject).where(LtiLink.person_id == person.id)).scalars()]
    whole = {person.learner_id, person.username or "", f"{person.given_name} {person.family_name}".strip(), *subjects} - {""}
    return [person.id, *([person.email] if person.email else []), *sorted(json.dumps(mark) for mark in whole)]


def _deleted(session: Session, table: Any, person: str) -> int:
    return int(session.execute(delete(table).where(table.person_id == person)).rowcount)  # type: ignore[attr-defined]


def _erase_writing(session: Session, person: str) -> int:
    """Reflections go; of the evaluation and the commitment the numbers stay, without words."""
    count = 0
    for row in session.execute(select(Writing).where(Writing.person_id == person)).scalars():
        count += 1
        if row.kind.startswith("reflection") or row.kind == REQUEST:
            session.delete(row)
        else:
            row.content = without_words(row.content)
    return count


def without_words(content: Any) -> Any:
    """JSON values without any text but the names of fields: numbers, yes and no stay."""
    if isinstance(content, dict):
        return {name: without_words(value) for name, value in content.items() if not isinstance(value, str)}
    if isinstance(content, list):
        return [without_words(value) for value in content if not isinstance(value, str)]
    return content


def _erase_answers(session: Session, person: Person) -> int:
    """Typed answers that hold the name: they cannot be right answers to anything."""
    names = [name.casefold() for name in (person.given_name, person.family_name, person.learner_id, person.email) if name]
    count = 0
    for answer in session.execute(select(Answer).join(Attempt, Attempt.id == Answer.attempt_id).where(Attempt.person_id == person.id, Answer.response.like('{"text"%'))).scalars():
        typed = str(json.loads(answer.response)["text"]).casefold()
        if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", typed) for name in names):
            answer.response = NOTHING
            count += 1
    return count


def _erase_certificate(session: Session, person: str) -> int:
    """The serial, the day and the hours stay; the document and what it signed go, for they name the person."""
    count = 0
    for row in session.execute(select(CertificateRow).where(CertificateRow.person_id == person)).scalars():
        row.statement = {name: value for name, value in row.statement.items() if name in STAYS_IN_STATEMENT}
        row.facts, row.token, row.badge, row.pdf = {}, "", "", None
        count += 1
    return count


def _erase_mentions(session: Session, marks: list[str]) -> int:
    """What was or is to be sent elsewhere about the person, and what is kept for a while."""
    count = 0
    for table, columns in ((Outgoing, (cast(Outgoing.content, Text), Outgoing.problem)), (Kept, (cast(Kept.value, Text), Kept.name))):
        holds = [column.contains(mark, autoescape=True) for column in columns for mark in marks]
        count += int(session.execute(delete(table).where(or_(*holds))).rowcount)  # type: ignore[attr-defined]
    session.execute(delete(Kept).where(Kept.name.like("paper:%")))  # uploads that wait for a confirmation: who sent one sends it again
    return count
