"""Evaluations, commitments and notes whose network, session or tab fails while they are written: no word is lost, none is called another's."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from coursewright.serve.store.tables import Writing

from .browsing import MARKS, Learner, Site, copies, sign_in

pytestmark = MARKS
EVALUATION = ("/evaluation", "evaluation", "change", "")
NOTE = ("/read/basics", "reflection:ref-habit", "text", "ref-habit")
WAITING = "Not saved yet: no connection."


class Written:
    """A text on a page: its field, what is said of it, and what the server keeps."""

    def __init__(self, learner: Learner, page: Page, of: tuple[str, str, str, str] = EVALUATION) -> None:
        self.address, self.kind, self.part, self.id = of
        self.learner, self.page = learner, page
        page.goto(self.address)

    @property
    def field(self) -> Locator:
        return self.page.locator(f'[name="note-{self.id}"]' if self.id else f'[name="{self.part}"]')

    @property
    def state(self) -> Locator:
        return self.page.locator(f'[data-state="{self.id}"]')

    @property
    def kept(self) -> Any:
        with self.learner.site.service.database.reading() as reading:
            row = reading.get(Writing, (self.learner.id, self.kind))
            return row and row.content[self.part]

    def saved(self, text: str) -> None:
        expect(self.state).to_have_text(re.compile(r"^Saved \d"))
        assert self.kept == text
        assert copies(self.page) == []

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).first.click(no_wait_after=True)


both = pytest.mark.parametrize("of", [EVALUATION, NOTE], ids=["evaluation", "note"])


@both
def test_what_was_written_without_a_network_is_there_again_after_save_was_pressed_and_is_saved(site: Site, of: tuple[str, str, str, str]) -> None:
    learner = site.learner()
    written = Written(learner, learner.page, of)
    site.proxy.cut()
    written.field.fill("Ten minutes of thought")
    expect(written.state).to_contain_text(WAITING)
    with learner.page.expect_event("requestfailed", lambda request: request.is_navigation_request()):
        written.press("Save" if written.id else "Save as a draft")
    site.proxy.restore()
    again = Written(learner, learner.context.new_page(), of)
    expect(again.field).to_have_value("Ten minutes of thought")
    again.saved("Ten minutes of thought")


@pytest.mark.parametrize("button", ["Save as a draft", "Submit the commitment"])
def test_a_page_that_shows_what_was_sent_leaves_no_copy_of_it(site: Site, button: str) -> None:
    learner = site.learner()
    learner.page.goto("/commitment")
    learner.page.locator("[name=what-1]").fill("I will wash my hands")
    assert len(copies(learner.page)) == 1
    learner.page.get_by_role("button", name=button).click()
    expect(learner.page.get_by_text("Your draft is saved." if "draft" in button else "Your commitment is submitted.")).to_be_visible()
    learner.page.wait_for_load_state()
    expect(learner.page.get_by_text("I will wash my hands")).to_be_visible()
    assert copies(learner.page) == []


@both
def test_a_save_whose_reply_was_lost_is_no_change_in_another_tab(site: Site, of: tuple[str, str, str, str]) -> None:
    learner = site.learner()
    written = Written(learner, learner.page, of)
    site.proxy.drop_responses(9, only=f"POST {written.address}")
    written.field.fill("I will measure")
    expect(written.state).to_contain_text(WAITING)
    assert written.kept == "I will measure"
    written.field.fill("I will measure twice")
    site.proxy.drop_responses(0)
    written.saved("I will measure twice")


@both
def test_nor_is_it_when_the_page_is_opened_again(site: Site, of: tuple[str, str, str, str]) -> None:
    learner = site.learner()
    written = Written(learner, learner.page, of)
    site.proxy.drop_responses(9, only=f"POST {written.address}")
    written.field.fill("I will measure")
    expect(written.state).to_contain_text(WAITING)
    site.proxy.cut()
    written.field.fill("I will measure twice")
    learner.page.close(run_before_unload=False)
    site.proxy.drop_responses(0)
    site.proxy.restore()
    again = Written(learner, learner.context.new_page(), of)
    expect(again.field).to_have_value("I will measure twice")
    again.saved("I will measure twice")


def test_nor_is_it_when_a_button_is_pressed(site: Site) -> None:
    learner = site.learner()
    written = Written(learner, learner.page)
    site.proxy.drop_responses(9, only="POST /evaluation")
    written.field.fill("I will measure")
    expect(written.state).to_contain_text(WAITING)
    written.field.fill("I will measure twice")
    site.proxy.drop_responses(0)
    written.press("Save as a draft")
    expect(learner.page.get_by_text("Your draft is saved.")).to_be_visible()
    assert written.kept == "I will measure twice"


@both
def test_what_was_changed_on_another_device_is_not_overwritten_unseen(site: Site, of: tuple[str, str, str, str]) -> None:
    learner = site.learner()
    here, there = Written(learner, learner.page, of), Written(learner, learner.on(site.device()), of)
    there.field.fill("There")
    there.saved("There")
    here.field.fill("Here")
    expect(here.state).to_contain_text("changed in another tab or on another device")
    here.press("Save" if here.id else "Save as a draft")
    expect(here.page.locator(".problem, .problems")).to_contain_text("changed in another tab or on another device")
    assert here.kept == "There"
    expect(here.field).to_have_value("Here")
    here.press("Save" if here.id else "Save as a draft")
    expect(here.page.get_by_text("Your notes are saved." if here.id else "Your draft is saved.")).to_be_visible()
    assert here.kept == "Here"


def test_a_request_that_is_never_answered_does_not_end_saving(site: Site) -> None:
    learner = site.learner()
    learner.page.clock.install()
    written = Written(learner, learner.page)
    hung: list[Route] = []
    learner.page.route("**/evaluation", lambda route: route.continue_() if hung else hung.append(route))
    written.field.fill("Words")
    expect(written.state).to_contain_text("Saving")
    learner.page.clock.fast_forward(15_000)
    expect(written.state).to_contain_text(WAITING)
    learner.page.clock.fast_forward(5_000)
    written.saved("Words")


def test_a_token_gone_stale_is_renewed_unseen(site: Site) -> None:
    learner = site.learner()
    written = Written(learner, learner.page)
    sign_in(learner.context.new_page(), site.service.code(learner.id))
    written.field.fill("Words")
    written.saved("Words")


@pytest.mark.parametrize("event", ["focus", "online", "visibilitychange"])
def test_signed_out_in_another_tab_nothing_stays_in_the_browser_and_after_signing_in_again_it_is_saved(site: Site, event: str) -> None:
    learner = site.learner()
    written = Written(learner, learner.page)
    site.proxy.cut()
    written.field.fill("Private")
    expect(written.state).to_contain_text(WAITING)
    site.proxy.restore()
    other = learner.context.new_page()
    learner.page.route("**/evaluation", lambda route: route.abort())  # until then nothing goes out
    other.goto("/course")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_text("You are signed out.")).to_be_visible()
    learner.page.unroute("**/evaluation")
    written.field.fill("Private words")
    with learner.context.expect_page() as opened:
        written.state.get_by_role("link").click()
    expect(opened.value.get_by_role("button", name="Sign in")).to_be_visible()
    assert copies(learner.page) == [] and written.kept is None
    sign_in(opened.value, site.service.code(learner.id))
    assert written.kept is None
    learner.page.evaluate(f"{'document' if event == 'visibilitychange' else 'window'}.dispatchEvent(new Event('{event}'))")
    written.saved("Private words")


def test_a_session_that_ended_keeps_the_words_in_the_browser_and_says_so(site: Site) -> None:
    learner = site.learner()
    written = Written(learner, learner.page)
    learner.context.clear_cookies()
    written.field.fill("Words")
    expect(written.state.get_by_role("link", name="You are signed out.")).to_be_visible()
    assert len(copies(learner.page)) == 1
    written.press("Save as a draft")
    expect(written.field).to_have_value("Words")  # and no page of an error in its place


def test_a_page_left_open_sends_nothing_while_somebody_else_is_signed_in(site: Site) -> None:
    first = site.learner()
    written = Written(first, first.page)
    second = Learner(site, site.service.person(cohort=site.service.cohort("Other")))
    theirs = Written(second, second.on(first.context))
    written.field.fill("Private")
    expect(written.state).to_contain_text("You are signed out")
    assert written.kept is None and theirs.kept is None
    expect(theirs.field).to_have_value("")
