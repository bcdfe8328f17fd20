"""What watches the service asks: whether it lives, whether it is ready, and its numbers for Prometheus."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator
from typing import Any

from flask import Response, abort, current_app, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from coursewright import __version__
from coursewright.serve import here
from coursewright.serve.running.observe import BUCKETS
from coursewright.serve.running.tally import Tally
from coursewright.serve.security.access import page
from coursewright.serve.settings import SettingsFault, read_secret
from coursewright.serve.store import audit
from coursewright.serve.store.database import Unavailable
from coursewright.serve.store.tables import Attempt, Outgoing, Person

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via")


@page("/healthz", "anyone")
def healthz() -> Any:
    """The process lives. It asks nothing of the database: a restart would not mend that."""
    return Response("alive\n", mimetype="text/plain")


@page("/readyz", "anyone")
def readyz() -> Any:
    """The database answers and takes writes, at the schema of this version: requests may be sent here."""
    if _ready():
        return Response("ready\n", mimetype="text/plain")
    return Response("not ready: the database does not answer, takes no writes, or has another schema\n", 503, mimetype="text/plain", headers={"Retry-After": "5"})


def _ready() -> bool:
    try:
        return here.database().ready() and here.database().takes_writes()
    except SQLAlchemyError:
        return False


@page("/metrics", "anyone")
def metrics() -> Any:
    """Numbers of all workers of this machine, and of the database. For this machine itself, or who has the token."""
    if not (_from_this_machine() or _has_token()):
        abort(404)
    registry = CollectorRegistry()
    registry.register(Numbers())
    return Response(generate_latest(registry), content_type=FORMAT)


def _from_this_machine() -> bool:
    """Whether a program on this machine asks, and no proxy for somebody else."""
    peer = request.environ.get("werkzeug.proxy_fix.orig", {}).get("REMOTE_ADDR") or request.remote_addr
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(peer or "").is_loopback
    except ValueError:
        return False


def _has_token() -> bool:
    try:
        token = read_secret("metrics_token", here.settings().metrics_token_file)
    except SettingsFault as fault:
        current_app.logger.error("the metrics token cannot be read", extra={"problem": str(fault)})
        return False
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return bool(token) and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), (token or "").encode())


class Numbers:
    """A collector that reads the tally and the database when it is asked, and holds nothing."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield _info()
        tally: Tally = current_app.extensions["tally"]
        yield from _of_requests(tally)
        yield from _of_database()


def _info() -> Metric:
    family = GaugeMetricFamily("coursewright_build_info", "The version that runs.", labels=["version"])
    family.add_metric([__version__], 1)
    return family


def _of_requests(tally: Tally) -> Iterator[Metric]:
    requests = CounterMetricFamily("coursewright_requests", "Requests answered.", labels=["endpoint", "method", "status"])
    saves = CounterMetricFamily("coursewright_saves", "Saves of answers, by what became of them.", labels=["outcome"])
    seconds = HistogramMetricFamily("coursewright_request_seconds", "Time from the first byte of a request's head being read to its response being made.", labels=["endpoint"])
    totals = tally.totals()
    outcomes = dict.fromkeys((name[1] for name in tally.index if isinstance(name, tuple) and name[0] == "saves"), 0.0)
    timed: dict[str, dict[Any, float]] = {}
    for name, total in totals.items():
        assert isinstance(name, tuple)
        kind, *labels = name
        if kind == "requests":
            requests.add_metric([str(label) for label in labels], total)
        elif kind == "saves":
            outcomes[labels[0]] = total
        else:
            timed.setdefault(str(labels[0]), {})[labels[1]] = total
    for outcome, total in outcomes.items():
        saves.add_metric([str(outcome)], total)
    for endpoint, found in sorted(timed.items()):
        seconds.add_metric([endpoint], *_histogram(found))
    return iter((requests, saves, seconds))


def _histogram(found: dict[Any, float]) -> tuple[list[tuple[str, float]], float]:
    reached, buckets = 0.0, []
    for bound in BUCKETS:
        reached += found.get(bound, 0.0)
        buckets.append(("+Inf" if bound == float("inf") else str(bound), reached))
    return buckets, found.get("sum", 0.0)


def _of_database() -> Iterator[Metric]:
    up = GaugeMetricFamily("coursewright_database_up", "Whether the database answers, at the right schema.", value=float(_ready()))
    yield up
    attempts = GaugeMetricFamily("coursewright_attempts", "Attempts in the database, by kind and state.", labels=["kind", "state"])
    waiting = GaugeMetricFamily("coursewright_outgoing_waiting", "What waits to be sent elsewhere.", labels=["kind"])
    failing = GaugeMetricFamily("coursewright_outgoing_failing", "What waits to be sent after a try that failed.", labels=["kind"])
    oldest = GaugeMetricFamily("coursewright_outgoing_oldest_seconds", "How long the oldest of what waits to be sent has waited.")
    people = GaugeMetricFamily("coursewright_people", "People who can sign in, by role.", labels=["role"])
    try:
        with here.database().reading() as reading:
            for kind, state, count in reading.execute(select(Attempt.kind, Attempt.state, func.count()).group_by(Attempt.kind, Attempt.state)):
                attempts.add_metric([kind, state], count)
            unsent = Outgoing.sent_at.is_(None)
            for kind, count, tried in reading.execute(select(Outgoing.kind, func.count(), func.count().filter(Outgoing.tries > 0)).where(unsent).group_by(Outgoing.kind)):
                waiting.add_metric([kind], count)
                failing.add_metric([kind], tried)
            first = reading.scalar(select(func.min(Outgoing.created_at)).where(unsent))
            oldest.add_metric([], 0.0 if first is None else (here.now() - first).total_seconds())
            for role, count in reading.execute(select(Person.role, func.count()).where(Person.erased_at.is_(None)).group_by(Person.role)):
                people.add_metric([role], count)
            rows, _ = audit.head(reading)
    except (Unavailable, SQLAlchemyError):
        return
    yield from (attempts, waiting, failing, oldest, people)
    yield CounterMetricFamily("coursewright_log_rows", "Rows of the audit log.", value=rows)
