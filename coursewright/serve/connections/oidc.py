"""Signing in with OpenID Connect: the code flow with PKCE, and whom a provider's word is about.

What is kept between the way out and the way back stands in the database, bound to the browser that left: any worker can
take the callback, once, and no other browser can.
"""

from __future__ import annotations

import hmac
import secrets
import time
from datetime import datetime
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from flask import Flask
from joserfc.errors import JoseError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from coursewright.serve.connections.identities import alone, is_linked, link, person_of
from coursewright.serve.connections.kept import keep, take
from coursewright.serve.connections.web import CONNECT, READ
from coursewright.serve.people.codes import keyed
from coursewright.serve.settings import OpenIdConnect, Settings, read_secret
from coursewright.serve.store.tables import Member, Person

WAY_SECONDS, DOCUMENT_SECONDS, LEEWAY = 600, 3600, 30
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


class ProviderDown(Exception):
    """The provider cannot be reached, or does not speak OpenID Connect."""


class NotTrue(Exception):
    """What came back proves nothing: why, for the log."""


def client(app: Flask, settings: Settings) -> FlaskOAuth2App:
    """The client of the provider. Its discovery document and keys are read again after an hour. Raises ProviderDown."""
    told = settings.oidc
    assert told is not None
    made, since = app.extensions.get("oidc", (None, 0.0))
    if made is None or time.monotonic() - since > DOCUMENT_SECONDS:
        made = FlaskOAuth2App(
            FlaskIntegration("oidc"),
            name="oidc",
            client_id=told.client_id,
            client_secret=read_secret("oidc_client_secret", told.client_secret_file),
            server_metadata_url=f"{told.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": told.scopes, "code_challenge_method": "S256", "default_timeout": (CONNECT, READ)},
            user_agent="Coursewright",
        )
        _look_at_document(made, told)
        app.extensions["oidc"] = (made, time.monotonic())
    return made


def _look_at_document(made: FlaskOAuth2App, told: OpenIdConnect) -> None:
    try:
        document = made.load_server_metadata()
    except (requests.RequestException, ValueError) as error:
        raise ProviderDown(type(error).__name__) from error
    if document.get("issuer") != told.issuer:
        raise ProviderDown("the document names another issuer than the settings")
    needed = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if any(not isinstance(url, str) or not url.startswith("https://" if told.issuer.startswith("https://") else "http") for url in needed):
        raise ProviderDown("the document lacks an address, or has one without https")
    offered = document.get("id_token_signing_alg_values_supported") or ["RS256"]
    document["id_token_signing_alg_values_supported"] = [name for name in offered if name in SIGNED_BY]


def set_out(session: Session, secret: str, browser: str, way_back: str | None, redirect_uri: str, made: FlaskOAuth2App, now: datetime) -> str:
    """The address at the provider to send a browser to. browser: a random value that this browser alone holds."""
    found = made.create_authorization_url(redirect_uri, state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24))
    kept = {"nonce": found["nonce"], "verifier": found["code_verifier"], "browser": keyed(secret, "oidc-browser", browser), "way_back": way_back, "redirect_uri": redirect_uri}
    keep(session, f"oidc:{keyed(secret, 'oidc-state', found['state'])}", kept, now, WAY_SECONDS)
    return str(found["url"])


def come_back(session: Session, secret: str, browser: str, state: str, now: datetime) -> dict[str, Any]:
    """What was kept for a way out, which is over with this. Raises NotTrue."""
    kept = take(session, f"oidc:{keyed(secret, 'oidc-state', state)}", now)
    if kept is None:
        raise NotTrue("no such state")
    if not browser or not hmac.compare_digest(kept["browser"], keyed(secret, "oidc-browser", browser)):
        raise NotTrue("the state of another browser")
    return kept


def claims_of(made: FlaskOAuth2App, told: OpenIdConnect, kept: dict[str, Any], code: str) -> dict[str, Any]:
    """What the provider says of who signed in: the verified id token, and the userinfo of the same subject. Raises NotTrue, ProviderDown."""
    exact = {"iss": {"essential": True, "value": told.issuer}, "sub": {"essential": True}, "aud": {"essential": True, "value": told.client_id}, "exp": {"essential": True}, "iat": {"essential": True}}
    try:
        token = made.fetch_access_token(redirect_uri=kept["redirect_uri"], code=code, code_verifier=kept["verifier"])
        if "id_token" not in token:
            raise NotTrue("no id token")
        claims = dict(made.parse_id_token(token, kept["nonce"], claims_options=exact, leeway=LEEWAY))
        if _lacks(told, claims) and made.server_metadata.get("userinfo_endpoint"):
            more = dict(made.userinfo(token=token))
            if more.get("sub") != claims["sub"]:
                raise NotTrue("userinfo of another subject")
            claims = {**more, **claims}
    except requests.RequestException as error:
        raise ProviderDown(type(error).__name__) from error
    except (OAuthError, AuthlibBaseError, JoseError, ValueError, KeyError, RuntimeError) as error:
        raise NotTrue(type(error).__name__) from error
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise NotTrue("no subject")
    return claims


def _lacks(told: OpenIdConnect, claims: dict[str, Any]) -> bool:
    wanted = {told.claim, *(("email_verified",) if told.claim == "email" else ()), *(("given_name", "family_name") if told.create else ())}
    return not wanted <= set(claims)


def entering(session: Session, told: OpenIdConnect, claims: dict[str, Any], now: datetime) -> Person | None:
    """Who it is that the provider vouches for: known already, else in a roster, else new where the settings allow it.

    A learner who was taken out of every cohort comes in no more, unless the settings let everybody in.
    Staff are found by a link that is there already, never by a claim. Whoever the provider knows under another subject
    already is not linked a second time: an address may have been given to somebody else.
    """
    person = person_of(session, told.issuer, claims["sub"])
    if person is None:
        alone(session)
        person = person_of(session, told.issuer, claims["sub"])
    if person is not None:
        return person if told.create or _has_place(session, person) else None
    person = _in_roster(session, told, claims)
    if person is not None and not told.create and not _has_place(session, person):
        return None
    if person is None and told.create:
        email = str(claims.get("email") or "") if claims.get("email_verified") is True else ""
        person = Person(role="learner", given_name=_word(claims, "given_name") or _word(claims, "name"), family_name=_word(claims, "family_name"), email=email[:320], created_at=now)
        session.add(person)
        session.flush()
    if person is not None:
        link(session, told.issuer, claims["sub"], person, "oidc", now)
    return person


def _in_roster(session: Session, told: OpenIdConnect, claims: dict[str, Any]) -> Person | None:
    value = claims.get(told.claim)
    if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
        return None
    if told.claim == "email":
        if claims.get("email_verified") is not True:
            return None
        same = func.lower(Person.email) == str(value).strip().lower()
    else:
        same = Person.learner_id == str(value).strip()
    found = session.execute(select(Person).where(same, Person.role == "learner", Person.erased_at.is_(None)).limit(2)).scalars().all()
    return found[0] if len(found) == 1 and not is_linked(session, told.issuer, found[0].id) else None


def _has_place(session: Session, person: Person) -> bool:
    return person.role != "learner" or session.scalar(select(Member.cohort_id).where(Member.person_id == person.id).limit(1)) is not None


def _word(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return " ".join(value.split())[:200] if isinstance(value, str) else ""
