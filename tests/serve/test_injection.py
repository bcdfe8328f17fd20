"""What people write comes back as text: on no page is it run, in no table is it a formula, in no header or log does it begin a line."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser as Chromium
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from coursewright.serve.learning.forms import empty_evaluation
from coursewright.serve.running.logs import JsonLines
from coursewright.serve.store import audit
from coursewright.serve.store.tables import AdjustmentRow, Attempt, Cohort, Person, Writing

from .browsing import MARKS, site_of
from .hostile import pages_of
from .test_access import Scene

EVIL = """=1+1"'><script>alert(1)</script><img src=x onerror=alert(2)><a href="javascript:alert(3)">y</a>{{7*7}}%(x)s"""
RAW = re.compile(r"""<script>alert|<img src=x|<a href="javascript:|=1\+1"|>49%""")
STARTS = {
    "stranger": ("/", "/sign-in", "/staff", "/verify"),
    "learner": ("/course", "/account", "/verify", "/evaluation", "/commitment", "/read/basics"),
    "coordinator": ("/manage", "/account", "/manage/people?q=script"),
    "administrator": ("/manage", "/manage/log", "/manage/staff", "/manage/people?q=script"),
}


def poison(scene: Scene) -> None:
    """Write the text into every field that is shown again."""

    def work(session: Any) -> None:
        now = scene.service.clock()
        for person in session.execute(select(Person)).scalars():
            person.given_name, person.family_name, person.email = EVIL, EVIL, EVIL
            person.learner_id = EVIL + person.id if person.role == "learner" else ""
            person.roster = {"license_id": EVIL, "profession": EVIL, "credential": EVIL, "seat": EVIL, "consent_to_report": True}
        for cohort in session.execute(select(Cohort)).scalars():
            cohort.name = f"{EVIL} {cohort.id}"
        for attempt in session.execute(select(Attempt)).scalars():
            attempt.source = EVIL
        learner = scene.people["learner"]
        changes = [{"what": EVIL, "when": EVIL, "barrier": EVIL, "sure": 3}]
        content = {**empty_evaluation(), "bias_where": EVIL, "change": EVIL, "improve": EVIL, "barriers_other": EVIL}
        block = scene.service.library.commitment
        count = block.changes if block is not None else 1
        session.add(Writing(person_id=learner, kind="evaluation", content=content, at=now))
        session.add(Writing(person_id=learner, kind="commitment", content={"changes": changes * count}, at=now, submitted_at=now - timedelta(days=31)))
        for unit in scene.service.library.course.units:
            for block in unit.blocks():
                if type(block).__name__ == "Reflection":
                    session.add(Writing(person_id=learner, kind=f"reflection:{block.id}", content={"text": EVIL}, at=now))
        session.add(AdjustmentRow(test="posttest", item=scene.values["item"], action="withdraw", reason=EVIL, by=scene.people["administrator"], at=now, key=None))
        audit.append(session, now, scene.people["administrator"], "cohort changed", f"cohort:{scene.values['cohort']}", {"name": EVIL}, {"name": EVIL, "reason": EVIL})
        audit.append(session, now, scene.people["administrator"], "extra time changed", f"person:{learner}", None, {"reason": EVIL})

    scene.service.database.write(work)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene.set(tmp_path_factory.mktemp("poisoned"))
    poison(made)
    yield made
    made.service.database.close()


@pytest.mark.parametrize("who", STARTS)
def test_what_was_stored_comes_back_as_text(scene: Scene, who: str) -> None:
    met = 0
    for address, html in pages_of(scene.browser(who), STARTS[who]).items():
        assert not RAW.search(html), address
        met += html.count("&lt;script&gt;alert(1)")
    assert (met > 0) == (who != "stranger")


@pytest.mark.parametrize(
    "address",
    ["/sign-in?next=/{0}", "/staff?next=/{0}", "/s/{0}", "/verify?q={0}", "/verify/{0}", "/tests/{0}", "/read/{0}", "/manage/people?q={0}", "/manage/cohorts/<cohort>?q={0}&show={0}&sort={0}", "/manage/log?action={0}&subject={0}&person={0}", "/manage/results?cohort={0}", "/manage/results/posttest?which={0}", "/lti/login?iss={0}", "/oidc/callback?error={0}", "/{0}"],
)
def test_what_is_sent_comes_back_as_text(scene: Scene, address: str) -> None:
    browser = scene.browser("administrator" if "/manage" in address else "learner" if "/tests" in address or "/read" in address else "stranger")
    answer = browser.get(scene.address(address).replace("{0}", quote(EVIL, safe="")))
    assert not RAW.search(answer.get_data(as_text=True))


def test_no_form_gives_back_what_was_sent_as_anything_but_text(scene: Scene) -> None:
    sent = {
        "/sign-in": {"code": EVIL, "next": f"/{EVIL}"},
        "/staff": {"username": EVIL, "password": EVIL},
        "/verify": {"q": EVIL},
        "/manage": {"name": EVIL, "opens_at": EVIL, "closes_at": EVIL},
        "/manage/staff": {"given_name": EVIL, "family_name": EVIL, "username": EVIL, "role": "coordinator"},
        "/manage/people/<person>/name": {"given_name": EVIL, "family_name": "x" * 300, "reason": EVIL},
        "/manage/log/verify": {"noted": EVIL},
        "/manage/results/<test>/items/<item>/preview": {"action": "rekey", "key": EVIL, "reason": EVIL},
        "/manage/paper": {"source": EVIL, "files": (io.BytesIO(b"x"), f"{EVIL}.zip")},
        "/manage/cohorts/<cohort>/roster": {"roster": (io.BytesIO(f"given_name,family_name,{EVIL}\n<script>alert(1)</script>,<img src=x>\nonly\n".encode()), f"{EVIL}.csv")},
    }
    for rule, form in sent.items():
        browser = scene.browser("administrator" if rule.startswith("/manage") else "stranger")
        answer = browser.post(scene.address(rule), form)
        assert answer.status_code < 500, rule
        assert not RAW.search(answer.get_data(as_text=True)), rule


EXPORTS = ["/manage/cohorts/<cohort>/progress.csv", "/manage/packets/rosters/<cohort>.csv", "/manage/records/all.csv", "/manage/records/neutral.csv", "/manage/records/ce-broker.csv", "/manage/results/pretest/gradebook.csv", "/manage/results/pretest/tables/items.csv", "/manage/results/pretest/tables/history.csv", "POST /manage/cohorts/<cohort>/links.csv"]


@pytest.mark.parametrize("export", EXPORTS)
def test_no_cell_of_an_export_is_a_formula(scene: Scene, export: str) -> None:
    browser, address = scene.browser("coordinator"), scene.address(export.removeprefix("POST "))
    answer = browser.post(address, which="all") if export.startswith("POST") else browser.get(address)
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    for row in csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")):
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r", "\n")) and (not cell.startswith("-") or re.fullmatch(r"-[0-9.]+", cell)), cell
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._-]+"', answer.headers["Content-Disposition"])


def test_nothing_that_is_sent_begins_a_line_of_the_log_or_stands_in_it(scene: Scene) -> None:
    kept = io.StringIO()
    handler = logging.StreamHandler(kept)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    scene.service.app.logger.addHandler(handler)
    try:
        evil = 'mark1337\n{"level":"error","event":"forged"}\r\n'
        browser = scene.browser("stranger")
        for method in ("GET", "POST", "MARK1337"):
            browser.client.open(f"/manage/people/{quote(evil)}?q={quote(evil)}", method=method, headers={"User-Agent": "mark1337", "X-Forwarded-For": "mark1337", "Referer": "mark1337"})
        browser.post("/sign-in", code=evil)
        browser.post("/staff", username=evil, password=evil)
        browser.client.post("/sign-in", data=evil, content_type="multipart/form-data; boundary=mark1337")
    finally:
        root.removeHandler(handler)
        scene.service.app.logger.removeHandler(handler)
    lines = kept.getvalue().splitlines()
    assert len(lines) > 4 and all(json.loads(line)["event"] != "forged" for line in lines)
    assert "mark1337" not in kept.getvalue().lower()


@pytest.mark.browser
@MARKS[1]
@MARKS[2]
@pytest.mark.parametrize("who", STARTS)
def test_a_browser_runs_none_of_it_and_meets_nothing_that_the_policy_forbids(scene: Scene, chromium: Chromium, who: str) -> None:
    routes = scene.service.app.url_map.bind("localhost")
    first: dict[str, str] = {}
    for address in pages_of(scene.browser(who), STARTS[who]):
        try:
            rule, _ = routes.match(address.partition("?")[0], method="GET", return_rule=True)
        except HTTPException:
            raise AssertionError(address) from None
        first.setdefault(rule.rule + ("?" if "?" in address else ""), address)
    said: list[str] = []
    with site_of(scene.service, chromium) as site:
        context = site.device()
        context.add_init_script("document.addEventListener('securitypolicyviolation', e => console.error('violation ' + e.violatedDirective + ' ' + e.blockedURI))")
        cookie = scene.browser(who).client.get_cookie("session")
        if cookie is not None:
            context.add_cookies([{"name": "session", "value": cookie.value, "url": site.url}])
        page = context.new_page()
        page.on("dialog", lambda dialog: (said.append(f"{page.url}: dialog"), dialog.dismiss()))
        page.on("console", lambda message: said.append(f"{page.url}: {message.text}") if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
        for address in first.values():
            page.goto(address, wait_until="load")
    assert said == []
