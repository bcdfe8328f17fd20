"""An OpenID provider: IdentityPython's `idpyoidc` behind HTTP. Everything it says is its own; tests can have it say it wrongly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptojwt.jws.jws import JWS, factory
from flask import Flask, Response, redirect, request
from idpyoidc.server import Server
from idpyoidc.server.configure import OPConfiguration
from idpyoidc.server.oidc.authorization import Authorization
from idpyoidc.server.oidc.provider_config import ProviderConfiguration
from idpyoidc.server.oidc.token import Token
from idpyoidc.server.oidc.userinfo import UserInfo
from idpyoidc.server.user_authn.user import NoAuthn
from idpyoidc.server.user_info import UserInfo as Users

from .loopback import serving

CLIENT, SECRET = "coursewright", "a-secret-of-the-client-which-is-long"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:InternetProtocolPassword"


@dataclass
class Provider:
    """A provider at work. user: who signs in there. altered: claims that it puts wrongly into id tokens. seen: requests by endpoint."""

    issuer: str = ""
    user: str = "ana@provider"
    altered: dict[str, Any] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)


@contextmanager
def provider(folder: Path, people: dict[str, dict[str, Any]], callback: str) -> Iterator[Provider]:
    """A provider that knows people by their subject, and one client."""
    app, made = Flask("provider"), Provider()
    with serving(app) as issuer:
        made.issuer = issuer
        server = _server(folder, issuer, people, callback)
        _routes(app, server, made)
        yield made


def _server(folder: Path, issuer: str, people: dict[str, dict[str, Any]], callback: str) -> Server:
    conf = {
        "issuer": issuer,
        "httpc_params": {"verify": False, "timeout": 2},
        "key_conf": {"uri_path": "jwks", "private_path": str(folder / "provider.json"), "key_defs": [{"type": "RSA", "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}], "read_only": False},
        "token_handler_args": {
            "jwks_def": {"private_path": str(folder / "tokens.json"), "key_defs": [{"type": "oct", "bytes": 24, "use": ["enc"], "kid": "code"}], "read_only": False},
            "code": {"kwargs": {"lifetime": 600}},
            "token": {"class": "idpyoidc.server.token.jwt_token.JWTToken", "kwargs": {"lifetime": 3600}},
            "id_token": {"class": "idpyoidc.server.token.id_token.IDToken", "kwargs": {}},
        },
        "endpoint": {
            "provider_config": {"path": ".well-known/openid-configuration", "class": ProviderConfiguration, "kwargs": {}},
            "authorization": {"path": "authorization", "class": Authorization, "kwargs": {"response_types_supported": ["code"], "response_modes_supported": ["query"]}},
            "token": {"path": "token", "class": Token, "kwargs": {"client_authn_method": ["client_secret_basic", "client_secret_post"]}},
            "userinfo": {"path": "userinfo", "class": UserInfo, "kwargs": {}},
        },
        "add_ons": {"pkce": {"function": "idpyoidc.server.oauth2.add_on.pkce.add_support", "kwargs": {"essential": True}}},
        "authentication": {"anon": {"acr": PASSWORD, "class": NoAuthn, "kwargs": {"user": "ana@provider"}}},
        "userinfo": {"class": Users, "kwargs": {"db": people}},
        "claims_interface": {"class": "idpyoidc.server.session.claims.ClaimsInterface", "kwargs": {}},
        "session_params": {"sub_func": {"public": {"function": lambda user, **_: user}}, "encrypter": {"kwargs": {"keys": {"key_defs": [{"type": "OCT", "use": ["enc"], "kid": "password"}, {"type": "OCT", "use": ["enc"], "kid": "salt"}]}}}},
    }
    server = Server(OPConfiguration(conf=conf, base_path=str(folder)), cwd=str(folder))
    server.context.cdb[CLIENT] = {
        "client_secret": SECRET,
        "redirect_uris": [(callback, None)],
        "response_types_supported": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "allowed_scopes": ["openid", "profile", "email"],
    }
    server.keyjar.add_symmetric(CLIENT, SECRET, ["sig"])
    return server


def _routes(app: Flask, server: Server, made: Provider) -> None:
    def endpoint(name: str) -> Any:
        made.seen.append(name)
        found = server.get_endpoint(name)
        headers = {key.lower(): value for key, value in request.headers.items()}
        asked = found.parse_request(request.values.to_dict(), http_info={"headers": headers, "method": request.method, "url": request.url, "cookie": []})
        if "error" in asked:
            return Response(asked.to_json(), 400, mimetype="application/json")
        answer = found.process_request(asked, http_info={"headers": headers})
        if "error" in answer:
            return Response(json.dumps({"error": answer["error"]}), 400, mimetype="application/json")
        if name == "token" and made.altered:
            answer["response_args"]["id_token"] = _altered(server, answer["response_args"]["id_token"], made.altered)
        said = found.do_response(request=asked, **answer)
        if said.get("response_placement", found.response_placement) == "url":
            return redirect(said["response"])
        return Response(said["response"], mimetype="application/json")

    @app.get("/.well-known/openid-configuration")
    def document() -> Any:
        return endpoint("provider_config")

    @app.get("/jwks")
    def keys() -> Any:
        return Response(server.keyjar.export_jwks_as_json(), mimetype="application/json")

    @app.get("/authorization")
    def authorization() -> Any:
        server.context.authn_broker.db["anon"]["method"].user = made.user
        return endpoint("authorization")

    @app.route("/token", methods=["POST"])
    def token() -> Any:
        return endpoint("token")

    @app.route("/userinfo", methods=["GET", "POST"])
    def userinfo() -> Any:
        return endpoint("userinfo")


def _altered(server: Server, id_token: str, altered: dict[str, Any]) -> str:
    """An id token said again, wrongly, and signed by the provider as before."""
    read = factory(id_token)
    claims = {**json.loads(read.jwt.part[1]), **altered}
    return str(JWS(json.dumps(claims), alg="RS256").sign_compact(server.keyjar.get_signing_key("rsa")))
