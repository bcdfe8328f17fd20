"""The service under load while its processes are killed, and then the proof that nothing acknowledged was lost.

Clients answer as the script of the page does: the same answer again until it is acknowledged. Meanwhile workers, the
whole service and the database are killed with SIGKILL at moments that a seed decides. `run` returns what happened and
every fault of what is kept; `verify` is the proof alone.
"""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests
from sqlalchemy import func, select

from coursewright.plan.sittings import response_of
from coursewright.serve.learning.attempts import digest
from coursewright.serve.store import audit
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import Answer, Attempt, CertificateRow, LogEntry, ResultRow

from .postgres import Postgres
from .served import Item, Served, items_of, multipart, token_of

Place = tuple[str, str]  # attempt, item
PATIENCE = 90.0


class Gone(Exception):
    """The service did what it never should: a status that no fault excuses, or no answer for long after the faults."""


@dataclass
class Happened:
    """A run told in numbers, and what was wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    saved: int = 0  # acknowledged saves
    unanswered: int = 0  # requests without an answer, or told to come again
    changed: int = 0  # answers given anew while the former one was under way
    handed_in: int = 0
    certificates: int = 0
    compared: int = 0
    longest: float = 0.0  # seconds until an answer was acknowledged
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kills = ", ".join(f"{count} × {kind}" for kind, count in sorted(self.kills.items()))
        return (
            f"killed: {kills or 'nothing'}; {self.saved} saves acknowledged, {self.unanswered} tries in vain, {self.changed} changed under way, {self.handed_in} attempts handed in, {self.certificates} certificates, "
            f"longest wait {self.longest:.1f} s; {self.compared} answers compared, {len(self.problems)} problems"
        )


class Client:
    """A learner's browser, without the screen. acknowledged: the last answer to each item that was called saved."""

    def __init__(self, url: str, code: str, rng: random.Random, test: str = "posttest") -> None:
        self.url, self.code, self.rng, self.test = url, code, rng, test
        self.session = requests.Session()
        self.acknowledged: dict[Place, tuple[Any, int]] = {}
        self.submitted: set[str] = set()
        self.attempt, self.token = "", ""
        self.items: list[Item] = []
        self.told = Happened()
        self.enough = threading.Event()  # begin nothing new

    def ask(self, method: str, address: str, expected: tuple[int, ...], session: requests.Session | None = None, **options: Any) -> requests.Response:
        """Ask again until there is an answer. Raises Gone."""
        began, tries = time.monotonic(), 0
        while True:
            answer = None
            with contextlib.suppress(requests.RequestException):
                answer = (session or self.session).request(method, self.url + address, timeout=25, allow_redirects=False, **options)
            if answer is not None and answer.status_code in expected:
                self.told.longest = max(self.told.longest, time.monotonic() - began)
                return answer
            if answer is not None and answer.status_code not in (502, 503, 504):
                raise Gone(f"{method} {address.partition('?')[0]}: status {answer.status_code}, {answer.text[:200]!r}")
            if time.monotonic() - began > PATIENCE:
                raise Gone(f"{method} {address}: no answer in {PATIENCE:g} s")
            self.told.unanswered += 1
            time.sleep(min(1.0, 0.05 * 2**tries) * self.rng.uniform(0.5, 1))
            tries = min(tries + 1, 6)

    def enter(self) -> None:
        self.token = token_of(self.ask("GET", "/sign-in", (200,)).text)
        self.ask("POST", "/sign-in", (303,), data={"csrf_token": self.token, "code": self.code})

    def begin(self) -> bool:
        """An attempt, begun or gone on with; whether there is one."""
        self.token = token_of(self.ask("GET", f"/tests/{self.test}", (200,)).text)
        address = self.ask("POST", f"/tests/{self.test}/start", (303,), data={"csrf_token": self.token}).headers["Location"]
        if "/attempts/" not in address:
            return False
        self.attempt = address.rpartition("/")[2]
        page = self.ask("GET", f"/attempts/{self.attempt}", (200,)).text
        self.token, self.items = token_of(page), items_of(page)
        return True

    def answer(self, item: Item) -> None:
        """Give an answer until it is acknowledged. Now and then it is changed while the first is not yet acknowledged."""
        fields, response = item.answer(self.rng)
        if self.rng.random() < 0.05:
            self.told.changed += 1
            with contextlib.suppress(requests.RequestException):
                self.session.post(self.url + self._save(item), timeout=0.02, **self._sent(item, fields))
            former, (fields, response) = response, item.answer(self.rng)
        else:
            former = None
        began = time.monotonic()
        while True:
            answer = self.ask("POST", self._save(item), (200, 409), **self._sent(item, fields)).json()
            kept = answer["answers"].get(item.id)
            if not answer["problems"]:
                break
            # what stands there came from here: an answer whose acknowledgement was lost
            if answer["problems"] != {item.id: "conflict"} or former is None or kept["response"] != former or kept["revision"] != item.revision + 1:
                raise Gone(f"save refused: {answer['problems']}, {kept} stands, {response} was given on revision {item.revision}")
            item.revision = kept["revision"]
        self._acknowledge(item, response, kept, 1 if former is None else 2)
        self.told.longest = max(self.told.longest, time.monotonic() - began)

    def _acknowledge(self, item: Item, response: Any, kept: dict[str, Any], steps: int) -> None:
        if kept["response"] != response:
            raise Gone(f"{response} was given, {kept['response']} acknowledged")
        before = self.acknowledged.get((self.attempt, item.id), (None, 0))[1]
        if not before <= kept["revision"] <= before + steps:
            raise Gone(f"revision {kept['revision']} follows {before}: one save was taken for several")
        item.revision = kept["revision"]
        self.acknowledged[self.attempt, item.id] = (response, item.revision)
        self.told.saved += 1

    def _save(self, item: Item) -> str:
        return f"/attempts/{self.attempt}/save?item={item.id}"

    def _sent(self, item: Item, fields: dict[str, list[str]]) -> dict[str, Any]:
        body, kind = multipart({"csrf_token": [self.token], f"i{item.number}-base": [str(item.revision)], **fields})
        return {"data": body, "headers": {"Accept": "application/json", "Content-Type": kind}}

    def hand_in(self) -> None:
        """Hand in from one to three times at once, and save one answer in the same moment: acknowledged, it counts."""
        sessions = []
        for _ in range(self.rng.randint(1, 3)):
            made = requests.Session()
            made.cookies.update(self.session.cookies)
            sessions.append(made)
        item = self.rng.choice(self.items)
        fields, response = item.answer(self.rng)
        with ThreadPoolExecutor(len(sessions) + 1) as pool:
            saving = pool.submit(self.ask, "POST", self._save(item), (200, 409), **self._sent(item, fields))
            handing = [pool.submit(self.ask, "POST", f"/attempts/{self.attempt}/submit", (303,), session, data={"csrf_token": self.token}) for session in sessions]
            last, _ = saving.result(), [one.result() for one in handing]
        if last.status_code == 200:
            self._acknowledge(item, response, last.json()["answers"][item.id], 1)
        else:
            # refused: handed in before. An earlier try of the same may have been taken without our hearing of it
            self.acknowledged.pop((self.attempt, item.id), None)
        self.submitted.add(self.attempt)
        self.told.handed_in += 1
        with ThreadPoolExecutor(len(sessions)) as pool:
            seen = [pool.submit(self.ask, "GET", "/certificate", (200,), session) for session in sessions]
        self.ask("GET", f"/attempts/{self.attempt}/result", (200,))
        [one.result() for one in seen]
        self.attempt = ""

    def work(self, pause: float) -> None:
        """Sign in, take the test again and again, until it is enough. Every answer begun is brought to its end."""
        self.enter()
        while not self.enough.is_set() and self.begin():
            self.rng.shuffle(self.items)
            for item in self.items + self.rng.sample(self.items, min(3, len(self.items))):
                if self.enough.is_set():
                    return
                self.answer(item)
                time.sleep(pause * self.rng.uniform(0.3, 1.7))
            self.hand_in()


def run(served: Served, postgres: Postgres | None, *, clients: int, seconds: float, seed: int, pause: float = 0.3, gap: float = 1.5) -> Happened:
    """Load and faults for so many seconds, peace until all is acknowledged, and the proof. gap: seconds between faults, on average."""
    rng = random.Random(seed)
    learners = [Client(served.url, code, random.Random(rng.random())) for code in served.seed(clients)]
    told = Happened()

    def live(client: Client) -> None:
        try:
            client.work(pause)
        except Exception as problem:
            client.told.problems.append(f"{type(problem).__name__}: {problem}")

    threads = [threading.Thread(target=live, args=(client,), daemon=True) for client in learners]
    for thread in threads:
        thread.start()
    time.sleep(min(2.0, seconds / 5))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        told.kills[_fault(served, postgres, rng)] += 1
        time.sleep(rng.uniform(0.2, 2 * gap - 0.2))
    for client in learners:
        client.enough.set()
    for thread in threads:
        thread.join(PATIENCE + 30)
        if thread.is_alive():
            told.problems.append("a client never came to its end")
    for client in learners:
        told.saved += client.told.saved
        told.unanswered += client.told.unanswered
        told.changed += client.told.changed
        told.handed_in += client.told.handed_in
        told.longest = max(told.longest, client.told.longest)
        told.problems += client.told.problems
    database = served.database()
    try:
        acknowledged = {place: noted for client in learners for place, noted in client.acknowledged.items()}
        told.compared = len(acknowledged)
        with database.reading() as reading:
            told.certificates = reading.scalar(select(func.count()).select_from(CertificateRow)) or 0
        told.problems += verify(database, acknowledged, {attempt for client in learners for attempt in client.submitted})
    finally:
        database.close()
    return told


def _fault(served: Served, postgres: Postgres | None, rng: random.Random) -> str:
    """One fault: a worker, all workers, the parent alone, everything at once, the database. What was killed is started again."""
    kind = rng.choices(["a worker", "all workers", "the parent", "the service"] + (["the database"] if postgres else []), [8, 2, 1, 1] + ([4] if postgres else []))[0]
    if kind == "a worker":
        served.kill_worker(rng)
    elif kind == "all workers":
        for _ in range(len(served.workers)):
            served.kill_worker(rng)
    elif kind == "the database" and postgres is not None:
        postgres.kill()
        time.sleep(rng.uniform(0, 1.5))
        postgres.start()
    else:
        served.kill(all_of_them=kind == "the service")
        restart(served)
    return kind


def restart(served: Served) -> None:
    """Start it again and again, as systemd does: workers whose parent was killed hold the port for a moment."""
    deadline = time.monotonic() + PATIENCE
    while True:
        served.start(wait=False)
        try:
            return served.wait_until_ready()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def kept_answers(database: Database) -> dict[Place, tuple[Any, int]]:
    """Every answer that is kept: response and revision."""
    with database.reading() as reading:
        rows = reading.execute(select(Answer.attempt_id, Answer.item, Answer.response, Answer.revision)).all()
    return {(row.attempt_id, row.item): (json.loads(row.response), row.revision) for row in rows}


def verify(database: Database, acknowledged: dict[Place, tuple[Any, int]], submitted: set[str]) -> list[str]:
    """What is wrong with a database, given what was acknowledged. Each check stands alone: a fault hides no other."""
    kept = kept_answers(database)
    wrong = [f"{place}: {noted} was acknowledged, {kept.get(place)} is kept" for place, noted in acknowledged.items() if kept.get(place) != noted]
    with database.reading() as reading:

        def several(column: Any, *where: Any) -> list[Any]:
            return list(reading.execute(select(column).where(*where).group_by(column).having(func.count() > 1)).scalars())

        wrong += [f"attempt {id_} has two results" for id_ in several(ResultRow.attempt_id)]
        wrong += [f"person {id_} has two certificates" for id_ in several(CertificateRow.person_id)]
        wrong += [f"{subject} was handed in twice by the log" for subject in several(LogEntry.subject, LogEntry.action == "attempt submitted")]
        wrong += [f"{subject} began twice by the log" for subject in several(LogEntry.subject, LogEntry.action == "attempt began")]
        wrong += [f"person {id_} has two open attempts" for id_ in several(Attempt.person_id, Attempt.state == "open")]
        results = set(reading.execute(select(ResultRow.attempt_id)).scalars())
        logged = {row.subject.removeprefix("attempt:"): row.after for row in reading.execute(select(LogEntry.subject, LogEntry.after).where(LogEntry.action == "attempt submitted"))}
        closed = set(reading.execute(select(Attempt.id).where(Attempt.state == "submitted")).scalars())
        wrong += [f"attempt {id_} was handed in, and is open" for id_ in submitted - closed]
        wrong += [f"attempt {id_} is handed in without a result, or has one and is open" for id_ in closed ^ results]
        wrong += [f"attempt {id_} is handed in without a row in the log, or has one and is open" for id_ in closed ^ logged.keys()]
        passed = set(reading.execute(select(Attempt.person_id).join(ResultRow, ResultRow.attempt_id == Attempt.id).where(ResultRow.passed, Attempt.state == "submitted")).scalars())
        certified = set(reading.execute(select(CertificateRow.person_id)).scalars())
        issued = list(reading.execute(select(LogEntry.subject).where(LogEntry.action == "certificate issued")).scalars())
        wrong += [f"person {id_} has passed and holds no certificate, or the reverse" for id_ in passed ^ certified]
        wrong += [f"{len(certified)} certificates are there, {len(issued)} by the log"] * (len(issued) != len(certified))
        answers: dict[str, dict[str, Answer]] = {}
        for answer in reading.execute(select(Answer)).scalars():
            answers.setdefault(answer.attempt_id, {})[answer.item] = answer
        wrong += [f"attempt {id_}: the log has the digest of other answers" for id_ in closed & logged.keys() if logged[id_]["answers"] != digest(answers.get(id_, {}))]
        wrong += [f"log row {broken.number}: {broken.reason}" for broken in audit.verify(reading)]
        for answer in (answer for by_item in answers.values() for answer in by_item.values()):
            response_of(json.loads(answer.response))
    return wrong


def until(done: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
