"""Attempts in the hands of staff: extended, reopened, void; what was given is seen item by item."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from coursewright.serve.store.tables import CertificateRow, ResultRow

from .ground import Browser, Service, make_service
from .managing import attempt_of, attempted, coordinator, final, logged

WHY = "the network was down"


@pytest.fixture
def cohort(service: Service) -> str:
    return service.cohort()


@pytest.fixture
def learner(service: Service, cohort: str) -> str:
    return service.person(cohort=cohort, given_name="Zoe", family_name="Quint")


@pytest.fixture
def browser(service: Service, cohort: str) -> Browser:
    return coordinator(service, cohort)[1]


def act(browser: Browser, attempt: str, action: str, **fields: Any) -> int:
    browser.get(f"/manage/attempts/{attempt}")
    return browser.post(f"/manage/attempts/{attempt}/{action}", {"reason": WHY, **fields}).status_code


def limited(service: Service) -> str:
    return next(b.id for b in service.library.tests.values() if b.minutes)


def certified(service: Service, person: str, attempt: str) -> None:
    def work(session: Any) -> None:
        if session.query(CertificateRow).filter_by(person_id=person).count() == 0:
            session.add(CertificateRow(serial="AAAA-BBBB-CCCC", person_id=person, attempt_id=attempt, statement={}, token="", issued_at=service.clock()))

    service.database.write(work)


def test_an_open_attempt_gets_more_time_from_its_end_or_from_now(service: Service, learner: str, browser: Browser) -> None:
    attempt = attempted(service, learner, limited(service), right=False, submitted=False)
    end = attempt_of(service, attempt).ends_at
    assert end is not None
    assert act(browser, attempt, "extend", minutes="15") == 303
    assert attempt_of(service, attempt).ends_at == end + timedelta(minutes=15)
    (row,) = logged(service, "attempt extended")
    assert row.subject == f"attempt:{attempt}"
    assert row.before == {"ends_at": end.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    assert row.after and row.after["reason"] == WHY
    service.clock.moment = end + timedelta(minutes=20)
    assert act(browser, attempt, "extend", minutes="5") == 303
    assert attempt_of(service, attempt).ends_at == service.clock() + timedelta(minutes=5)
    for minutes in ("0", "-5", "99999", "soon", ""):
        assert act(browser, attempt, "extend", minutes=minutes) == 400, minutes


def test_an_attempt_that_ran_out_of_time_can_be_gone_on_with_when_it_is_reopened(service: Service, learner: str, browser: Browser) -> None:
    own = service.browser(learner)
    address = own.start(limited(service))
    attempt = address.rpartition("/")[2]
    service.clock.turn(minutes=(service.library.tests[limited(service)].minutes or 0) + 5)
    own.get(address)
    assert attempt_of(service, attempt).state == "submitted"
    assert act(browser, attempt, "extend", minutes="10") == 400, "no longer open"
    assert act(browser, attempt, "reopen", minutes="30") == 303
    found = attempt_of(service, attempt)
    assert (found.state, found.ends_at, found.submitted_at) == ("open", service.clock() + timedelta(minutes=30), None)
    assert own.get(address).status_code == 200
    assert own.post(f"{address}/submit").status_code == 303
    assert attempt_of(service, attempt).state == "submitted"


def test_the_result_stands_until_a_reopened_attempt_is_handed_in_again(service: Service, learner: str, browser: Browser) -> None:
    attempt = attempted(service, learner, right=False)
    with service.database.reading() as reading:
        first = reading.get(ResultRow, attempt)
    assert first is not None and first.earned == "0"
    assert act(browser, attempt, "reopen") == 303
    with service.database.reading() as reading:
        still = reading.get(ResultRow, attempt)
    assert still is not None and still.graded_at == first.graded_at
    assert "it stands until" in browser.get(f"/manage/attempts/{attempt}").get_data(as_text=True)
    (row,) = logged(service, "attempt reopened")
    assert row.before and row.before["state"] == "submitted" and row.before["result"] == {"earned": "0", "possible": first.possible, "needed": first.needed, "passed": False}
    assert row.after and row.after["state"] == "open" and row.after["submitted_at"] is None


def test_nothing_is_reopened_while_another_attempt_is_open(service: Service, learner: str, browser: Browser) -> None:
    attempt = attempted(service, learner, right=False)
    attempted(service, learner, submitted=False)
    assert act(browser, attempt, "reopen") == 400
    assert attempt_of(service, attempt).state == "submitted"


@pytest.mark.parametrize("action", ["reopen", "void"])
def test_an_attempt_that_a_certificate_rests_on_is_left_alone_unless_that_is_said(service: Service, learner: str, browser: Browser, action: str) -> None:
    attempt = attempted(service, learner)
    certified(service, learner, attempt)
    assert act(browser, attempt, action) == 400
    assert attempt_of(service, attempt).state == "submitted"
    assert act(browser, attempt, action, despite="1") == 303
    (row,) = logged(service, "attempt reopened" if action == "reopen" else "attempt made void")
    assert row.after and row.after["certificate"]


def test_a_void_attempt_is_given_back_and_its_form_does_not_come_again(service: Service, learner: str, browser: Browser) -> None:
    attempts = [attempted(service, learner, right=False) for _ in range(service.settings.policy.attempts)]
    own = service.browser(learner)
    assert "No attempt is left" in own.get(f"/tests/{final(service)}").get_data(as_text=True)
    assert act(browser, attempts[0], "void") == 303
    assert "1 left" in own.get(f"/tests/{final(service)}").get_data(as_text=True)
    assert own.get(f"/attempts/{attempts[0]}/result").status_code == 404
    (row,) = logged(service, "attempt made void")
    assert row.before and (row.before["state"], row.before["result"]["earned"]) == ("submitted", "0")
    assert act(browser, attempts[0], "void") == 400, "once is enough"
    assert act(browser, attempts[0], "reopen") == 400


def test_an_open_attempt_can_be_made_void_and_takes_no_answer_then(service: Service, learner: str, browser: Browser) -> None:
    own = service.browser(learner)
    address = own.start(final(service))
    assert act(browser, address.rpartition("/")[2], "void") == 303
    assert own.get(address).status_code == 404
    assert own.post(f"{address}/save", {"i1-base": "0"}).status_code == 404


def test_staff_see_what_was_given_with_the_key_for_every_kind_of_item(service: Service, learner: str, browser: Browser) -> None:
    for test in service.library.tests:
        for right in (True, False):
            attempt = attempted(service, learner, test, right=right, submitted=right)
            page = browser.get(f"/manage/attempts/{attempt}").get_data(as_text=True)
            assert "Key" in page
            if right:
                assert "nothing" not in page.partition("<h2>Items")[2]
            if test != final(service):
                break
            assert act(browser, attempt, "void") == 303


def test_no_page_of_a_learner_leads_to_the_page_with_keys(service: Service, learner: str) -> None:
    attempt = attempted(service, learner)
    own = service.browser(learner)
    assert own.get(f"/manage/attempts/{attempt}").status_code == 404
    assert own.post(f"/manage/attempts/{attempt}/reopen", reason=WHY).status_code == 404


def test_it_holds_on_both_databases(tmp_path: Any, database_url: str) -> None:
    service = make_service(tmp_path, database_url)
    try:
        cohort = service.cohort()
        person = service.person(cohort=cohort, given_name="Zoe")
        _, browser = coordinator(service, cohort)
        attempt = attempted(service, person, right=False)
        assert act(browser, attempt, "reopen") == 303
        assert act(browser, attempt, "void") == 303
        browser.get(f"/manage/people/{person}")
        assert browser.post(f"/manage/people/{person}/allow", test=final(service), reason=WHY).status_code == 303
        assert browser.post(f"/manage/people/{person}/time", extra_minutes="5", extra_percent="25", also_open="1", reason=WHY).status_code == 303
    finally:
        service.database.close()
