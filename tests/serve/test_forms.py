"""The evaluation, the commitment to change and its follow-ups: drafts at each save, final once submitted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from coursewright.serve.learning.writing import LONGEST
from coursewright.serve.store.tables import CertificateRow, LogEntry, ResultRow, Writing

from .ground import Browser, Service, make_service

GRADES = {"objectives-lo-1-1": "4", "objectives-lo-1-2": "5", **{f"activity-{name}": "3" for name in ("current", "relevant", "format", "fair", "accessible")}}


def open_form(browser: Browser, address: str) -> tuple[str, str]:
    """A form's page, and the digest of what it shows."""
    answer = browser.get(address)
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    found = re.search(r'name="base" value="([^"]+)"', text)
    return text, found[1] if found else ""


def send(browser: Browser, address: str, **fields: Any) -> Any:
    """Open a form and send it."""
    _, base = open_form(browser, address)
    return browser.post(address, {"base": base, **fields})


def kept(service: Service, person: str, kind: str) -> Writing | None:
    with service.database.reading() as reading:
        return reading.get(Writing, (person, kind))


def logged(service: Service, person: str) -> list[tuple[str, Any]]:
    with service.database.reading() as reading:
        return [(row.action, row.after) for row in reading.execute(select(LogEntry).where(LogEntry.subject == f"person:{person}", LogEntry.action.like("%submitted"))).scalars()]


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A service, on one database and then on the other."""
    if request.param == "sqlite":
        made = make_service(tmp_path)
        yield made
        made.database.close()
        return
    with request.getfixturevalue("postgres").database() as url:
        made = make_service(tmp_path, url)
        yield made
        made.database.close()


def test_an_evaluation_is_a_draft_until_it_is_submitted_and_final_after_that(both: Service) -> None:
    person = both.person()
    browser = both.browser(person)
    answer = send(browser, "/evaluation", **{"objectives-lo-1-1": "4", "change": "A poster ☤ at each door", "then": "save"})
    assert answer.status_code == 303
    text, base = open_form(browser, "/evaluation")
    assert "A poster ☤ at each door</textarea>" in text and re.search(r'name="objectives-lo-1-1" value="4" checked', text)
    answer = browser.post("/evaluation", {**GRADES, "base": base, "bias": "yes", "minutes": "45", "change": "A poster ☤ at each door", "barriers": ["time", "none"], "then": "submit"})
    assert answer.status_code == 303
    page = browser.get("/evaluation").get_data(as_text=True)
    assert "<textarea" not in page and "A poster ☤ at each door" in page and "45 minutes" in page and "time, none" in page
    again = browser.post("/evaluation", {"base": base, "change": "Other", "then": "submit"})
    assert again.status_code == 303 and "submitted already" in browser.follow(again).get_data(as_text=True)
    row = kept(both, person, "evaluation")
    assert row is not None and row.content["change"] == "A poster ☤ at each door" and row.submitted_at == both.clock()
    assert logged(both, person) == [("evaluation submitted", None)]  # that it was, not what it says


def test_what_is_missing_is_named_and_what_is_there_is_kept(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    answer = send(browser, "/evaluation", **{**GRADES, "objectives-lo-1-2": "", "improve": "More cases", "then": "submit"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "2 entries need another look" in page
    assert 'id="fault-objectives-lo-1-2"' in page and 'id="fault-bias"' in page and 'href="#field-objectives-lo-1-2"' in page
    row = kept(service, person, "evaluation")
    assert row is not None and row.submitted_at is None and row.content["improve"] == "More cases"
    assert logged(service, person) == []


@pytest.mark.parametrize(("field", "value", "words", "shown"), [("improve", "x" * (LONGEST + 1), "longer than can be kept", "x" * (LONGEST + 1)), ("improve", "a\x00b\x07", "characters that cannot be kept", "ab"), ("minutes", "an hour", "whole number", 'value="an hour"')], ids=["long", "control", "number"])
def test_what_cannot_be_kept_is_refused_with_its_reason_and_still_stands_in_the_field(service: Service, field: str, value: str, words: str, shown: str) -> None:
    person = service.person()
    browser = service.browser(person)
    send(browser, "/evaluation", improve="Earlier", minutes="5", then="save")
    answer = send(browser, "/evaluation", **{**GRADES, "bias": "no", "improve": "Earlier", "minutes": "5", field: value, "bias_where": "In the figure", "then": "submit"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and words in page and shown in page
    row = kept(service, person, "evaluation")
    assert row is not None and row.submitted_at is None
    assert (row.content["improve"], row.content["minutes"], row.content["bias_where"]) == ("Earlier", 5, "In the figure")


@pytest.mark.parametrize("fields", [{"objectives-lo-1-1": "6"}, {"activity-fair": "²"}, {"bias": "perhaps"}, {"barriers": "weather"}, {"improve": ["a", "b"]}], ids=str)
def test_choices_that_the_form_does_not_have_are_refused(service: Service, fields: dict[str, Any]) -> None:
    person = service.person()
    assert send(service.browser(person), "/evaluation", **fields).status_code == 400
    assert kept(service, person, "evaluation") is None


def test_a_draft_changed_elsewhere_is_not_overwritten_unseen(service: Service) -> None:
    person = service.person()
    here, there = service.browser(person), service.browser(person)
    _, base = open_form(here, "/evaluation")
    send(there, "/evaluation", improve="There", then="save")
    asked = here.post("/evaluation", {"base": base, "improve": "Here", "then": "save"}, json=True)
    assert asked.status_code == 422 and "changed in another tab" in asked.get_json()["problems"][""] and asked.get_json()["bases"] == {}
    answer = here.post("/evaluation", {"base": base, "improve": "Here", "then": "save"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "Here</textarea>" in page
    found = re.search(r'name="base" value="([^"]+)"', page)
    assert found and here.post("/evaluation", {"base": found[1], "improve": "Here", "then": "save"}).status_code == 303
    row = kept(service, person, "evaluation")
    assert row is not None and row.content["improve"] == "Here"


def test_a_script_saves_drafts_one_after_another(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    _, base = open_form(browser, "/evaluation")
    for text in ("One", "One two", ""):
        answer = browser.post("/evaluation", {"base": base, "improve": text}, json=True)
        assert answer.status_code == 200 and answer.get_json()["problems"] == {}
        base = answer.get_json()["bases"]["base"]
        row = kept(service, person, "evaluation")
        assert row is not None and row.content["improve"] == text and row.submitted_at is None


def test_forms_belong_to_who_writes_them(service: Service) -> None:
    send(service.browser(service.person()), "/evaluation", improve="Mine alone", then="save")
    other = service.browser(service.person(given_name="Ben"))
    assert "Mine alone" not in open_form(other, "/evaluation")[0]
    staff = service.browser(service.person("coordinator"))
    for address in ("/evaluation", "/commitment", "/commitment/day-30"):
        assert staff.get(address).status_code == 404
        assert staff.post(address, improve="x").status_code == 404


def commit(service: Service, browser: Browser) -> None:
    answer = send(browser, "/commitment", **{"what-1": "Hang a poster", "when-1": "from Monday", "barrier-1": "no tape", "sure-1": "4", "then": "submit"})
    assert answer.status_code == 303


def test_a_commitment_needs_one_change_and_no_loose_ends(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    text, _ = open_form(browser, "/commitment")
    assert text.count("In my practice I will") == 2  # as many as the course asks for
    assert send(browser, "/commitment", then="submit").status_code == 422
    answer = send(browser, "/commitment", **{"what-1": "Hang a poster", "when-2": "soon", "then": "submit"})
    assert answer.status_code == 422 and 'id="fault-what-2"' in answer.get_data(as_text=True)
    answer = send(browser, "/commitment", **{"what-1": "Hang a poster", "when-1": "two\nlines"})
    assert answer.status_code == 422 and "characters that cannot be kept" in answer.get_data(as_text=True)
    commit(service, browser)
    page = browser.get("/commitment").get_data(as_text=True)
    assert "Hang a poster" in page and "<textarea" not in page
    assert logged(service, person) == [("commitment submitted", None)]


def test_follow_ups_open_after_30_and_60_days_and_show_what_was_committed(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    assert browser.get("/commitment/day-30").status_code == 404  # nothing was committed
    commit(service, browser)
    assert "April 1, 2026" in browser.get("/commitment").get_data(as_text=True)
    service.clock.turn(days=29, hours=23)
    browser = service.browser(person)
    assert browser.get("/commitment/day-30").location == "/commitment"
    assert "not open yet" in browser.follow(browser.post("/commitment/day-30", {"outcome-1": "done", "then": "submit"})).get_data(as_text=True)
    assert kept(service, person, "day-30") is None
    service.clock.turn(hours=1)
    text, _ = open_form(browser, "/commitment/day-30")
    assert "Hang a poster" in text and 'name="outcome-2"' not in text
    assert browser.get("/commitment/day-60").location == "/commitment"
    assert send(browser, "/commitment/day-30", **{"why-1": "Tape came late", "then": "submit"}).status_code == 422  # no outcome
    assert send(browser, "/commitment/day-30", **{"why-1": "Tape came late", "outcome-1": "part", "then": "submit"}).status_code == 303
    page = browser.get("/commitment/day-30").get_data(as_text=True)
    assert "in part" in page and "Tape came late" in page and "<textarea" not in page
    service.clock.turn(days=30)
    assert open_form(service.browser(person), "/commitment/day-60")[0].count("Hang a poster") == 1
    assert browser.get("/commitment/day-90").status_code in (303, 404)
    assert logged(service, person) == [("commitment submitted", None), ("follow-up submitted", {"form": "day-30"})]


def test_the_certificate_is_issued_when_the_evaluation_was_the_last_step(service: Service) -> None:
    person = service.person(given_name="Ana", family_name="Ray")
    browser = service.browser(person)
    address = browser.start("posttest")
    browser.get(f"{address}/submit")
    browser.post(f"{address}/submit")
    service.database.write(lambda s: s.execute(update(ResultRow).values(passed=True, earned=ResultRow.possible)))

    def certificates() -> int:
        with service.database.reading() as reading:
            return len(reading.execute(select(CertificateRow.serial).where(CertificateRow.person_id == person)).all())

    send(browser, "/evaluation", **{**GRADES, "bias": "yes", "then": "save"})
    assert certificates() == 0
    send(browser, "/evaluation", **{**GRADES, "bias": "yes", "then": "submit"})
    assert certificates() == 1
