"""Spaced recall: questions a week and a month after the final test, a calendar of them, and nothing before the day."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from icalendar import Calendar
from sqlalchemy import select

from coursewright.plan.recall import recall_sheet
from coursewright.serve.store.tables import Attempt

from .ground import Browser, Service, library_of


def finish(browser: Browser) -> None:
    """Hand in the final test, empty."""
    address = browser.start("posttest")
    browser.get(f"{address}/submit")
    assert browser.post(f"{address}/submit").status_code == 303


def text_of(browser: Browser, address: str = "/recall") -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_before_the_final_test_there_are_no_days_and_no_calendar(service: Service) -> None:
    browser = service.browser(service.person())
    assert "counted from the final test" in text_of(browser)
    assert browser.get("/recall.ics").status_code == 404
    assert browser.get("/tests/recall:7").location == "/recall"


def test_the_days_are_shown_and_the_questions_open_when_they_have_come(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    finish(browser)
    text = text_of(browser)
    assert "March 9, 2026" in text and "April 1, 2026" in text and "Answer now" not in text
    assert browser.get("/tests/recall:7").location == "/recall"
    browser.post("/tests/recall:7/start")
    with service.database.reading() as reading:
        assert reading.execute(select(Attempt).where(Attempt.test == "recall:7")).first() is None
    service.clock.moment = datetime(2026, 3, 8, 9, 59, tzinfo=UTC)
    assert "Answer now" not in text_of(service.browser(person))
    service.clock.moment = datetime(2026, 3, 8, 10, 0, tzinfo=UTC)  # 9 March has begun where days begin first
    text = text_of(service.browser(person))
    assert text.count("Answer now") == 1 and 'href="/tests/recall:7"' in text


def test_answers_to_recall_show_their_key_on_checking_and_never_count(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    finish(browser)
    service.clock.turn(days=8)
    browser = service.browser(person)
    address = browser.start("recall:7")
    text = text_of(browser, address)
    assert "Recall after 7 days" in text and "Key:" not in text
    course = library_of().course
    practice = {item.id for item in course.single_items if item.pool == "practice"}
    items = re.findall(r'data-item="([^"]+)"', text)
    assert 0 < len(items) <= 5 and set(items) <= practice  # never an item of the exam
    item, number = next((id_, n) for n, id_ in enumerate(items, 1) if f'type="radio" name="i{n}"' in text)
    value = re.search(rf'name="i{number}" value="([^"]+)"', text)
    assert value is not None
    answer = browser.post(f"{address}/save", {f"i{number}-base": "0", f"i{number}": value[1], "then": f"open:{item}"})
    assert "Key:" in browser.follow(answer).get_data(as_text=True)
    browser.get(f"{address}/submit")
    browser.post(f"{address}/submit")
    assert "Answered" in text_of(browser) and "Ask me again" in text_of(browser)
    assert text_of(browser, f"{address}/result").count("Passed") == 0
    assert browser.start("recall:7") != address  # as often as wanted


def test_recall_goes_on_after_the_cohort_has_closed(service: Service) -> None:
    person = service.person(cohort=service.cohort(closes_at=datetime(2026, 3, 4, tzinfo=UTC)))
    browser = service.browser(person)
    finish(browser)
    service.clock.turn(days=31)
    browser = service.browser(person)
    assert text_of(browser).count("Answer now") == 2
    assert browser.start("recall:30")


@pytest.mark.parametrize("test", ["recall:8", "recall:", "recall:7x", "recall:07"])
def test_there_is_no_other_recall(service: Service, test: str) -> None:
    browser = service.browser(service.person())
    finish(browser)
    service.clock.turn(days=40)
    assert service.browser(service.person(given_name="Ben")).get(f"/tests/{test}").status_code == 404


def test_one_learners_days_and_questions_are_no_other_ones(service: Service) -> None:
    person, other = service.person(), service.person(given_name="Ben")
    browser = service.browser(person)
    finish(browser)
    service.clock.turn(days=8)
    address = service.browser(person).start("recall:7")
    stranger = service.browser(other)
    assert "counted from the final test" in text_of(stranger)
    assert stranger.get(address).status_code == 404
    assert stranger.get("/tests/recall:7").location == "/recall"
    assert service.browser(service.person("coordinator")).get("/recall").status_code == 404


def test_the_calendar_has_both_days_and_no_question(service: Service) -> None:
    browser = service.browser(service.person())
    finish(browser)
    answer = browser.get("/recall.ics")
    assert answer.status_code == 200 and answer.mimetype == "text/calendar" and "recall.ics" in answer.headers["Content-Disposition"]
    calendar = Calendar.from_ical(answer.get_data())
    events = list(calendar.walk("VEVENT"))
    assert [event["DTSTART"].dt.isoformat() for event in events] == ["2026-03-09", "2026-04-01"]
    assert {str(event["URL"]) for event in events} == {f"{service.settings.base_url}/recall"}
    text = answer.get_data(as_text=True).replace("\r\n ", "")
    for item in library_of().course.single_items:
        assert item.question.stem.plain not in text


def test_an_item_of_a_case_brings_its_case_along() -> None:
    course = library_of().course
    sheet = recall_sheet(course, "r", "R", ["q-basics-08", "q-basics-09", "q-basics-01"])
    assert [(group.case_id, [asked.number for asked in group.asked]) for group in sheet.groups] == [("case-basics", [1, 2]), ("", [3])]
    assert sheet.groups[0].case is not None and sheet.groups[1].case is None
