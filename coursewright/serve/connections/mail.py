"""Mail: reminders of what was learned and of what was committed to, where a mail server is configured. Without one nothing is queued.

What waits names a person by id; the address is looked up when a mail goes out, so that somebody erased gets none. Each
reminder is laid out once, within two weeks of its day, to people who have an address and did not say no.
"""

from __future__ import annotations

import contextlib
import hashlib
import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import cast

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.serve.connections.outbox import Parcel, post, sender
from coursewright.serve.language import translations
from coursewright.serve.learning.forms import FOLLOW_UPS
from coursewright.serve.learning.recall import due_of
from coursewright.serve.library import Library
from coursewright.serve.settings import Mail, Settings, read_secret
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import Attempt, Person, Writing

KIND, NO = "mail", "no-reminders"
LATE = timedelta(days=14)  # a reminder that could not be laid out within this time is left out
LONGEST_WAIT = timedelta(days=61)
TIMEOUT = 20  # seconds


def lay_out(app: Flask, now: datetime) -> int:
    """Queue the reminders whose day has come. Returns how many are new. Does nothing without a mail server."""
    settings, library, database = cast(Settings, app.extensions["settings"]), cast(Library, app.extensions["library"]), cast(Database, app.extensions["database"])
    if settings.mail is None:
        return 0
    with database.reading() as reading:
        found = [(person, what) for person in _candidates(reading, library, now) for what in due(reading, library, person, now)]

    def work(writing: Session) -> int:
        for person, what in found:
            post(writing, KIND, parcel_id(person, what), {"person": person, "what": what}, now)
        return len(found)

    return database.write(work) if found else 0


def parcel_id(person: str, what: str) -> str:
    """The id of a reminder's row: one for each person and reminder."""
    return hashlib.sha256(f"{KIND}\0{person}\0{what}".encode()).hexdigest()[:32]


def _candidates(reading: Session, library: Library, now: datetime) -> list[str]:
    """Learners with an address who finished the final test, or committed to a change, not too long ago, and did not say no."""
    refused = select(Writing.person_id).where(Writing.kind == NO)
    final = library.final.id if library.final else ""
    tested = select(Attempt.person_id).where(Attempt.test == final, Attempt.state == "submitted", Attempt.submitted_at > now - LONGEST_WAIT - LATE)
    committed = select(Writing.person_id).where(Writing.kind == "commitment", Writing.submitted_at > now - LONGEST_WAIT - LATE)
    who = select(Person.id).where(Person.role == "learner", Person.email != "", Person.erased_at.is_(None), Person.id.not_in(refused))
    return list(reading.execute(who.where(Person.id.in_(tested.union(committed).scalar_subquery()))).scalars())


def due(reading: Session, library: Library, person: str, now: datetime) -> list[str]:
    """The reminders of a person that are due now: `recall:7`, `recall:30`, `day-30`, `day-60`; none that was done already."""
    kept = {writing.kind: writing for writing in reading.execute(select(Writing).where(Writing.person_id == person)).scalars()}
    done = set(reading.execute(select(Attempt.test).where(Attempt.person_id == person)).scalars())
    days = {each.test: each.opens_at for each in due_of(reading, library, person) if each.test not in done}
    commitment = kept.get("commitment")
    if commitment is not None and commitment.submitted_at is not None:
        days |= {day: commitment.submitted_at + timedelta(days=after) for day, after in FOLLOW_UPS.items() if day not in kept or kept[day].submitted_at is None}
    return [what for what, opens_at in days.items() if opens_at <= now < opens_at + LATE]


@sender(KIND, 20)
def send(app: Flask, parcels: Sequence[Parcel], now: datetime) -> list[str | None]:
    """Send reminders through the mail server. A person who is gone, or has no address that takes mail, gets none; one address stops no other."""
    settings, database = cast(Settings, app.extensions["settings"]), cast(Database, app.extensions["database"])
    if settings.mail is None:
        return ["no mail server"] * len(parcels)
    with database.reading() as reading:
        people = {person.id: person for person in reading.execute(select(Person).where(Person.id.in_([parcel.content["person"] for parcel in parcels]))).scalars()}
        refused = set(reading.execute(select(Writing.person_id).where(Writing.kind == NO, Writing.person_id.in_(list(people)))).scalars())
    outcomes: list[str | None] = []
    server = _connected(settings.mail)
    try:
        for parcel in parcels:
            person = people.get(parcel.content["person"])
            if person is None or person.erased_at is not None or not person.email or person.id in refused:
                outcomes.append(None)
            else:
                outcomes.append(_give(app, server, person, parcel, now))
    finally:
        with contextlib.suppress(smtplib.SMTPException, OSError):  # what was taken stays taken, whatever the server says at the end
            server.quit()
    return outcomes


def _give(app: Flask, server: smtplib.SMTP, person: Person, parcel: Parcel, now: datetime) -> str | None:
    """Send one reminder; why it has to be sent again. What can never be delivered is settled, and told of."""
    try:
        server.send_message(reminder(app, person, parcel.content["what"], parcel, now))
    except (smtplib.SMTPException, OSError) as error:
        return type(error).__name__
    except (ValueError, AttributeError, LookupError, MessageError) as error:
        app.logger.warning("a reminder cannot be delivered", extra={"person": person.id, "problem": type(error).__name__})
    return None


def _connected(told: Mail) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if told.port == 465:
        server: smtplib.SMTP = smtplib.SMTP_SSL(told.host, told.port, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(told.host, told.port, timeout=TIMEOUT)
        if told.encrypted:
            server.starttls(context=context)
    password = read_secret("mail_password", told.password_file)
    if told.username and password:
        server.login(told.username, password)
    return server


def reminder(app: Flask, person: Person, what: str, parcel: Parcel, now: datetime) -> EmailMessage:
    """A reminder in the language of its person: no questions, no answers, nothing that was committed to."""
    settings, library = cast(Settings, app.extensions["settings"]), cast(Library, app.extensions["library"])
    assert settings.mail is not None
    _ = translations(person.language or settings.languages[0]).gettext
    title = library.course.info.title
    recall = what.startswith("recall:")
    address = f"{settings.base_url}/{'recall' if recall else f'commitment/{what}'}"
    subject = _("Questions to recall: %(title)s") if recall else _("What became of your changes: %(title)s")
    opening = _("A few questions are waiting that help you to keep what you learned.") if recall else _("Some time ago you wrote down what you mean to change. Please tell how it went; it takes two minutes.")
    lines = (opening, address, "", _("You get this because you took the course “%(title)s”. To get no more of these, say so on the page of your account:") % {"title": title}, f"{settings.base_url}/account")
    made = EmailMessage()
    made["Subject"] = subject % {"title": title}
    made["From"] = settings.mail.sender
    local, _at, domain = person.email.rpartition("@")
    made["To"] = Address(person.name, local, domain)
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{parcel.id}@{make_msgid().rpartition('@')[2]}"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content("\n".join(lines) + "\n")
    return made
