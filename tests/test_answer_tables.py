"""Answers as tables: typed in, and downloaded from Moodle and Canvas. What is not understood is shown, never guessed."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from conftest import ROOT

from coursewright.build.check import examine
from coursewright.build.grade import record_of
from coursewright.build.inputs import read_inputs
from coursewright.model.interaction import Alternative, Choice, Match
from coursewright.model.prose import Line
from coursewright.plan.answer_table import Answers, read_answers
from coursewright.plan.attempts import counting
from coursewright.plan.canvas_results import read_canvas
from coursewright.plan.gradebook import Sitting, grade
from coursewright.plan.lms_results import Wish
from coursewright.plan.lms_text import Ambiguous, find_item, nearest_share, normal, read_words
from coursewright.plan.moodle_results import moodle_moment, read_moodle
from coursewright.plan.record import ItemRecord, Record
from coursewright.plan.sittings import NotAResponse

SAMPLES = Path(__file__).parent / "grading"
FINAL = """\
id: final
title: Final test
pool: practice
cells: [{count: 7, module: basics}]
cut: {method: fixed, percent: 60}
seed: "1"
shuffle_items: true
shuffle_options: true
"""


def record_of_everything() -> Record:
    """A record of one form with all kinds of items."""
    inputs = read_inputs(ROOT / "tests/courses/everything")
    inputs.yaml["quizzes/blueprints/final.yaml"] = FINAL.encode()
    course = examine(inputs).course
    assert course is not None
    return record_of(course, "final")


RECORD = record_of_everything()
FORM = next(iter(RECORD.forms))
ITEMS = {item.id: item for item in RECORD.form_items(FORM)}


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def codes(answers: Answers) -> list[tuple[str, int, int]]:
    return [(d.code, d.span.line, d.span.column) for d in answers.diagnostics]


def points(answers: Answers) -> list[tuple[str, Fraction]]:
    graded = grade("x", RECORD, [attempt.sitting for attempt in answers.attempts]).graded
    return [(g.sitting.learner_id, g.earned) for g in graded]


# ---- typed in -------------------------------------------------------------------------------------------------------

LONG = """learner_id,given_name,family_name,form,item,response
1,Zoë,O’Brien-Łukasz,FORM,q-basics-01,a
1,Zoë,O’Brien-Łukasz,FORM,q-basics-06,"60,2"
1,Zoë,O’Brien-Łukasz,FORM,q-basics-07,b a
2,Kim,Lee,FORM,q-basics-10,a=patient b=team c=nobody
3,Kim,Lee,FORM,q-basics-02,c > b > a
""".replace("FORM", FORM)


def test_a_long_table_gives_each_learner_the_points_of_the_answers() -> None:
    made = read_answers("a.csv", LONG.encode(), RECORD)
    assert made.diagnostics == [] and points(made) == [("1", 3), ("2", 3), ("3", 1)]
    assert [attempt.sitting.name for attempt in made.attempts] == ["Zoë O’Brien-Łukasz", "Kim Lee", "Kim Lee"]


def test_a_wide_table_says_the_same_and_carries_the_columns_of_a_roster() -> None:
    blank = "".join(f",{item}" for item in ITEMS if item not in ("q-basics-01", "q-basics-06"))
    text = f"learner_id;given_name;family_name;license_id;q-basics-01;q-basics-06{blank.replace(',', ';')}\n1;Zoë;O’Brien;RN1;a;60\n"
    made = read_answers("a.csv", text.encode("utf-8-sig"), RECORD)
    assert made.diagnostics == [] and points(made) == [("1", 2)]
    assert made.attempts[0].sitting.roster == (("license_id", "RN1"),)


@pytest.mark.parametrize(
    ("row", "code", "cell", "waits"),
    [
        ("1,A,B,FORM,q-basics-01,e", "E541", 5, "is no answer"),
        ("1,b,B,FORM,q-basics-01,bb", "E541", 5, "is no answer"),
        ("1,A,B,FORM,q-basics-01,=SUM(A1)", "E541", 5, "is no answer"),
        ("1,A,B,FORM,q-basics-06,#NAME?", "E541", 5, "is no answer"),
        ("1,A,B,FORM,q-basics-99,a", "E542", 4, "no item of the form"),
        ("1,A,B,FORM,,a", "E542", 4, "no item of the form"),
        ("1,A,B,final-xx,q-basics-01,a", "E543", 3, ""),
        (",,,FORM,q-basics-01,a", "E543", 0, ""),
        ("=1+1,A,B,FORM,q-basics-01,a", "E543", 0, ""),
    ],
)
def test_a_row_that_is_not_understood_is_shown_at_its_cell_and_the_result_waits(row: str, code: str, cell: int, waits: str) -> None:
    head = "learner_id,given_name,family_name,form,item,response\n"
    text = head + row.replace("FORM", FORM) + "\n"
    made = read_answers("a.csv", text.encode(), RECORD)
    expected = len(",".join(text.split("\n")[1].split(",")[:cell])) + (2 if cell else 1)
    assert codes(made) == [(code, 2, expected)]
    pending = [reason for attempt in made.attempts for reason in attempt.sitting.pending]
    assert bool(pending) is bool(waits) and all(waits in reason for reason in pending)


def test_an_item_answered_twice_and_otherwise_waits_while_the_same_answer_twice_does_no_harm() -> None:
    twice = LONG + f"1,Zoë,O’Brien-Łukasz,{FORM},q-basics-01,b\n2,Kim,Lee,{FORM},q-basics-10,a=patient b=team c=nobody\n"
    made = read_answers("a.csv", twice.encode(), RECORD)
    assert [(code, line) for code, line, _ in codes(made)] == [("E545", 7)]
    assert [bool(a.sitting.pending) for a in made.attempts] == [True, False, False]


def test_two_rows_of_one_name_without_ids_are_never_made_one() -> None:
    names = ",".join(ITEMS)
    made = read_answers("a.csv", f"given_name,family_name,{names}\nKim,Lee,{',' * (len(ITEMS) - 1)}\nkim,LEE,{',' * (len(ITEMS) - 1)}\n".encode(), RECORD)
    assert [code for code, *_ in codes(made)] == ["E545"] and len(made.attempts) == 2
    assert all("two rows carry this name" in a.sitting.pending[0] for a in made.attempts)


def test_a_missing_column_of_an_item_is_no_wrong_answer() -> None:
    made = read_answers("a.csv", b"learner_id,q-basics-01,q-basics-7\n1,a,b\n", RECORD, withdrawn=frozenset({"q-basics-02"}))
    found = [d for d in made.diagnostics if d.code == "E544"]
    assert len(found) == len(ITEMS) - 2, "one of the items is there, one was withdrawn"
    (stray,) = [d for d in made.diagnostics if d.code == "W549"]
    assert "q-basics-7" in stray.message and "did you mean" in stray.help
    assert len(made.attempts[0].sitting.pending) == len(ITEMS) - 2


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        ("name;Zoë\n".encode("cp1252"), "E102", 1),
        ("learner_id,item,response\n1,q,a\n".encode("utf-16"), "E102", 1),
        (b"learner_id,item,response\n1,q-basics-01,\"a\n2,q-basics-01,b\n", "E540", 2),
        (b"", "E540", 1),
        (b"\n\n\n", "E540", 1),
        (b"learner_id,itm,response\n1,q,a\n", "E540", 1),
        (b"who,what\n1,2\n", "E540", 1),
        (b"learner_id,item,response\n1,q-basics-01,a\x00\n", "E102", 2),
    ],
)
def test_a_table_that_cannot_be_read_says_where(data: bytes, code: str, line: int) -> None:
    made = read_answers("a.csv", data, RECORD)
    assert (code, line) in [(c, at) for c, at, _ in codes(made)]


def test_a_table_of_many_faults_lists_some_and_counts_the_rest() -> None:
    text = "learner_id,item,response\n" + "".join(f"L{n},q-basics-01,zz\n" for n in range(1000))
    made = read_answers("a.csv", text.encode(), RECORD)
    assert len(made.diagnostics) == 201 and any("and 800 more" in d.message for d in made.diagnostics)
    assert len(made.attempts) == 1000 and all(a.sitting.pending for a in made.attempts)


def test_a_learner_with_a_printed_copy_keeps_its_name_form_and_roster() -> None:
    from coursewright.plan.record import Copy

    record = replace(RECORD, copies={"S1": Copy("S1", FORM, 1, "7", "Ada", "Lovelace", roster=(("license_id", "RN7"),))})
    made = read_answers("a.csv", b"learner_id,item,response\n7,q-basics-01,a\n", record)
    sitting = made.attempts[0].sitting
    assert sitting.name == "Ada Lovelace" and dict(sitting.roster) == {"license_id": "RN7"}
    other = replace(record, forms={**record.forms, "final-2": replace(record.forms[FORM], id="final-2")})
    made = read_answers("a.csv", b"learner_id,item,response\n7,q-basics-01,a\n8,q-basics-01,a\n", other)
    assert [a.sitting.form for a in made.attempts] == [FORM], "the form of the copy is the learner's; another's is not known"
    assert [(code, line) for code, line, _ in codes(made)] == [("E543", 3)]


# ---- several attempts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "earned"), [("first", 2), ("last", 9), ("best", 9)])
def test_one_attempt_of_several_counts_by_policy(policy: str, earned: int) -> None:
    made = read_moodle("m.csv", sample("moodle-responses.csv"), RECORD, Wish())
    sittings, said = counting(made.attempts, policy, lambda s: grade("", RECORD, [s]).graded[0].earned, made.grid.span)
    (mine,) = [s for s in sittings if s.learner_id == "L-003"]
    # the first attempt: one pair matched twice, and the number
    assert grade("", RECORD, [mine]).graded[0].earned == earned and dict(mine.roster)["attempts"] == "2"
    assert [d.code for d in said] == ["W546"]


def test_an_attempt_that_was_not_handed_in_counts_only_where_there_is_no_other() -> None:
    from coursewright.plan.attempts import Attempt
    from coursewright.source.span import Span

    done, running = Sitting(FORM, learner_id="1"), Sitting(FORM, learner_id="1", pending=("not handed in",))
    kept, said = counting([Attempt(done, 1, 2), Attempt(running, 2, 3, finished=False)], "last", lambda s: Fraction(0), lambda line: Span("x", line))
    assert kept == [done] and said == []
    assert counting([Attempt(running, 2, 3, finished=False)], "last", lambda s: Fraction(0), lambda line: Span("x", line))[0] == [running]


# ---- Moodle -----------------------------------------------------------------------------------------------------------


def test_moodles_responses_report_is_graded_by_the_record() -> None:
    made = read_moodle("m.csv", sample("moodle-responses.csv"), RECORD, Wish())
    assert [code for code, *_ in codes(made)] == ["W550", "W550"]
    assert points(made) == [("L-001", 9), ("L-002", 3), ("L-003", 2), ("L-003", 9), ("L-004", 1), ("L-005", 1)]
    first = made.attempts[0].sitting
    assert (first.name, first.completed_at, first.pending) == ("Zoë O'Brien-Łukasz", "2026-11-20", ())
    assert "not handed in" in made.attempts[5].sitting.pending[0]


def test_moodles_grades_report_gives_points_alone_and_thirds_are_thirds_again() -> None:
    made = read_moodle("m.csv", sample("moodle-grades.csv"), RECORD, Wish(in_order=True))
    assert made.diagnostics == [] and len(made.attempts) == 2, "the average at the end is no learner"
    assert points(made) == [("L-001", Fraction(8)), ("L-002", Fraction(1, 6) + Fraction(1, 2) + 2 + Fraction(1, 2))]
    assert made.attempts[0].sitting.shares["q-basics-10"] == Fraction(2, 3)


def test_a_report_without_questions_is_read_by_order_only_when_that_is_said() -> None:
    made = read_moodle("m.csv", sample("moodle-grades.csv"), RECORD, Wish())
    assert [(code, line) for code, line, _ in codes(made)] == [("E540", 1)] and made.attempts == []
    assert "--in-order" in made.diagnostics[0].help


def test_a_question_of_moodle_that_is_no_item_is_shown_and_the_results_wait() -> None:
    data = sample("moodle-responses.csv").decode().replace("Match the moment with", "Pair the moment with").encode()
    made = read_moodle("m.csv", data, RECORD, Wish())
    assert {code for code, *_ in codes(made)} == {"E542", "E544", "W550"}
    first = next(d for d in made.diagnostics if d.code == "E542")
    assert made.grid.source.text.split("\n")[first.span.line - 1][first.span.column - 1 :].startswith("Pair the moment")
    assert all(any("q-basics-05" in reason for reason in a.sitting.pending) for a in made.attempts)


def test_an_answer_of_moodle_in_other_words_is_shown_at_its_cell_and_waits() -> None:
    data = sample("moodle-responses.csv").decode().replace("Changing the apron,Cleaning", "Changing an apron,Cleaning").encode()
    made = read_moodle("m.csv", data, RECORD, Wish())
    (found,) = [d for d in made.diagnostics if d.code == "E541"]
    line = made.grid.source.text.split("\n")[found.span.line - 1]
    assert line[found.span.column - 1 : found.span.end_column - 1] == "Changing an apron" and "Response 1" in found.message
    assert [bool(a.sitting.pending) for a in made.attempts][:3] == [False, True, False]


def test_a_report_with_another_number_of_questions_is_not_read_by_order() -> None:
    lines = sample("moodle-grades.csv").decode("utf-8-sig")
    made = read_moodle("m.csv", lines.replace("Q. 7 /1.00", "Feedback").encode(), RECORD, Wish(in_order=True))
    assert "6 questions" in made.diagnostics[0].message and "7 items" in made.diagnostics[0].message and made.attempts == []


def test_an_item_withdrawn_is_not_missed_in_a_table() -> None:
    rows = list(csv.reader(io.StringIO(sample("moodle-responses.csv").decode("utf-8-sig"))))
    gone = [n for n, name in enumerate(rows[0]) if name.endswith(" 3")]
    text = io.StringIO()
    csv.writer(text).writerows([cell for n, cell in enumerate(row) if n not in gone] for row in rows)
    missed = read_moodle("m.csv", text.getvalue().encode(), RECORD, Wish())
    assert ("E544", 1, 1) in codes(missed) and all(a.sitting.pending for a in missed.attempts)
    spared = read_moodle("m.csv", text.getvalue().encode(), RECORD, Wish(withdrawn=frozenset({"q-basics-05"})))
    assert "E544" not in {code for code, *_ in codes(spared)} and not spared.attempts[0].sitting.pending


def test_a_table_finds_its_form_among_several_or_asks_for_it() -> None:
    first = RECORD.forms[FORM]
    shorter = replace(first, id="final-short", items=first.items[:-1])
    record = replace(RECORD, forms={"final-short": shorter, FORM: first})
    for made in (read_moodle("m.csv", sample("moodle-responses.csv"), record, Wish()), read_canvas("c.csv", sample("canvas-student-analysis.csv"), record, Wish())):
        assert {attempt.sitting.form for attempt in made.attempts} == {FORM}
    twin = replace(RECORD, forms={"final-twin": replace(first, id="final-twin"), FORM: first})
    for made in (read_moodle("m.csv", sample("moodle-responses.csv"), twin, Wish()), read_canvas("c.csv", sample("canvas-student-analysis.csv"), twin, Wish())):
        assert made.attempts == [] and "--form" in made.diagnostics[0].help
    named = read_moodle("m.csv", sample("moodle-responses.csv"), twin, Wish(form="final-twin"))
    assert {attempt.sitting.form for attempt in named.attempts} == {"final-twin"}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20 November 2026  10:14 AM", "2026-11-20 10:14"),
        ("1 May 2026, 12:05 AM", "2026-05-01 00:05"),
        ("Friday, 20 November 2026, 2:14 PM", "2026-11-20 14:14"),
        ("2026-11-20 10:14", "2026-11-20 10:14"),
        ("20. November 2026", ""),
        ("-", ""),
    ],
)
def test_moodles_moments_are_read_or_left(text: str, moment: str) -> None:
    assert moodle_moment(text) == moment


# ---- Canvas -----------------------------------------------------------------------------------------------------------


def test_canvass_student_analysis_is_graded_by_the_record() -> None:
    made = read_canvas("c.csv", sample("canvas-student-analysis.csv"), RECORD, Wish())
    assert [code for code, *_ in codes(made)] == ["W547", "W548"], "a long name is split aloud, and a key that differs is told"
    assert points(made) == [("L-001", 9), ("L-002", 3), ("L-002", 9), ("L-003", 1), ("L-004", 9), ("L-005", 9)]
    assert [a.number for a in made.attempts[1:3]] == [2, 1]
    assert made.attempts[0].sitting.completed_at == "2026-11-20"


def test_commas_in_the_options_of_canvas_do_not_cut_them() -> None:
    options = tuple(Alternative(id_, Line.parse(text)) for id_, text in (("a", "Red, white"), ("b", "Red"), ("c", "White => blue")))
    choice = Choice(options, multiple=True)
    assert read_words(choice, "Red\\, white,White \\=> blue") == {"a", "c"}
    assert read_words(choice, "Red; White => blue") == {"b", "c"}
    with pytest.raises(NotAResponse):
        read_words(choice, "Red, white, Green")


def test_a_question_of_canvas_that_is_no_item_makes_its_takers_wait() -> None:
    data = sample("canvas-student-analysis.csv").decode().replace("4713: Match the moment", "4713: Pair the moment").encode()
    made = read_canvas("c.csv", data, RECORD, Wish())
    (found,) = [d for d in made.diagnostics if d.code == "E542"]
    assert found.span.line == 1 and "Pair the moment" in made.grid.source.text[found.span.column - 1 : found.span.column + 30]
    assert all(a.sitting.pending for a in made.attempts)


# ---- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.id)
def test_every_item_is_found_by_its_own_words_with_instruction_id_or_case(item: ItemRecord) -> None:
    inputs = read_inputs(ROOT / "tests/courses/everything")
    course = examine(inputs).course
    assert course is not None
    instruction = next(single.instruction for single in course.single_items if single.id == item.id)
    for words in (item.stem, f"{item.stem} _{instruction}_", item.stem.upper() + instruction, f"A case ends.{item.stem}{instruction}", f"{item.id}: anything", f"anything [{item.id}]"):
        assert find_item(words, ITEMS.values()) is item, words


@pytest.mark.parametrize("words", ["", "due now?", "In the case of: nothing", "Not " + "put the steps in order.", "Put the steps in order. But backwards.", "q-basics-1: x"])
def test_words_that_are_no_items_are_none(words: str) -> None:
    assert find_item(words, ITEMS.values()) is None


def test_items_that_share_a_stem_are_told_apart_by_options_or_not_at_all() -> None:
    def item(id_: str, *texts: str) -> ItemRecord:
        base = ITEMS["q-basics-01"]
        return replace(base, id=id_, stem="Which is true?", interaction=Choice(tuple(Alternative(str(n), Line.parse(text)) for n, text in enumerate(texts))))

    pair = (item("one", "Red", "Blue"), item("two", "Green", "Blue"))
    assert find_item("Which is true?: Blue; Green", pair) is pair[1]
    assert find_item("Which is true?", pair, ["Green", "-"]) is pair[1]
    with pytest.raises(Ambiguous):
        find_item("Which is true?", pair, ["Blue"])


def test_orders_that_moodle_cuts_short_are_read_where_one_step_alone_fits() -> None:
    order = ITEMS["q-basics-02"].interaction
    assert read_words(order, "Wet the...; Rub wit...; Rinse a...") == ("c", "b", "a")
    assert read_words(order, "Wet the hands; Rinse and dry; Rub with soap") == ("c", "a", "b")
    assert read_words(order, "Rinse and dry=>3,Rub with soap=>2,Wet the hands=>1") == ("c", "b", "a")
    assert read_words(order, "Rinse and dry=>1,Rub with soap=>1,Wet the hands=>2") == (), "two steps in one place are no order"
    with pytest.raises(NotAResponse):
        read_words(order, "Wet...; Rub wit...")


def test_a_match_leaves_out_what_was_left_blank() -> None:
    match = ITEMS["q-basics-05"].interaction
    assert isinstance(match, Match)
    assert read_words(match, "Before contact=>,After contact=>The team") == {"b": "team"}
    assert read_words(match, "-") is None


def test_a_cell_made_to_be_slow_is_refused() -> None:
    steps = Choice(tuple(Alternative(str(n), Line.parse("a" + ", a" * n)) for n in range(24)), multiple=True)
    with pytest.raises(NotAResponse):
        read_words(steps, ", ".join(["a"] * 300) + "!")


def test_quotes_dashes_case_and_entities_make_no_difference_and_numbers_do() -> None:
    assert normal("The “best”  – of\u00a0&lt;5 mg&gt;’s") == normal("the \"BEST\" - of <5 mg>'s")
    assert normal("10² mg") != normal("102 mg") and normal("under_score") == "under_score"


@pytest.mark.parametrize(("text", "share"), [("0.67", Fraction(2, 3)), ("0.33", Fraction(1, 3)), ("0.5", Fraction(1, 2)), ("1", Fraction(1))])
def test_rounded_points_become_the_share_that_can_be_earned(text: str, share: Fraction) -> None:
    assert nearest_share(ITEMS["q-basics-10"], Fraction(text), Fraction(1, 150)) == share
