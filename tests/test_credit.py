"""Contact hours, held to examples that others worked out."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import TINY, run_command, write_course

from coursewright.model.credit import contact_hours, mergener_minutes, plan_credit
from coursewright.read.course import read_course


def course_of(**files: str):
    reading = read_course({path: text.encode() for path, text in {**TINY, **{k.replace("__", "/") + ".yaml": v for k, v in files.items()}}.items()})
    assert reading.diagnostics == []
    return reading.course


def with_credit(text: str):
    made = {**TINY, "course/course.yaml": TINY["course/course.yaml"] + text}
    reading = read_course({path: content.encode() for path, content in made.items()})
    assert reading.diagnostics == []
    return reading.course


def test_the_worked_example_of_the_aorn_sheet_comes_out_to_the_digit() -> None:
    assert round(mergener_minutes(3774, 16, Decimal("2.5")), 5) == Decimal("61.93589")


@pytest.mark.parametrize(("words", "items", "difficulty", "minutes"), [(6000, 10, 3, "58.1"), (10_000, 20, 3, "90.6"), (12_000, 25, 3, "106.9"), (2000, 5, 1, "10.2"), (0, 0, 1, "0.0")])
def test_the_formula_gives_the_values_worked_out_by_hand(words: int, items: int, difficulty: int, minutes: str) -> None:
    assert round(mergener_minutes(words, items, Decimal(difficulty)), 1) == Decimal(minutes)


@pytest.mark.parametrize(("minutes", "hours"), [("59.99", "0.75"), ("60", "1"), ("74.9", "1"), ("75", "1.25"), ("0", "0")])
def test_hours_are_rounded_down_to_a_quarter(minutes: str, hours: str) -> None:
    assert contact_hours(Decimal(minutes)) == Decimal(hours)


@pytest.mark.parametrize(("words", "items", "difficulty"), [(-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 6)])
def test_counts_below_zero_and_difficulties_out_of_range_are_refused(words: int, items: int, difficulty: int) -> None:
    with pytest.raises(ValueError, match="difficulty"):
        mergener_minutes(words, items, Decimal(difficulty))


def test_the_smallest_estimate_that_counts_decides() -> None:
    report = plan_credit(with_credit("credit:\n  raters: [{role: a, difficulty: 5}, {role: b, difficulty: 5}]\n  pilot: [{learner: a, minutes: 1}, {learner: b, minutes: 500}]\n"))
    assert {e.name for e in report.estimates if e.counts} == {"Mergener's formula", "Reading rate"}, "two pilot learners are shown and do not count"
    assert report.hours == contact_hours(min(e.minutes for e in report.estimates if e.counts))


def test_a_pilot_of_three_counts_by_its_median() -> None:
    report = plan_credit(with_credit("credit:\n  pilot: [{learner: a, minutes: 1}, {learner: b, minutes: 3}, {learner: c, minutes: 900}]\n"))
    pilot = next(e for e in report.estimates if e.name == "Pilot")
    assert pilot.counts and pilot.minutes == 3


def test_titles_references_and_items_are_no_words_of_learning() -> None:
    assert plan_credit(course_of()).words == 1  # "Words." in the one section of the smallest course


def test_media_count_at_their_run_time() -> None:
    without, with_ = plan_credit(with_credit("")), plan_credit(with_credit("credit:\n  media: [{title: A film, minutes: 30}]\n"))
    for before, after in zip(without.estimates, with_.estimates, strict=True):
        assert after.minutes - before.minutes == 30


def test_the_command_prints_what_is_designated_and_why(tmp_path: Path) -> None:
    folder = write_course(tmp_path, TINY)
    text = run_command("--course", folder, "credit").stdout
    assert "contact hours at most" in text and "No rater has judged" in text and "% from items" in text
    report = json.loads(run_command("--course", folder, "credit", "--format", "json").stdout)
    assert report["hours"] == "0.00" and report["words"] == 1
