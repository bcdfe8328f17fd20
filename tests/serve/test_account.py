"""One's own account: what is kept, where one is signed in, a new password, and the wish to be deleted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from coursewright.serve.store.tables import LogEntry, Person, Writing

from .ground import PASSWORD, Browser, Service


def staff_of(service: Service, role: str = "coordinator", username: str = "mina") -> tuple[str, Browser]:
    person = service.person(role, username=username)
    return person, enter(service, PASSWORD, username)


def enter(service: Service, password: str, username: str = "mina", status: int = 303) -> Browser:
    browser = service.browser()
    browser.get("/staff")
    assert browser.post("/staff", username=username, password=password).status_code == status
    return browser


def signed_in(browser: Browser) -> bool:
    return browser.get("/account").status_code == 200


def logged(service: Service, action: str) -> list[LogEntry]:
    with service.database.reading() as reading:
        return list(reading.execute(select(LogEntry).where(LogEntry.action == action)).scalars())


def test_the_page_shows_the_name_for_the_certificate_and_extra_time(service: Service) -> None:
    text = service.browser(service.person(given_name="Zoë", family_name="O’Neil", extra_percent=25, extra_minutes=10)).get("/account").get_data(as_text=True)
    assert "Zoë O’Neil" in text and "25 percent more" in text and "10 minutes more" in text
    assert "Old password" not in text


def test_signing_out_everywhere_ends_all_sessions_of_this_person_alone(service: Service) -> None:
    person = service.person()
    here, there, other = service.browser(person), service.browser(person), service.browser(service.person(given_name="Ben"))
    page = here.get("/account").get_data(as_text=True)
    assert page.count("last seen") == 2 and page.count("(this browser)") == 1
    assert here.post("/account/sign-out-everywhere").status_code == 303
    assert not signed_in(here) and not signed_in(there) and signed_in(other)
    assert [entry.actor for entry in logged(service, "signed out everywhere")] == [person]


def fill(service: Service, person: str) -> Browser:
    """A learner who has read, answered and written."""
    browser = service.browser(person)
    sent = dict(re.findall(r'name="(base-[^"]+)" value="([^"]+)"', browser.get("/read/basics").get_data(as_text=True)))
    browser.post("/read/basics/place", {**sent, "section": "steps", "note-ref-habit": "My own words"})
    address = browser.start("posttest")
    text = browser.get(address).get_data(as_text=True)
    radio = re.search(r'type="radio" name="(i\d+)" value="([^"]+)"', text)
    assert radio is not None
    browser.post(f"{address}/save", {f"{radio[1]}-base": "0", radio[1]: radio[2]})
    browser.get(f"{address}/submit")
    browser.post(f"{address}/submit")
    return browser


def test_the_download_has_everything_of_this_person_and_no_key_password_or_hash(service: Service) -> None:
    person, other = service.person(cohort=service.cohort(), email="ana@example.org"), service.person(given_name="Ben", email="ben@example.org")
    fill(service, other)
    browser = fill(service, person)
    answer = browser.get("/account/data.json")
    assert answer.status_code == 200 and answer.mimetype == "application/json" and "attachment" in answer.headers["Content-Disposition"]
    data: dict[str, Any] = answer.get_json()
    assert data["person"]["email"] == "ana@example.org" and data["cohorts"][0]["name"] == "Spring"
    assert [attempt["test"] for attempt in data["attempts"]] == ["posttest"] and data["attempts"][0]["result"] is not None
    assert data["attempts"][0]["answers"][0]["response"]
    assert data["reading"][0]["section"] == "steps"
    assert data["writings"] == [{"kind": "reflection:ref-habit", "content": {"text": "My own words"}, "at": "2026-03-02T09:00:00.000Z", "submitted_at": None}]
    assert {entry["action"] for entry in data["log"]} >= {"signed in", "attempt began", "attempt submitted"}
    text = answer.get_data(as_text=True)
    for secret in ("password", "digest", '"key"', "why", "ben@example.org", other, "argon2"):
        assert secret not in text, secret


def test_of_what_staff_did_to_others_the_download_says_only_that(service: Service) -> None:
    person, browser = staff_of(service)
    learner = service.person()
    from coursewright.serve.store import audit

    service.database.write(lambda s: audit.append(s, service.clock(), person, "extra time given", f"person:{learner}", after={"extra_minutes": 30, "reason": "illness"}))
    data = browser.get("/account/data.json").get_json()
    entry = next(entry for entry in data["log"] if entry["action"] == "extra time given")
    assert "after" not in entry and "illness" not in str(data)


def test_a_wish_to_be_deleted_is_recorded_once_and_can_be_taken_back(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    for _ in range(2):
        browser.get("/account")
        assert browser.post("/account/erasure").status_code == 303
    assert "You asked to be deleted" in browser.get("/account").get_data(as_text=True)
    with service.database.reading() as reading:
        assert reading.get(Writing, (person, "erasure-request")) is not None
    assert len(logged(service, "erasure requested")) == 1
    browser.post("/account/erasure", then="take-back")
    with service.database.reading() as reading:
        assert reading.get(Writing, (person, "erasure-request")) is None
    assert len(logged(service, "erasure request taken back")) == 1


@pytest.mark.parametrize("role", ["coordinator", "administrator"])
def test_a_new_password_needs_the_old_one_and_ends_other_sessions(service: Service, role: str) -> None:
    person, browser = staff_of(service, role)
    other = enter(service, PASSWORD)
    browser.get("/account")
    assert browser.post("/account/password", old=PASSWORD, new="seven quiet mountain goats", again="seven quiet mountain goats").status_code == 303
    assert signed_in(browser) and not signed_in(other)
    enter(service, PASSWORD, status=401)
    enter(service, "seven quiet mountain goats")
    entries = logged(service, "password changed")
    assert [(entry.actor, entry.before, entry.after) for entry in entries] == [(person, None, None)]


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("wrong", "seven quiet mountain goats", "seven quiet mountain goats", "old password is not right"),
        (PASSWORD, "short", "short", "at least 12 characters"),
        (PASSWORD, "mina mina mina mina", "mina mina mina mina", "easily guessed"),
        (PASSWORD, "seven quiet mountain goats", "seven quiet mountain goat", "not the same"),
        (PASSWORD, "x1y2z" * 60, "x1y2z" * 60, "at most 200 characters"),
    ],
    ids=["wrong", "short", "guessable", "different", "long"],
)
def test_a_password_that_will_not_do_is_refused_with_its_reason(service: Service, old: str, new: str, again: str, words: str) -> None:
    person, browser = staff_of(service)
    browser.get("/account")
    answer = browser.post("/account/password", old=old, new=new, again=again)
    assert answer.status_code == 422 and words in answer.get_data(as_text=True)
    assert new not in answer.get_data(as_text=True)
    with service.database.reading() as reading:
        kept = reading.get(Person, person)
    assert kept is not None
    enter(service, PASSWORD)


def test_guessing_the_old_password_is_slowed_down(service: Service) -> None:
    _, browser = staff_of(service)
    browser.get("/account")
    statuses = [browser.post("/account/password", old=f"guess {n}", new="seven quiet mountain goats", again="seven quiet mountain goats").status_code for n in range(12)]
    assert statuses[0] == 422 and statuses[-1] == 429


def test_strangers_and_learners_change_no_password(service: Service) -> None:
    stranger = service.browser()
    assert stranger.get("/account").status_code == 303
    assert stranger.post("/account/password", old="a", new="b", again="b").status_code == 401
    learner = service.browser(service.person())
    learner.get("/account")
    assert learner.post("/account/password", old="a", new="b", again="b").status_code == 404
    staff = staff_of(service)[1]
    staff.get("/account")
    assert staff.post("/account/erasure").status_code == 404
