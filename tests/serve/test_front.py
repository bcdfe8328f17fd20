"""The first pages: what anyone sees, how somebody enters, and where the course leads next."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from coursewright.serve.store.tables import Writing

from .ground import Browser, Service
from .managing import attempted, final


def test_a_personal_code_lets_its_person_in_and_no_other_code_does(service: Service) -> None:
    person = service.person(started=False)
    browser = service.browser()
    assert browser.post("/sign-in", code="0000-0000-00000").status_code == 401
    answer = browser.post("/sign-in", code=service.code(person).lower())
    assert answer.status_code == 303
    assert "What you will be able to do" in browser.follow(answer).get_data(as_text=True)


def test_before_any_test_a_learner_sees_objectives_disclosures_and_what_it_takes_to_pass(service: Service) -> None:
    browser = service.browser(service.person(started=False))
    for address in ("/course", "/tests/pretest", "/tests/posttest"):
        assert browser.get(address).location == "/course/about"
    page = browser.get("/course/about").get_data(as_text=True)
    assert "Financial disclosures" in page and "To pass the post-test" in page and "What you will be able to do" in page
    assert browser.post("/tests/posttest/start").location == "/course/about"
    browser.get("/course/about")
    browser.post("/course/start")
    assert browser.get("/tests/posttest").status_code == 200


def way_on(browser: Browser, address: str = "/course") -> tuple[str, str]:
    """Where the one big button of a page leads, and its words."""
    found = re.search(r'<p class="actions"><a class="button" href="([^"]+)">(.*?)</a></p>', browser.get(address).get_data(as_text=True))
    assert found
    return found[1], re.sub("<[^>]+>", "", found[2])


def test_while_the_time_of_a_test_runs_the_course_leads_back_to_it_and_then_to_its_result(service: Service) -> None:
    person = service.person()
    browser, attempt = service.browser(person), attempted(service, person, submitted=False)
    service.clock.turn(minutes=3)
    assert way_on(browser) == (f"/attempts/{attempt}", "Back to the test: Post-test, 7 minutes left")
    assert way_on(browser, f"/tests/{final(service)}") == (f"/attempts/{attempt}", "Go on where you were: 7 minutes left")
    service.clock.turn(minutes=8)
    assert way_on(browser) == (f"/attempts/{attempt}", "Post-test · The time is over: see the result")
    assert way_on(browser, f"/tests/{final(service)}") == (f"/attempts/{attempt}", "The time is over: see the result")


def test_a_test_that_was_failed_is_called_not_passed_and_says_where_no_attempt_is_left(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)

    def state() -> str:
        found = re.search(rf'href="/tests/{final(service)}".*?<span class="state">([^<]*)</span>', browser.get("/course").get_data(as_text=True), re.S)
        assert found
        return found[1].partition(" · ")[0]

    attempted(service, person, right=False)
    assert state() == "not passed"
    attempted(service, person, right=False, submitted=False)
    assert state() == "begun"
    service.clock.turn(minutes=11)
    browser.follow(browser.get(way_on(browser)[0]))
    attempted(service, person, right=False)
    assert state() == "not passed, no attempt left"


def test_who_has_passed_is_led_on_to_the_evaluation_and_then_to_the_certificate(service: Service) -> None:
    person = service.person()
    browser, address = service.browser(person), f"/tests/{final(service)}"
    attempted(service, person)
    page = browser.get(address).get_data(as_text=True)
    assert '<p class="fine">You have passed.</p>' in page and "<dt>Attempts</dt>" not in page and 'class="problem"' not in page
    assert way_on(browser, address)[0] == "/evaluation"
    service.database.write(lambda s: s.add(Writing(person_id=person, kind="evaluation", content={}, at=service.clock(), submitted_at=service.clock())))
    assert way_on(browser, address)[0] == "/certificate"


def test_the_number_of_steps_done_goes_by_all_of_them(service: Service) -> None:
    person = service.person()
    attempted(service, person)
    assert re.search(r"1 of \d+ steps done", service.browser(person).get("/course").get_data(as_text=True))


def test_the_score_that_instructions_call_printed_above_stands_above_them(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    packet = service.library.packet
    told = [replace(form, blueprint=form.blueprint.model_copy(update={"instructions": service.library.course.info.description})) for form in packet.forms]
    monkeypatch.setattr(packet, "forms", told)
    page = service.browser(service.person()).get(f"/tests/{final(service)}").get_data(as_text=True)
    assert 0 < page.index("At least 2 of 2 points.") < page.index('<div lang="en-US"><p>')
