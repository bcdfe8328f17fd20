"""A service to test: an application on a database, people in it, browsers that are signed in, and a clock to turn."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from conftest import ROOT
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from coursewright.serve.app import create_app
from coursewright.serve.library import Library, load_library
from coursewright.serve.people.codes import keep_codes, new_code
from coursewright.serve.people.passwords import hashed
from coursewright.serve.settings import Settings
from coursewright.serve.store.database import Database, migrate
from coursewright.serve.store.tables import Cohort, Member, Person

EVERYTHING = ROOT / "tests" / "courses" / "everything"
PASSWORD = "correct horse battery"


@cache
def library_of(root: Path = EVERYTHING) -> Library:
    """The course of a folder, read once in each test process."""
    return load_library(root)


@cache
def _hashed() -> str:
    return hashed(PASSWORD)


@dataclass
class Clock:
    """A clock that stands still until it is turned."""

    moment: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def turn(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Service:
    """A service at work. `settings`: what it was told. `clock`: turn it to let time pass."""

    settings: Settings
    database: Database
    library: Library
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.app: Flask = create_app(self.settings, self.library, self.database, self.clock)
        self.app.testing = False  # errors are shown as learners see them

    @property
    def secret(self) -> str:
        return str(self.app.config["SECRET_KEY"])

    def cohort(self, name: str = "Spring", **values: Any) -> str:
        """A new cohort's id."""
        return self.database.write(lambda s: _added(s, Cohort(name=name, created_at=self.clock(), **values)))

    def person(self, role: str = "learner", cohort: str | None = None, started: bool = True, **values: Any) -> str:
        """A new person's id. Staff can sign in as `username` with PASSWORD."""
        made = {"given_name": "Ana", "family_name": "Ray", "started_at": self.clock() if started else None, **values}
        if role != "learner":
            made = {"username": f"{role}{len(made)}", "password": _hashed(), **made}

        def work(session: Any) -> str:
            id_ = _added(session, Person(role=role, created_at=self.clock(), **made))
            if cohort:
                session.add(Member(cohort_id=cohort, person_id=id_, joined_at=self.clock()))
            return id_

        return self.database.write(work)

    def code(self, person: str) -> str:
        """A new personal code."""
        code = new_code()
        self.database.write(lambda s: keep_codes(s, self.secret, {person: code}, self.clock(), 90))
        return code

    def browser(self, person: str | None = None) -> Browser:
        """A browser; signed in, where a person is named."""
        made = Browser(self.app.test_client())
        if person is not None:
            answer = made.post("/sign-in", code=self.code(person))
            assert answer.status_code == 303, answer.status_code
        return made


@dataclass
class Browser:
    """A browser without JavaScript: it sends the token of the page that it was on last."""

    client: FlaskClient
    token: str = ""

    def get(self, address: str, **options: Any) -> TestResponse:
        answer = self.client.get(address, **options)
        if answer.mimetype == "text/html":
            found = re.search(r'name="csrf_token" value="([^"]+)"', answer.get_data(as_text=True))
            self.token = found[1] if found else self.token
        return answer

    def post(self, address: str, data: dict[str, Any] | None = None, json: bool = False, **fields: Any) -> TestResponse:
        """Send a form. json: as our script sends it."""
        if not self.token:
            self.get("/sign-in")
        values = {"csrf_token": self.token, **(data or {}), **fields}
        headers = {"Accept": "application/json"} if json else {}
        answer = self.client.post(address, data=values, headers=headers, content_type="multipart/form-data")
        if answer.status_code == 303:
            self.token = ""
        return answer

    def follow(self, answer: TestResponse) -> TestResponse:
        """The page that a redirect leads to."""
        while answer.status_code in (302, 303):
            assert answer.location
            answer = self.get(answer.location)
        return answer

    def start(self, test: str) -> str:
        """Begin an attempt; the address of its page."""
        self.get(f"/tests/{test}")
        answer = self.post(f"/tests/{test}/start")
        assert answer.status_code == 303 and answer.location, answer.status_code
        self.get(answer.location)
        return answer.location


def make_service(tmp_path: Path, database_url: str = "", library: Library | None = None, **settings: Any) -> Service:
    """A service on a fresh schema. `settings`: as in the settings file."""
    told = Settings.model_validate({"data": tmp_path / "data", "database": database_url, **settings})
    database = Database(told.database_url)
    migrate(database)
    return Service(told, database, library or library_of())


def _added(session: Any, row: Any) -> str:
    session.add(row)
    session.flush()
    return str(row.id)
