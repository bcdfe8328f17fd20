"""A learner whose network, laptop, server or session fails at bad moments: nothing that was shown as saved is lost, nor what was not yet."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy.orm import Session

from coursewright.serve.store.tables import Attempt

from .browsing import MARKS, SAVED, Site, all_saved, copies, item, sign_in

pytestmark = MARKS
WAITING = "Not saved yet: no connection."


def answer(page: Page, choice: str) -> None:
    item(page, "q-basics-01").get_by_label(choice).check()


def come_back(page: Page) -> None:
    """As when the page is looked at again."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_answers_given_without_a_network_are_called_unsaved_and_sent_when_it_is_back(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    answer(page, "Changing")
    all_saved(page)
    site.proxy.cut()
    answer(page, "Cleaning")
    item(page, "q-basics-06").get_by_role("textbox").fill("60")
    expect(page.locator("#saved")).to_contain_text(WAITING)
    expect(page.locator("#saved")).to_have_class("bad")
    assert len(copies(page)) == 2
    page.get_by_role("button", name="Look over and hand in").click()
    expect(page.locator("#stopped")).to_contain_text("Not everything on this page is saved")
    item(page, "q-basics-06").get_by_role("button", name="Check").click()
    expect(item(page, "q-basics-06").locator(".item-state")).to_contain_text("could not be checked")
    site.proxy.restore()
    come_back(page)
    all_saved(page)
    kept = learner.kept()
    assert kept["q-basics-06"] == "60" and len(kept["q-basics-01"]) == 1
    expect(item(page, "q-basics-01").get_by_label("Cleaning")).to_be_checked()
    assert copies(page) == []


def test_without_a_sign_of_the_network_the_page_tries_again_by_itself(site: Site) -> None:
    page = site.learner().begin()
    site.proxy.cut()
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_contain_text(WAITING)
    site.proxy.restore()
    all_saved(page)


def test_an_answer_given_while_the_page_pauses_between_tries_is_sent_at_once(site: Site) -> None:
    page = site.learner().begin()
    site.proxy.cut()
    answer(page, "Cleaning")
    for _ in range(6):  # the pause after so many is 22 seconds at least
        come_back(page)
        page.wait_for_timeout(150)
    site.proxy.restore()
    answer(page, "Writing")
    all_saved(page, timeout=6000)


def test_a_server_that_asks_for_patience_is_given_it_even_when_answers_are_given(site: Site) -> None:
    page = site.learner().begin()
    asked: list[str] = []

    def busy(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=503, headers={"Retry-After": "60"}, body="")

    page.route("**/save?item=*", busy)
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_contain_text(WAITING)
    answer(page, "Writing")
    answer(page, "Changing")
    page.wait_for_timeout(1500)
    assert len(asked) == 1


def test_an_answer_that_was_saved_without_the_browser_knowing_is_no_conflict_when_it_is_changed(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    site.proxy.drop_responses(3, only="POST /attempts")  # Chromium asks again by itself
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_contain_text(WAITING)
    assert len(learner.kept()) == 1
    assert site.proxy.dropped >= 1
    site.proxy.drop_responses(0)
    answer(page, "Writing")
    all_saved(page)
    expect(item(page, "q-basics-01").get_by_label("Writing")).to_be_checked()
    assert page.locator(".choice-of-two").count() == 0
    page.reload()
    expect(item(page, "q-basics-01").get_by_label("Writing")).to_be_checked()


def test_a_laptop_closed_with_unsaved_answers_sends_them_when_the_page_is_opened_again(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    address = page.url
    answer(page, "Cleaning")
    all_saved(page)
    site.proxy.drop_responses(9, only="POST /attempts")
    answer(page, "Changing")
    expect(page.locator("#saved")).to_contain_text(WAITING)
    site.proxy.cut()
    answer(page, "Writing")
    page.close()
    site.proxy.drop_responses(0)
    site.proxy.restore()
    again = learner.context.new_page()
    again.goto(address)
    all_saved(again)
    expect(item(again, "q-basics-01").get_by_label("Writing")).to_be_checked()
    again.reload()
    expect(item(again, "q-basics-01").get_by_label("Writing")).to_be_checked()
    assert copies(again) == []


def end_at(site: Site, attempt: str, **after: float) -> None:
    def work(session: Session) -> None:
        found = session.get(Attempt, attempt)
        assert found is not None
        found.ends_at = site.service.clock() + timedelta(**after)

    site.service.database.write(work)


@pytest.mark.parametrize("minutes", [30, 300])
def test_time_that_was_given_while_the_page_was_open_is_not_taken_away_by_its_clock(site: Site, minutes: int) -> None:
    learner = site.learner()
    page = learner.begin("posttest")
    end_at(site, learner.attempt, seconds=4)
    page.reload()
    expect(page.locator("#time")).to_contain_text("s left")
    end_at(site, learner.attempt, minutes=minutes)
    if minutes > 240:
        expect(page.locator("#time")).to_be_hidden()  # no end is near
    else:
        expect(page.locator("#time")).to_have_text(re.compile(r"(29|30) min left"))
    assert learner.state(learner.attempt) == "open"
    item(page, "q-basics-03").get_by_label("False").check()
    all_saved(page)


def test_an_attempt_that_was_extended_while_the_page_was_offline_at_its_end_goes_on(site: Site) -> None:
    learner = site.learner()
    page = learner.begin("posttest")
    end_at(site, learner.attempt, seconds=4)
    page.reload()
    site.proxy.cut()
    item(page, "q-basics-03").get_by_label("False").check()
    expect(item(page, "q-basics-03").get_by_label("False")).to_be_disabled()
    end_at(site, learner.attempt, minutes=15)
    site.proxy.restore()
    all_saved(page)
    expect(item(page, "q-basics-03").get_by_label("False")).to_be_enabled()
    expect(page.locator("#time")).to_have_text(re.compile(r"1[45] min left"))
    assert learner.state(learner.attempt) == "open" and "q-basics-03" in learner.kept()


def test_the_page_hands_in_by_itself_when_the_time_is_over(site: Site) -> None:
    learner = site.learner()
    page = learner.begin("posttest")
    attempt = learner.attempt
    end_at(site, attempt, seconds=4)
    page.reload()
    item(page, "q-basics-03").get_by_label("False").check()
    all_saved(page)
    expect(page.locator("#time")).to_contain_text("s left")
    site.service.clock.turn(seconds=5)
    page.wait_for_url("**/result")
    assert learner.state(attempt) == "submitted"


def test_typing_on_while_another_device_has_answered_asks_and_mixes_nothing(site: Site) -> None:
    learner = site.learner()
    first = learner.begin()
    box = item(first, "q-basics-06").get_by_role("textbox")
    box.fill("60")
    all_saved(first)
    other = site.device()
    sign_in(other.new_page(), site.service.code(learner.id))
    second = other.pages[0]
    second.goto(first.url)
    box.fill("75")
    all_saved(first)
    theirs = item(second, "q-basics-06").get_by_role("textbox")
    theirs.click()
    theirs.press_sequentially("123")
    choice = second.locator(".choice-of-two")
    expect(choice).to_contain_text("75")
    theirs.press_sequentially("4")
    expect(theirs).to_have_value(re.compile("1234"))
    expect(choice).to_be_visible()
    assert learner.kept()["q-basics-06"] == "75"
    mine = theirs.input_value()
    choice.get_by_role("button", name="Keep mine").click()
    all_saved(second)
    assert learner.kept()["q-basics-06"] == mine


def test_words_typed_just_before_the_page_is_closed_are_saved(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    address = page.url
    item(page, "q-basics-06").get_by_role("textbox").press_sequentially("61")
    page.close(run_before_unload=False)
    again = learner.context.new_page()
    again.goto(address)
    expect(item(again, "q-basics-06").get_by_role("textbox")).to_have_value("61")
    all_saved(again)


def test_a_server_that_starts_anew_gets_what_it_missed(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    site.stop()
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_contain_text(WAITING)
    site.start()
    all_saved(page)
    assert len(learner.kept()) == 1


def test_signed_out_elsewhere_the_page_goes_on_after_signing_in_again_in_another_tab(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    other = learner.context.new_page()
    other.goto("/course")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_text("You are signed out.")).to_be_visible()
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_contain_text("You are signed out")
    assert copies(page) == []  # signed out of purpose: a browser that others may use keeps nothing
    expect(page.locator("#saved").get_by_role("link", name="Sign in")).to_have_attribute("target", "_blank")
    sign_in(other, site.service.code(learner.id))
    come_back(page)
    all_saved(page)
    answer(page, "Writing")  # with the token of the new session
    all_saved(page)
    page.get_by_role("button", name="Look over and hand in").click()
    page.wait_for_url("**/submit")


def test_a_token_gone_stale_is_renewed_unseen(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    sign_in(learner.context.new_page(), site.service.code(learner.id))
    answer(page, "Cleaning")
    all_saved(page)
    item(page, "q-basics-01").get_by_role("button", name="Check").click()
    expect(item(page, "q-basics-01").locator(".result")).to_be_visible()


def test_what_somebody_left_in_a_shared_browser_is_never_sent_as_the_next_persons(site: Site) -> None:
    first = site.learner()
    page = first.begin()
    attempt = first.attempt
    site.proxy.cut()
    answer(page, "Writing")
    expect(page.locator("#saved")).to_contain_text(WAITING)
    assert len(copies(page)) == 1
    page.goto("about:blank")
    site.proxy.restore()
    first.context.clear_cookies()  # not signed out: the session just ended
    second = type(first)(site, site.service.person(cohort=site.service.cohort("Other")))
    theirs = second.on(first.context)
    second.begin()
    answer(theirs, "Cleaning")
    all_saved(theirs)
    assert len(second.kept()) == 1 and first.kept(attempt) == {}
    expect(item(theirs, "q-basics-01").get_by_label("Cleaning")).to_be_checked()
    theirs.get_by_role("button", name="Sign out").click()
    theirs.wait_for_function("Object.keys(localStorage).length === 0")


def test_a_page_left_open_sends_nothing_while_somebody_else_is_signed_in(site: Site) -> None:
    first = site.learner()
    page = first.begin()
    attempt = first.attempt
    second = type(first)(site, site.service.person(cohort=site.service.cohort("Other")))
    second.on(first.context)
    answer(page, "Writing")
    expect(page.locator("#saved")).to_contain_text("not open to who is signed in now")
    assert first.kept(attempt) == {}


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_given_the_time_that_it_asks_for(site: Site, status: int) -> None:
    page = site.learner().begin()
    asked: list[str] = []

    def busy(route: Route) -> None:
        asked.append(route.request.method)
        if len(asked) == 1:
            route.fulfill(status=status, headers={"Retry-After": "4", "Content-Type": "application/json"}, body='{"error": "busy"}')
        else:
            route.continue_()

    page.route("**/save?item=*", busy)
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_contain_text(WAITING)
    page.wait_for_timeout(500)
    assert len(asked) == 1
    all_saved(page)
    assert len(asked) == 2


@pytest.mark.parametrize("status", [400, 413])
def test_an_answer_that_the_server_does_not_take_is_never_called_saved(site: Site, status: int) -> None:
    page = site.learner().begin()
    page.route("**/save?item=*", lambda route: route.fulfill(status=status, content_type="application/json", body='{"error": "x"}'))
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_contain_text("An answer was not taken")
    expect(item(page, "q-basics-01").locator(".item-state")).to_have_text("Not saved")
    page.unroute("**/save?item=*")
    answer(page, "Writing")
    all_saved(page)


@pytest.mark.parametrize("body", ["<h1>Welcome to the hotel</h1>", '{"answers": {}}'])
def test_a_200_that_does_not_hold_the_answer_is_no_save(site: Site, body: str) -> None:
    page = site.learner().begin()
    page.route("**/save?item=*", lambda route: route.fulfill(status=200, content_type="text/html", body=body))
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_have_class("bad")
    expect(page.locator("#saved")).not_to_have_text(SAVED)


def test_a_browser_that_cannot_keep_copies_does_not_claim_to(site: Site) -> None:
    page = site.learner().begin()
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full') } }")
    site.proxy.cut()
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_contain_text("Leave this page open")


def test_leaving_with_unsaved_answers_asks_first_and_without_does_not(site: Site) -> None:
    page = site.learner().begin()
    answer(page, "Changing")
    page.get_by_role("link", name="Course", exact=True).click()  # a link waits for what is under way, and asks nothing
    page.wait_for_url("**/course")
    page.go_back()
    expect(item(page, "q-basics-01").get_by_label("Changing")).to_be_checked()
    site.proxy.cut()
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_contain_text(WAITING)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]


def test_an_attempt_handed_in_on_another_device_says_what_was_not_part_of_it(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    laptop = learner.on(site.device())
    laptop.goto(page.url)
    laptop.get_by_role("button", name="Look over and hand in").click()
    laptop.get_by_role("button", name="Hand in now").click()
    laptop.wait_for_url("**/result")
    answer(page, "Cleaning")
    expect(page.locator("#saved")).to_contain_text("This attempt is closed. Not saved on this page: 1.")
    page.locator("#saved").get_by_role("link", name="To the result").click()
    page.wait_for_url("**/result")
    assert copies(page) == []
