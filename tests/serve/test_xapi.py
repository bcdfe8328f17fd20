"""xAPI: statements that a record store which is not ours (Ralph) takes, validates, keeps and gives back."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select, update

from coursewright.serve.connections.outbox import deliver
from coursewright.serve.learning import events
from coursewright.serve.store.tables import Outgoing

from .ground import Browser, Service, make_service
from .platforms.lrs import NAME, PROGRAMS, SECRET, lacking, lrs
from .test_attempts import form_at, right

OURS = "https://clinic.test"
Make = Callable[..., Service]
needs_store = pytest.mark.skipif(bool(lacking()), reason=lacking())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with lrs(tmp_path_factory.mktemp("store")) as address:
        yield address


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setenv("COURSEWRIGHT_XAPI_CREDENTIALS", f"{NAME}:{SECRET}")
    made: list[Service] = []

    def start(endpoint: str = "http://127.0.0.1:9", url: str = "") -> Service:
        made.append(make_service(tmp_path, url, url=OURS, xapi={"endpoint": endpoint}))
        return made[-1]

    yield start
    for service in made:
        service.database.close()


def take(service: Service, person: str, test: str = "posttest", well: bool = True) -> Browser:
    """Start the course and take a test, in 95 seconds."""
    browser = signed_in(service, person)
    browser.get("/course/about")
    post(browser, "/course/start")
    browser.get(f"/tests/{test}")
    address = post(browser, f"/tests/{test}/start").location
    browser.get(address)
    service.clock.turn(seconds=95)
    post(browser, f"{address}/save", right(service, form_at(service, address)) if well else {})
    browser.get(f"{address}/submit")
    assert post(browser, f"{address}/submit").status_code == 303
    return browser


def signed_in(service: Service, person: str) -> Browser:
    browser = Browser(service.app.test_client())
    browser.client.environ_base["wsgi.url_scheme"] = "https"
    browser.get("/sign-in")
    assert post(browser, "/sign-in", {"code": service.code(person)}).status_code == 303
    return browser


def post(browser: Browser, address: str, data: dict[str, Any] | None = None) -> Any:
    return browser.client.post(address, data={"csrf_token": browser.token, **(data or {})}, headers={"Referer": "https://localhost/"})


def waiting(service: Service) -> list[dict[str, Any]]:
    with service.database.reading() as reading:
        return [row["statement"] for row in reading.execute(select(Outgoing.content).order_by(Outgoing.created_at)).scalars()]


def kept(store: str, person: str) -> list[dict[str, Any]]:
    """What the store gives back of a person."""
    agent = json.dumps({"account": {"homePage": OURS, "name": person}})
    answer = requests.get(f"{store}/statements", params={"agent": agent, "limit": "100"}, auth=(NAME, SECRET), headers={"X-Experience-API-Version": "1.0.3"}, timeout=10)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["statements"])


@needs_store
def test_a_store_keeps_what_a_learner_did_and_a_repetition_is_no_second_time(make: Make, store: str, database_url: str) -> None:
    service = make(store, database_url)
    ana = service.person(started=False, given_name="Ana", family_name="Ray", email="ana@clinic.test")
    take(service, ana)
    assert deliver(service.app, service.clock()) == 4
    found = kept(store, ana)
    assert sorted(s["verb"]["display"]["en"] for s in found) == ["attempted", "completed", "passed", "registered"]
    passed = next(s for s in found if s["verb"]["display"]["en"] == "passed")
    assert passed["result"] == {"completion": True, "success": True, "duration": "PT95S", "score": {"scaled": 1, "raw": 2, "min": 0, "max": 2}}
    assert passed["object"]["id"] == f"{OURS}/tests/posttest"
    service.database.write(lambda s: s.execute(update(Outgoing).values(sent_at=None, due_at=service.clock())))
    assert deliver(service.app, service.clock()) == 4, "the store knows them already"
    assert len(kept(store, ana)) == 4


@needs_store
def test_every_kind_of_statement_is_valid_by_the_stores_own_rules(make: Make, store: str) -> None:
    service = make(store)
    ana, bo = service.person(started=False), service.person(given_name="Bo")
    take(service, ana)
    take(service, bo, well=False)
    take(service, bo, "check:basics")
    for what, thing in (("read", "basics"), ("evaluated", "evaluation"), ("certified", "CW-2026-1"), ("committed", "commitment")):
        service.database.write(lambda s, what=what, thing=thing: events.happened(s, service.settings, service.library, what, ana, thing, service.clock()))  # type: ignore[misc]
    statements = waiting(service)
    verbs = {s["verb"]["display"]["en"] for s in statements}
    assert verbs == {"registered", "attempted", "completed", "passed", "failed", "experienced", "evaluated", "earned"}
    judge = "import json, sys; from ralph.models.xapi.base.statements import BaseXapiStatement as S; [S.model_validate(s) for s in json.load(sys.stdin)]"
    judged = subprocess.run([PROGRAMS / "python", "-c", judge], input=json.dumps(statements), capture_output=True, text=True, cwd=service.settings.data)
    assert judged.returncode == 0, judged.stderr
    deliver(service.app, service.clock())
    assert len(kept(store, ana)) + len(kept(store, bo)) == len(statements)


@needs_store
def test_one_statement_that_the_store_does_not_take_keeps_no_other_back(make: Make, store: str) -> None:
    service = make(store)
    ana = service.person(started=False)
    take(service, ana)

    def spoil(session: Any) -> None:
        row = session.execute(select(Outgoing).order_by(Outgoing.created_at).limit(1)).scalar_one()
        row.content = {**row.content, "statement": {**row.content["statement"], "actor": {"nobody": True}}}

    service.database.write(spoil)
    assert deliver(service.app, service.clock()) == 3
    with service.database.reading() as reading:
        assert reading.execute(select(Outgoing.problem).where(Outgoing.sent_at.is_(None))).scalars().all() == ["answered 422"]
    assert len(kept(store, ana)) == 3


@needs_store
def test_a_wrong_secret_is_told_and_the_statements_wait(make: Make, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = make(store)
    monkeypatch.setenv("COURSEWRIGHT_XAPI_CREDENTIALS", f"{NAME}:wrong")
    take(service, service.person(started=False))
    assert deliver(service.app, service.clock()) == 0
    with service.database.reading() as reading:
        assert set(reading.execute(select(Outgoing.problem)).scalars()) == {"answered 401"}


def test_a_store_that_is_away_slows_no_learner_and_waiting_grows_to_an_hour(make: Make) -> None:
    service = make()
    take(service, service.person(started=False))
    waits = []
    for _ in range(14):
        assert deliver(service.app, service.clock()) == 0
        with service.database.reading() as reading:
            due = reading.scalar(select(func.max(Outgoing.due_at)))
            assert set(reading.execute(select(Outgoing.problem)).scalars()) == {"cannot be reached"}
        assert due is not None
        waits.append((due - service.clock()).total_seconds())
        service.clock.turn(seconds=waits[-1] + 0.1)
    assert waits[0] <= 10
    assert 2800 <= waits[-1] <= 3600
    assert all(later > earlier for earlier, later in pairwise(waits[:7]))


def test_statements_hold_no_name_no_address_and_no_answer(make: Make) -> None:
    service = make()
    ana = service.person(started=False, given_name="Xenia", family_name="Quill", email="xq@clinic.test", learner_id="L-4711")
    take(service, ana)
    text = json.dumps(waiting(service))
    assert not any(word in text for word in ("Xenia", "Quill", "xq@", "L-4711", "response"))
    assert {s["actor"]["account"]["name"] for s in waiting(service)} == {ana}


def test_a_statement_is_laid_out_once_however_often_the_step_is_told(make: Make) -> None:
    service = make()
    ana = service.person()
    for _ in range(2):
        service.database.write(lambda s: events.happened(s, service.settings, service.library, "read", ana, "basics", service.clock()))
    assert len(waiting(service)) == 1
    assert uuid.UUID(waiting(service)[0]["id"]).version == 5


def test_without_a_store_nothing_is_laid_out(service: Service) -> None:
    browser = service.browser(service.person(started=False))
    browser.get("/course/about")
    browser.post("/course/start")
    browser.start("posttest")
    assert waiting(service) == []
