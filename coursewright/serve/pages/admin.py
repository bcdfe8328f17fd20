"""For administrators: staff and their passwords, learners who ask to be erased, and erasing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from coursewright.serve import here
from coursewright.serve.language import _
from coursewright.serve.management import erasure, staff
from coursewright.serve.management import people as learners
from coursewright.serve.management.cohorts import Refused
from coursewright.serve.management.words import explained
from coursewright.serve.pages.people import person_or_404
from coursewright.serve.people.passwords import LONGEST, SHORTEST
from coursewright.serve.security.access import app_secret, client_address, page
from coursewright.serve.security.rates import limiter
from coursewright.serve.store.tables import Person

YEARS = 6  # how long accreditors ask providers to keep who has earned credit


@page("/manage/staff", "administrator")
def staff_list() -> Any:
    """Who is staff, and who asks to be erased."""
    return _staff_page()


def _staff_page(problem: str = "", link: str = "", whom: Person | None = None) -> Any:
    with here.database().reading() as reading:
        people, requests = staff.staff(reading), erasure.requests(reading)
    shown = render_template(
        "service/manage/staff.html.j2", people=people, requests=requests, roles=staff.ROLES, hours=staff.LINK_HOURS, problem=problem and explained(problem), link=link, whom=whom, given=request.form if problem else {}
    )
    return shown, 400 if problem else 200


@page("/manage/staff", "administrator", methods=("POST",))
def add() -> Any:
    """A new member of staff, with a link to set a password. The link is shown this once."""
    fields, now, token = request.form, here.now(), staff.new_token()

    def work(writing: Session) -> Person:
        made = staff.add(writing, fields.get("given_name", "")[:300], fields.get("family_name", "")[:300], fields.get("username", "")[:300], fields.get("role", ""), here.who(), now)
        staff.make_link(writing, app_secret(), made, token, here.who().id, now)
        return made

    try:
        made = here.database().write(work)
    except Refused as refused:
        return _staff_page(str(refused))
    return _staff_page(link=_link(token), whom=made)


def _link(token: str) -> str:
    return here.settings().base_url + url_for("admin.password", token=token)


def _changed(person: str, work: Callable[[Session, Person], Any], said: str) -> Any:
    def found_and_done(writing: Session) -> Any:
        found = staff.one(writing, person)
        if found is None:
            abort(404)
        return work(writing, found)

    try:
        here.database().write(found_and_done)
    except Refused as refused:
        return _staff_page(str(refused))
    flash(said)
    return redirect(url_for("admin.staff_list") if person != here.who().id else url_for("sign_in.front"), 303)


@page("/manage/staff/<person>/role", "administrator", methods=("POST",))
def change_role(person: str) -> Any:
    """Coordinator or administrator."""
    role, now = request.form.get("role", ""), here.now()
    return _changed(person, lambda writing, found: staff.change_role(writing, found, role, here.who(), now), _("The role is changed. The person has to sign in again."))


@page("/manage/staff/<person>/active", "administrator", methods=("POST",))
def set_active(person: str) -> Any:
    """Let somebody in no more, or again."""
    now = here.now()
    if request.form.get("active") == "1":
        return _changed(person, lambda writing, found: staff.activate(writing, found, here.who(), now), _("The account is active again. Make a link for a new password."))
    return _changed(person, lambda writing, found: staff.deactivate(writing, found, here.who(), now), _("The account is closed, and its sessions are ended."))


@page("/manage/staff/<person>/second-factor", "administrator", methods=("POST",))
def take_off_second_factor(person: str) -> Any:
    """For somebody whose phone is lost."""
    now = here.now()
    return _changed(person, lambda writing, found: staff.take_off_second_factor(writing, found, here.who(), now), _("The second factor is taken off. The password alone lets this person in now."))


@page("/manage/staff/<person>/link", "administrator", methods=("POST",))
def link(person: str) -> Any:
    """A new link to set a password; shown this once."""
    now, token = here.now(), staff.new_token()

    def work(writing: Session) -> Person:
        found = staff.one(writing, person)
        if found is None or found.erased_at is not None:
            abort(404)
        staff.make_link(writing, app_secret(), found, token, here.who().id, now)
        return found

    return _staff_page(link=_link(token), whom=here.database().write(work))


@page("/staff/password/<token>", "anyone")
def password(token: str) -> Any:
    """Where a new member of staff sets a password."""
    return _password_page(token)


def _password_page(token: str, problem: str = "") -> Any:
    with here.database().reading() as reading:
        person = staff.person_of_link(reading, app_secret(), token[:100], here.now())
    status = 404 if person is None else 400 if problem else 200
    shown = render_template("service/manage/password.html.j2", token=token, person=person, problem=problem and explained(problem), shortest=SHORTEST, longest=LONGEST)
    return shown, status


@page("/staff/password/<token>", "anyone", methods=("POST",))
@limiter.limit(lambda: here.settings().sign_in_rate, key_func=lambda: f"set-password:{client_address()}")
def set_password(token: str) -> Any:
    """Set it, once."""
    chosen, again, now = request.form.get("password", "")[:300], request.form.get("again", "")[:300], here.now()
    if chosen != again:
        return _password_page(token, "differ")
    try:
        person = here.database().write(lambda writing: staff.set_password(writing, app_secret(), token[:100], chosen, now))
    except Refused as refused:
        return _password_page(token, str(refused))
    if person is None:
        return _password_page(token)
    flash(_("The password is set. Sign in with it."))
    return redirect(url_for("sign_in.staff"), 303)


@page("/manage/people/<person>/erase", "administrator")
def before_erasing(person: str) -> Any:
    """What goes, what stays, and what must be kept elsewhere first."""
    return _erase_page(person)


def _erase_page(id_: str, problem: str = "") -> Any:
    with here.database().reading() as reading:
        found = person_or_404(reading, id_)
        certificate = learners.certificate_of(reading, found.id)
    until = certificate.issued_at.replace(year=certificate.issued_at.year + YEARS, day=min(certificate.issued_at.day, 28)) if certificate else None
    shown = render_template("service/manage/erase.html.j2", person=found, certificate=certificate, until=until, years=YEARS, problem=problem and explained(problem))
    return shown, 400 if problem else 200


@page("/manage/people/<person>/erase", "administrator", methods=("POST",))
def erase(person: str) -> Any:
    """Erase what names a learner, if the name was typed. A second time it does nothing."""
    now, typed = here.now(), " ".join(request.form.get("confirm", "")[:500].split()).casefold()
    with here.database().reading() as reading:
        found = person_or_404(reading, person)
    if found.erased_at is None and typed not in {" ".join(found.name.split()).casefold(), found.id}:
        return _erase_page(person, "confirm")
    erased = here.database().write(lambda writing: erasure.erase(writing, person_or_404(writing, person), here.who().id, now))
    flash(_("Everything that named this learner is erased.") if erased else _("This learner was erased already."))
    return redirect(url_for("admin.staff_list"), 303)
