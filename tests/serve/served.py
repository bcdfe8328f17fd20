"""`build.py serve` as a process of its own, with learners in its database, and the page of an attempt as a client reads it.

    with Served(root, folder, url) as served:
        codes = served.seed(500)
        served.kill_workers(); served.kill(); served.start()
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from coursewright.serve.people.codes import keep_codes, new_code
from coursewright.serve.settings import secret_key
from coursewright.serve.store.database import Database, migrate
from coursewright.serve.store.tables import Cohort, Member, Person, Writing

from .postgres import processes

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0


def free_port() -> int:
    """A port that the system gives to nobody who asks for any: so nobody else has it while the service is dead for a moment."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 200):
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free from 20000 to 31999")


def descendants(pid: int) -> list[int]:
    """The processes under one, nearest first."""
    table = processes()
    found = [pid]
    for one in found:
        found += [child for child, (parent, state) in table.items() if parent == one and not state.startswith("Z")]
    return found[1:]


class Served:
    """The service on a port of its own. `settings`: as in the settings file, its tables included."""

    def __init__(self, course: Path, folder: Path, database_url: str = "", **settings: Any) -> None:
        self.course, self.folder, self.port = course, folder, free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = Path(settings.pop("data", folder / "data"))
        self.database_url = database_url or f"sqlite:///{self.data / 'service.sqlite'}"
        told = {"data": str(self.data), "database": self.database_url, "port": self.port, "sign_in_rate": "1000000/minute", **settings}
        self.settings = folder / "serve.toml"
        self.settings.write_text("\n".join(_toml(told)), "utf-8")
        self.log = folder / "serve.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill(all_of_them=True)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def database(self) -> Database:
        """The same database, for looking into it. Close it."""
        return Database(self.database_url)

    def seed(self, learners: int) -> list[str]:
        """So many learners of one cohort, straight into the database; a code for each. They have begun the course and handed
        in its evaluation: a certificate wants the test alone."""
        now, secret, database = datetime.now(UTC), secret_key(self.data), self.database()
        migrate(database)

        def work(session: Any) -> list[str]:
            cohort = Cohort(name=f"Cohort {random.randrange(10**9)}", created_at=now)
            session.add(cohort)
            people = [Person(role="learner", given_name="Ana", family_name=f"Ray {n}", created_at=now, started_at=now) for n in range(learners)]
            session.add_all(people)
            session.flush()
            session.add_all(Member(cohort_id=cohort.id, person_id=person.id, joined_at=now) for person in people)
            session.add_all(Writing(person_id=person.id, kind="evaluation", content={}, at=now, submitted_at=now) for person in people)
            codes = {person.id: new_code() for person in people}
            keep_codes(session, secret, codes, now, 90)
            return list(codes.values())

        try:
            return database.write(work)
        finally:
            database.close()

    def start(self, wait: bool = True) -> None:
        """Start it; wait until it answers that it is ready."""
        self.starts += 1
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COURSEWRIGHT_")}
        if cache := os.environ.get("COURSEWRIGHT_CACHE"):
            environment["COURSEWRIGHT_CACHE"] = cache
        command = [sys.executable, str(ROOT / "build.py"), "--course", str(self.course), "serve", "--config", str(self.settings)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0)
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the service is not ready:\n{self.said()[-4000:]}")
            if self.workers and self.ready(2) == 200:  # without workers, those of a parent that was killed answer
                return
            time.sleep(0.05)
            time.sleep(0.1)

    def ready(self, patience: float = 20) -> int:
        """The status of /readyz; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=patience) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def workers(self) -> list[int]:
        """The processes that answer: the children of the one that was started."""
        if self.process is None:
            return []
        mine, table = self.process.pid, processes()
        return [pid for pid, (parent, state) in table.items() if parent == mine and not state.startswith("Z")]

    def kill_worker(self, rng: random.Random) -> bool:
        """SIGKILL for a worker; whether there was one."""
        workers = sorted(self.workers)
        if not workers:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(rng.choice(workers), signal.SIGKILL)
        return True

    def kill(self, all_of_them: bool = False) -> None:
        """SIGKILL for the process that was started; for its workers too, or else they see by themselves that they are alone."""
        if self.process is None:
            return
        ended = [self.process.pid, *(descendants(self.process.pid) if all_of_them else [])]
        for pid in ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """As systemd stops it; the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.kill(all_of_them=True)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)  # workers whose parent was killed
        return int(self.process.returncode)


def _toml(told: dict[str, Any]) -> Iterator[str]:
    """Plain values first, then tables."""
    for name, value in told.items():
        if not isinstance(value, dict):
            yield f"{name} = {json.dumps(value)}"
    for name, value in told.items():
        if isinstance(value, dict):
            yield f"[{name}]"
            yield from _toml(value)


@dataclass
class Item:
    """An item as its page shows it. kind: choice, several, match, order, or text. options: values; for match, by field."""

    id: str
    number: int
    revision: int
    kind: str
    options: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, rng: random.Random) -> tuple[dict[str, list[str]], dict[str, Any]]:
        """Fields of an answer taken at random, and what the service keeps of them."""
        name = f"i{self.number}"
        values = self.options.get(name, [])
        if self.kind == "choice":
            given = [rng.choice(values)]
            return {name: given}, {"choice": given}
        if self.kind == "several":
            given = rng.sample(values, rng.randint(1, len(values)))
            return {name: given}, {"choice": sorted(given)}
        if self.kind == "match":
            pairs = {prompt: rng.choice(choices) for prompt, choices in self.options.items()}
            return {prompt: [choice] for prompt, choice in pairs.items()}, {"match": {p.removeprefix(f"{name}-"): c for p, c in sorted(pairs.items())}}
        if self.kind == "order":
            steps = rng.sample(sorted(self.options), len(self.options))
            return {step: [str(place)] for place, step in enumerate(steps, 1)}, {"order": [step.removeprefix(f"{name}-") for step in steps]}
        text = str(rng.randint(1, 999))
        return {name: [text]}, {"text": text}


SECTION = re.compile(r'<section class="item[^"]*" id="item-(\d+)" data-item="([^"]+)".*?</section>', re.S)
INPUT = re.compile(r'<input type="(radio|checkbox|text)"[^>]*? name="([^"]+)"(?:[^>]*? value="([^"]*)")?')
SELECT = re.compile(r'<select name="([^"]+)"([^>]*)>(.*?)</select>', re.S)
OPTION = re.compile(r'<option value="([^"]+)"')
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def token_of(page: str) -> str:
    """The token that forms of a page carry."""
    found = TOKEN.search(page)
    return found[1] if found else ""


def items_of(page: str) -> list[Item]:
    """The items of an attempt's page, in order."""
    return [_item(found[0], int(found[1]), found[2]) for found in SECTION.finditer(page)]


def _item(section: str, number: int, id_: str) -> Item:
    name = f"i{number}"
    based = re.search(rf'name="{name}-base" value="(\d+)"', section)
    made = Item(id_, number, int(based[1]) if based else 0, "text")
    for kind, field_, value in INPUT.findall(section):
        if field_ == name and kind != "text":
            made.kind = "choice" if kind == "radio" else "several"
            made.options.setdefault(name, []).append(value)
    for field_, attributes, inside in SELECT.findall(section):
        if field_.startswith(f"{name}-") and field_ != f"{name}-sure":
            made.kind = "order" if 'class="place"' in attributes else "match"
            made.options[field_] = OPTION.findall(inside)
    return made


BOUNDARY = "----coursewright"


def multipart(fields: dict[str, list[str]]) -> tuple[bytes, str]:
    """Fields as a browser's FormData sends them: the body and its type."""
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, values in fields.items() for value in values]
    return "".join([*parts, f"--{BOUNDARY}--\r\n"]).encode(), f"multipart/form-data; boundary={BOUNDARY}"
