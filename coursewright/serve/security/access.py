"""Pages and who may open them. Every route is declared with its roles; a test holds the list of all of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

ROLES = ("learner", "coordinator", "administrator")


@dataclass(frozen=True)
class Who:
    """Who is signed in, as pages need to know."""

    id: str
    role: str
    name: str
    language: str
    started: bool
    second_factor: bool = False

    @property
    def staff(self) -> bool:
        return self.role in ("coordinator", "administrator")


@dataclass(frozen=True)
class Page:
    """A route: its rule, methods, who may open it (`anyone`, or roles), and the function. foreign: other sites send forms to it."""

    rule: str
    methods: tuple[str, ...]
    roles: tuple[str, ...]
    view: Callable[..., Any]
    foreign: bool = False

    @property
    def endpoint(self) -> str:
        return f"{self.view.__module__.rpartition('.')[2]}.{self.view.__name__}"


PAGES: list[Page] = []


def page(rule: str, *roles: str, methods: tuple[str, ...] = ("GET",), foreign: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a page. Roles are named one by one; `anyone` opens it to the world. An administrator opens what a coordinator may.

    foreign: forms of other sites are taken without our token; such a page proves by itself whom a message is from.
    """
    assert roles and all(role in (*ROLES, "anyone") for role in roles)

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        PAGES.append(Page(rule, methods, roles, view, foreign))
        return view

    return declare


def guarded(declared: Page) -> Callable[..., Any]:
    """A page behind its guard: strangers are sent to sign in, others get 404 where they may not enter."""

    @functools.wraps(declared.view)
    def view(**arguments: Any) -> Any:
        if "anyone" in declared.roles:
            return declared.view(**arguments)
        who: Who | None = g.who
        if who is None:
            if request.method != "GET" or wants_json():
                abort(401)
            return to_sign_in()
        if who.staff and not who.second_factor and current_app.extensions["settings"].second_factor == "required" and not declared.endpoint.startswith("second_factor."):
            return redirect(url_for("second_factor.second_factor"), 303)
        if who.role in declared.roles or (who.role == "administrator" and "coordinator" in declared.roles):
            return declared.view(**arguments)
        refused("page")
        return abort(404)

    return view


def refuse_null_bytes() -> None:
    """Before each request: an address with a null byte leads nowhere, whatever the database makes of it."""
    if "\0" in request.path:
        abort(404)
    if any("\0" in text for pair in request.args.items(multi=True) for text in pair):
        abort(400)


def refused(what: str) -> None:
    """Tell the log that somebody was turned away: at which route and, where that is known, with which role; never who."""
    who: Who | None = getattr(g, "who", None)
    current_app.logger.warning("refused", extra={"what": what, "rule": request.url_rule.rule if request.url_rule else "", "role": who.role if who else ""})


def to_sign_in() -> WerkzeugResponse:
    """Where a stranger is sent, with the way back: staff to where a password is asked for."""
    return redirect(url_for("sign_in.staff" if for_staff() else "sign_in.sign_in", next=request.full_path.rstrip("?") if request.path != "/" else None), 303)


def for_staff() -> bool:
    """Whether the page that is asked for is one of staff."""
    return request.path == "/manage" or request.path.startswith("/manage/")


def wants_json() -> bool:
    """Whether a script asks."""
    return request.accept_mimetypes.best == "application/json"


def client_address() -> str:
    """The address that rates are counted by."""
    return request.remote_addr or "unknown"


def app_secret() -> str:
    """The key that codes and tokens are hashed with."""
    return str(current_app.config["SECRET_KEY"])
