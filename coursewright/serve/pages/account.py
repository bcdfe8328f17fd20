"""What a person can see and settle of their own data."""

from __future__ import annotations

import json
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, session, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.serve import here
from coursewright.serve.connections.mail import NO
from coursewright.serve.language import _
from coursewright.serve.learning.writing import lock
from coursewright.serve.pages.sign_in import enter
from coursewright.serve.people.codes import end_sessions, keyed, open_session
from coursewright.serve.people.own_data import data_of
from coursewright.serve.people.passwords import LONGEST, SHORTEST, fault_of, fits, hashed
from coursewright.serve.security.access import app_secret, page
from coursewright.serve.security.rates import limiter
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Person, SignedIn, Writing

ERASURE = "erasure-request"


@page("/account", "learner", "coordinator")
def account() -> Any:
    """Name, language, extra time, sessions, data; for staff, the password."""
    return _page()


def _page(fault: str = "") -> str:
    who, now = here.who(), here.now()
    token = keyed(app_secret(), "session", session.get("token", ""))
    with here.database().reading() as reading:
        person = reading.get(Person, who.id)
        sessions = reading.execute(select(SignedIn).where(SignedIn.person_id == who.id, SignedIn.expires_at > now).order_by(SignedIn.seen_at.desc())).scalars().all()
        erasure = reading.get(Writing, (who.id, ERASURE))
        silent = reading.get(Writing, (who.id, NO)) is not None
    return render_template("service/account.html.j2", person=person, sessions=sessions, this=token, erasure=erasure, silent=silent, fault=fault, shortest=SHORTEST, longest=LONGEST)


@page("/account/sign-out-everywhere", "learner", "coordinator", methods=("POST",))
def sign_out_everywhere() -> Any:
    """End every session of this person, this one too."""
    who, now = here.who().id, here.now()

    def work(writing: Session) -> None:
        end_sessions(writing, who)
        audit.append(writing, now, who, "signed out everywhere", f"person:{who}")

    here.database().write(work)
    session.clear()
    flash(_("You are signed out on all devices."))
    return redirect(url_for("sign_in.front"), 303)


@page("/account/reminders", "learner", methods=("POST",))
def reminders() -> Any:
    """Say no to mails that remind, or yes again."""
    who, now, wanted = here.who().id, here.now(), request.form.get("reminders") == "1"

    def work(writing: Session) -> None:
        lock(writing, who)
        row = writing.get(Writing, (who, NO))
        if wanted and row is not None:
            writing.delete(row)
        elif not wanted and row is None:
            writing.add(Writing(person_id=who, kind=NO, content={}, at=now))

    here.database().write(work)
    flash(_("You will be reminded by mail.") if wanted else _("You will get no more reminders by mail."))
    return redirect(url_for("account.account"), 303)


@page("/account/data.json", "learner", "coordinator")
def data() -> Any:
    """Everything that is kept of who asks, as a file."""
    with here.database().reading() as reading:
        found = data_of(reading, here.who().id)
    response = make_response(json.dumps({"course": here.library().course.info.id, **found}, ensure_ascii=False, indent=1))
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@page("/account/erasure", "learner", methods=("POST",))
def ask_for_erasure() -> Any:
    """Ask to be deleted, or take that back. People decide about it: records of credit may have to be kept for some years."""
    who, now, back = here.who().id, here.now(), request.form.get("then") == "take-back"

    def work(writing: Session) -> None:
        lock(writing, who)
        row = writing.get(Writing, (who, ERASURE))
        if back and row is not None:
            writing.delete(row)
            audit.append(writing, now, who, "erasure request taken back", f"person:{who}")
        elif not back and row is None:
            writing.add(Writing(person_id=who, kind=ERASURE, content={}, at=now, submitted_at=now))
            audit.append(writing, now, who, "erasure requested", f"person:{who}")

    here.database().write(work)
    flash(_("Your request is taken back.") if back else _("Your request is with the people who run this course."))
    return redirect(url_for("account.account"), 303)


def _password_rate_key() -> str:
    from flask import g

    return f"password:{g.who.id if g.who is not None else 'nobody'}"


@page("/account/password", "coordinator", methods=("POST",))
@limiter.limit(lambda: here.settings().sign_in_rate, key_func=_password_rate_key)
def change_password() -> Any:
    """A new password; the old one is asked for. Other sessions end."""
    who, now = here.who(), here.now()
    old, new, again = (request.form.get(name, "")[: 2 * LONGEST] for name in ("old", "new", "again"))
    with here.database().reading() as reading:
        person = reading.get(Person, who.id)
    if person is None or person.username is None:
        return abort(404)
    fault = fault_of(new, person.username) if new == again else "different"
    if not fits(person.password, old):
        fault = "wrong"
    if fault:
        return _page(fault), 422
    made = hashed(new)

    def work(writing: Session) -> str | None:
        kept = writing.execute(select(Person).where(Person.id == who.id).with_for_update().execution_options(populate_existing=True)).scalar_one()
        if kept.password != person.password:  # changed by another session meanwhile
            return None
        kept.password = made
        end_sessions(writing, who.id)
        audit.append(writing, now, who.id, "password changed", f"person:{who.id}")
        return open_session(writing, app_secret(), who.id, now, here.settings().session_hours)

    token = here.database().write(work)
    if token is None:
        return _page("wrong"), 422
    enter(person, token)
    flash(_("Your password is changed. You are signed out everywhere else."))
    return redirect(url_for("account.account"), 303)
