"""The second factor of staff: asked for after the password, set up and taken off here."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session

from coursewright.serve import here
from coursewright.serve.language import _
from coursewright.serve.pages.sign_in import enter, home_of, safe_next
from coursewright.serve.people.codes import open_session
from coursewright.serve.people.passwords import LONGEST, fits
from coursewright.serve.people.second_factor import address, new_secret, sealed, step_of
from coursewright.serve.security.access import app_secret, page, refused
from coursewright.serve.security.rates import limiter
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Person
from coursewright.write.certificates import qr_svg
from coursewright.write.html import svg_data_uri

PENDING, SECRET = "second_factor_of", "second_factor_secret"
MINUTES = 5


def ask(person: Person, way_back: str | None) -> Any:
    """The password was right: ask for the code. The browser holds for five minutes whose password that was."""
    session.clear()
    session[PENDING] = [person.id, int(here.now().timestamp())]
    return redirect(url_for("second_factor.code", next=way_back), 303)


def _pending() -> str | None:
    kept = session.get(PENDING)
    return kept[0] if kept and here.now().timestamp() - kept[1] < MINUTES * 60 else None


@page("/staff/second-factor", "anyone")
def code() -> Any:
    if _pending() is None:
        return redirect(url_for("sign_in.staff"), 303)
    return render_template("service/second_factor_code.html.j2", way_back=safe_next(request.args.get("next")), wrong=False)


@page("/staff/second-factor", "anyone", methods=("POST",))
@limiter.limit(lambda: here.settings().sign_in_rate, key_func=lambda: f"second-factor:{_pending() or ''}")
def check_code() -> Any:
    person_id, way_back, now = _pending(), safe_next(request.form.get("next")), here.now()
    if person_id is None:
        return redirect(url_for("sign_in.staff"), 303)

    def work(writing: Session) -> tuple[Person, str] | None:
        person = writing.get(Person, person_id, with_for_update=True)
        if person is None or person.erased_at is not None or not _used(person, request.form.get("code", "")[:20]):
            return None
        audit.append(writing, now, person.id, "signed in", f"person:{person.id}", after={"by": "password and second factor"})
        return person, open_session(writing, app_secret(), person.id, now, here.settings().session_hours)

    entered = here.database().write(work)
    if entered is None:
        refused("second factor")
        return render_template("service/second_factor_code.html.j2", way_back=way_back, wrong=True), 401
    enter(*entered)
    return redirect(way_back or home_of(entered[0].role), 303)


def _used(person: Person, given: str) -> bool:
    """Whether a code is right and new; it cannot be used again."""
    step = step_of(app_secret(), person.second_factor, given, here.now(), person.second_factor_step)
    if step is None:
        return False
    person.second_factor_step = step
    return True


@page("/account/second-factor", "coordinator")
def second_factor() -> Any:
    """Set up an authenticator, or take it off."""
    return _page("")


def _page(problem: str, status: int = 200) -> Any:
    if here.who().second_factor:
        return render_template("service/second_factor.html.j2", secret="", code="", problem=problem), status
    secret = session.setdefault(SECRET, new_secret())
    code_ = svg_data_uri(qr_svg(address(secret, here.who().name, here.library().course.info.title)))
    return render_template("service/second_factor.html.j2", secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)), code=code_, problem=problem), status


@page("/account/second-factor", "coordinator", methods=("POST",))
@limiter.limit(lambda: here.settings().sign_in_rate, key_func=lambda: f"second-factor-set:{here.who().id}")
def set_second_factor() -> Any:
    """Set up or take off: both ask for the password and for a code of the authenticator."""
    who, now, secret = here.who(), here.now(), session.get(SECRET)
    password, given, off = request.form.get("password", "")[:LONGEST], request.form.get("code", "")[:20], who.second_factor
    with here.database().reading() as reading:
        person = reading.get(Person, who.id)
    if person is None or not fits(person.password, password):
        return _page(_("The password is not right."), 422)

    def work(writing: Session) -> bool:
        kept = writing.get(Person, who.id, with_for_update=True)
        assert kept is not None
        if not off and not kept.second_factor:
            kept.second_factor, kept.second_factor_step = sealed(app_secret(), secret or ""), 0
        if not _used(kept, given):
            writing.rollback()
            return False
        if off:
            kept.second_factor, kept.second_factor_step = "", 0
        audit.append(writing, now, who.id, "second factor taken off" if off else "second factor set up", f"person:{who.id}")
        return True

    if (not off and not secret) or not here.database().write(work):
        return _page(_("The code is not right. Take the one that is shown now."), 422)
    session.pop(SECRET, None)
    flash(_("The second factor is taken off.") if off else _("The second factor is set up. You will be asked for a code at each sign-in."))
    return redirect(url_for("account.account"), 303)
