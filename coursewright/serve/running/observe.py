"""What is known of each request: an id, a line of the log, and numbers. Never who sent it from where, or what it held."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Hashable, Iterator

from flask import Flask, Response, current_app, g, request

from coursewright.serve.people.codes import keyed
from coursewright.serve.running.tally import Tally
from coursewright.serve.security.access import PAGES

LOG = logging.getLogger("coursewright")
UNKNOWN = "unknown"
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "OTHER")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, float("inf"))
SAVE = "tests.save_answers"
QUIET = ("files.static", "health.healthz", "health.readyz", "health.metrics")


def observe(app: Flask) -> None:
    """Watch every request of an application whose pages are all declared."""
    app.extensions["tally"] = make_tally()
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_end)


def make_tally(stripes: int = 1) -> Tally:
    """Room for all numbers that requests can make."""
    return Tally(_names(), stripes)


def _names() -> Iterator[Hashable]:
    for endpoint in (*dict.fromkeys(page.endpoint for page in PAGES), UNKNOWN):
        for method in METHODS:
            for status in range(1, 6):
                yield "requests", endpoint, method, f"{status}xx"
        for bound in BUCKETS:
            yield "seconds", endpoint, bound
        yield "seconds", endpoint, "sum"
    for outcome in ("saved", "conflict", "refused", "failed"):
        yield "saves", outcome


def _begin() -> None:
    g.began = time.perf_counter()
    g.request_id = secrets.token_hex(8)


def _end(response: Response) -> Response:
    if "began" not in g:
        return response
    took = time.perf_counter() - g.began
    endpoint = request.endpoint or UNKNOWN
    method = request.method if request.method in METHODS else "OTHER"
    response.headers["X-Request-Id"] = g.request_id
    counts: list[tuple[Hashable, float]] = [
        (("requests", endpoint, method, f"{response.status_code // 100}xx"), 1),
        (("seconds", endpoint, next(bound for bound in BUCKETS if took <= bound)), 1),
        (("seconds", endpoint, "sum"), took),
    ]
    if endpoint == SAVE:
        counts.append((("saves", _outcome(response.status_code)), 1))
    tally: Tally = current_app.extensions["tally"]
    tally.add(*counts)
    if endpoint not in QUIET or response.status_code >= 400:
        _tell(endpoint, method, response.status_code, took)
    return response


def _outcome(status: int) -> str:
    if status < 400:
        return "saved"
    return "conflict" if status == 409 else "refused" if status < 500 else "failed"


def _tell(endpoint: str, method: str, status: int, took: float) -> None:
    values: dict[str, object] = {"endpoint": endpoint, "method": method, "route": request.url_rule.rule if request.url_rule else None, "status": status, "ms": round(took * 1000, 1)}
    who = getattr(g, "who", None)
    if who is not None:
        values |= {"role": who.role, "person": keyed(str(current_app.config["SECRET_KEY"]), "log", who.id)[:12]}
    LOG.log(logging.ERROR if status >= 500 else logging.INFO, "request", extra=values)
