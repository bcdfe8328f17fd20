"""The review page: one question at a time, by keyboard, kept with who, when and why."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, needs, run_command
from scanning.course import paper_course
from scanning.pile import Pile, save, scan_of

from coursewright.build.scan.gather import gathered
from coursewright.build.scan.store import Reads

pytestmark = [pytest.mark.browser, needs("chromium")]


@pytest.fixture
def review(tmp_path: Path) -> Iterator[tuple[str, Path, Pile]]:
    course = paper_course(tmp_path / "course")
    assert run_command("--course", course, "forms", "test", "--roster", course / "roster.csv").returncode == 0
    pile = Pile(course / "forms" / "test")
    save([scan_of(pile.filled(next(iter(pile.record.copies)), 3, "double"), 3)], tmp_path / "a.png")
    made = run_command("--course", course, "scan", tmp_path / "a.png")
    assert made.returncode == 0, made.stderr
    server = subprocess.Popen([sys.executable, str(ROOT / "build.py"), "--course", str(course), "review", "--by", "Ann O’Hara"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    yield server.stdout.readline().split()[0], pile.folder, pile
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        yield made
        made.close()


def test_a_decision_is_made_by_keyboard_and_kept_with_who_when_and_why(review: tuple[str, Path, Pile], browser: Any) -> None:
    url, folder, pile = review
    before = gathered(folder, pile.record, Reads(folder / "reads.sqlite")).questions
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(url)
    assert page.locator(".crop img").evaluate("image => image.naturalWidth") > 30
    page.keyboard.press("s")
    page.wait_for_url("**skip=1")
    page.go_back()
    letter = before[0].options[1][1].lower()
    page.keyboard.press(letter)
    page.keyboard.press("Enter")
    page.wait_for_selector(".saved")
    reads = Reads(folder / "reads.sqlite")
    kept = reads.decisions()[before[0].subject]
    assert kept.who == "Ann O’Hara" and kept.why == "read by eye" and kept.at[:2] == "20"
    assert len(gathered(folder, pile.record, reads).questions) == len(before) - 1
    assert before[0].subject not in [q.subject for q in gathered(folder, pile.record, reads).questions]
    assert not [text for text in said if "Content Security" in text]


def test_without_javascript_the_form_works_all_the_same(review: tuple[str, Path, Pile], browser: Any) -> None:
    url, folder, _pile = review
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(url)
    page.locator("input[name=given]").first.check()
    page.get_by_role("button", name="Save").click()
    assert "Saved" in page.locator(".saved").inner_text()
    assert len(Reads(folder / "reads.sqlite").decisions()) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def status(url: str, data: dict[str, str] | None = None, **headers: str) -> int:
    body = urllib.parse.urlencode(data).encode() if data is not None else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_nothing_is_served_without_the_secret_address_nor_to_another_site(review: tuple[str, Path, Pile]) -> None:
    url, folder, _ = review
    root = url.split("/", 3)
    base = "/".join(root[:3])
    for path in ("/", "/page?id=1", "/decide", f"/{root[3][:-3]}x/"):
        assert status(base + path) == 404
    assert status(url, Host="evil.example") == 404
    assert status(url + "decide", {"subject": "x", "given": "a"}, Origin="http://evil.example") == 400
    assert status(url + "../../etc/passwd") == 404
    assert not Reads(folder / "reads.sqlite").decisions()


@pytest.mark.parametrize("form", [{}, {"subject": "row:x:y:z", "given": "a"}, {"subject": "'; DROP TABLE pages;--", "given": "a"}, {"given": "a"}])
def test_a_decision_about_nothing_is_refused(review: tuple[str, Path, Pile], form: dict[str, str]) -> None:
    url, folder, _ = review
    assert status(url + "decide", form) == 200
    assert not Reads(folder / "reads.sqlite").decisions() and Reads(folder / "reads.sqlite").pages()


def test_a_choice_that_the_row_does_not_have_is_refused(review: tuple[str, Path, Pile]) -> None:
    url, folder, pile = review
    question = gathered(folder, pile.record, Reads(folder / "reads.sqlite")).questions[0]
    assert status(url + "decide", {"subject": question.subject, "given": "zz"}) == 200
    assert not Reads(folder / "reads.sqlite").decisions()
