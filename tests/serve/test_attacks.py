"""Someone with a learner's session, or none, who wants more: keys, time, attempts, guesses, names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from coursewright.serve.people import passwords
from coursewright.serve.store.tables import Answer, Attempt

from .ground import PASSWORD, Browser, Service, make_service


def fields_of(browser: Browser, address: str) -> dict[str, str]:
    """A choice of the first item, as its page would send it."""
    html = browser.get(address).get_data(as_text=True)
    found = re.search(r'name="(i\d+)"[^>]*? value="([^"]+)"', html)
    assert found
    name, value = found.groups()
    return {name: value, f"{name}-base": ""}


def answers(service: Service) -> dict[tuple[str, str], tuple[str, Any]]:
    with service.database.reading() as reading:
        return {(row.attempt_id, row.item): (row.response, row.opened_at) for row in reading.execute(select(Answer)).scalars()}


@pytest.mark.parametrize("review", ["keys", "keys-at-end", "keys-at-close"])
def test_keys_of_an_earlier_attempt_are_closed_while_another_is_open(tmp_path: Path, review: str) -> None:
    service = make_service(tmp_path, policy={"review": review, "attempts": 2})
    browser = service.browser(service.person(cohort=service.cohort()))
    first = browser.start("posttest")
    browser.get(f"{first}/submit")
    browser.post(f"{first}/submit")
    alone = browser.get(f"{first}/result").get_data(as_text=True)
    second = browser.start("posttest")
    beside = browser.get(f"{first}/result").get_data(as_text=True)
    assert second != first and ("Rationale" in alone or "rationale" in alone) == (review == "keys")
    assert "ationale" not in beside and 'class="key' not in beside
    service.database.close()


def test_no_clock_but_the_servers_counts_and_nothing_is_taken_after_the_end(service: Service) -> None:
    browser = service.browser(service.person(cohort=service.cohort()))
    address = browser.start("posttest")
    sent = fields_of(browser, address)
    with service.database.reading() as reading:
        attempt = reading.execute(select(Attempt)).scalar_one()
    assert attempt.ends_at is not None
    service.clock.moment = attempt.ends_at
    service.clock.turn(seconds=service.settings.grace_seconds + 1)
    claims = {"left": "9999", "ends_at": "2999-01-01T00:00:00.000Z", "now": "2026-03-02T09:00:00.000Z", "minutes": "999", "extra_minutes": "999", "state": "open"}
    answer = browser.post(f"{address}/save", {**sent, **claims}, json=True)
    assert answer.status_code == 409 and answer.get_json()["problems"]
    assert answers(service) == {}
    browser.get(address)
    browser.post(f"{address}/save", {**sent, **claims}, json=True)
    with service.database.reading() as reading:
        kept = reading.execute(select(Attempt)).scalar_one()
    assert (kept.state, kept.ends_at) == ("submitted", attempt.ends_at) and answers(service) == {}


@pytest.mark.parametrize(("proxies", "claimed"), [(0, "10.0.0.{n}"), (1, "10.0.0.{n}, 203.0.113.9"), (1, "10.0.0.{n},10.1.{n}.1, 203.0.113.9")])
def test_a_claimed_address_gives_no_further_guesses(tmp_path: Path, proxies: int, claimed: str) -> None:
    service = make_service(tmp_path, proxies=proxies, sign_in_rate="5/minute")
    client = service.app.test_client()
    browser = Browser(client)
    browser.get("/sign-in")
    statuses = []
    for n in range(8):
        headers = {"X-Forwarded-For": claimed.format(n=n), "X-Real-Ip": f"10.2.0.{n}", "Forwarded": f"for=10.3.0.{n}", "X-Client-Ip": f"10.4.0.{n}"}
        statuses.append(client.post("/sign-in", data={"csrf_token": browser.token, "code": f"AAAA-AAAA-AAA{n}"}, headers=headers).status_code)
    assert statuses == [401] * 5 + [429] * 3
    service.database.close()


def test_a_classroom_behind_one_address_signs_in_and_guesses_among_it_are_still_counted(tmp_path: Path) -> None:
    service = make_service(tmp_path, sign_in_rate="5/minute")
    codes = [service.code(service.person()) for _ in range(12)]

    def sign_in(code: str) -> int:
        return Browser(service.app.test_client()).post("/sign-in", code=code).status_code

    assert [sign_in(code) for code in codes] == [303] * 12
    assert [sign_in(f"AAAA-AAAA-AAA{n}") for n in range(5)] == [401] * 5
    assert sign_in(codes[0]) == 429
    service.database.close()


def test_nobody_can_lock_another_out_by_guessing_from_many_addresses(tmp_path: Path) -> None:
    service = make_service(tmp_path, sign_in_rate="5/minute")
    service.person("coordinator", username="mara")
    client = service.app.test_client()
    browser = Browser(client)
    browser.get("/staff")

    def sign_in(password: str, address: str) -> int:
        return client.post("/staff", data={"csrf_token": browser.token, "username": "mara", "password": password}, environ_overrides={"REMOTE_ADDR": address}).status_code

    assert [sign_in("guess", f"203.0.113.{n}") for n in range(12)] == [401] * 12
    assert [sign_in("guess", "203.0.113.99") for _ in range(6)] == [401] * 5 + [429]
    assert sign_in(PASSWORD, "198.51.100.7") == 303
    service.database.close()


def test_a_name_that_is_not_there_takes_the_work_of_one_that_is(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.person("coordinator", username="mara")
    asked: list[str] = []
    real = passwords.hasher()

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            asked.append(stored.rpartition("$")[0].rpartition("$")[0])
            return real.verify(stored, password)

        def hash(self, password: str) -> str:
            return real.hash(password)

    monkeypatch.setattr(passwords, "hasher", lambda: Counting())
    for username in ("mara", "nobody"):
        assert service.browser().post("/staff", username=username, password=f"{PASSWORD}!").status_code == 401
    assert len(asked) == 2 and asked[0] == asked[1]


def test_a_form_of_another_site_is_refused_with_every_cookie_and_no_token(service: Service) -> None:
    browser = service.browser(service.person(cohort=service.cohort()))
    address = browser.start("posttest")
    other = service.browser(service.person(learner_id="2"))
    other.get("/sign-in")
    for token in ("", "x", other.token):
        for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
            answer = browser.client.post(f"{address}/submit", data=f"csrf_token={token}", content_type=kind, headers={"Origin": "https://evil.example"})
            assert answer.status_code == 400
    with service.database.reading() as reading:
        assert reading.execute(select(Attempt.state)).scalar_one() == "open"
