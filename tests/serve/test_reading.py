"""The HTML edition: what a unit shows, where a reader is, and notes that nobody else sees and nothing overwrites."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from coursewright.plan.uses import plan_uses
from coursewright.serve.learning.reading import short_alt
from coursewright.serve.learning.writing import LONGEST
from coursewright.serve.store.tables import LogEntry, Place, Writing

from .ground import Browser, Service, library_of, make_service

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def page_of(browser: Browser, address: str = "/read/basics") -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def bases(text: str) -> dict[str, str]:
    """The hidden fields of a page by which it says what it shows."""
    return dict(re.findall(r'name="(base(?:-[^"]+)?)" value="([^"]+)"', text))


def kept(service: Service, person: str, kind: str = "reflection:ref-habit") -> Any:
    with service.database.reading() as reading:
        row = reading.get(Writing, (person, kind))
        return row and row.content


def test_a_unit_shows_all_its_parts_and_no_key_of_its_check(service: Service) -> None:
    text = page_of(service.browser(service.person()))
    for part in ("List the moments at which hands are cleaned", "Key points", "Evolving topic.", "/tests/check:basics", "Figure 1.2", "Table 1.1", "Best choice.", "/read/closing", "/read/orientation"):
        assert part in text, part
    check = library_of().chapters["basics"].check
    for asked in check.asked:
        assert str(asked.question.stem.plain) not in text
    assert "style=" not in text
    assert "<script>alert" not in text


def test_terms_and_citations_lead_to_pages_that_lead_back(service: Service) -> None:
    browser = service.browser(service.person())
    text = page_of(browser)
    assert re.search(r'class="term" aria-describedby="def-hand-rub" data-about="def-hand-rub"[^>]* href="/glossary#term-hand-rub"', text)
    assert '<dd id="def-hand-rub">' in text
    assert 'href="/references#ref-example-2024"' in text
    glossary, references = page_of(browser, "/glossary"), page_of(browser, "/references")
    assert 'id="term-hand-rub"' in glossary and 'href="/read/basics#sec-moments"' in glossary and 'href="/read/orientation#sec-why-hands"' in glossary
    assert 'id="ref-example-2024"' in references and 'href="/read/basics#sec-moments"' in references
    assert "replace this entry" in references  # what could not be verified is named


def test_uses_are_found_in_reading_order() -> None:
    uses = plan_uses(library_of().course)
    assert uses.of_term == {"hand-rub": ("why-hands", "moments")}
    assert uses.of_reference == {"example-2024": ("moments",)}


def test_every_anchor_that_pages_link_to_is_there(service: Service) -> None:
    browser = service.browser(service.person())
    pages = {address: page_of(browser, address) for address in ("/read/orientation", "/read/basics", "/read/closing", "/glossary", "/references")}
    links = [(page, *link.partition("#")[::2]) for page, text in pages.items() for link in re.findall(r'href="([^"]*#[^"]+)"', text)]
    assert len(links) > 10
    for page, address, anchor in links:
        assert f'id="{anchor}"' in pages[address or page], (page, address, anchor)
    for page, text in pages.items():
        ids = re.findall(r' id="([^"]+)"', text)
        assert len(ids) == len(set(ids)), page
        for named in re.findall(r'aria-(?:labelledby|describedby|details)="([^"]+)"', text):
            assert set(named.split()) <= set(ids), (page, named)


def test_a_learner_reads_what_must_be_said_first(service: Service) -> None:
    answer = service.browser(service.person(started=False)).get("/read/basics")
    assert (answer.status_code, answer.location) == (303, "/course/about")


def test_staff_reads_without_fields_and_keeps_no_place(service: Service) -> None:
    browser = service.browser(service.person("coordinator"))
    text = page_of(browser)
    assert "<textarea" not in text and "I have finished" not in text and "/tests/" not in text
    assert browser.post("/read/basics/place", section="moments").status_code == 404
    assert browser.post("/read/basics/notes").status_code == 404


def test_unknown_units_and_sections_of_other_units_are_not_found(service: Service) -> None:
    browser = service.browser(service.person())
    assert browser.get("/read/nothing").status_code == 404
    page_of(browser)
    assert browser.post("/read/nothing/place", section="moments").status_code == 404
    assert browser.post("/read/basics/place", section="why-hands").status_code == 404
    assert browser.post("/read/basics/place").status_code == 400


def test_the_place_is_kept_without_a_script_and_offered_on_return(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    assert "Go on at" not in page_of(browser)
    answer = browser.post("/read/basics/place", section="moments")
    assert answer.location == "/read/basics#sec-steps"  # the next section
    service.clock.turn(hours=1)
    page_of(browser)
    browser.post("/read/basics/place", section="steps")
    page_of(browser)
    browser.post("/read/basics/place", section="moments")
    again = page_of(service.browser(person))  # another device
    assert re.search(r'href="#sec-moments">Go on at <span lang="en-US">1.1 Moments', again)
    with service.database.reading() as reading:
        place = reading.get(Place, (person, "basics"))
        assert place is not None
        assert place.reached == {"moments": "2026-03-02T09:00:00.000Z", "steps": "2026-03-02T10:00:00.000Z"}  # first moments stay
        assert place.finished_at is None


def test_finishing_a_unit_is_kept_once_with_its_first_moment(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    page_of(browser)
    assert browser.post("/read/basics/place", finished="1").location == "/read/basics#end"
    service.clock.turn(hours=1)
    page_of(browser)
    browser.post("/read/basics/place", finished="1")
    assert "You have finished this" in page_of(browser)
    with service.database.reading() as reading:
        place = reading.get(Place, (person, "basics"))
        assert place is not None and place.finished_at is not None and place.finished_at.hour == 9
        entries = reading.execute(select(LogEntry.after).where(LogEntry.action == "unit finished", LogEntry.actor == person)).scalars().all()
    assert entries == [{"unit": "basics"}]


def test_a_note_is_kept_for_its_writer_alone(service: Service) -> None:
    person, other = service.person(), service.person(given_name="Ben")
    browser = service.browser(person)
    sent = bases(page_of(browser))
    answer = browser.post("/read/basics/notes", {**sent, "note-ref-habit": "In the hall, <b>always</b>\r\nat noon", "note-chk-shift": ["2"], "note-vig-hurry-1": "2", "then": "ref-habit"})
    assert answer.location == "/read/basics#ref-habit"
    text = page_of(browser)
    assert "In the hall, &lt;b&gt;always&lt;/b&gt;\nat noon</textarea>" in text
    assert re.search(r'name="note-chk-shift" value="2" checked', text) and not re.search(r'name="note-chk-shift" value="1" checked', text)
    assert re.search(r'name="note-vig-hurry-1" value="2" checked', text)
    for reader in (service.browser(other), service.browser(service.person("coordinator"))):
        assert "In the hall" not in page_of(reader)


def test_buttons_of_the_page_take_its_unsaved_notes_along(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    sent = bases(page_of(browser))
    browser.post("/read/basics/place", {**sent, "note-ref-habit": "Not yet saved", "section": "steps"})
    assert kept(service, person) == {"text": "Not yet saved"}


@pytest.mark.parametrize(("text", "words", "shown"), [("x" * (LONGEST + 1), "longer than can be kept", "x" * (LONGEST + 1)), ("one\x00 two\x1b", "characters that cannot be kept", "one two")], ids=["long", "control"])
def test_a_note_that_cannot_be_kept_is_refused_and_nothing_is_lost(service: Service, text: str, words: str, shown: str) -> None:
    person = service.person()
    browser = service.browser(person)
    sent = bases(page_of(browser))
    answer = browser.post("/read/basics/notes", {**sent, "note-ref-habit": text, "note-chk-shift": ["1"]})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and words in page and f"{shown}</textarea>" in page
    assert kept(service, person) is None
    assert kept(service, person, "checklist:chk-shift") == {"ticked": [1]}  # the rest is kept all the same
    asked = browser.post("/read/basics/notes", {**sent, "note-ref-habit": text}, json=True)
    assert asked.status_code == 422 and words in asked.get_json()["problems"]["note-ref-habit"]


def test_entries_that_a_page_does_not_have_are_refused(service: Service) -> None:
    browser = service.browser(service.person())
    sent = bases(page_of(browser))
    for field, value in (("note-chk-shift", "3"), ("note-chk-shift", "-1"), ("note-chk-shift", "²"), ("note-vig-hurry-1", "9"), ("note-ref-habit", ["a", "b"])):
        assert browser.post("/read/basics/notes", {**sent, field: value}).status_code == 400, (field, value)


def test_a_note_changed_elsewhere_is_not_overwritten_unseen(service: Service) -> None:
    person = service.person()
    here, there = service.browser(person), service.browser(person)
    sent = bases(page_of(here))
    page_of(there)
    there.post("/read/basics/notes", {**sent, "note-ref-habit": "Written there"}, json=True)
    here.post("/read/basics/notes", {**sent, "note-ref-habit": ""}, json=True)  # left as it was: takes nothing away
    assert kept(service, person) == {"text": "Written there"}
    answer = here.post("/read/basics/notes", {**sent, "note-ref-habit": "Written here"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "Written there" in page and "Written here</textarea>" in page
    assert kept(service, person) == {"text": "Written there"}
    assert here.post("/read/basics/notes", {**bases(page), "note-ref-habit": "Written here"}).status_code == 303
    assert kept(service, person) == {"text": "Written here"}


def test_a_script_is_told_what_was_saved_and_what_to_send_next(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    sent = bases(page_of(browser))
    for text in ("One", "One two", ""):
        answer = browser.post("/read/basics/notes", {**sent, "note-ref-habit": text}, json=True)
        assert answer.status_code == 200
        assert answer.get_json()["saved_at"] == "2026-03-02T09:00:00.000Z"
        sent = {**sent, **answer.get_json()["bases"]}
        assert kept(service, person) == {"text": text}


def test_places_and_notes_are_kept_on_both_databases(database_url: str, tmp_path: Path) -> None:
    service = make_service(tmp_path, database_url)
    person = service.person()
    browser = service.browser(person)
    sent = bases(page_of(browser))
    ends = []

    def save(n: int) -> None:
        mine = Browser(service.app.test_client(), browser.token)
        for cookie in ("session",):
            found = browser.client.get_cookie(cookie)
            assert found is not None
            mine.client.set_cookie(cookie, found.value)
        ends.append(mine.post("/read/basics/place", {**sent, "section": "steps", "note-ref-habit": f"Text {n}"}, json=True).status_code)

    threads = [threading.Thread(target=save, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == [200] * 4
    assert kept(service, person)["text"].startswith("Text ")
    service.database.close()


def test_a_long_description_is_short_as_a_name_and_whole_below() -> None:
    assert short_alt("A ring of three steps.") == "A ring of three steps."
    assert short_alt("A forest plot. " + "One trial after another. " * 20) == "A forest plot."
    assert short_alt("word " * 60).endswith(" …") and len(short_alt("word " * 60)) < 170


@pytest.fixture
def phone(service: Service) -> Iterator[tuple[Service, str, Any]]:
    """A learner's phone on a service that answers on loopback."""
    from playwright.sync_api import sync_playwright

    server = make_server("127.0.0.1", 0, service.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    person = service.person()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text) if message.type == "error" and "ERR_INTERNET_DISCONNECTED" not in message.text else None)
        page.goto(f"http://127.0.0.1:{server.port}/s/{service.code(person)}")
        page.click("main button")
        page.wait_for_url("**/course")
        yield service, person, page
        assert said == []
        browser.close()
    server.shutdown()
    thread.join()


in_a_browser = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"), pytest.mark.xdist_group("browser")]


class TestOnAPhone:
    """The same with the page's script."""

    pytestmark = in_a_browser

    def test_scrolling_keeps_the_place_and_merely_opening_does_not(self, phone: tuple[Service, str, Any]) -> None:
        service, person, page = phone
        page.goto(page.url.replace("/course", "/read/basics"))
        page.wait_for_timeout(1800)
        with service.database.reading() as reading:
            assert reading.get(Place, (person, "basics")) is None
        with page.expect_response("**/place") as answered:
            page.locator("#sec-more").scroll_into_view_if_needed()
            page.evaluate("document.querySelector('#sec-more').scrollIntoView()")
        assert answered.value.status == 200
        assert page.locator(".contents [aria-current]").get_attribute("href") == "#sec-more"
        page.reload()
        assert page.locator(".go-on").inner_text() == "Go on at 1.3 More & <more>"

    def test_a_note_is_saved_while_it_is_written_and_survives_a_dead_network(self, phone: tuple[Service, str, Any]) -> None:
        service, person, page = phone
        page.goto(page.url.replace("/course", "/read/basics"))
        field, state = page.locator("[name=note-ref-habit]"), page.locator("[data-state=ref-habit]")
        with page.expect_response("**/notes"):
            field.fill("At the door")
        state.filter(has_text="Saved ").wait_for()
        assert kept(service, person) == {"text": "At the door"}
        page.context.set_offline(True)
        field.fill("At the door, and in the hall")
        state.filter(has_text="no connection").wait_for()
        page.context.set_offline(False)
        state.filter(has_text="Saved ").wait_for()
        assert kept(service, person) == {"text": "At the door, and in the hall"}
        page.context.set_offline(True)
        field.fill("Written offline")
        state.filter(has_text="no connection").wait_for()
        address = page.url
        page.close(run_before_unload=False)
        again = page.context.new_page()
        page.context.set_offline(False)
        with again.expect_response("**/notes"):
            again.goto(address)
        again.locator("[data-state=ref-habit]").filter(has_text="Saved ").wait_for()
        assert kept(service, person) == {"text": "Written offline"}
        assert again.evaluate("Object.keys(localStorage).length") == 0

    def test_a_term_is_explained_at_the_focus_and_escape_sends_it_away(self, phone: tuple[Service, str, Any]) -> None:
        _, _, page = phone
        page.goto(page.url.replace("/course", "/read/basics"))
        page.locator("a.term").first.focus()
        card = page.locator(".card")
        assert card.inner_text() == "A preparation that is rubbed on dry hands and needs no water."
        box = card.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360
        page.keyboard.press("Escape")
        assert card.is_hidden()
