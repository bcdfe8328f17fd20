"""Cut scores: fixed, Angoff and Ebel, for each form its own."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from conftest import TINY, run_command, write_course

from coursewright.model.course import Course
from coursewright.model.judgement import CutRule, cut_score
from coursewright.plan.form import plan_form
from coursewright.read.course import read_course
from coursewright.read.judges import read_judges

ITEM = "  - {{id: q-{n}, type: true-false, objective: lo-1-1, section: part, stem: Statement {n}., answer: true, if_true: 'Yes.', if_false: 'No.', pool: exam}}\n"


def course(cut: str, judges: str = "", items: int = 4, count: int = 2, more: str = "") -> Course:
    files = {
        **TINY,
        "quizzes/banks/01-one.yaml": "id: bank-one\nmodule: one\nitems:\n" + "".join(ITEM.format(n=n) for n in range(1, items + 1)),
        "quizzes/blueprints/b.yaml": f"id: b\ntitle: B\ncells: [{{count: {count}}}]\n{cut}\n{more}",
    }
    tables = {"quizzes/judges/b.csv": judges.encode()} if judges else {}
    reading = read_course({path: text.encode() for path, text in files.items()}, {}, tables)
    assert reading.course is not None and reading.diagnostics == []
    return reading.course


def test_a_fixed_cut_score_is_never_rounded_down() -> None:
    assert cut_score(CutRule("fixed", Decimal(75)), dict.fromkeys("abcde", Fraction(1))).needed == 4


def test_angoff_is_the_mean_of_the_judges_sums_with_its_standard_error_and_interval() -> None:
    # three judges over four items: sums 2.6, 3.0, 2.2; mean 2.6; SD 0.4; SE 0.4/√3; t(2) = 4.302653
    chances = {
        "A": dict(zip("wxyz", map(Fraction, ("0.5", "0.7", "0.6", "0.8")), strict=True)),
        "B": dict(zip("wxyz", map(Fraction, ("0.7", "0.8", "0.7", "0.8")), strict=True)),
        "C": dict(zip("wxyz", map(Fraction, ("0.4", "0.6", "0.5", "0.7")), strict=True)),
    }
    cut = cut_score(CutRule("angoff", None, chances), dict.fromkeys("wxyz", Fraction(1)))
    assert cut.mean == Fraction("2.6") and cut.needed == 3 and cut.judges == 3
    assert cut.error == pytest.approx(0.4 / math.sqrt(3))
    assert (cut.low, cut.high) == (pytest.approx(2.6 - 4.302653 * 0.2309401, abs=1e-6), pytest.approx(2.6 + 4.302653 * 0.2309401, abs=1e-6))


def test_items_with_more_points_weigh_more_in_a_judged_cut() -> None:
    cut = cut_score(CutRule("angoff", None, {"A": {"x": Fraction(1, 2), "y": Fraction(1)}}), {"x": Fraction(4), "y": Fraction(1)})
    assert cut.mean == 3 and cut.error is None


def test_a_floor_applies_where_it_is_the_higher() -> None:
    low = {"A": dict.fromkeys("wxyz", Fraction(1, 4))}
    assert cut_score(CutRule("angoff", Decimal(75), low), dict.fromkeys("wxyz", Fraction(1))).needed == 3


def test_each_form_carries_the_cut_score_of_its_own_items() -> None:
    judges = "judge,item,chance\n" + "".join(f"{j},q-{n},{c}\n" for j in "ABCDEF" for n, c in enumerate((0.1, 0.2, 0.9, 1), 1))
    made = course("cut: {method: angoff, judges: b.csv}", judges)
    chance = {"q-1": Fraction("0.1"), "q-2": Fraction("0.2"), "q-3": Fraction("0.9"), "q-4": Fraction(1)}
    means = set()
    for number in range(1, 9):
        form = plan_form(made, made.blueprints[0], number)
        assert form.cut.mean == sum(chance[asked.question.id] for asked in form.sheet.asked)
        means.add(form.cut.mean)
    assert len(means) > 1


def test_the_second_round_replaces_the_first() -> None:
    judges = "judge,item,chance,round\n" + "".join(f"A,q-{n},0.1,1\nA,q-{n},0.9,2\n" for n in range(1, 5))
    made = course("cut: {method: angoff, judges: b.csv}", judges)
    assert plan_form(made, made.blueprints[0]).cut.mean == Fraction("1.8")


def test_ebel_takes_its_chances_from_the_grid() -> None:
    judges = "judge,item,relevance,difficulty\n" + "".join(f"A,q-{n},{'essential' if n < 3 else 'acceptable'},easy\n" for n in range(1, 5))
    made = course("cut: {method: ebel, judges: b.csv, grid: {essential: {easy: 90}, acceptable: {easy: 40}}}", judges, count=4)
    assert plan_form(made, made.blueprints[0]).cut.mean == Fraction("2.6")


@pytest.mark.parametrize(
    ("row", "said"),
    [("A,q-1,1.2", "no chance"), ("A,q-1,", "no chance"), ("A,q-1,about half", "no chance"), (",q-1,0.5", "no judge"), ("A,q-1,0.5\nA,q-1,0.6", "already")],
)
def test_a_wrong_rating_is_shown_at_its_row_and_left_out(row: str, said: str) -> None:
    made, found, _ = read_judges("quizzes/judges/b.csv", f"judge,item,chance\nZ,q-9,50%\n{row}\n".encode())
    assert len(found) == 1 and said in found[0].message and found[0].span.line >= 3
    assert made.ratings[0].chance == Fraction(1, 2)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"item,J1,J2\nq,1,2\n", b'judge,item,chance\n"A,q,1\n'])
def test_a_file_that_is_no_table_of_ratings_gets_an_error_and_no_crash(data: bytes) -> None:
    made, found, _ = read_judges("quizzes/judges/b.csv", data)
    assert found and not made.ratings


def test_a_judges_file_in_the_course_folder_is_read_and_its_faults_are_shown(tmp_path: Path) -> None:
    write_course(tmp_path, {**TINY, "quizzes/judges/b.csv": "judge,item,chance\nA,q-1,2\n"})
    run = run_command("--course", tmp_path, "check")
    assert run.returncode == 1 and "E404" in run.stderr + run.stdout and "quizzes/judges/b.csv:2:7" in run.stderr + run.stdout
