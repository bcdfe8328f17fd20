"""A learning management system: `lti1p3platform` behind HTTP. It starts launches, signs messages, hands out tokens, takes scores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from flask import Flask, Response, request
from lti1p3platform.exceptions import LtiServiceException
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration
from lti1p3platform.request import Request, TRequest
from lti1p3platform.score import UpdateScoreStatus
from lti1p3platform.service_connector import AssignmentsGradesService

from .loopback import serving

ISSUER, CLIENT, DEPLOYMENT = "https://lms.test", "tool-1", "deployment-1"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"


def pair() -> tuple[str, str]:
    """A new key: private and public, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


class Platform(LTI1P3PlatformConfAbstract):
    """The platform and its one tool."""

    def init_platform_config(self, **_: Any) -> None:
        self.private, self.public = pair()

    def get_registration_by_params(self, **_: Any) -> Registration:
        made = Registration().set_iss(ISSUER).set_client_id(CLIENT).set_deployment_id(DEPLOYMENT)
        return made.set_platform_private_key(self.private).set_platform_public_key(self.public)


class Login(OIDCLoginAbstract):
    """The start of a launch."""

    def set_lti_message_hint(self, **given: Any) -> None:
        self._lti_message_hint = given["hint"]

    def get_redirect(self, url: str) -> str:
        return url


class Asked(Request):
    """A request, as the library wants it told."""

    def build_metadata(self, request: Any) -> TRequest:
        return TRequest(method=request["method"], form_data=request.get("form", {}), get_data=request.get("args", {}), headers=request.get("headers", {}), json=request.get("json"), path="", content_type=None)


class Message(LTIAdvantageMessageLaunchAbstract):
    """A launch. altered: claims that are put into it wrongly."""

    altered: dict[str, Any] = {}

    def render_launch_form(self, launch_data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return launch_data

    def get_launch_data(self) -> tuple[dict[str, Any], str]:
        message, state = super().get_launch_data()
        return {**message, **self.altered}, state


@dataclass
class Lms:
    """A platform at work. scores: what came, by line item, with the scopes of the token that brought it."""

    url: str = ""
    platform: Platform = field(default_factory=Platform)
    scores: list[dict[str, Any]] = field(default_factory=list)
    status: UpdateScoreStatus = UpdateScoreStatus.SUCCESS
    down: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """What the service is told of it."""
        return {"issuer": ISSUER, "client_id": CLIENT, "auth_login_url": f"{self.url}/auth", "auth_token_url": f"{self.url}/token", "key_set_url": f"{self.url}/jwks", "deployment_ids": [DEPLOYMENT]}

    def start(self, tool: str, target: str, user: str) -> str:
        """The address at the tool that a click in the platform leads to."""
        registration = self.platform.get_registration()
        registration.set_oidc_login_url(f"{tool}/lti/login").set_launch_url(target).set_deeplink_launch_url(target)
        login = Login(None, self.platform)
        login.set_lti_message_hint(hint="link-1")
        return str(login.prepare_preflight_url(user))

    def answer(self, location: str, user: dict[str, Any], altered: dict[str, Any] | None = None, *, context: tuple[str, str] = ("c-1", "Pain 101"), link: str = "link-1", item: str = "", deep: bool = False, custom: dict[str, str] | None = None) -> dict[str, str]:
        """The form that the platform sends a browser back with: id_token and state."""
        assert location.startswith(f"{self.url}/auth?"), location
        message = Message(Asked({"method": "GET", "args": dict(parse_qsl(urlsplit(location).query))}), self.platform)
        message.set_user_data(user["sub"], user["roles"], user.get("name"), user.get("email"))
        message.set_resource_link_claim(link)
        if context[0]:
            message.set_launch_context_claim(context[0], ["CourseSection"], context[1])
        if custom:
            message.set_custom_parameters_claim(custom)
        if item:
            message.set_ags(f"{self.url}/items", f"{self.url}/items/{item}", allow_creating_lineitems=False)
        if deep:
            message.set_dl(f"{self.url}/return", title="Choose", extra_data={"opaque": "kept"})
        message.altered = {**{name: user[name] for name in ("given_name", "family_name") if name in user}, **(altered or {})}
        made = message.lti_launch()
        return {"id_token": made["id_token"], "state": made["state"]}


class Grades(AssignmentsGradesService):
    """Where scores are taken, after the library has looked at the token."""

    lms: Lms

    def update_score(self, line_item_id: str, score: Any) -> UpdateScoreStatus:
        assert self.request is not None
        token = self.request.headers["Authorization"].split()[1]
        said = jwt.decode(token, self.lms.platform.public, algorithms=["RS256"])
        self.lms.scores.append({**score, "item": line_item_id, "scopes": said["scopes"]})
        return self.lms.status

    def _none(self, *_: Any, **__: Any) -> Any:
        raise LtiServiceException("Not here", 404)

    find_lineitems = find_lineitem = create_lineitem = update_lineitem = delete_lineitem = get_results = _none


@contextmanager
def lms() -> Iterator[Lms]:
    """A platform, served."""
    app, made = Flask("lms"), Lms()

    @app.before_request
    def count() -> Any:
        made.asked.append(request.path)
        return Response("", 503) if made.down else None

    @app.get("/jwks")
    def keys() -> Any:
        return Response(json.dumps(made.platform.get_jwks()), mimetype="application/json")

    @app.post("/token")
    def token() -> Any:
        return Response(json.dumps(made.platform.get_access_token(request.form.to_dict())), mimetype="application/json")

    @app.post("/items/<item>/scores")
    def score(item: str) -> Any:
        service = Grades(Asked({"method": "POST", "headers": request.headers, "json": request.get_json(force=True)}), made.platform, f"{made.url}/items", f"{made.url}/items/{item}", False)
        service.lms = made
        answer = service.handle_resp(service.handle_update_score, line_item_id=item)
        return Response("", answer.code)

    made.platform.get_registration()
    with serving(app) as made.url:
        yield made
