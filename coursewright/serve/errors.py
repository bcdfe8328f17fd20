"""What is shown when something goes wrong: a page for people, a word for scripts, and nothing of the inside."""

from __future__ import annotations

import contextlib
from typing import Any

from flask import Flask, current_app, g, render_template
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException, InternalServerError

from coursewright.serve.security.access import for_staff, refused, wants_json
from coursewright.serve.store.database import Unavailable


def add_handlers(app: Flask) -> None:
    """Take over every error of the application."""

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Any:
        if isinstance(error, InternalServerError):
            current_app.logger.error("unexpected error", exc_info=error.original_exception)
        return shown(error.code or 500)

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> Any:
        refused("form without its token")
        return shown(400, "stale")

    @app.errorhandler(DataError)
    def unfit(error: DataError) -> Any:
        """A value that no database keeps, such as a null byte: no page of ours sends it."""
        refused("value")
        return shown(400)

    @app.errorhandler(Unavailable)
    def unavailable(error: Unavailable) -> Any:
        current_app.logger.error("database unavailable", extra={"problem": str(error)})
        return shown(503)

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Any:
        current_app.logger.exception("unexpected error")
        return shown(500)


def shown(status: int, kind: str = "") -> Any:
    """The response of an error."""
    if not hasattr(g, "who"):  # refused before anybody was looked for, as what is too large is
        from coursewright.serve.app import find_who

        with contextlib.suppress(Unavailable):
            find_who()
    if wants_json():
        response = current_app.json.response({"error": kind or str(status)})
        response.status_code = status
    else:
        response = current_app.make_response(render_template("service/error.html.j2", status=status, kind=kind, for_staff=for_staff()))
        response.status_code = status
    if status in (429, 503):
        response.headers["Retry-After"] = "10"
    return response
