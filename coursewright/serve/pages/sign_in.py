"""Signing in with a personal link or code, or with a password for staff; signing out; choosing a language."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from coursewright.serve import here
from coursewright.serve.language import _, choose
from coursewright.serve.people.codes import end_session, open_session, person_of_code
from coursewright.serve.people.passwords import fits
from coursewright.serve.security.access import app_secret, client_address, page, refused
from coursewright.serve.security.rates import limiter
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Person


def safe_next(address: str | None) -> str | None:
    """A way back that stays on this site; None for any other."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")) or any(ord(c) < 32 for c in address):
        return None
    return address


def enter(person: Person, token: str) -> None:
    """Begin a browser session that holds a token. Nothing of an earlier one is kept but the language."""
    language = session.get("language")
    session.clear()
    session.permanent = True
    session["token"] = token
    if language:
        session["language"] = language


def home_of(role: str) -> str:
    """Where somebody is sent after signing in."""
    return url_for("course.course") if role == "learner" else url_for("cohorts.cohorts")


def was_wrong(answer: Response) -> bool:
    """Whether an answer counts against the limit: a classroom behind one address signs in with right codes, as many as it has."""
    return answer.status_code == 401


@page("/", "anyone")
def front() -> Any:
    """The first page: what this is, and the way in."""
    from flask import g

    if g.who is not None:
        return redirect(home_of(g.who.role), 303)
    return render_template("service/front.html.j2", signed_out="signed_out" in session and session.pop("signed_out"))


@page("/sign-in", "anyone")
def sign_in() -> Any:
    return render_template("service/sign_in.html.j2", code="", way_back=safe_next(request.args.get("next")), wrong=False)


@page("/s/<code>", "anyone")
def personal_link(code: str) -> Any:
    """A personal link. It asks for one press, so that programs which look at links before people do sign in nobody."""
    return render_template("service/sign_in.html.j2", code=code[:40], way_back=None, wrong=False)


@page("/sign-in", "anyone", methods=("POST",))
@limiter.limit(lambda: here.settings().sign_in_rate, key_func=lambda: f"sign-in:{client_address()}", deduct_when=was_wrong)
def sign_in_with_code() -> Any:
    code, way_back = request.form.get("code", "")[:60], safe_next(request.form.get("next"))
    now = here.now()

    def work(writing: Session) -> tuple[Person, str] | None:
        person = person_of_code(writing, app_secret(), code, now)
        if person is None:
            return None
        if person.second_factor:
            return person, ""
        audit.append(writing, now, person.id, "signed in", f"person:{person.id}", after={"by": "code"})
        return person, open_session(writing, app_secret(), person.id, now, here.settings().session_hours)

    entered = here.database().write(work)
    if entered is None:
        refused("code")
        return render_template("service/sign_in.html.j2", code="", way_back=way_back, wrong=True), 401
    if not entered[1]:
        from coursewright.serve.pages.second_factor import ask

        return ask(entered[0], way_back)
    enter(*entered)
    return redirect(way_back or home_of(entered[0].role), 303)


@page("/staff", "anyone")
def staff() -> Any:
    return render_template("service/staff.html.j2", username="", way_back=safe_next(request.args.get("next")), wrong=False)


@page("/staff", "anyone", methods=("POST",))
@limiter.limit(lambda: here.settings().sign_in_rate, key_func=lambda: f"staff:{client_address()}", deduct_when=was_wrong)
def sign_in_with_password() -> Any:
    username, password = request.form.get("username", "")[:200], request.form.get("password", "")[:300]
    way_back, now = safe_next(request.form.get("next")), here.now()
    with here.database().reading() as reading:
        person = reading.execute(select(Person).where(Person.username == username.casefold(), Person.erased_at.is_(None))).scalar_one_or_none()
    if not fits(person.password if person else "", password) or person is None:
        refused("password")
        return render_template("service/staff.html.j2", username=username, way_back=way_back, wrong=True), 401

    if person.second_factor:
        from coursewright.serve.pages.second_factor import ask

        return ask(person, way_back)

    def work(writing: Session) -> str:
        audit.append(writing, now, person.id, "signed in", f"person:{person.id}", after={"by": "password"})
        return open_session(writing, app_secret(), person.id, now, here.settings().session_hours)

    enter(person, here.database().write(work))
    return redirect(way_back or home_of(person.role), 303)


@page("/sign-out", "anyone", methods=("POST",))
def sign_out() -> Any:
    token = session.get("token")
    if token:
        here.database().write(lambda writing: end_session(writing, app_secret(), token))
    session.clear()
    session["signed_out"] = True  # the next page takes what the browser keeps of answers with it
    flash(_("You are signed out."))
    return redirect(url_for("sign_in.front"), 303)


@page("/language", "anyone", methods=("POST",))
def choose_language() -> Any:
    from flask import g

    chosen = request.form.get("language", "")
    answer = redirect(safe_next(request.form.get("next")) or url_for("sign_in.front"), 303)
    if chosen in here.settings().languages:
        choose(chosen, answer)
        if g.who is not None:
            who = here.who()

            def work(writing: Session) -> None:
                person = writing.get(Person, who.id)
                assert person is not None
                person.language = chosen

            here.database().write(work)
    return answer


