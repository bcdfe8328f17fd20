"""Signing in at a provider of identities, and coming back from it."""

from __future__ import annotations

import secrets
from typing import Any

from flask import current_app, redirect, render_template, request, session, url_for
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from coursewright.serve import errors, here
from coursewright.serve.connections.oidc import NotTrue, ProviderDown, claims_of, client, come_back, entering, set_out
from coursewright.serve.pages.sign_in import enter, home_of, safe_next
from coursewright.serve.people.codes import open_session
from coursewright.serve.security.access import app_secret, client_address, page
from coursewright.serve.security.rates import limiter
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Person

BROWSER = "oidc"


def _told(kind: str, status: int) -> Any:
    return render_template("service/oidc.html.j2", kind=kind), status


@page("/oidc/start", "anyone")
@limiter.limit("600/minute", key_func=lambda: f"oidc:{client_address()}")
def start() -> Any:
    """Off to the provider."""
    if here.settings().oidc is None:
        return errors.shown(404)
    way_back, now = safe_next(request.args.get("next")), here.now()
    try:
        made = client(current_app, here.settings())
    except ProviderDown as error:
        current_app.logger.warning("provider of identities", extra={"problem": str(error)})
        return _told("down", 503)
    browser = session.setdefault(BROWSER, secrets.token_urlsafe(24))
    callback = here.settings().base_url + url_for("oidc.callback")
    return redirect(here.database().write(lambda writing: set_out(writing, app_secret(), browser, way_back, callback, made, now)), 303)


@page("/oidc/callback", "anyone")
@limiter.limit("600/minute", key_func=lambda: f"oidc:{client_address()}")
def callback() -> Any:
    """Back from the provider, with a code or with a no."""
    told = here.settings().oidc
    if told is None:
        return errors.shown(404)
    now, browser, state, code = here.now(), session.get(BROWSER, ""), request.args.get("state", ""), request.args.get("code", "")
    try:
        kept = here.database().write(lambda writing: _back(writing, browser, state))
        if isinstance(kept, NotTrue):
            raise kept
        if request.args.get("error") or not code:
            return _told("refused", 403)
        if request.args.get("iss", told.issuer) != told.issuer:
            raise NotTrue("another issuer came back")
        claims = claims_of(client(current_app, here.settings()), told, kept, code)
    except NotTrue as error:
        current_app.logger.warning("sign-in not proven", extra={"problem": str(error)})
        return _told("untrue", 400)
    except ProviderDown as error:
        current_app.logger.warning("provider of identities", extra={"problem": str(error)})
        return _told("down", 503)

    def work(writing: Session) -> tuple[Person, str] | None:
        person = entering(writing, told, claims, now)
        if person is None:
            return None
        audit.append(writing, now, person.id, "signed in", f"person:{person.id}", after={"by": "oidc"})
        return person, open_session(writing, app_secret(), person.id, now, here.settings().session_hours)

    try:
        entered = here.database().write(work)
    except IntegrityError:  # another tab linked the same person at the same moment
        entered = here.database().write(work)
    if entered is None:
        return _told("unknown", 403)
    enter(*entered)
    return redirect(kept["way_back"] or home_of(entered[0].role), 303)


def _back(writing: Session, browser: str, state: str) -> dict[str, Any] | NotTrue:
    """A state is used up even where it was another browser's: what is refused must be written too."""
    try:
        return come_back(writing, app_secret(), browser, state[:200], here.now())
    except NotTrue as error:
        return error
