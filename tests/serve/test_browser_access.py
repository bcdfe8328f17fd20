"""The learner's pages for everybody: with axe-core, without JavaScript, by keyboard alone, on the narrowest screen and enlarged."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .browsing import MARKS, PHONE, Learner, Site, all_saved, item, sign_in, violations

pytestmark = MARKS

WIDE = "document.documentElement.scrollWidth > window.innerWidth"
SMALL = """[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')].filter(e => {
  if (!e.offsetParent || e.matches('.visually-hidden, .skip')) return false;
  const inline = e.matches('a') && getComputedStyle(e).display === 'inline';
  const box = (e.closest('label') || e).getBoundingClientRect();
  return !inline && (box.width < 24 || box.height < 24);
}).map(e => e.outerHTML.slice(0, 120))"""
COVERED = """() => {
  const e = document.activeElement, box = (e.closest('label') || e).getBoundingClientRect();
  if (!box.width || e === document.body) return '';
  const bar = document.getElementById('status'), at = bar && !bar.contains(e) ? bar.getBoundingClientRect() : {top: 1};
  const under = at.top <= 0 ? at.bottom : 0;
  return box.top < under - 1 || box.bottom <= 1 || box.top >= innerHeight - 1 ? e.outerHTML.slice(0, 160) : '';
}"""


def visit(site: Site, learner: Learner, look: Callable[[str], None]) -> None:
    """Every page of a learner, in each of its states; `look` is told where it stands."""
    page = learner.page
    for name, address in (("front", "/sign-out-first"), ("nothing here", "/no-such-page")):
        page.goto(address)
        look(name)
    page.goto("/course")
    look("course")
    page.goto("/course/about")
    look("about")
    page.goto("/tests/check:basics")
    look("before a check")
    learner.begin()
    look("attempt")
    item(page, "q-basics-01").get_by_label("Writing").check()
    item(page, "q-basics-02").get_by_role("button", name="Move up: Wet").click()
    item(page, "q-basics-06").get_by_role("textbox").fill("61")
    item(page, "q-basics-11").get_by_label("Flag").check()
    all_saved(page)
    for id_ in ("q-basics-01", "q-basics-06"):
        item(page, id_).get_by_role("button", name="Check").click()
        expect(item(page, id_).locator(".result")).to_be_visible()
    other = learner.context.new_page()
    other.goto(page.url)
    item(other, "q-basics-07").get_by_label("Before").check()
    all_saved(other)
    other.close()
    item(page, "q-basics-07").get_by_label("After").click()
    expect(item(page, "q-basics-07").get_by_role("alert")).to_be_visible()
    look("attempt with keys, a flag and a conflict")
    item(page, "q-basics-07").get_by_role("button", name="Use mine instead").click()
    all_saved(page)
    site.proxy.cut()
    item(page, "q-basics-07").get_by_label("Before").check()
    expect(page.locator("#saved")).to_have_class("bad")
    look("attempt without a network")
    site.proxy.restore()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    all_saved(page)
    page.get_by_role("button", name="Look over and hand in").click()
    page.wait_for_url("**/submit")
    look("before handing in")
    page.get_by_role("button", name="Hand in now").click()
    page.wait_for_url("**/result")
    look("result with keys")
    learner.begin("posttest")
    look("attempt with a case")
    page.get_by_role("button", name="Look over and hand in").click()
    page.get_by_role("button", name="Hand in now").click()
    page.wait_for_url("**/result")
    look("result without keys")
    page.goto("/course")
    look("course, begun")


def strangers(page: Page, look: Callable[[str], None]) -> None:
    """The pages before signing in."""
    page.goto("/")
    look("front")
    page.goto("/sign-in")
    look("sign in")
    page.get_by_label("Your personal code").fill("0000")
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("sign in, refused")
    page.goto("/staff")
    look("staff")


@pytest.fixture
def longer(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A post-test of four items, two of them on a case."""
    blueprint = site.service.library.tests["posttest"]
    cell = blueprint.cells[0].model_copy(update={"count": 4})
    monkeypatch.setitem(site.service.library.tests, "posttest", blueprint.model_copy(update={"cells": (cell,)}))
    return site


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_core_finds_nothing_on_any_page_in_any_state(longer: Site, scheme: str) -> None:
    site, found = longer, list[str]()
    learner = site.learner(color_scheme=scheme)
    visit(site, learner, lambda name: found.extend(f"{name}: {v}" for v in violations(learner.page)))
    stranger = site.device(color_scheme=scheme).new_page()
    strangers(stranger, lambda name: found.extend(f"{name}: {v}" for v in violations(stranger)))
    assert found == []


@pytest.mark.parametrize(("width", "scale"), [(320, 1), (640, 2)], ids=["320 px", "1280 px at 200 %"])
def test_nothing_scrolls_sideways_and_no_target_is_small(longer: Site, width: int, scale: int) -> None:
    site, found = longer, list[str]()
    options = {"viewport": {"width": width, "height": 640 // scale}, "device_scale_factor": scale}
    learner = site.learner(**options)

    def look(page: Page, name: str) -> None:
        if page.evaluate(WIDE):
            found.append(f"{name} is wider than the screen")
        found.extend(f"{name}: small {html}" for html in page.evaluate(SMALL))

    visit(site, learner, lambda name: look(learner.page, name))
    stranger = site.device(**options).new_page()
    strangers(stranger, lambda name: look(stranger, name))
    assert found == []


def test_the_whole_way_works_without_javascript(site: Site) -> None:
    learner = Learner(site, site.service.person(cohort=site.service.cohort(), started=False))
    page = site.device(java_script_enabled=False, viewport=PHONE).new_page()
    sign_in(page, site.service.code(learner.id))
    page.get_by_role("button", name="I have read this").click()
    page.get_by_role("link", name="Begin: Pre-test").click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Press Save after answering")).to_be_visible()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Save item 1", exact=True).click()
    expect(page.get_by_text("Your answers are saved.")).to_be_visible()
    expect(page.get_by_role("radio").first).to_be_checked()
    page.get_by_role("button", name="Look over and hand in").click()
    expect(page.get_by_text("not answered").first).to_be_visible()
    page.get_by_role("button", name="Hand in now").click()
    expect(page.get_by_role("heading", name="Your result")).to_be_visible()
    page.goto("/tests/check:basics")
    page.get_by_role("button", name="Start").click()
    item(page, "q-basics-02").get_by_label("Place of: Wet").select_option("1")
    item(page, "q-basics-01").get_by_label("Cleaning").check()
    item(page, "q-basics-01").get_by_role("button", name="Check").click()
    expect(item(page, "q-basics-01").locator("p.verdict")).to_contain_text("Right.")
    expect(item(page, "q-basics-02").get_by_label("Place of: Wet")).to_have_value("1")  # the whole page was saved
    item(page, "q-basics-06").get_by_role("button", name="Check").click()
    expect(page.get_by_text("Answer the item first.")).to_be_visible()
    page.goto("/tests/posttest")
    page.get_by_role("button", name="Start").click()
    learner.page = page
    for group in page.locator("fieldset").all():
        if group.get_by_role("radio").count():
            group.get_by_role("radio").first.check()
    page.get_by_role("button", name="Look over and hand in").click()
    page.get_by_role("button", name="Hand in now").click()
    expect(page.get_by_role("heading", name=re.compile("Passed|Not passed yet"))).to_be_visible()


def test_without_javascript_a_changed_answer_is_not_overwritten_unless_it_is_asked_for(site: Site) -> None:
    learner = site.learner()
    page = learner.begin()
    bare = learner.on(site.device(java_script_enabled=False))
    bare.goto(page.url)
    item(page, "q-basics-01").get_by_label("Cleaning").check()
    all_saved(page)
    for mine in (False, True):
        item(bare, "q-basics-01").get_by_label("Writing").check()
        if mine:
            bare.get_by_label("Save my answer in its place").check()
        bare.get_by_role("button", name="Save item 1").click()
        expect(bare.get_by_role("alert")).to_have_count(0 if mine else 1)
    page.reload()
    expect(item(page, "q-basics-01").get_by_label("Writing")).to_be_checked()


def test_the_whole_way_works_by_keyboard_alone_and_the_focus_is_never_covered(site: Site) -> None:
    learner = Learner(site, site.service.person(cohort=site.service.cohort(), started=False))
    page = learner.page = site.device(viewport=PHONE).new_page()
    covered: list[str] = []

    def to(selector: str, backwards: bool = False) -> None:
        """Press Tab until the focus is on it."""
        for _ in range(120):
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            page.keyboard.press("Shift+Tab" if backwards else "Tab")
            covered.extend(filter(None, [page.evaluate(COVERED)]))
        raise AssertionError(f"Tab does not lead to {selector}")

    page.goto("/sign-in")
    to("#code")
    page.keyboard.type(site.service.code(learner.id))
    page.keyboard.press("Enter")
    page.wait_for_url("**/course/about")
    to("main form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/course")
    to("a.button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tests/pretest")
    to("main form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/attempts/*")
    to("#item-1 [type=radio]")
    page.keyboard.press("Space")
    all_saved(page)
    page.keyboard.press("ArrowDown")
    all_saved(page)
    assert len(learner.kept()) == 1
    to(".last button")
    to("#to-1", backwards=True)
    page.keyboard.press("Enter")
    to(".last button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/submit")
    to("main form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/result")
    page.goto("/tests/check:basics")
    to("main form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/attempts/*")
    to('[data-item="q-basics-02"] [data-move=down]')
    page.keyboard.press("Enter")
    to('[data-item="q-basics-05"] select')
    page.keyboard.press("ArrowDown")
    to('[data-item="q-basics-06"] input[type=text]')
    page.keyboard.type("60")
    to('[data-item="q-basics-06"] .save button')
    page.keyboard.press("Enter")
    expect(item(page, "q-basics-06").locator(".result")).to_be_focused()
    assert covered == [], covered


def test_a_case_is_at_hand_beside_each_of_its_items(longer: Site) -> None:
    learner = longer.learner(viewport=PHONE)
    page = learner.begin("posttest")
    again = page.get_by_text("The case again").first
    again.click()
    expect(page.locator(".case-again[open] div").first).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 720})
    page.locator(".of-case .item").last.scroll_into_view_if_needed()
    expect(page.locator(".case")).to_be_in_viewport()


def test_those_who_want_no_motion_get_none(site: Site) -> None:
    page = site.learner(reduced_motion="reduce").begin()
    item(page, "q-basics-01").get_by_label("Cleaning").check()
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_the_first_page_is_under_a_hundred_kilobytes_with_all_that_it_loads(site: Site) -> None:
    page = site.device().new_page()
    sizes: dict[str, int] = {}
    page.on("response", lambda response: sizes.update({response.url: len(response.body()) + 600}))  # 600: headers
    page.goto("/", wait_until="networkidle")
    assert any(url.endswith(".woff2") for url in sizes) and any(url.endswith(".css") for url in sizes)
    assert sum(sizes.values()) < 100_000, sizes


def test_moments_are_shown_in_the_readers_own_time_zone(site: Site) -> None:
    learner = site.learner(timezone_id="America/New_York")
    learner.begin("pretest")
    learner.page.get_by_role("button", name="Look over and hand in").click()
    learner.page.get_by_role("button", name="Hand in now").click()
    learner.page.goto("/tests/pretest")
    expect(learner.page.locator("time")).to_have_text(re.compile(r"Mar 2, 2026, 4:00\sAM EST"))


def test_beside_a_moment_in_utc_stands_the_same_one_in_the_readers_own_time_zone(site: Site) -> None:
    staff = Learner(site, site.service.person("administrator"))
    page = staff.on(site.device(timezone_id="America/New_York"))
    page.goto("/manage")
    page.locator("#opens_at").fill("2026-03-02T09:00")
    expect(page.locator("#opens_at-own")).to_have_text(re.compile(r"= Mar 2, 2026, 4:00\sAM EST in your time zone"))


def test_a_table_is_whole_on_paper_and_the_page_around_it_is_gone(site: Site) -> None:
    cohort = site.service.cohort()
    for n in range(40):
        site.service.person(cohort=cohort, family_name=f"N{n}")
    page = Learner(site, site.service.person("administrator")).on(site.device(color_scheme="dark"))
    page.goto(f"/manage/cohorts/{cohort}")
    cut = "(() => { const e = document.querySelector('.tall'); return e.scrollHeight > e.clientHeight + 1; })()"
    assert page.evaluate(cut)
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.evaluate(cut)
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    for gone in ("nav", "footer", "form"):
        assert page.locator(f"{gone}:visible").count() == 0, gone


def test_after_codes_are_downloaded_the_page_says_that_its_numbers_are_from_before(site: Site) -> None:
    cohort = site.service.cohort()
    site.service.person(cohort=cohort)
    page = Learner(site, site.service.person("administrator")).on(site.device())
    page.goto(f"/manage/cohorts/{cohort}/slips")
    expect(page.get_by_text("from before this download")).to_be_hidden()
    with page.expect_download():
        page.get_by_role("button", name="Links for letters").click()
    expect(page.get_by_text("from before this download")).to_be_visible()
    page.get_by_role("link", name="Load this page again").click()
    expect(page.get_by_text("0 of 1 learners have no code in force.")).to_be_visible()


def test_on_a_phone_the_name_stays_beside_the_progress_and_what_can_be_done_stands_under_the_name(site: Site) -> None:
    cohort = site.service.cohort()
    site.service.person(cohort=cohort)
    page = Learner(site, site.service.person("administrator")).on(site.device(viewport=PHONE))
    page.goto(f"/manage/cohorts/{cohort}")
    name = page.locator(".progress-table tbody th")
    before = name.bounding_box()
    page.evaluate("document.querySelector('.tall').scrollLeft = 400")
    after = name.bounding_box()
    assert before and after and before["x"] == after["x"]
    assert page.evaluate("document.querySelector('.tall').scrollLeft") > 100
    page.goto("/manage/staff")
    for action in page.locator(".row-actions button").all():
        box = action.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
