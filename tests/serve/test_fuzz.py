"""Whatever is sent to any route: nothing breaks inside, nobody else's records change, and the log still proves itself."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from coursewright.serve.people import passwords
from coursewright.serve.people.second_factor import new_secret, sealed, step_of
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Cohort, moment_text
from coursewright.write.accreditation import csv_bytes

from .ground import Browser, Service
from .hostile import BYTES, TEXTS, Faults, Form, Sent, bodies, forms_of, of_others, pages_of, rows
from .test_access import ALLOWED, TABLE, Scene

STARTS = {"stranger": ("/", "/sign-in", "/staff", "/verify"), "learner": ("/", "/course", "/account", "/verify"), "coordinator": ("/manage", "/account"), "administrator": ("/manage", "/manage/log", "/manage/staff")}
PLATFORM = {"issuer": "https://lms.example", "client_id": "c", "auth_login_url": "https://lms.example/auth", "auth_token_url": "https://lms.example/token", "key_set_url": "http://127.0.0.1:9/keys"}
PROVIDER = {"issuer": "http://127.0.0.1:9", "client_id": "c"}
#: routes that lay out PDFs: tried a few times
SLOW = {"/manage/cohorts/<cohort>/slips.pdf", "/manage/people/<person>/slip.pdf", "/manage/results/<test>/reports.pdf"}
#: routes that ask others, who do not answer here
ASKING = {"/oidc/start", "/oidc/callback", "/lti/launch"}
FEW = settings(derandomize=True, database=None, deadline=None, max_examples=4, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))


class Ground:
    """A scene that is set anew where what was sent has undone it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.database_url, self.count = folder, database_url, 0
        self.scene = self._set()

    def _set(self) -> Scene:
        self.count += 1
        scene = Scene.set(self.folder / str(self.count), database_url=self.database_url if self.count == 1 else "", lti=[PLATFORM], oidc=PROVIDER)
        self.faults = Faults()
        scene.service.app.logger.addHandler(self.faults)
        scene.values["other attempt"] = scene.browser("other learner").start("posttest").rpartition("/")[2]
        with scene.service.database.reading() as reading:
            scene.values["other cohort"] = reading.scalar(select(Cohort.id).where(Cohort.name == "Two")) or ""
        self.forms: dict[str, dict[str, list[tuple[dict[str, Any], Form]]]] = {}
        return scene

    def forms_met(self, who: str, route: str) -> list[tuple[dict[str, Any], Form]]:
        """The forms that somebody sends to a route."""
        if who not in self.forms:
            self.forms[who] = forms_of(self.scene.service, pages_of(self.scene.browser(who), STARTS[who]))
        return self.forms[who].get(route, [])

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return tuple(sorted({*self.scene.values.values(), *self.scene.people.values()}))

    def mend(self) -> None:
        """A new scene, if this one was played to its end."""
        looks = (("learner", "/attempts/<attempt>"), ("coordinator", "/manage/people/<person>"), ("administrator", "/manage/log"))
        for who, rule in looks:
            try:
                if self.scene.browser(who).client.get(self.scene.address(rule)).status_code == 200:
                    continue
                self.scene.browsers.pop(who)  # signed out, perhaps
                if self.scene.browser(who).client.get(self.scene.address(rule)).status_code == 200:
                    continue
            except AssertionError:
                pass  # nobody can sign in as that person any more
            self.close()
            self.scene = self._set()
            self.__dict__.pop("ids", None)
            return

    def close(self) -> None:
        self.scene.service.app.logger.removeHandler(self.faults)
        self.scene.service.database.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with contextlib.ExitStack() as stack:
        url = "" if request.param == "sqlite" else stack.enter_context(request.getfixturevalue("postgres").database())
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(passwords, "hasher", lambda: PasswordHasher(1, 8, 1))
        made = Ground(tmp_path_factory.mktemp("fuzz"), url)
        yield made
        made.close()


def send(browser: Browser, address: str, sent: Sent) -> TestResponse:
    """Send a body with a token that is right, so that it gets past the guard against forgery."""
    if not browser.token:
        browser.get("/sign-in")
    answer = browser.client.post(address, data=sent.body, content_type=sent.kind, headers={"X-CSRFToken": browser.token})
    if answer.status_code in (303, 400, 401):
        browser.token = ""
    answer.get_data()
    return answer


def sound(ground: Ground, answer: TestResponse, rule: str, what: object) -> None:
    """Nothing broke inside."""
    faults, ground.faults.seen = ground.faults.seen, []
    assert not faults, (answer.status_code, rule, what, faults[-1])
    assert answer.status_code < 500 or (answer.status_code == 503 and rule in ASKING), (answer.status_code, rule, what)
    assert all("\n" not in value and "\r" not in value for value in answer.headers.values())
    assert "X-Evil" not in answer.headers and "stolen=1" not in str(answer.headers.getlist("Set-Cookie"))


def attackers(route: str) -> list[str]:
    return [who for who in ("stranger", "learner", "coordinator", "administrator") if who in ALLOWED[TABLE[route]]]


@pytest.mark.parametrize("route", [route for route in sorted(TABLE) if route.startswith("POST")])
def test_no_form_breaks_the_service_or_reaches_what_is_not_ones_own(ground: Ground, route: str) -> None:
    rule = route.partition(" ")[2]
    ground.mend()

    @settings(FEW, max_examples=2 if rule in SLOW else 6 if ground.scene.service.database.sqlite else 3)
    @given(st.data())
    def attack(data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(attackers(route)))
        scene = ground.scene
        met = ground.forms_met(who, route)
        values, form = data.draw(st.sampled_from(met)) if met else ({}, Form("POST", "", tuple((name, ("1",)) for name in ("state", "id_token", "password", "again", "launch", "resource", "reason", "q"))))
        address = form.action or scene.address(rule)
        if values and data.draw(st.integers(0, 3)) == 0:
            name = data.draw(st.sampled_from(sorted(values)))
            address = address.replace(str(values[name]), quote(data.draw(st.sampled_from((*ground.ids, *TEXTS[:12]))).encode("utf-8", "surrogatepass"))[:3000])
        sent = data.draw(bodies(dict(form.fields), form.files, ground.ids))
        browser, kept = scene.browser(who), of_others(scene.service, scene.people.get(who, ""), who)
        before = rows(scene.service, kept)
        answer = send(browser, address, sent)
        sound(ground, answer, rule, (who, address, sent.kind, sent.body[:600]))
        assert rows(scene.service, kept) == before, (who, address, sent)
        if answer.status_code == 401 or "/sign-in" in (answer.location or "") or rule.startswith(("/sign-", "/staff")) or "password" in rule:
            scene.browsers.pop(who, None)

    attack()
    with ground.scene.service.database.reading() as reading:
        assert list(audit.verify(reading)) == []


QUERIES = ("q", "page", "show", "sort", "down", "before", "action", "subject", "person", "cohort", "which", "next", "item", "launch", "state", "code", "error", "iss", "login_hint", "target_link_uri")


@pytest.mark.parametrize("route", [route for route in sorted(TABLE) if route.startswith("GET") and route.split(" ")[1] not in SLOW])
def test_no_address_breaks_the_service(ground: Ground, route: str) -> None:
    rule = route.partition(" ")[2]

    @FEW
    @given(st.data())
    def attack(data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(attackers(route)))
        scene = ground.scene
        address, browser = scene.address(rule), scene.browser(who)
        if "<" in rule and data.draw(st.booleans()):
            head = rule.partition("<")[0]
            piece = data.draw(st.sampled_from((*ground.ids, *TEXTS[1:])))
            address = head + quote(piece.encode("utf-8", "surrogatepass"), safe="")[:4000] + address[len(head) :].partition("/")[1] + address[len(head) :].partition("/")[2]
        names = data.draw(st.lists(st.sampled_from(QUERIES), max_size=5))
        values = st.one_of(st.sampled_from(TEXTS).map(lambda text: text.encode("utf-8", "surrogatepass")), st.sampled_from(BYTES), st.sampled_from(ground.ids).map(str.encode))
        query = "&".join(f"{name}={quote(data.draw(values)[:3000])}" for name in names)
        answer = browser.get(f"{address}?{query}")
        answer.get_data()
        sound(ground, answer, rule, (who, address, query))

    attack()


#: what broke the service once: who, where, with which form (None: by its address alone), and the answer now
ONCE = {
    "a digest that is not ASCII": ("stranger", "/static/%C3%A9/service.css", None, 404),
    "a number that no database holds": ("administrator", "/manage/log?before=" + "9" * 30, None, 200),
    "a null byte in a path": ("learner", "/attempts/a%00b", None, 404),
    "a null byte in a search": ("coordinator", "/manage/people?q=a%00b", None, 400),
    "a null byte in a user name": ("stranger", "/staff", {"username": "a\0b", "password": "x"}, (400, 401)),
    "a null byte in an id": ("coordinator", "/manage/cohorts/<cohort>/coordinators", {"person": "a\0b"}, 400),
    "a null byte in a name": ("coordinator", "/manage", {"name": "a\0b"}, 400),
    "a superscript as a number": ("administrator", "/manage/results/<test>/items/<item>/decide", {"action": "withdraw", "reason": "Two keys", "last": "²"}, 200),
    "a day before there were calendars": ("coordinator", "/manage", {"name": "Old", "opens_at": "0001-01-01T00:00"}, 400),
    "a day at the end of time": ("coordinator", "/manage", {"name": "New", "closes_at": "9999-12-31T23:59"}, 400),
}


@pytest.mark.parametrize("name", ONCE)
def test_what_broke_the_service_once_is_answered(ground: Ground, name: str) -> None:
    who, rule, form, status = ONCE[name]
    ground.mend()
    browser, address = ground.scene.browser(who), ground.scene.address(rule)
    answer = browser.get(address) if form is None else browser.post(address, form)
    sound(ground, answer, rule, name)
    assert answer.status_code in (status if isinstance(status, tuple) else (status,))
    assert ground.scene.browser("administrator").get("/manage").status_code == 200


def test_digits_of_other_scripts_are_no_code_of_a_second_factor(service: Service) -> None:
    key = "k" * 40
    for code in ("٣٣٣٣٣٣", "²²²²²²", "é", ""):
        assert step_of(key, sealed(key, new_secret()), code, service.clock(), 0) is None


def test_moments_of_any_year_are_read_as_they_were_kept() -> None:
    for year in (1, 999, 2026, 9999):
        moment = datetime(year, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
        assert datetime.fromisoformat(moment_text(moment)) == moment


@pytest.mark.parametrize("cell", ["=1+1", "+1", "@SUM(A1)", "-2+3+cmd|' /C calc'!A0", "-A1", "\t=1", "\r=1", "\n=1", "-1-1", "−1", "-1.5", "-12"])
def test_no_cell_of_a_table_is_a_formula(cell: str) -> None:
    told = next(csv.reader(io.StringIO(csv_bytes(("a",), [(cell,)]).decode("utf-8-sig").partition("\r\n")[2], newline="")))[0]
    assert told == (cell if cell in ("−1", "-1.5", "-12") else f"'{cell}")
