"""Launches from learning management systems by LTI 1.3, and the choice of what a link there leads to."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, jsonify, make_response, redirect, render_template, request, url_for
from pylti1p3.exception import LtiException, OIDCException
from pylti1p3.registration import Registration
from requests import RequestException
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from coursewright.serve import here
from coursewright.serve.connections import ags, lti_content
from coursewright.serve.connections.kept import look
from coursewright.serve.connections.lti import (
    DEEP_LINKING,
    KeySets,
    Platforms,
    hold,
    launch_of,
    login,
    origin_of,
    origins,
    private_key,
    public_key,
    validated,
)
from coursewright.serve.connections.lti_people import SCORE, arrive, keep_link, resource_of, resources, teaches
from coursewright.serve.pages.sign_in import enter
from coursewright.serve.people.codes import open_session
from coursewright.serve.security.access import app_secret, client_address, page
from coursewright.serve.security.headers import POLICY
from coursewright.serve.security.rates import limiter
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Person

OFTEN = "600/minute"  # a whole school may stand behind one address


def _told(kind: str, status: int, again: dict[str, Any] | None = None) -> Any:
    return make_response(render_template("service/lti.html.j2", kind=kind, again=again), status)


def _refused(error: Exception) -> Any:
    cause = error.__cause__
    problem = f"{str(error).partition(':')[0][:100]}{f' ({type(cause).__name__})' if cause is not None else ''}"
    current_app.logger.warning("launch refused", extra={"problem": problem})
    return _told("down", 503) if isinstance(cause, RequestException) else _told("refused", 400)


@page("/lti/login", "anyone", methods=("GET", "POST"), foreign=True)
@limiter.limit(OFTEN, key_func=lambda: f"lti:{client_address()}")
def begin() -> Any:
    """The first step of a launch: a platform names a person, and is asked for its word."""
    if not here.settings().lti:
        return abort(404)
    try:
        return login(request, here.settings(), here.database(), here.now(), here.settings().base_url + url_for("lti.launch"))
    except (LtiException, OIDCException) as error:
        return _refused(error)


@page("/lti/launch", "anyone", methods=("POST",), foreign=True)
@limiter.limit(OFTEN, key_func=lambda: f"lti:{client_address()}")
def launch() -> Any:
    """The second step: the platform's word, which lets a person in or opens the choice of content."""
    if not here.settings().lti:
        return abort(404)
    key_sets = current_app.extensions.setdefault("lti_keys", KeySets())
    message, cookie = launch_of(request, here.settings(), here.database(), key_sets, here.now())
    try:
        asked = message.get_params_from_login()
        try:
            claims = validated(message)
        except LtiException as error:
            if str(error) == "State not found" and asked:  # the browser kept no cookie: a window of its own will
                return _told("cookie", 400, asked)
            raise
        answer = _choosing(claims) if message.is_deep_link_launch() else _learning(claims) if message.is_resource_launch() else _told("refused", 400)
    except LtiException as error:
        return _refused(error)
    cookie.clear(request.form.get("state", ""), answer)
    return answer


def _settled(work: Any) -> Any:
    """A write that may meet another of the same people or the same course."""
    for _ in range(3):
        try:
            return here.database().write(work)
        except IntegrityError:
            continue
    return here.database().write(work)


def _signed_in(writing: Session, person: Person) -> str:
    audit.append(writing, here.now(), person.id, "signed in", f"person:{person.id}", after={"by": "lti"})
    return open_session(writing, app_secret(), person.id, here.now(), here.settings().session_hours)


def _learning(claims: dict[str, Any]) -> Any:
    now, library = here.now(), here.library()
    resource = resource_of(library, here.settings().base_url, claims)
    if resource is None:
        raise LtiException("The link is not to this site")

    def work(writing: Session) -> tuple[Person, str]:
        person = arrive(writing, claims, now)
        if person.role == "learner":
            ags.lay_out(writing, here.settings(), library, keep_link(writing, claims, person, resource, now), now)
        return person, _signed_in(writing, person)

    person, token = _settled(work)
    enter(person, token)
    if person.role != "learner":
        return redirect(url_for("cohorts.cohorts"), 303)
    return redirect(resources(library)[resource][1] if person.started_at is not None else url_for("course.about"), 303)


def _choosing(claims: dict[str, Any]) -> Any:
    now = here.now()
    if not teaches(claims):
        raise LtiException("Content is chosen by instructors")
    if not origin_of(claims[DEEP_LINKING].get("deep_link_return_url")):
        raise LtiException("No address to return to")

    def work(writing: Session) -> tuple[Person, str, str]:
        person = arrive(writing, claims, now)
        return person, _signed_in(writing, person), hold(writing, person.id, claims, now)

    person, token, name = _settled(work)
    enter(person, token)
    return redirect(url_for("lti.choose", launch=name), 303)


def _held(name: str) -> dict[str, Any]:
    with here.database().reading() as reading:
        held = look(reading, f"lti-choice:{name[:100]}", here.now())
    if held is None or held["person"] != here.who().id:
        abort(404)
    return held


@page("/lti/choose", "coordinator")
def choose() -> Any:
    """What a link in the platform can lead to."""
    held = _held(request.args.get("launch", ""))
    return render_template("service/lti_choose.html.j2", launch=request.args["launch"], several=lti_content.several(held), resources=resources(here.library()), missing=False)


@page("/lti/choose", "coordinator", methods=("POST",))
def chosen() -> Any:
    """The choice, as a form that goes back to the platform."""
    name, known = request.form.get("launch", ""), resources(here.library())
    held = _held(name)
    picked = list(dict.fromkeys(request.form.getlist("resource")))
    if any(resource not in known for resource in picked) or (len(picked) > 1 and not lti_content.several(held)):
        return abort(400)
    if not picked:
        return render_template("service/lti_choose.html.j2", launch=name, several=lti_content.several(held), resources=known, missing=True), 400
    message = lti_content.answer(Platforms(here.settings()), here.library(), here.settings().base_url, held, picked)
    back = held["settings"]["deep_link_return_url"]
    answer = make_response(render_template("service/lti_return.html.j2", back=back, message=message, titles=[known[resource][0] for resource in picked]))
    frames = " ".join(origins(here.settings()))
    answer.headers["Content-Security-Policy"] = POLICY.format(more=f" {origin_of(back)} {frames}", frames=frames or "'none'")
    return answer


@page("/lti/jwks", "anyone")
def jwks() -> Any:
    """The tool's public key."""
    return jsonify(keys=[Registration.get_jwk(public_key(private_key(here.settings())))])


@page("/lti/config.json", "anyone")
def config() -> Any:
    """What a platform is told to register this tool."""
    base, info = here.settings().base_url, here.library().course.info
    placements = [{"placement": "link_selection", "message_type": "LtiDeepLinkingRequest", "target_link_uri": base}, {"placement": "assignment_selection", "message_type": "LtiDeepLinkingRequest", "target_link_uri": base}]
    return jsonify(
        title=info.title,
        description=info.title,
        target_link_uri=base,
        oidc_initiation_url=base + url_for("lti.begin"),
        redirect_uris=[base + url_for("lti.launch")],
        public_jwk_url=base + url_for("lti.jwks"),
        public_jwk=Registration.get_jwk(public_key(private_key(here.settings()))),
        scopes=[SCORE],
        claims=["iss", "sub", "given_name", "family_name", "email"],
        messages=[{"type": "LtiResourceLinkRequest"}, {"type": "LtiDeepLinkingRequest"}],
        extensions=[{"platform": "canvas.instructure.com", "privacy_level": "public", "settings": {"platform": "canvas.instructure.com", "placements": placements}}],
    )
