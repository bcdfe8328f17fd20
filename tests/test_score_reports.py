"""Score reports: points by objective and what to read again, and no key while the test is open."""

from __future__ import annotations

import dataclasses
import subprocess
import typing
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pikepdf
from conftest import ROOT, needs, run_command
from test_answer_tables import FORM, RECORD
from test_grade import MOODLE, book_of, course, decision, folder

from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.build.places import shipped_templates
from coursewright.model import interaction
from coursewright.model.interaction import ChoiceKey, MatchKey, NumericKey
from coursewright.plan.gradebook import Sitting
from coursewright.plan.score_report import ScoreReport, plan_closed_report, plan_report
from coursewright.write.html import Templates
from coursewright.write.packet import Options, Packet
from coursewright.write.score_reports import closed_report_task, report_task

__all__ = ["course", "folder"]  # fixtures


def text_of(pdf: Path) -> str:
    return subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout


def packet() -> Packet:
    course = examine(read_inputs(ROOT / "tests/courses/everything")).course
    assert course is not None
    return Packet(course, Templates((shipped_templates(),)), Options())


def fields_within(kind: object, seen: set[object]) -> set[object]:
    if kind in seen:
        return seen
    seen.add(kind)
    for part in typing.get_args(kind):
        fields_within(part, seen)
    if dataclasses.is_dataclass(kind):
        for hint in typing.get_type_hints(kind).values():
            fields_within(hint, seen)
    return seen


def test_an_open_report_has_no_place_for_a_key_or_an_answer() -> None:
    held = fields_within(ScoreReport, set())
    keys = {interaction.ChoiceKey, interaction.PanelKey, interaction.MatchKey, interaction.OrderKey, interaction.NumericKey, interaction.TextKey}
    assert not held & {*keys, interaction.Choice, interaction.Match, interaction.Order, dict, frozenset}


ANSWERS = {"q-basics-01": frozenset("a"), "q-basics-06": "61", "q-basics-07": frozenset("ab"), "q-basics-05": {"a": "patient", "b": "patient"}}
OTHER_KEYS = {
    "q-basics-01": ChoiceKey(frozenset("b")),
    "q-basics-06": NumericKey(Decimal(17)),
    "q-basics-07": ChoiceKey(frozenset("bc")),
    "q-basics-05": MatchKey((("a", "nobody"), ("b", "team"))),
}
OTHER_ANSWERS = {"q-basics-01": frozenset("b"), "q-basics-06": "60", "q-basics-07": frozenset("bc"), "q-basics-05": {"a": "nobody", "b": "nobody"}}


def test_open_reports_are_the_same_bytes_whatever_the_key() -> None:
    other = dataclasses.replace(RECORD, items={v: dataclasses.replace(item, key=OTHER_KEYS.get(item.id, item.key)) for v, item in RECORD.items.items()})
    one, two = book_of(Sitting(FORM, ANSWERS, learner_id="1")), book_of(Sitting(FORM, OTHER_ANSWERS, learner_id="1"), record=other)
    assert one.graded[0].earned == two.graded[0].earned == Fraction(5, 2)
    pages = [report_task(packet(), [plan_report(book, book.graded[0])]).arguments["html"] for book in (one, two)]
    assert pages[0] == pages[1]
    closed = [closed_report_task(packet(), [plan_closed_report(book, book.graded[0])]).arguments["html"] for book in (one, two)]
    assert closed[0] != closed[1], "the test would not see a leak"


def test_a_report_counts_by_objective_and_names_what_cost_most_first() -> None:
    made = plan_report(book := book_of(Sitting(FORM, {**ANSWERS, "q-basics-02": ("c", "b", "a")})), book.graded[0])
    assert [(row.earned, row.possible) for row in made.objectives] == [("2.5", "7"), ("1", "2")]
    assert [(row.section, row.lost) for row in made.again] == [("1.1 Moments", "4")]
    assert (made.result, made.earned, made.possible, made.percent, made.needed) == ("Not passed", "3.5", "9", "38.89", "6")


def test_a_pending_report_says_what_it_waits_for_and_a_withdrawn_item_counts_nowhere() -> None:
    book = book_of(Sitting(FORM, ANSWERS, pending=("page 2 is missing",)), adjustments=(decision("q-basics-10", "withdraw"),))
    made = plan_report(book, book.graded[0])
    assert (made.result, made.pending, made.withdrawn, made.possible) == ("Pending", ("page 2 is missing",), 1, "6")
    html = report_task(packet(), [made]).arguments["html"]
    assert "This result is not final" in html and "page 2 is missing" in html and "1 item was withdrawn" in html


def test_a_closed_report_speaks_in_the_letters_of_the_learners_own_form() -> None:
    book = book_of(Sitting(FORM, ANSWERS), adjustments=(decision("q-basics-06", "rekey", NumericKey(Decimal(61), Decimal(1))),))
    made = {item.stem[:12]: item for item in plan_closed_report(book, book.graded[0]).items}
    form = RECORD.forms[FORM]
    shown = next(order for version, order in form.items if version.startswith("q-basics-01@"))
    letter = "ABC"[shown.index("a")]
    assert made["You have jus"].answered == made["You have jus"].right == f"{letter} (Cleaning the hands)" and letter != "A"
    assert (made["A rub takes "].answered, made["A rub takes "].right, made["A rub takes "].earned) == ("61 s", "61 ± 1 s", "1")
    assert made["Put the step"].answered == "no answer"


@needs("pdftotext")
def test_reports_are_written_for_each_learner_and_closed_ones_only_when_that_is_said(course: Path, folder: Path) -> None:
    done = run_command("--course", course, "grade", folder, "--moodle", MOODLE, "--reports", "--joined", "--paper", "letter")
    assert done.returncode == 0, done.stderr
    files = sorted((folder / "results/reports").glob("*.pdf"))
    assert [file.stem for file in files] == ["d-arc-jean-luc-l-002", "lee-kim-l-003", "lee-kim-l-004", "nunez-pena-maria-jose-l-005", "o-brien-lukasz-zoe-l-001"]
    text = text_of(files[0])
    assert "Jean-Luc d'Arc" in text and "Not passed" in text and "3 of 9 points" in text and "Points needed to pass: 6" in text
    assert "1.2 Steps" in text and "SAMPLE: NOT VALID FOR CREDIT" in text and "Not yet clinically reviewed" in text
    assert "Right answer" not in text and "Cleaning the hands" not in text
    with pikepdf.open(folder / "results/reports.pdf") as joined:
        assert len(joined.pages) == 5 and [float(n) for n in joined.pages[0].MediaBox[2:]] == [612, 792]
    done = run_command("--course", course, "grade", folder, "--reports", "--closed", "--withdraw", "q-basics-06", "--reason", "x", "--by", "y")
    text = text_of(files[0])
    assert done.returncode == 0 and "Right answer" in text and "Cleaning the hands" in text and "This page holds keys" in text
    done = run_command("--course", course, "grade", folder, "--restore", "q-basics-06", "--reason", "x", "--by", "y")
    assert "of an earlier grading" in done.stderr
