"""Where the time of an attempt ends: with its limit or its cohort, for all devices alike, and not before what was on its way has arrived."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coursewright.serve.learning import attempts
from coursewright.serve.learning.responses import field
from coursewright.serve.pages.tests import sweep
from coursewright.serve.store.tables import Attempt

from .ground import Browser, Service, make_service
from .managing import attempt_of, attempted, coordinator, logged
from .test_attempts import TEST, first_choice, form_at, give


def close_at(browser: Browser, cohort: str, moment: datetime) -> None:
    browser.get(f"/manage/cohorts/{cohort}")
    answer = browser.post(f"/manage/cohorts/{cohort}/settings", name="Spring", opens_at="", closes_at=moment.strftime("%Y-%m-%dT%H:%M"))
    assert answer.status_code == 303, answer.get_data(as_text=True)[:500]


def cohort_closing(service: Service, **after: float) -> tuple[str, datetime]:
    closes = service.clock() + timedelta(**after)
    return service.cohort(f"Closing {closes}", closes_at=closes), closes


def test_time_that_is_given_in_the_last_moment_is_kept_though_the_attempt_was_about_to_be_handed_in(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort = service.cohort()
    attempt = attempted(service, service.person(cohort=cohort), submitted=False)
    _, browser = coordinator(service, cohort)
    service.clock.turn(minutes=12)
    browser = coordinator(service, cohort)[1]
    browser.get(f"/manage/attempts/{attempt}")
    real = attempts.overdue

    def and_then_extended(*told: Any) -> list[str]:
        found = real(*told)
        assert browser.post(f"/manage/attempts/{attempt}/extend", reason="a fire drill", minutes="20").status_code == 303
        return found

    monkeypatch.setattr(attempts, "overdue", and_then_extended)
    with service.app.app_context():
        assert sweep(service.clock) == 0
    assert attempt_of(service, attempt).state == "open"


def test_an_answer_on_its_way_when_another_device_looks_after_the_end_is_taken(service: Service) -> None:
    person = service.person()
    phone, laptop = service.browser(person), service.browser(person)
    address = phone.start(TEST)
    number, item, options = first_choice(form_at(service, address))
    service.clock.turn(minutes=10, seconds=2)
    shown = laptop.get(address)
    assert shown.status_code == 200 and "The time is over" in shown.get_data(as_text=True)
    assert int(shown.headers["Refresh"]) == service.settings.grace_seconds + 1
    assert give(phone, address, number, item, 0, **{field(number): options[0]}).status_code == 200
    service.clock.turn(seconds=int(shown.headers["Refresh"]))
    assert "/result" in (laptop.get(address).location or "")
    assert attempt_of(service, address.rpartition("/")[2]).state == "submitted"


def test_an_attempt_ends_with_its_cohort_at_the_latest(service: Service) -> None:
    cohort, closes = cohort_closing(service, minutes=4)
    attempt = attempted(service, service.person(cohort=cohort), submitted=False)
    assert attempt_of(service, attempt).ends_at == closes
    later, _ = cohort_closing(service, days=4)
    limited = attempt_of(service, attempted(service, service.person(cohort=later), submitted=False))
    assert limited.ends_at == limited.started_at + timedelta(minutes=10)


def test_open_attempts_move_with_the_closing_of_their_cohort_but_not_those_that_were_extended(service: Service) -> None:
    cohort, closes = cohort_closing(service, minutes=5)
    _, browser = coordinator(service, cohort)
    plain, extended = (attempted(service, service.person(cohort=cohort), submitted=False) for _ in range(2))
    browser.get(f"/manage/attempts/{extended}")
    assert browser.post(f"/manage/attempts/{extended}/extend", reason="a fire drill", minutes="20").status_code == 303
    long = attempt_of(service, extended).ends_at
    for closing in (closes - timedelta(minutes=3), closes + timedelta(minutes=3)):
        close_at(browser, cohort, closing)
        assert attempt_of(service, plain).ends_at == closing
        assert attempt_of(service, extended).ends_at == long
    close_at(browser, cohort, closes + timedelta(hours=3))
    assert attempt_of(service, plain).ends_at == attempt_of(service, plain).started_at + timedelta(minutes=10), "the limit of the test again"
    assert attempt_of(service, extended).ends_at == long
    assert {entry.subject for entry in logged(service, "end moved")} == {f"attempt:{plain}"}


def test_keys_that_open_at_the_closing_stay_shut_while_somebody_still_sits_the_test(tmp_path: Path) -> None:
    service = make_service(tmp_path, policy={"review": "keys-at-close"})
    cohort, closes = cohort_closing(service, minutes=6)
    done, late = service.person(cohort=cohort), service.person(cohort=cohort)
    attempt, open_ = attempted(service, done, right=False), attempted(service, late, submitted=False)
    service.database.write(lambda session: setattr(session.get(Attempt, open_), "ends_at", closes + timedelta(minutes=30)))
    service.clock.moment = closes + timedelta(minutes=1)
    browser = service.browser(done)

    def rationales() -> int:
        return browser.get(f"/attempts/{attempt}/result").get_data(as_text=True).count('class="rationale')

    assert rationales() == 0
    service.clock.turn(minutes=30)
    with service.app.app_context():
        assert sweep(service.clock) == 1
    assert rationales() > 0
    service.database.close()


def test_how_sure_somebody_was_is_not_held_against_keys_that_are_shut(tmp_path: Path) -> None:
    service = make_service(tmp_path, policy={"review": "objectives", "confidence": True})
    person = service.person()
    browser = service.browser(person)
    address = browser.start(TEST)
    number, item, options = first_choice(form_at(service, address))
    give(browser, address, number, item, 0, **{field(number): options[0], f"i{number}-sure": "3"})
    browser.get(f"{address}/submit")
    browser.post(f"{address}/submit")
    assert "How sure" not in browser.get(f"{address}/result").get_data(as_text=True)
    service.database.close()
