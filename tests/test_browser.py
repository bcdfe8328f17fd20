"""Pages for the browser, in a real one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, run_command
from playwright.sync_api import Page, sync_playwright

from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"), pytest.mark.xdist_group("browser")]
EVERYTHING = ROOT / "tests" / "courses" / "everything"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("browser") / "dist"
    done = run_command("--course", EVERYTHING, "--out", out, "--only", "quizzes", "--only", "slides")
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
    yield page
    assert said == []
    context.close()


@pytest.fixture
def quiz(page: Page, dist: Path) -> Page:
    page.goto((dist / "quizzes/01-basics.html").as_uri())
    return page


def as_json(response: object) -> object:
    return sorted(response) if isinstance(response, frozenset) else list(response) if isinstance(response, tuple) else response


def test_the_page_scores_every_response_as_the_engine_does(quiz: Page) -> None:
    course = examine(read_inputs(EVERYTHING)).course
    practice = [item for item in course.single_items if item.pool == "practice"]
    assert len({item.type for item in practice}) >= 5
    for item in practice:
        for example in item.examples():
            earned = quiz.evaluate("([id, response]) => practice.share(id, response)", [item.id, as_json(example.response)])
            assert earned == [example.share.numerator, example.share.denominator], (item.id, example.name)


def test_a_quiz_fits_a_phone_without_scrolling_sideways(quiz: Page) -> None:
    assert quiz.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_no_rationale_is_shown_before_an_answer_is_checked(quiz: Page) -> None:
    assert not quiz.get_by_text("Contact has ended").is_visible()
    quiz.get_by_label("Cleaning the hands").check()
    assert not quiz.get_by_text("Contact has ended").is_visible()
    quiz.locator("#first .check").click()
    assert quiz.get_by_text("Contact has ended").is_visible()
    assert quiz.get_by_text("Nothing has soiled it").is_visible()


def test_checking_without_an_answer_asks_for_one(quiz: Page) -> None:
    quiz.locator("#first .check").click()
    assert quiz.locator("#first .result").inner_text() == "Give an answer first."
    assert quiz.locator("#progress").inner_text().startswith("0 of")


def test_an_answer_given_is_there_after_the_page_is_closed(quiz: Page) -> None:
    quiz.get_by_label("Changing the apron").check()
    quiz.locator("[data-item=q-basics-06] input").fill("59,8")
    quiz.locator("[data-item=q-basics-06] .check").click()
    quiz.reload()
    assert quiz.get_by_label("Changing the apron").is_checked()
    assert quiz.locator("[data-item=q-basics-06] > .result").inner_text().startswith("Right.")
    assert quiz.locator("[data-item=q-basics-06] input").input_value() == "59,8"


def test_a_quiz_can_be_taken_with_the_keyboard_alone(quiz: Page) -> None:
    quiz.keyboard.press("Tab")
    assert quiz.evaluate("document.activeElement.className") == "skip"
    quiz.keyboard.press("Enter")
    for _ in range(4):
        quiz.keyboard.press("Tab")
        if quiz.evaluate("document.activeElement.type") == "radio":
            break
    quiz.keyboard.press("Space")
    quiz.keyboard.press("Tab")
    quiz.keyboard.press("Enter")
    assert quiz.locator("#first .result").inner_text().startswith("Right.")


def test_steps_are_put_in_order_by_buttons_and_the_move_is_said(quiz: Page) -> None:
    item = quiz.locator("[data-item=q-basics-02]")
    texts = lambda: [t.strip() for t in item.locator(".text").all_inner_texts()]  # noqa: E731
    wanted = ["Wet the hands", "Rub with soap", "Rinse and dry"]
    for place, text in enumerate(wanted):
        while texts().index(text) > place:
            item.get_by_label(f"Move up: {text}").press("Enter")
    assert item.locator(".said").inner_text().endswith("of 3")
    item.locator(".check").click()
    assert item.locator(".result").inner_text() == "Right. 1 of 1 point."


def test_the_result_counts_shares_exactly_and_names_what_to_read_again(quiz: Page) -> None:
    quiz.get_by_label("Changing the apron").check()
    for select, value in zip(quiz.locator("[data-item=q-basics-05] select").all(), ("patient", "patient"), strict=True):
        select.select_option(value)
    quiz.locator("[data-item=q-basics-06] input").fill("60")
    quiz.locator("[data-item=q-basics-07] input").first.check()
    quiz.locator("[data-item=q-basics-02] [data-move=down]").first.click()
    for select in quiz.locator("[data-item=q-basics-10] select").all():
        select.select_option("patient")
    quiz.locator("[data-item=q-basics-11] input").nth(2).check()
    for button in quiz.locator(".check").all():
        button.click()
    assert quiz.locator("#summary .score").is_visible()
    assert quiz.locator("#progress").inner_text() == "7 of 7 items checked"
    assert "Item 1 (read section 1.1" in quiz.locator("#summary ul").inner_text()
    again = quiz.locator("#first .again")
    again.click()
    assert not quiz.locator("#summary").is_visible()
    assert not quiz.get_by_text("Contact has ended").is_visible()


def test_start_again_clears_what_was_kept(quiz: Page) -> None:
    quiz.get_by_label("Changing the apron").check()
    quiz.locator("#restart").click()
    quiz.wait_for_load_state()
    assert not quiz.get_by_label("Changing the apron").is_checked()


def test_a_browser_that_keeps_nothing_says_so_and_still_grades(browser: Any, dist: Path) -> None:
    page = browser.new_page()
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})")
    page.goto((dist / "quizzes/01-basics.html").as_uri())
    page.get_by_label("Cleaning the hands").check()
    page.locator("#first .check").click()
    assert page.locator("#first .result").inner_text().startswith("Right.")
    assert page.locator("#unsaved").is_visible()
    page.close()


def test_the_deck_is_driven_by_keys_and_remembers_its_slide(page: Page, dist: Path) -> None:
    page.goto((dist / "slides/01-basics.html").as_uri())
    where = page.locator("#where")
    count = len(page.locator(".frame").all())
    for key, place in (("ArrowRight", 2), ("Space", 3), ("PageDown", 4), ("ArrowLeft", 3), ("End", count), ("ArrowRight", count), ("Home", 1), ("ArrowLeft", 1), ("ArrowDown", 2)):
        page.keyboard.press(key)
        assert where.inner_text() == f"Slide {place} of {count}", key
    page.reload()
    assert where.inner_text() == f"Slide 2 of {count}"


def test_a_slide_fills_the_screen_and_never_leaves_it(page: Page, dist: Path) -> None:
    page.goto((dist / "slides/01-basics.html").as_uri())
    for width, height in ((360, 740), (1280, 720), (800, 600)):
        page.set_viewport_size({"width": width, "height": height})
        box = page.locator(".frame:not([hidden])").bounding_box()
        assert box is not None
        assert box["x"] >= -1 and box["x"] + box["width"] <= width + 1
        assert box["y"] >= -1 and box["y"] + box["height"] <= height + 1
        assert box["width"] > width - 2 or box["height"] > height - 2


def test_the_speakers_window_shows_the_notes_and_follows(page: Page, dist: Path) -> None:
    page.goto((dist / "slides/01-basics.html").as_uri())
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    speaker.wait_for_selector(".notes-pane")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    speaker.locator(".notes-pane").get_by_text("Ask the group for moments").wait_for()
    speaker.keyboard.press("ArrowLeft")
    page.wait_for_function("document.getElementById('where').textContent.startsWith('Slide 5')")


def test_a_swipe_turns_the_slide(browser: Any, dist: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 740}, has_touch=True)
    page = context.new_page()
    page.goto((dist / "slides/01-basics.html").as_uri())
    page.evaluate(
        """() => { const touch = (type, x) => { const t = new Touch({identifier: 1, target: document.body, clientX: x, clientY: 300});
        dispatchEvent(new TouchEvent(type, {touches: type === "touchend" ? [] : [t], changedTouches: [t]})); }; touch("touchstart", 300); touch("touchend", 100); }"""
    )
    assert page.locator("#where").inner_text().startswith("Slide 2")
    context.close()


def test_the_deck_prints_a_page_a_slide(browser: Any, dist: Path, tmp_path: Path) -> None:
    import pikepdf

    page = browser.new_page()
    page.goto((dist / "slides/01-basics.html").as_uri())
    count = len(page.locator(".frame").all())
    page.pdf(path=str(tmp_path / "print.pdf"), prefer_css_page_size=True)
    with pikepdf.open(tmp_path / "print.pdf") as pdf:
        assert len(pdf.pages) == count
    page.close()


@pytest.mark.parametrize("name", ["index.html", "quizzes/01-basics.html", "slides/01-basics.html"])
def test_a_page_has_a_language_a_title_one_first_heading_and_names_for_its_controls(page: Page, dist: Path, name: str) -> None:
    page.goto((dist / name).as_uri())
    facts = json.loads(
        page.evaluate(
            """() => JSON.stringify({lang: document.documentElement.lang, title: document.title, h1: document.querySelectorAll("h1").length,
        ids: [...document.querySelectorAll("[id]")].map(e => e.id),
        unnamed: [...document.querySelectorAll("input, select, button")].filter(e => !(e.labels && e.labels.length) && !e.getAttribute("aria-label") && !e.textContent.trim()).length,
        small: [...document.querySelectorAll("button, select, .choice")].filter(e => e.offsetParent && (e.offsetHeight < 24 || e.offsetWidth < 24)).length})"""
        )
    )
    assert facts["lang"] == "en-US" and facts["title"] and facts["h1"] == 1
    assert len(facts["ids"]) == len(set(facts["ids"]))
    assert facts["unnamed"] == 0 and facts["small"] == 0
