"""Summative forms: the same for ever, and only what the blueprint allows."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT

from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.model.course import Course
from coursewright.model.interaction import Alternative, Choice
from coursewright.model.prose import Line
from coursewright.plan.form import CannotFill, Form, in_order_of_numbers, plan_form, plan_forms

EVERYTHING = ROOT / "tests" / "courses" / "everything"


def course(blueprint: str = "", bank: tuple[str, str] = ("", "")) -> Course:
    inputs = read_inputs(EVERYTHING)
    inputs.yaml = {name: data.replace(bank[0].encode(), bank[1].encode()) if bank[0] else data for name, data in inputs.yaml.items()}
    if blueprint:
        inputs.yaml["quizzes/blueprints/posttest.yaml"] = f"id: posttest\ntitle: P\ncut: {{percent: 80}}\n{blueprint}".encode()
    reading = examine(inputs)
    assert reading.course is not None
    return reading.course


def form(blueprint: str = "", bank: tuple[str, str] = ("", "")) -> Form:
    made = course(blueprint, bank)
    return plan_form(made, made.blueprints[0])


ALL = "cells: [{count: 4, module: basics}]\n"


def test_the_same_seed_gives_the_same_form() -> None:
    assert form(ALL + "seed: a\n") == form(ALL + "seed: a\n")


def test_a_form_is_the_one_it_was_when_this_was_written() -> None:
    made = form(ALL + "seed: a\n")
    assert [asked.question.id for asked in made.sheet.asked] == ["q-basics-04", "q-basics-08", "q-basics-09", "q-basics-03"]


def test_another_seed_gives_another_order() -> None:
    orders = {tuple(a.question.id for a in form(ALL + f"seed: s{n}\n").sheet.asked) for n in range(12)}
    assert len(orders) > 1


def test_a_case_stays_together_with_its_items() -> None:
    for n in range(12):
        groups = form(ALL + f"seed: s{n}\n").sheet.groups
        assert [[a.question.id for a in g.asked] for g in groups if g.case] == [["q-basics-08", "q-basics-09"]]


def test_options_with_an_order_of_their_own_are_never_shuffled() -> None:
    for n in range(12):
        asked = {a.question.id: a.question.interaction for a in form(ALL + f"seed: s{n}\n").sheet.asked}
        for id_ in ("q-basics-08", "q-basics-09"):
            choice = asked[id_]
            assert isinstance(choice, Choice)
            assert [a.id for a in choice.alternatives] == sorted((a.id for a in choice.alternatives), reverse=id_ == "q-basics-08")


def test_the_id_of_a_form_changes_with_what_it_asks_and_not_with_its_rationales() -> None:
    same = form(ALL, ("It protects the patient", "It keeps the patient well"))
    other = form(ALL, ("Before contact with a patient", "Ahead of contact with a patient"))
    assert form(ALL).id == same.id != other.id


def test_the_cut_score_is_never_rounded_down() -> None:
    assert form(ALL).cut_points == 4  # 80 % of 4 points is 3.2


def test_a_form_takes_only_items_of_its_pool(tmp_path: Path) -> None:
    assert {a.question.id for a in form(ALL).sheet.asked} <= {"q-basics-03", "q-basics-04", "q-basics-08", "q-basics-09"}


def test_items_change_places_among_rows_until_every_row_is_full() -> None:
    # q-basics-03 alone can fill the second row; whatever the seed, the first row must leave it
    for n in range(12):
        made = form(f"cells: [{{count: 1, moore: 3a, module: basics}}, {{count: 1, type: true-false, moore: 3a}}]\nseed: s{n}\n")
        assert {a.question.id for a in made.sheet.asked} == {"q-basics-03", "q-basics-04"}


def test_many_forms_of_one_blueprint_differ_and_each_is_the_same_for_ever() -> None:
    made = course(ALL)
    forms = plan_forms(made, made.blueprints[0], 6)
    assert forms == plan_forms(course(ALL), course(ALL).blueprints[0], 6)
    assert forms[0] == form(ALL) and len({f.id for f in forms}) > 1


def test_no_form_of_a_test_holds_an_item_of_any_form_of_its_parallel_test() -> None:
    made = examine(read_inputs(ROOT)).course
    assert made is not None
    post, pre = (next(b for b in made.blueprints if b.id == name) for name in ("posttest", "pretest"))
    for mine, other in ((post, pre), (pre, post)):
        theirs = {a.question.id for n in (1, 2, 3) for a in plan_form(made, other, n).sheet.asked}
        for number in (1, 2, 3):
            assert not {a.question.id for a in plan_form(made, mine, number).sheet.asked} & theirs


def test_a_form_that_cannot_be_met_says_which_row_fails_and_by_how_much() -> None:
    with pytest.raises(CannotFill, match=r"module basics, level 3a: 9 wanted, \d found"):
        form("cells: [{count: 9, module: basics, moore: 3a}]\n")


@pytest.mark.parametrize("last", ["None of these", "All of the above", "Neither of them"])
def test_an_option_that_speaks_of_the_others_stays_last(last: str) -> None:
    for n in range(12):
        made = form(ALL + f"seed: s{n}\n", ("While reading a chart at home", last))
        choice = next(a.question.interaction for a in made.sheet.asked if a.question.id == "q-basics-04")
        assert isinstance(choice, Choice) and choice.alternatives[-1].text.plain == last


@pytest.mark.parametrize("options", [("1 sign", "2 locks", "3 dogs"), ("< 5 mg", "5 to 9 mg", "> 9 mg"), ("Less than 1 h", "About 2 h", "More than 3 h"), ("−2", "0", "+2"), ("$5", "$10", "$20")])
def test_numbers_stay_in_order(options: tuple[str, ...]) -> None:
    assert in_order_of_numbers(Choice(tuple(Alternative(str(i), Line.parse(text)) for i, text in enumerate(options))))
