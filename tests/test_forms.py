"""Summative forms: the same for ever, and only what the blueprint allows."""

from __future__ import annotations

from pathlib import Path

from conftest import ROOT

from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.model.course import Course
from coursewright.model.interaction import Choice
from coursewright.plan.form import Form, plan_form

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
