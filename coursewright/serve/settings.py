"""What the service is told: one TOML file, then `COURSEWRIGHT_…` environment variables, then the command line; the later wins.

Secrets come from the environment or from files that their owner alone can read.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coursewright.source.suggest import did_you_mean

PREFIX = "COURSEWRIGHT_"
NAME = "serve.toml"
SECRETS = ("SECRET_KEY", "OIDC_CLIENT_SECRET", "LTI_KEY", "XAPI_CREDENTIALS", "MAIL_PASSWORD", "METRICS_TOKEN", "KEY", "IDENTITY", "IDENTITY_PASSPHRASE")
# what has nothing to do with the service: the cache of builds, and what tests and measurements are told
ELSEWHERE = ("CACHE", "LOAD", "REQUIRE_POSTGRES", "FAULT_SECONDS", "FAULT_SEED", "NODE_MODULES", "QTI_SCHEMAS", "OB3_SCHEMA")


class SettingsFault(Exception):
    """Settings that cannot be used: which, where from, and what to do."""


class Strict(BaseModel):
    """A table of the settings: a name that is not known is a fault, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Policy(Strict):
    """What learners may do with a test. `attempts` 0: as many as they like. `wait_hours`: between two attempts.

    review: what is shown after submission: nothing but the score; objectives with sections to read again; or also keys
    and rationales (`keys`), once the test was passed or no attempt is left (`keys-at-end`), or never before the cohort
    closes (`keys-at-close`).
    """

    attempts: int = Field(3, ge=0, le=99)
    wait_hours: float = Field(0, ge=0)
    review: Literal["score", "objectives", "keys", "keys-at-end", "keys-at-close"] = "keys-at-end"
    confidence: bool = True
    requires: tuple[Literal["pretest", "reading", "checks"], ...] = ()


class OpenIdConnect(Strict):
    """A provider of identities. The client's secret comes from `client_secret_file` or the environment."""

    name: str = "Single sign-on"
    issuer: str
    client_id: str
    client_secret_file: Path | None = None
    scopes: str = "openid profile email"
    claim: str = Field("sub", description="the claim that a roster's learner_id is compared with; sub: the subject")
    create: bool = Field(False, description="whether a person not in any roster may enter")


class LtiPlatform(Strict):
    """A learning management system that launches the service by LTI 1.3. frames: further sites of it that show the service in a frame."""

    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    key_set_url: str
    deployment_ids: tuple[str, ...] = ("1",)
    frames: tuple[str, ...] = ()


class XApi(Strict):
    """A learning record store. The credentials come from the environment or a file (`key:secret`)."""

    endpoint: str
    credentials_file: Path | None = None


class Mail(Strict):
    """A mail server. Without one no mail is sent."""

    host: str
    port: int = 587
    sender: str = Field(pattern=r"^[^@\r\n]*@[^@\s]+$", description="an address, with or without a name before it")
    username: str = ""
    password_file: Path | None = None
    encrypted: bool = Field(True, description="STARTTLS before anything is said; port 465 is encrypted from its start")


class Settings(Strict):
    """All of it. `url`: how the world reaches the service; `https` follows from it. `proxies`: reverse proxies in front.

    `database`: a URL; `database_file`: a file with the URL, for one with a password. It is read where there is no `database`.
    """

    data: Path = Path("service-data")
    database: str = ""
    database_file: Path | None = None
    url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    workers: int = Field(2, ge=1, le=64)
    threads: int = Field(8, ge=1, le=64)
    proxies: int = Field(0, ge=0, le=4)
    second_factor: Literal["offered", "required"] = Field("offered", description="a code from a phone beside a staff password")
    session_hours: float = Field(12, gt=0)
    idle_minutes: float = Field(120, gt=0)
    code_days: int = Field(90, ge=1)
    sign_in_rate: str = "10/minute;60/hour"
    verify_rate: str = "30/minute"
    upload_megabytes: int = Field(5, ge=1, le=100)
    languages: tuple[str, ...] = ("en", "es")
    metrics_token_file: Path | None = None
    paper: Literal["a4", "letter"] = "a4"
    grace_seconds: int = Field(20, ge=0, le=600, description="how long after the end of the time an answer that was under way is still taken")
    policy: Policy = Policy()
    tests: dict[str, Policy] = Field(default_factory=dict, description="policies of single tests, by their blueprint's id")
    oidc: OpenIdConnect | None = None
    lti: tuple[LtiPlatform, ...] = ()
    xapi: XApi | None = None
    mail: Mail | None = None

    @property
    def database_url(self) -> str:
        """The database as SQLAlchemy names it; a file in the data folder by default."""
        return self.database or f"sqlite:///{(self.data / 'service.sqlite').resolve()}"

    @property
    def https(self) -> bool:
        return self.url.startswith("https://")

    @property
    def base_url(self) -> str:
        """How links in certificates, slips and calendars begin: without a slash at its end."""
        return (self.url or f"http://{self.host}:{self.port}").rstrip("/")

    def policy_of(self, test: str) -> Policy:
        return self.tests.get(test, self.policy)


def load_settings(path: Path | None, environ: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """The settings. `given`: from the command line; None is not given. Raises SettingsFault."""
    _refuse_slips(environ)
    found: dict[str, Any] = {}
    if path is not None:
        try:
            found = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise SettingsFault(f"there is no {path}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsFault(f"{path} is not TOML: {error}") from None
        found = _beside(path, found)
    for name in Settings.model_fields:
        value = environ.get(f"{PREFIX}{name.upper()}")
        if value is not None and name not in ("policy", "tests", "oidc", "lti", "xapi", "mail"):
            found[name] = [part.strip() for part in value.split(",")] if name == "languages" else value
    found.update({name: value for name, value in given.items() if value is not None})
    try:
        settings = Settings.model_validate(found)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors())
        raise SettingsFault(f"{path or 'the settings'}: {faults}") from None
    if settings.database or settings.database_file is None:
        return settings
    url = read_secret("database", settings.database_file, {})
    if not url:
        raise SettingsFault(f"{settings.database_file} is empty; it should hold the URL of the database")
    return settings.model_copy(update={"database": url})


def _refuse_slips(environ: Mapping[str, str]) -> None:
    """A name in the environment that is nearly one of ours was meant to be it. Others may be somebody else's."""
    known = {*SECRETS, *(name.upper() for name in Settings.model_fields)}
    for name in sorted(environ):
        own = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and own not in known and own not in ELSEWHERE and (near := did_you_mean(own, known)):
            raise SettingsFault(f"{name} is not known; after {PREFIX}, {near}")


def _beside(path: Path, found: Any) -> Any:
    """Relative paths of a settings file are read from the folder that it stands in."""
    if not isinstance(found, dict):
        return found
    made = {name: _beside(path, value) for name, value in found.items()}
    for name in ("data", *(n for n in made if n.endswith("_file"))):
        if isinstance(made.get(name), str):
            made[name] = str(path.resolve().parent / made[name])
    return made


def read_secret(name: str, path: Path | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """A secret from `COURSEWRIGHT_NAME`, else from a file that its owner alone can read. Raises SettingsFault."""
    value = environ.get(f"{PREFIX}{name.upper()}")
    if value:
        return value
    if path is None:
        return None
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsFault(f"{path} can be read by others; make it yours alone: chmod 600 {path}")
        return path.read_text("utf-8").strip()
    except FileNotFoundError:
        raise SettingsFault(f"there is no {path}, which should hold {name}") from None
    except OSError as error:
        raise SettingsFault(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None


def secret_key(data: Path, environ: Mapping[str, str] = os.environ) -> str:
    """What cookies and codes are sealed with: `COURSEWRIGHT_SECRET_KEY`, else a file of the data folder, made once. Raises SettingsFault."""
    path = data / "secret-key"
    if not environ.get(f"{PREFIX}SECRET_KEY") and not path.exists():
        try:
            _make_key(path)
        except OSError as error:
            raise SettingsFault(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from None
    found = read_secret("secret_key", path, environ)
    if not found or len(found) < 32:
        raise SettingsFault("the secret key is shorter than 32 characters")
    return found


def _make_key(path: Path) -> None:
    """A new key, whole or not at all; another process may have been first. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".secret-key-") as draft:
        draft.write(secrets.token_urlsafe(48))
        draft.flush()
        os.fsync(draft.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft.name, path)
