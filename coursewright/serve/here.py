"""What a page needs of the application it runs in."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from flask import Flask, current_app, g

from coursewright.serve.library import Library
from coursewright.serve.security.access import Who
from coursewright.serve.settings import Settings
from coursewright.serve.store.database import Database


def app() -> Flask:
    """The application itself, for what goes on outside of this request."""
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def database() -> Database:
    return cast(Database, current_app.extensions["database"])


def library() -> Library:
    return cast(Library, current_app.extensions["library"])


def settings() -> Settings:
    return cast(Settings, current_app.extensions["settings"])


def now() -> datetime:
    """This moment, by the application's clock."""
    return cast(datetime, current_app.extensions["clock"]())


def who() -> Who:
    """Who is signed in; for pages that nobody else can open."""
    assert g.who is not None
    return cast(Who, g.who)
