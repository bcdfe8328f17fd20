"""An LTI 1.3 tool, through PyLTI1p3: the platforms it knows, its key, and the two steps of a launch.

What is kept between the steps stands in the database, so that any worker can take the second; the state is also a
cookie of the browser that set out. A nonce counts once.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key
from flask import Request as FlaskRequest
from flask import Response
from pylti1p3.contrib.flask import FlaskOIDCLogin
from pylti1p3.cookie import CookieService
from pylti1p3.deployment import Deployment
from pylti1p3.exception import LtiException
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.registration import Registration
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config.abstract import ToolConfAbstract
from sqlalchemy.orm import Session

from coursewright.serve.connections.kept import keep, take
from coursewright.serve.connections.web import Hurried
from coursewright.serve.settings import LtiPlatform, Settings, SettingsFault, read_secret
from coursewright.serve.store.database import Database

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
WAY_SECONDS, KEYS_SECONDS, KEYS_AGAIN = 600, 3600, 60
LOGIN = ("iss", "login_hint", "target_link_uri", "lti_message_hint", "lti_deployment_id", "client_id")


def private_key(settings: Settings) -> str:
    """The tool's key: `COURSEWRIGHT_LTI_KEY`, else a file of the data folder, made once. Raises SettingsFault."""
    path = settings.data / "lti-key.pem"
    found = read_secret("lti_key", path if path.exists() else None)
    if found is None:
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".lti-key-{secrets.token_hex(4)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
        try:
            os.link(draft, path)  # whole or not at all; another worker may have been first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        found = read_secret("lti_key", path)
    assert found is not None
    return found


def origin_of(url: object) -> str:
    """`https://lms.example.org` of an address, fit to stand in a header; empty where it is no address of the web."""
    found = re.match(r"https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(?=[/?#]|$)", url) if isinstance(url, str) else None
    return found[0] if found else ""


def origins(settings: Settings) -> tuple[str, ...]:
    """The sites that may show the service in a frame."""
    return tuple(dict.fromkeys(found for p in settings.lti for url in (p.auth_login_url, *p.frames) if (found := origin_of(url))))


@lru_cache(maxsize=8)
def public_key(private: str) -> str:
    """The public half of a key. Raises SettingsFault."""
    try:
        key = load_pem_private_key(private.encode(), None)
    except ValueError:
        raise SettingsFault("the key for LTI is not a private key in PEM") from None
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class Platforms(ToolConfAbstract):  # type: ignore[misc]
    """The platforms of the settings, as PyLTI1p3 asks for them. An issuer may have several clients."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def check_iss_has_one_client(self, iss: str) -> bool:
        """Never taken for granted: the client is always asked for."""
        return False

    def check_iss_has_many_clients(self, iss: str) -> bool:
        return True

    def platform(self, iss: str, client_id: str | None) -> LtiPlatform | None:
        """The platform of an issuer and a client; where no client is named, the only one of the issuer."""
        found = [p for p in self.settings.lti if p.issuer == iss and client_id in (None, "", p.client_id)]
        return found[0] if len(found) == 1 else None

    def find_registration_by_issuer(self, iss: str, *_: Any, **__: Any) -> Registration | None:
        return self.find_registration_by_params(iss, None)

    def find_registration_by_params(self, iss: str, client_id: str | None, *_: Any, **__: Any) -> Registration | None:
        """What PyLTI1p3 needs to know of a platform; None for one that is not in the settings."""
        platform = self.platform(iss, client_id)
        if platform is None:
            return None
        made, private = Registration(), private_key(self.settings)
        made.set_issuer(platform.issuer).set_client_id(platform.client_id).set_auth_login_url(platform.auth_login_url)
        made.set_auth_token_url(platform.auth_token_url).set_key_set_url(platform.key_set_url)
        made.set_tool_private_key(private).set_tool_public_key(public_key(private))
        return made

    def find_deployment(self, iss: str, deployment_id: str) -> Deployment | None:
        return self.find_deployment_by_params(iss, deployment_id, "")

    def find_deployment_by_params(self, iss: str, deployment_id: str, client_id: str, *_: Any, **__: Any) -> Deployment | None:
        platform = self.platform(iss, client_id)
        return Deployment().set_deployment_id(deployment_id) if platform is not None and deployment_id in platform.deployment_ids else None


class Fields(Request):  # type: ignore[misc]
    """What a platform sent. https as the settings say it, whatever stands in front."""

    def __init__(self, request: FlaskRequest, https: bool) -> None:
        self.values: Mapping[str, str] = request.form if request.method == "POST" else request.args
        self.https = https

    @property
    def session(self) -> Any:
        raise LtiException("nothing is kept in the browser")

    def is_secure(self) -> bool:
        return self.https

    def get_param(self, key: str) -> str:
        return self.values.get(key, "")[:20_000]


class StateCookie(CookieService):  # type: ignore[misc]
    """The state, kept by the browser: in a frame too, where the service has https."""

    def __init__(self, request: FlaskRequest, https: bool) -> None:
        self.cookies, self.https, self.to_set = request.cookies, https, dict[str, str]()

    def _name(self, name: str) -> str:
        return f"{'__Host-' if self.https else ''}lti-{name}"

    def get_cookie(self, name: str) -> str | None:
        return self.cookies.get(self._name(name))

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        self.to_set[self._name(name)] = str(value)

    def update_response(self, response: Response) -> None:
        """Send the cookies along."""
        for name, value in self.to_set.items():
            response.set_cookie(name, value, max_age=WAY_SECONDS, secure=self.https, httponly=True, samesite="None" if self.https else None, partitioned=self.https)

    def clear(self, name: str, response: Response) -> None:
        """Take the cookie of a state away."""
        response.delete_cookie(self._name(name), secure=self.https, httponly=True, samesite="None" if self.https else None, partitioned=self.https)


class KeptSession(SessionService):  # type: ignore[misc]
    """Nonces and what came with a login, in the database. What is taken once is gone; launches are not kept."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now

    def _keep(self, name: str, value: dict[str, Any]) -> None:
        self.database.write(lambda writing: keep(writing, name, value, self.now, WAY_SECONDS))

    def save_nonce(self, nonce: str) -> None:
        self._keep(f"lti-nonce:{nonce}", {})

    def check_nonce(self, nonce: str) -> bool:
        """Whether a nonce is ours, and has not come back before."""
        return len(nonce) < 200 and self.database.write(lambda writing: take(writing, f"lti-nonce:{nonce}", self.now)) is not None

    def save_state_params(self, state: str, params: dict[str, object]) -> None:
        self._keep(f"lti-state:{state}", dict(params))

    def get_state_params(self, state: str) -> dict[str, object]:
        return self.database.write(lambda writing: take(writing, f"lti-state:{state[:200]}", self.now)) or {}

    def save_launch_data(self, key: str, jwt_body: Any) -> None:
        """Nothing of a launch is kept but what pages ask for themselves."""

    def set_state_valid(self, state: str, id_token_hash: str) -> None:
        """A state does not become valid for a second launch."""

    def check_state_is_valid(self, state: str, id_token_hash: str) -> bool:
        return False


class KeySets:
    """The key sets of platforms, read again after an hour, and at once (but not more than once a minute) for a key that is new."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Any]] = {}

    def get(self, url: str, newest: bool = False) -> Any | None:
        with self._lock:
            since, keys = self._kept.get(url, (0.0, None))
        age = time.monotonic() - since
        return keys if keys is not None and age < (KEYS_AGAIN if newest else KEYS_SECONDS) else None

    def put(self, url: str, keys: Any) -> None:
        with self._lock:
            self._kept[url] = (time.monotonic(), keys)


class Launch(MessageLaunch):  # type: ignore[misc]
    """The second step: a message of a platform, verified in every part."""

    key_sets: KeySets

    def _get_request_param(self, key: str) -> str:
        return str(self._request.get_param(key))

    def fetch_public_key(self, key_set_url: str) -> Any:
        """A platform's keys, from the shelf or from the platform."""
        found = self.key_sets.get(key_set_url)
        if found is None:
            found = super().fetch_public_key(key_set_url)
            if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
                raise LtiException("The key set is none")
            self.key_sets.put(key_set_url, found)
        return found

    def get_public_key(self) -> Any:
        """The key that signed; asked for anew where the platform may have changed it."""
        assert self._registration is not None
        url = self._registration.get_key_set_url()
        try:
            return super().get_public_key()
        except LtiException:
            if self.key_sets.get(url, newest=True) is not None:
                raise
            fresh = super().fetch_public_key(url)
            self.key_sets.put(url, fresh)
            self._registration.set_key_set(fresh)
            return super().get_public_key()


def launch_of(request: FlaskRequest, settings: Settings, database: Database, key_sets: KeySets, now: datetime) -> tuple[Launch, StateCookie]:
    """A launch that is still to be validated."""
    cookie = StateCookie(request, settings.https)
    made = Launch(Fields(request, settings.https), Platforms(settings), KeptSession(database, now), cookie, requests_session=Hurried())
    made.key_sets = key_sets
    made.set_jwt_verify_options({"verify_aud": False, "require": ["exp", "iat", "nonce", "sub"]})
    return made, cookie


def validated(launch: Launch) -> dict[str, Any]:
    """The claims of a launch. Raises LtiException where anything is not as it must be."""
    try:
        launch.validate()
    except LtiException:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:  # a message of the wrong shape
        raise LtiException(f"Not understood: {type(error).__name__}") from error
    claims: dict[str, Any] = dict(launch.get_launch_data())
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != launch.get_client_id():
        raise LtiException("For several audiences, and not for us")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise LtiException("No subject")
    return claims


def login(request: FlaskRequest, settings: Settings, database: Database, now: datetime, launch_url: str) -> Response:
    """The first step: back to the platform with a state and a nonce. Raises LtiException, OIDCException."""
    fields = Fields(request, settings.https)
    step = FlaskOIDCLogin(fields, Platforms(settings), KeptSession(database, now), StateCookie(request, settings.https))
    step.pass_params_to_launch({name: fields.get_param(name) for name in LOGIN if fields.get_param(name)})
    answer: Response = step.redirect(launch_url)
    return answer


def hold(session: Session, person: str, claims: dict[str, Any], now: datetime) -> str:
    """Keep what a choice of content needs, for the person who was launched; its name."""
    name = secrets.token_urlsafe(18)
    value = {"person": person, "iss": claims["iss"], "client": audience_of(claims), "deployment": claims[f"{CLAIM}deployment_id"], "settings": claims[DEEP_LINKING]}
    keep(session, f"lti-choice:{name}", value, now, 3600)
    return name


def audience_of(claims: dict[str, Any]) -> str:
    """The client that a message is for."""
    return str(claims["aud"][0] if isinstance(claims["aud"], list) else claims["aud"])
