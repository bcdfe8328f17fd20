"""Learners for Locust: each signs in once with a code, begins the post-test, and answers an item every few seconds.

Driven by `benchmarks/serve.py`, which says by COURSEWRIGHT_LOAD (a JSON file) where codes are, how often items are
answered and for how long, and reads what was measured from the file named there. Every answer called saved is noted.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, events, task
from locust.env import Environment
from locust.exception import StopUser

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from serve.served import items_of, multipart, token_of  # noqa: E402

TOLD: dict[str, Any] = json.loads(Path(os.environ["COURSEWRIGHT_LOAD"]).read_text("utf-8")) if "COURSEWRIGHT_LOAD" in os.environ else {}
CODES: Iterator[str] = iter(TOLD.get("codes", []))
PAGES_OF = 10  # one page is loaded for so many answers
JSON = {"Accept": "application/json"}


class Measured:
    """What is measured in one step: all requests by name, and the moments of failures. interval: seconds between answers."""

    def __init__(self) -> None:
        self.interval: float = TOLD.get("steps", [[5, 0]])[0][0]
        self.steps: list[dict[str, Any]] = []
        self.acknowledged: dict[str, dict[str, list[Any]]] = {}  # attempt, item: response, revision
        self.arrived = 0
        self.under_way = 0  # saves that are not answered yet
        self.over = False
        self.times: dict[str, list[float]] = {}
        self.faults: list[str] = []
        self.begin()

    def begin(self) -> None:
        self.times, self.faults, self.began = {}, [], time.perf_counter()

    def end(self, name: str) -> None:
        self.steps.append({"name": name, "seconds": time.perf_counter() - self.began, "interval": self.interval, "times": self.times, "faults": self.faults})
        self.begin()


NOW = Measured()


@events.request.add_listener
def measured(name: str, response_time: float, exception: BaseException | None, **_: Any) -> None:
    NOW.times.setdefault(name, []).append(response_time)
    if exception is not None:
        NOW.faults.append(f"{name}: {exception}")


class Learner(FastHttpUser):
    """One learner, on a connection of her own, as a browser is."""

    connection_timeout = network_timeout = 60.0

    def wait_time(self) -> float:
        """Until the next answer is due: at equal intervals, however long the last one took."""
        self.due = max(self.due + NOW.interval, time.perf_counter() - NOW.interval)
        return max(0.0, self.due - time.perf_counter())

    def on_start(self) -> None:
        self.rng = random.Random(self.environment.runner.user_count if self.environment.runner else 0)
        code = next(CODES, None)
        if code is None:
            raise StopUser
        self.token = token_of(self._page("/sign-in", "sign-in page"))
        self._post("/sign-in", "sign in", code=code)
        self._page("/course", "course")
        self.token = token_of(self._page(f"/tests/{TOLD['test']}", "before the test"))
        self.address = self._post(f"/tests/{TOLD['test']}/start", "start")
        self.attempt = self.address.rpartition("/")[2]
        page = self._page(self.address, "attempt page")
        self.token, self.items = token_of(page), items_of(page)
        self.given = 0
        NOW.arrived += 1
        self.due = time.perf_counter() - self.rng.random() * NOW.interval  # not all at the same moment
        gevent.sleep(self.wait_time())

    @task
    def answer(self) -> None:
        """Answer the next item, as the page's script does; look at the page now and then."""
        if NOW.over:
            return
        NOW.under_way += 1
        try:
            self._answer()
        finally:
            NOW.under_way -= 1

    def _answer(self) -> None:
        self.given += 1
        if self.given % PAGES_OF == 0:
            self._page(self.address, "attempt page")
        item = self.items[self.given % len(self.items)]
        fields, response = item.answer(self.rng)
        body, kind = multipart({"csrf_token": [self.token], f"i{item.number}-base": [str(item.revision)], f"i{item.number}-sure": [""], **fields})
        with self.client.post(f"{self.address}/save?item={item.id}", data=body, headers={**JSON, "Content-Type": kind}, name="save", catch_response=True) as got:
            if got.status_code != 200:
                got.failure(f"status {got.status_code}")
                return
            kept = got.json()["answers"].get(item.id, {})
            if kept.get("response") != response or kept.get("revision") not in (item.revision, item.revision + 1):
                got.failure("not what was given")
                return
            item.revision = kept["revision"]
            NOW.acknowledged.setdefault(self.attempt, {})[item.id] = [response, item.revision]

    def _page(self, address: str, name: str) -> str:
        with self.client.get(address, name=name, catch_response=True, allow_redirects=False) as got:
            if got.status_code != 200:
                got.failure(f"status {got.status_code}")
                raise StopUser
            return str(got.text)

    def _post(self, address: str, name: str, **fields: str) -> str:
        with self.client.post(address, data={"csrf_token": self.token, **fields}, name=name, catch_response=True, allow_redirects=False) as got:
            if got.status_code != 303:
                got.failure(f"status {got.status_code}")
                raise StopUser
            return str(got.headers["Location"])


@events.test_start.add_listener
def drive(environment: Environment, **_: Any) -> None:
    gevent.spawn(_drive, environment)


def _drive(environment: Environment) -> None:
    """The arrival of all; then each step, until one is too much."""
    deadline = time.perf_counter() + 300
    while NOW.arrived < TOLD["learners"] and time.perf_counter() < deadline:
        gevent.sleep(0.2)
    NOW.end("arrival")
    for interval, seconds in TOLD["steps"]:
        NOW.interval = interval
        if NOW.steps[-1]["name"] != "arrival":
            gevent.sleep(min(interval, 2))  # the waits begun at the former rate end
        NOW.begin()
        gevent.sleep(seconds)
        NOW.end("steady")
        if TOLD["until"] and _too_much(NOW.steps[-1]):
            break
    NOW.over = True
    while NOW.under_way:
        gevent.sleep(0.1)
    Path(TOLD["results"]).write_text(json.dumps({"steps": NOW.steps, "acknowledged": NOW.acknowledged, "arrived": NOW.arrived}), "utf-8")
    if environment.runner is not None:
        environment.runner.quit()


def _too_much(step: dict[str, Any]) -> bool:
    saves = sorted(step["times"].get("save", [0.0]))
    return bool(step["faults"]) or saves[int(len(saves) * 0.95)] > TOLD["until"]
