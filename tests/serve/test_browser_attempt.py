"""The page of an attempt in a real browser: what is shown as saved is what the server keeps."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from playwright.sync_api import Route, expect

from .browsing import MARKS, Learner, Site, all_saved, copies, item, sign_in

pytestmark = MARKS


def test_every_kind_of_item_is_saved_as_it_was_given_and_shown_so_again(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    item(page, "q-basics-01").get_by_label("Changing the apron").check()
    item(page, "q-basics-02").get_by_role("button", name="Move up: Wet").click()
    item(page, "q-basics-05").get_by_label("Before contact").select_option("patient")
    item(page, "q-basics-06").get_by_role("textbox").fill(" 60\t")
    item(page, "q-basics-07").get_by_label("Before").check()
    item(page, "q-basics-07").get_by_label("After").check()
    item(page, "q-basics-07").get_by_label("How sure").select_option("3")
    item(page, "q-basics-11").get_by_label("Flag").check()
    all_saved(page)
    kept = learner.kept()
    assert kept["q-basics-06"] == "60" and len(kept["q-basics-01"]) == 1 and len(kept["q-basics-07"]) == 2 and len(kept["q-basics-02"]) == 3
    assert list(kept["q-basics-05"].values()) == ["patient"]
    order = item(page, "q-basics-02").locator(".words").all_inner_texts()
    page.reload()
    expect(item(page, "q-basics-01").get_by_label("Changing the apron")).to_be_checked()
    assert item(page, "q-basics-02").locator(".words").all_inner_texts() == order
    expect(item(page, "q-basics-06").get_by_role("textbox")).to_have_value("60")
    expect(item(page, "q-basics-07").get_by_label("How sure")).to_have_value("3")
    expect(page.locator("#answered")).to_have_text("5 of 7 answered")
    expect(page.locator("#to-1")).to_have_text("1, answered")
    assert copies(page) == []


def test_steps_are_ordered_by_keyboard_with_the_focus_kept_and_each_move_said(site: Site) -> None:
    page = site.learner().begin()
    steps = item(page, "q-basics-02")
    texts = steps.locator(".words").all_inner_texts()
    steps.get_by_role("button", name=f"Move up: {texts[2]}").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert steps.locator(".words").all_inner_texts() == [texts[2], texts[0], texts[1]]
    expect(steps.get_by_role("button", name=f"Move down: {texts[2]}")).to_be_focused()  # up is closed to the first
    expect(steps.locator(".said")).to_have_text(f"{texts[2]}: now place 1 of 3")
    steps.get_by_label(f"Place of: {texts[2]}").select_option("3")
    assert steps.locator(".words").all_inner_texts() == texts
    all_saved(page)


def test_typed_text_is_saved_within_a_second_after_the_last_key_and_at_once_when_the_field_is_left(site: Site) -> None:
    learner = site.learner()
    learner.page.clock.install()
    page = learner.begin()
    page.clock.pause_at(datetime.now() + timedelta(minutes=1))  # from here on the page's time passes when told
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "item=" in request.url else None)
    box = item(page, "q-basics-06").get_by_role("textbox")
    for key in "42":
        box.press_sequentially(key)
        page.clock.run_for(400)
    assert sent == []
    page.clock.run_for(300)
    all_saved(page)
    assert len(sent) == 1 and learner.kept() == {"q-basics-06": "42"}
    box.press_sequentially("1")
    box.blur()
    page.clock.run_for(1)
    expect(item(page, "q-basics-06").locator(".item-state")).to_contain_text("Saved")
    assert learner.kept() == {"q-basics-06": "421"}


def test_nothing_is_called_saved_before_the_server_has_said_so(site: Site) -> None:
    page = site.learner().begin()
    held: list[Route] = []
    page.route("**/save?item=*", lambda route: held.append(route))
    item(page, "q-basics-01").get_by_label("Cleaning").check()
    expect(page.locator("#saved")).to_have_text("Saving …")
    expect(item(page, "q-basics-01").locator(".item-state")).to_have_text("")
    item(page, "q-basics-01").get_by_label("Writing").check()  # while the first is on its way
    held[0].continue_()
    page.wait_for_timeout(300)
    expect(item(page, "q-basics-01").locator(".item-state")).to_have_text("")
    expect(page.locator("#saved")).to_have_text("Saving …")
    held[1].continue_()
    all_saved(page)


def test_enter_in_a_field_saves_and_checks_nothing(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    item(page, "q-basics-01").get_by_label("Cleaning").check()
    item(page, "q-basics-06").get_by_role("textbox").fill("60")
    item(page, "q-basics-06").get_by_role("textbox").press("Enter")
    all_saved(page)
    assert page.locator(".opened").count() == 0
    bare = site.device(java_script_enabled=False).new_page()
    sign_in(bare, site.service.code(learner.id))
    bare.goto(page.url)
    item(bare, "q-basics-06").get_by_role("textbox").press("Enter")
    expect(bare.get_by_text("Your answers are saved.")).to_be_visible()
    assert bare.locator(".opened").count() == 0


def test_a_check_waits_for_the_save_under_way_and_shows_the_key_in_its_place(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    one = item(page, "q-basics-01")
    one.get_by_role("button", name="Check").click()
    expect(one.locator(".item-state")).to_have_text("Answer the item first.")
    site.proxy.delay(0.3)
    one.get_by_label("Changing").check()
    one.get_by_label("Cleaning").check()
    one.get_by_role("button", name="Check").dblclick()
    site.proxy.delay(0)
    expect(one.locator(".result")).to_be_focused()
    expect(one.locator("p.verdict")).to_contain_text("Right.")
    expect(one.get_by_label("Cleaning")).to_be_disabled()
    assert page.locator(".opened").count() == 1
    item(page, "q-basics-06").get_by_role("textbox").fill("1")  # the rest of the page goes on
    all_saved(page)


def test_an_answer_changed_on_another_device_is_shown_as_a_choice_of_two_and_neither_is_lost(site: Site) -> None:
    learner = site.learner()
    phone = learner.begin()
    attempt = learner.attempt
    laptop = learner.on(site.device())
    laptop.goto(phone.url)
    item(phone, "q-basics-01").get_by_label("Cleaning").check()
    all_saved(phone)
    item(laptop, "q-basics-01").get_by_label("Writing").click()
    box = item(laptop, "q-basics-01").get_by_role("alert")
    expect(box).to_contain_text("Yours here: C")
    expect(laptop.locator("#saved")).to_contain_text("choose which to keep")
    expect(item(laptop, "q-basics-01").get_by_label("Cleaning")).to_be_checked()
    laptop.get_by_role("button", name="Look over and hand in").click()
    expect(box).to_be_focused()  # no handing in over an open question
    laptop.on("dialog", lambda dialog: dialog.accept())
    laptop.reload()  # nor does a reload drop it
    box.get_by_role("button", name="Use mine instead").click()
    all_saved(laptop)
    assert len(learner.kept(attempt)["q-basics-01"]) == 1
    expect(item(laptop, "q-basics-01").get_by_label("Writing")).to_be_checked()
    phone.bring_to_front()
    item(phone, "q-basics-01").get_by_label("Changing").click()
    item(phone, "q-basics-01").get_by_role("button", name="Keep what is shown").click()
    expect(item(phone, "q-basics-01").get_by_label("Writing")).to_be_checked()
    all_saved(phone)
    assert copies(phone) == copies(laptop) == []


def test_what_another_tab_saved_appears_on_coming_back_but_never_over_what_is_being_typed(site: Site) -> None:
    learner = site.learner()
    first = learner.begin()
    second = learner.context.new_page()
    second.goto(first.url)
    item(second, "q-basics-01").get_by_label("Writing").check()
    item(second, "q-basics-06").get_by_role("textbox").fill("7")
    all_saved(second)
    item(first, "q-basics-06").get_by_role("textbox").focus()
    first.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(item(first, "q-basics-01").get_by_label("Writing")).to_be_checked()
    expect(item(first, "q-basics-06").get_by_role("textbox")).to_have_value("")
    item(first, "q-basics-06").get_by_role("textbox").blur()
    expect(item(first, "q-basics-06").get_by_role("textbox")).to_have_value("7")
    item(second, "q-basics-06").get_by_role("textbox").fill("8")
    all_saved(second)
    item(first, "q-basics-06").get_by_role("textbox").press_sequentially("0")
    expect(item(first, "q-basics-06").get_by_role("alert")).to_contain_text("to: “8”. Yours is still in the field")
    expect(item(first, "q-basics-06").get_by_role("textbox")).to_have_value("07")


def test_an_item_checked_in_another_tab_is_final_in_this_one_too(site: Site) -> None:
    learner = site.learner()
    first = learner.begin()
    second = learner.context.new_page()
    second.goto(first.url)
    item(second, "q-basics-01").get_by_label("Cleaning").check()
    item(second, "q-basics-01").get_by_role("button", name="Check").click()
    expect(item(second, "q-basics-01").locator(".result")).to_be_visible()
    item(first, "q-basics-01").get_by_label("Writing").click()
    expect(item(first, "q-basics-01")).to_contain_text("checked in another tab")
    expect(item(first, "q-basics-01").get_by_label("Cleaning")).to_be_checked()
    expect(item(first, "q-basics-01").get_by_label("Cleaning")).to_be_disabled()


def test_handing_in_waits_for_the_last_answer_and_a_double_click_hands_in_once(site: Site) -> None:
    learner = site.learner()
    page = learner.begin("posttest")
    attempt = learner.attempt
    page.evaluate("localStorage.setItem('coursewright:/attempts/other/save:q', JSON.stringify({at: Date.now()}))")
    site.proxy.delay(0.3)
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Look over and hand in").click()
    site.proxy.delay(0)
    page.get_by_role("button", name="Hand in now").dblclick()
    page.wait_for_url("**/result")
    assert learner.state(attempt) == "submitted" and len(learner.kept(attempt)) == 1
    assert copies(page) == ["coursewright:/attempts/other/save:q"]  # of another attempt, which is open still
    page.go_back()
    page.wait_for_url("**/result")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile(r"/$"))
    page.wait_for_function("Object.keys(localStorage).length === 0")


def test_when_the_time_is_over_the_last_words_are_sent_and_the_result_is_shown(site: Site) -> None:
    learner = site.learner()
    page = learner.begin("posttest")
    attempt = learner.attempt
    site.service.clock.turn(minutes=9, seconds=10)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#time")).to_contain_text(" s left")
    expect(page.locator("#time-said")).to_have_text("One minute left.")
    page.get_by_role("radio").first.check()
    all_saved(page)
    site.service.clock.turn(seconds=48)
    site.proxy.delay(0.5)
    page.get_by_role("radio").nth(1).check()
    site.service.clock.turn(seconds=3)
    page.wait_for_url("**/result", timeout=12000)
    assert learner.state(attempt) == "submitted" and len(learner.kept(attempt)) >= 1


def test_a_radio_button_can_be_cleared(site: Site) -> None:
    learner: Learner = site.learner()
    page = learner.begin()
    one = item(page, "q-basics-01")
    expect(one.get_by_role("button", name="Clear")).to_be_hidden()
    one.get_by_label("Writing").check()
    all_saved(page)
    one.get_by_role("button", name="Clear").click()
    all_saved(page)
    page.wait_for_function("document.querySelector('#answered').textContent.startsWith('0')")
    assert learner.kept() == {"q-basics-01": None}


def test_an_open_choice_at_one_item_does_not_hold_up_the_check_of_another(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    other = learner.context.new_page()
    other.goto(page.url)
    item(other, "q-basics-07").get_by_label("Before").check()
    all_saved(other)
    item(page, "q-basics-07").get_by_label("After").click()
    expect(item(page, "q-basics-07").get_by_role("alert")).to_be_visible()
    item(page, "q-basics-01").get_by_label("Cleaning").check()
    item(page, "q-basics-01").get_by_role("button", name="Check").click()
    expect(item(page, "q-basics-01").locator(".result")).to_be_focused()
    expect(item(page, "q-basics-07").get_by_role("alert")).to_be_visible()


def test_a_bar_that_grows_does_not_cover_the_field_that_has_the_focus(site: Site) -> None:
    page = site.learner(viewport={"width": 320, "height": 640}).begin()
    box = item(page, "q-basics-06").get_by_role("textbox")
    box.focus()
    box.evaluate("e => window.scrollBy(0, e.getBoundingClientRect().top - document.getElementById('status').offsetHeight - 4)")
    site.proxy.cut()
    box.fill("60")
    expect(page.locator("#saved")).to_have_class("bad")
    page.wait_for_timeout(200)
    assert box.evaluate("e => e.getBoundingClientRect().top >= document.getElementById('status').getBoundingClientRect().bottom")
