"""Grading: the gradebook, score reports without keys, decisions with a log of who moved, and certificates from it."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shutil
import signal
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from conftest import ROOT, run_command
from test_answer_tables import FINAL, FORM, ITEMS, RECORD, SAMPLES

from coursewright.build.administration import add_adjustment, load_adjustments, load_gradebook, save_record
from coursewright.build.certify import passed
from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.model.interaction import ChoiceKey, Key, MatchKey, NumericKey, OrderKey, PanelKey
from coursewright.model.judgement import CutRule
from coursewright.plan.adjusting import changes_nothing, emptied, moves, read_key
from coursewright.plan.gradebook import Adjustment, Gradebook, Sitting, grade
from coursewright.plan.gradebook_table import gradebook_header, gradebook_rows, key_text, number, percent_text
from coursewright.plan.record import FormRecord, Record
from coursewright.plan.sittings import NotAResponse, adjustment_json, read_adjustments, read_sittings, sittings_json
from coursewright.read.roster import read_roster
from coursewright.write.accreditation import csv_bytes

MOODLE, CANVAS = SAMPLES / "moodle-responses.csv", SAMPLES / "canvas-student-analysis.csv"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course with one of everything, and a final test that has all kinds of items."""
    folder = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(ROOT / "tests/courses/everything", folder)
    (folder / "quizzes/blueprints/final.yaml").write_text(FINAL, "utf-8")
    info = folder / "course/course.yaml"
    info.write_text(info.read_text("utf-8").replace("credit:\n", "credit:\n  form: final\n", 1), "utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An administration with one form printed, and nothing graded."""
    made = tmp_path / "june"
    save_record(made, RECORD)
    return made


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


def book_of(*sittings: Sitting, record: Record = RECORD, adjustments: tuple[Adjustment, ...] = ()) -> Gradebook:
    return grade("june", record, sittings, adjustments)


def decision(item: str, action: str, key: Key | None = None) -> Adjustment:
    return Adjustment(item, action, "why", "A. Coordinator", "2026-11-21T09:00:00+00:00", key)


def test_a_decision_is_about_the_versions_of_an_item_that_were_met_and_not_about_later_ones() -> None:
    old = next(item for item in RECORD.items.values() if isinstance(item.key, ChoiceKey) and len(item.key.correct) == 1)
    new = dataclasses.replace(old, version="later", stem=f"{old.stem} Reworded.")
    reworded = dataclasses.replace(old, version="again", section_text="another place")
    record = dataclasses.replace(RECORD, items={item.version: item for item in (old, new, reworded)}, forms={item.version: FormRecord(item.version, "final", ((item.version, ()),), CutRule("fixed", Decimal(0), {})) for item in (old, new, reworded)})
    withdrawn = dataclasses.replace(decision(old.id, "withdraw"), versions=frozenset([old.fingerprint]))
    sittings = [Sitting(item.version, {old.id: old.key.correct}) for item in (old, new, reworded)]  # type: ignore[union-attr]
    possible = [graded.possible for graded in grade("june", record, sittings, (withdrawn,)).graded]
    assert possible == [0, old.points, 0], "another rationale or place is no other question"
    assert emptied(record, [withdrawn]) == old.version
    assert not changes_nothing([withdrawn], dataclasses.replace(withdrawn, versions=frozenset([old.fingerprint, new.fingerprint])))
    assert read_adjustments(adjustment_json(withdrawn)) == (withdrawn,)
    assert [graded.possible for graded in grade("june", record, sittings, (withdrawn, decision(old.id, "restore"))).graded] == [old.points] * 3


# ---- the command ------------------------------------------------------------------------------------------------------


def test_results_of_a_platform_are_graded_without_any_printed_form(course: Path, tmp_path: Path) -> None:
    done = run_command("--course", course, "grade", tmp_path / "lms", "--test", "final", "--moodle", MOODLE)
    assert done.returncode == 0, done.stderr
    assert "5 learners: 2 passed, 2 failed, 1 pending" in done.stdout and "pending: María José Núñez Peña" in done.stdout
    made = rows(tmp_path / "lms/results/gradebook.csv")
    assert [(row["learner_id"], row["result"], row["earned"]) for row in made] == [("L-001", "pass", "9"), ("L-002", "fail", "3"), ("L-003", "pass", "9"), ("L-004", "fail", "1"), ("L-005", "pending", "1")]
    assert made[1]["q-basics-10"] == "2" and made[1]["q-basics-05"] == "0.5" and made[2]["attempts"] == "2"
    assert (made[4]["score_percent"], made[4]["passed"]) == ("", "pending")
    wrong = run_command("--course", course, "grade", tmp_path / "lms2", "--test", "finl", "--moodle", MOODLE)
    assert wrong.returncode == 2 and 'did you mean "final"' in wrong.stderr


def test_grading_twice_changes_nothing_and_a_day_that_was_noted_stays(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("learner_id,given_name,family_name,item,response\n1,Ann,Bee,q-basics-01,a\n", "utf-8")
    assert run_command("grade", folder, "--responses", tmp_path / "r.csv", "--day", "2026-11-20").returncode == 0
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert run_command("grade", folder).returncode == 0, "today is another day"
    assert run_command("grade", folder, "--responses", tmp_path / "r.csv").returncode == 0
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert rows(folder / "results/gradebook.csv")[0]["completed_at"] == "2026-11-20"


def test_faults_of_a_table_are_shown_and_its_other_rows_are_graded(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("learner_id,given_name,family_name,item,response\n1,Ann,Bee,q-basics-01,a\n2,Cy,Dee,q-basics-01,x\n", "utf-8")
    done = run_command("grade", folder, "--responses", tmp_path / "r.csv")
    assert done.returncode == 1 and "r.csv:3:22" in done.stderr and "E541" in done.stderr
    assert [row["result"] for row in rows(folder / "results/gradebook.csv")] == ["fail", "pending"]


def test_a_table_that_cannot_be_read_does_not_take_away_what_was_graded(folder: Path, tmp_path: Path) -> None:
    assert run_command("grade", folder, "--canvas", CANVAS).returncode == 0
    before = (folder / "results/gradebook.csv").read_bytes()
    (tmp_path / "bad.csv").write_bytes("learner_id,item,response\n1,é,b\n".encode("cp1252"))
    done = run_command("grade", folder, "--responses", tmp_path / "bad.csv")
    assert done.returncode == 1 and "bad.csv could not be read" in done.stderr and "E102" in done.stderr
    assert (folder / "results/gradebook.csv").read_bytes() == before


def test_learners_whom_a_new_table_leaves_out_are_named(folder: Path, tmp_path: Path) -> None:
    assert run_command("grade", folder, "--canvas", CANVAS).returncode == 0
    (tmp_path / "r.csv").write_text("learner_id,given_name,family_name,item,response\nL-001,Zoë,X,q-basics-01,a\n", "utf-8")
    done = run_command("grade", folder, "--responses", tmp_path / "r.csv")
    assert "no longer in the gradebook" in done.stderr and "Jean-Luc d'Arc" in done.stderr and "Zoë O'Brien" not in done.stderr


def test_a_learner_in_two_tables_waits_for_somebody_to_say_which_counts(folder: Path) -> None:
    done = run_command("grade", folder, "--canvas", CANVAS, "--moodle", MOODLE)
    assert done.returncode == 1 and "E545" in done.stderr
    made = rows(folder / "results/gradebook.csv")
    assert len(made) == 10 and {row["result"] for row in made} == {"pending"}


def test_names_and_licenses_come_from_a_roster_by_id(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("learner_id,given_name,family_name,license_id,license_state,consent_to_report\nL-005,María José,Núñez Peña,RN5,FL,yes\n", "utf-8")
    done = run_command("grade", folder, "--canvas", CANVAS, "--roster", tmp_path / "roster.csv")
    last = rows(folder / "results/gradebook.csv")[-1]
    assert (last["given_name"], last["family_name"], last["license_id"], last["consent_to_report"]) == ("María José", "Núñez Peña", "RN5", "yes")
    assert "not on the roster: Zoë" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--withdraw", "q-basics-1", "--reason", "x", "--by", "y"), 'did you mean "q-basics-1'),
        (("--withdraw", "q-basics-01"), "--reason"),
        (("--withdraw", "q-basics-01", "--reason", "x"), "--by"),
        (("--rekey", "q-basics-01", "--reason", "x", "--by", "y"), "ITEM=KEY"),
        (("--rekey", "q-basics-01=e", "--reason", "x", "--by", "y"), "one or some of a, b, c"),
        (("--closed",), "--reports"),
        (("--form", "final-0"), "there is no form"),
        (("--test", "posttest"), "holds forms of final"),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_anything_is_written(folder: Path, arguments: tuple[str, ...], says: str) -> None:
    done = run_command("grade", folder, "--canvas", CANVAS, *arguments)
    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert [path.name for path in folder.iterdir()] == ["record.jsonl"]


def test_a_folder_with_nothing_to_grade_says_so(folder: Path, tmp_path: Path) -> None:
    done = run_command("grade", folder)
    assert done.returncode == 2 and "no scans and no results" in done.stderr
    done = run_command("grade", tmp_path / "nowhere")
    assert done.returncode == 1 and "no printed forms" in done.stderr


# ---- decisions after the test ------------------------------------------------------------------------------------------


def test_an_item_is_withdrawn_rekeyed_and_restored_and_the_log_says_who_moved(folder: Path) -> None:
    who = ("--reason", "two answers are right", "--by", "A. Coordinator")
    assert run_command("grade", folder, "--canvas", CANVAS).returncode == 0
    first = (folder / "results/gradebook.csv").read_bytes()
    done = run_command("grade", folder, "--rekey", "q-basics-01=a,b", *who)
    assert done.returncode == 0 and "rekey q-basics-01 to a or b: 1 score moved, 0 results changed" in done.stdout and "Jean-Luc d'Arc: 3/9 fail → 4/9 fail" in done.stdout
    done = run_command("grade", folder, "--withdraw", "q-basics-10", *who)
    assert "Jean-Luc d'Arc: 4/9 fail → 3/6 fail" in done.stdout
    made = rows(folder / "results/gradebook.csv")
    assert {row["q-basics-10"] for row in made} == {"withdrawn"} and {row["possible"] for row in made} == {"6"} and {row["needed"] for row in made} == {"4"}
    moved = rows(folder / "results/moved.csv")
    assert [(row["item"], row["learner_id"]) for row in moved][:2] == [("q-basics-01", "L-002"), ("q-basics-10", "L-001")]
    assert (moved[0]["key"], moved[0]["reason"], moved[0]["by"]) == ("a or b", who[1], who[3])
    assert run_command("grade", folder, "--restore", "q-basics-10", "--restore", "q-basics-01", *who).returncode == 0
    assert (folder / "results/gradebook.csv").read_bytes() == first
    assert len(rows(folder / "results/moved.csv")) > len(moved), "what was taken back stays in the log"
    assert [json.loads(line)["action"] for line in (folder / "adjustments.jsonl").read_text("utf-8").splitlines()] == ["rekey", "withdraw", "restore", "restore"]


def test_the_same_decision_twice_is_one(folder: Path) -> None:
    who = ("--reason", "x", "--by", "y")
    assert run_command("grade", folder, "--canvas", CANVAS, "--withdraw", "q-basics-06", *who).returncode == 0
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = run_command("grade", folder, "--withdraw", "q-basics-06", *who)
    assert "decided so already" in done.stderr and {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_form_keeps_an_item(folder: Path) -> None:
    every = [argument for item in ITEMS for argument in ("--withdraw", item)]
    done = run_command("grade", folder, "--canvas", CANVAS, *every, "--reason", "x", "--by", "y")
    assert done.returncode == 2 and "would have no item left" in done.stderr
    assert emptied(RECORD, [decision(item, "withdraw") for item in ITEMS]) == FORM
    assert emptied(RECORD, [*(decision(item, "withdraw") for item in ITEMS), decision("q-basics-01", "restore")]) == ""


@pytest.mark.parametrize(
    ("item", "text", "key", "shown"),
    [
        ("q-basics-01", "b", ChoiceKey(frozenset("b")), "b"),
        ("q-basics-01", "b, C", PanelKey((("b", Fraction(1)), ("c", Fraction(1)))), "b or c"),
        ("q-basics-07", "a,c", ChoiceKey(frozenset("ac")), "a c"),
        ("q-basics-06", "42±1", NumericKey(Decimal(42), Decimal(1)), "42±1"),
        ("q-basics-06", "42 +- 0,5", NumericKey(Decimal(42), Decimal("0.5")), "42±0.5"),
        ("q-basics-06", "-3", NumericKey(Decimal(-3)), "-3"),
        ("q-basics-05", "a=team b=patient", MatchKey((("a", "team"), ("b", "patient"))), "a=team b=patient"),
        ("q-basics-02", "a>b>c", OrderKey(("a", "b", "c")), "a > b > c"),
    ],
)
def test_a_new_key_is_written_as_responses_are(item: str, text: str, key: Key, shown: str) -> None:
    assert read_key(ITEMS[item], text) == key and key_text(decision(item, "rekey", key)) == shown


@pytest.mark.parametrize(("item", "text"), [("q-basics-01", ""), ("q-basics-01", "z"), ("q-basics-06", "many"), ("q-basics-06", "4±x"), ("q-basics-05", "a=team"), ("q-basics-02", "a>b"), ("q-basics-02", "")])
def test_a_key_that_is_none_is_refused(item: str, text: str) -> None:
    with pytest.raises(NotAResponse):
        read_key(ITEMS[item], text)


def test_a_decision_that_holds_already_changes_nothing() -> None:
    log = [decision("q", "withdraw"), decision("q", "restore"), decision("r", "withdraw")]
    assert changes_nothing(log, decision("r", "withdraw")) and not changes_nothing(log, decision("q", "withdraw"))
    assert changes_nothing(log, decision("q", "restore")) and not changes_nothing(log, decision("r", "restore"))
    assert not changes_nothing(log, decision("r", "rekey", ChoiceKey(frozenset("a"))))


def test_a_line_of_the_log_that_was_cut_off_was_never_decided_and_is_written_over(folder: Path) -> None:
    add_adjustment(folder, decision("q-basics-01", "withdraw"))
    whole = (folder / "adjustments.jsonl").read_bytes()
    (folder / "adjustments.jsonl").write_bytes(whole + whole[: len(whole) // 2])
    assert len(load_adjustments(folder)) == 1
    add_adjustment(folder, decision("q-basics-02", "withdraw"))
    assert [a.item for a in load_adjustments(folder)] == ["q-basics-01", "q-basics-02"]
    odd = dataclasses.replace(decision("q-basics-05", "withdraw"), reason="a line\u2028and\x85another")
    add_adjustment(folder, odd)
    assert load_adjustments(folder)[-1] == odd
    told = (Sitting(FORM, {"q-basics-06": "60\u2028\x85"}, given_name="A\u2029B"),)
    assert read_sittings(sittings_json(told)) == told


def test_a_decision_outlives_a_kill_right_after_it(folder: Path) -> None:
    assert run_command("grade", folder, "--canvas", CANVAS).returncode == 0
    script = (
        "import os, signal, sys; from pathlib import Path; import coursewright.build.grade as g; from coursewright.cli.root import run\n"
        "g.write_results = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"run(['grade', {str(folder)!r}, '--withdraw', 'q-basics-06', '--reason', 'x', '--by', 'y'])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(load_adjustments(folder)) == 1
    assert run_command("grade", folder).returncode == 0
    assert {row["q-basics-06"] for row in rows(folder / "results/gradebook.csv")} == {"withdrawn"} and rows(folder / "results/moved.csv")


def test_moves_are_told_against_what_held_before_each_decision() -> None:
    right = {"q-basics-01": frozenset("a"), "q-basics-06": "60"}
    found = moves("june", RECORD, (Sitting(FORM, right, learner_id="1"),), (decision("q-basics-01", "rekey", ChoiceKey(frozenset("b"))), decision("q-basics-06", "withdraw")))
    assert [(move.adjustment.item, move.before.earned, move.after.earned) for move in found] == [("q-basics-01", 2, 1), ("q-basics-06", 1, 0)]


# ---- the gradebook, and certificates from it ------------------------------------------------------------------------------


def test_numbers_stand_as_people_write_them() -> None:
    assert [number(Fraction(n)) for n in ("0", "2", "3/2", "2/3", "1/3", "19/20")] == ["0", "2", "1.5", "0.67", "0.33", "0.95"]


def test_a_percentage_below_the_cut_is_never_rounded_up_to_it() -> None:
    item = next(iter(RECORD.items.values()))
    big = dataclasses.replace(item, points=Fraction(100_000))
    record = dataclasses.replace(RECORD, items={item.version: big}, forms={FORM: FormRecord(FORM, "final", ((item.version, ()),), CutRule("fixed", Decimal(80)))})
    (just,) = grade("x", record, [Sitting(FORM, shares={item.id: Fraction(79_999, 100_000)})]).graded
    assert just.passed is False and percent_text(just) == "79.99"


def test_a_formula_in_a_name_reaches_no_spreadsheet_and_the_name_comes_back() -> None:
    made = csv_bytes(gradebook_header(book_of()), gradebook_rows(book_of(Sitting(FORM, learner_id="+49", given_name="=cmd()", family_name="-x", completed_at="2026-11-20"))))
    assert b"'=cmd()" in made and b"\r\n'+49" in made
    (learner,) = read_roster("g.csv", made).learners
    assert (learner.learner_id, learner.given_name, learner.family_name) == ("+49", "=cmd()", "-x")


def test_an_item_called_as_a_column_of_a_roster_does_not_take_its_place() -> None:
    item = dataclasses.replace(ITEMS["q-basics-01"], id="action")
    record = dataclasses.replace(RECORD, items={item.version: item}, forms={FORM: FormRecord(FORM, "final", ((item.version, ("a", "b", "c")),), CutRule("fixed", Decimal(60)))})
    header = gradebook_header(book_of(Sitting(FORM), record=record))
    assert "item action" in header and "action" not in header and len(set(header)) == len(header)


def test_certificates_follow_from_the_gradebook_the_same_afternoon(course: Path, folder: Path, tmp_path: Path) -> None:
    assert run_command("--course", course, "grade", folder, "--moodle", MOODLE).returncode == 0
    gradebook = folder / "results/gradebook.csv"
    done = run_command("--course", course, "certify", gradebook, "--out", tmp_path / "out", "--key", tmp_path / "key.pem")
    assert done.returncode == 0, done.stderr
    made = rows(gradebook)
    assert len(list((tmp_path / "out").glob("*.pdf"))) == sum(row["result"] == "pass" for row in made) == 2
    assert "Jean-Luc d'Arc gets no certificate" in done.stderr and "the result is pending" in done.stderr
    done = run_command("--course", course, "records", gradebook)
    assert [row["family_name"] for row in csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff")))] == ["O'Brien-Łukasz", "Lee"]


def test_where_forms_differ_in_their_cut_the_gradebook_decides_and_no_percentage() -> None:
    inputs = read_inputs(ROOT / "tests/courses/everything")
    inputs.yaml["quizzes/blueprints/final.yaml"] = FINAL.encode()
    course = examine(inputs).course
    assert course is not None
    strict = dataclasses.replace(RECORD.forms[FORM], id="final-strict", rule=CutRule("fixed", Decimal(90)))
    record = dataclasses.replace(RECORD, forms={**RECORD.forms, "final-strict": strict})
    seven = {item: Fraction(1) for item in ITEMS if item not in ("q-basics-01", "q-basics-06")}
    sat = [Sitting(form, shares=seven, learner_id=form, given_name="A", family_name="B", completed_at="2026-11-20") for form in record.forms]
    book = grade("x", record, sat)
    assert {graded.percent for graded in book.graded} == {Fraction(700, 9)} and [graded.passed for graded in book.graded] == [True, False]
    data = csv_bytes(gradebook_header(book), gradebook_rows(book)).decode().replace(",final,", ",posttest,")  # the course's credit form
    kept, found = passed(course, read_roster("g.csv", data.encode()))
    assert [learner.learner_id for learner in kept] == [FORM] and "the gradebook says" in found[0].message


def test_results_of_another_test_give_no_certificate() -> None:
    course = examine(read_inputs(ROOT / "tests/courses/everything")).course
    assert course is not None
    text = "given_name,family_name,completed_at,passed,test\nA,B,2026-11-20,yes,pretest\nC,D,2026-11-20,yes,posttest\n"
    kept, found = passed(course, read_roster("g.csv", text.encode()))
    assert [learner.name for learner in kept] == ["C D"] and "a result of pretest" in found[0].message


def test_a_gradebook_is_for_its_owner_alone(folder: Path) -> None:
    run_command("grade", folder, "--canvas", CANVAS)
    assert (folder / "results/gradebook.csv").stat().st_mode & 0o077 == 0
    assert load_gradebook(folder).graded[0].earned == 9


def test_scans_are_gathered_and_stay_when_a_table_is_added(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    from coursewright.build.grade import Sources, gather

    (folder / "reads.sqlite").write_bytes(b"")
    scanned = (Sitting(FORM, {"q-basics-01": frozenset("a")}, sheet="S1", learner_id="9"), Sitting(FORM, sheet="S2", pending=("item 3: two marks",)))
    module = types.ModuleType("coursewright.build.scan.gather")
    module.sittings = lambda folder, record: scanned  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "coursewright.build.scan.gather", module)
    made = gather(folder, RECORD, Sources(canvas=(CANVAS,), day="2026-11-20"))
    assert [s.sheet for s in made.sittings][:3] == ["S1", "S2", ""] and made.sittings[0].completed_at == "2026-11-20"
    again = gather(folder, RECORD, Sources(day="2026-12-24"))
    assert again.sittings == made.sittings, "scans are read anew, tables are kept, and so is the day"
    fixed = gather(folder, RECORD, Sources(day="2026-12-24", fixed_day=True))
    assert fixed.sittings[0].completed_at == "2026-12-24" and fixed.sittings[2].completed_at == made.sittings[2].completed_at
