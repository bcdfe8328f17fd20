"""The shipped course: sound, whole, honest about what it is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.model.blocks.figure import Figure
from coursewright.model.blocks.vignette import Vignette
from coursewright.model.course import Course
from coursewright.model.module import Module

READING = examine(read_inputs(ROOT))
MODULES = ["mechanism", "protocols", "evidence", "risks", "integrated-care"]


@pytest.fixture(scope="module")
def course() -> Course:
    assert READING.course is not None
    return READING.course


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest, course: Course) -> Module:
    return next(module for module in course.modules if module.id == request.param)


def words(course: Course) -> str:
    return "\n".join(text.source for _, _, text in course.texts())


def test_the_course_has_no_errors_and_no_warnings() -> None:
    assert [d for d in READING.diagnostics if d.severity != "info"] == []


def test_the_modules_stand_in_their_order(course: Course) -> None:
    assert [module.id for module in course.modules] == MODULES


def test_a_module_has_items_vignettes_a_figure_and_slides(course: Course, module: Module) -> None:
    items = [single for bank in course.banks if bank.module == module.id for item in bank.items for single in item.singles()]
    assert len(items) >= 8
    assert sum(item.moore in ("3b", "4") for item in items) >= len(items) / 2
    assert any(isinstance(block, Vignette) for block in module.blocks())
    assert any(isinstance(block, Figure) for block in module.blocks())
    assert len(module.slides) >= 12


def test_every_item_type_of_the_packet_is_used(course: Course) -> None:
    assert {item.type for item in course.items} >= {"single-best-answer", "multiple-response", "true-false", "matching", "ordering", "numeric", "case-cluster"}


def test_no_reference_from_memory_is_in_the_course(course: Course) -> None:
    assert {reference.evidence for reference in course.references}.isdisjoint({"E31", "E32", "E34", "E54", "E68"})
    assert all(reference.verification in ("full", "part") for reference in course.references)


def test_what_could_not_be_verified_of_a_reference_is_named(course: Course) -> None:
    for reference in course.references:
        assert (reference.verification == "part") == bool(reference.left_out), reference.id


#: corrections on patient safety, each with what must stand in the course (in the module named)
CORRECTIONS = {
    "K-01": ("protocols", [r"0\.5 mg/kg", r"40 minutes", r"off-label"]),
    "K-02": ("protocols", [r"acute suicidal", r"oral antidepressant", r"not (been )?shown to prevent suicide|has not been shown", r"not approved|approved for no|no psychiatric"]),
    "K-03": ("protocols", [r"October (10, )?2023|2023", r"compounded", r"[Rr]espiratory depression"]),
    "K-04": ("risks", [r"two hours", r"clinically stable", r"REMS", r"40 minutes", r"restful sleep"]),
    "K-05": ("risks", [r"[Aa]neurysmal", r"[Aa]rteriovenous", r"intracerebral hemorrhage", r"hypersensitivity"]),
    "K-06": ("risks", [r"\[?\[?[Bb]oxed warning", r"Schedule III", r"17%", r"monitoring program|prescription", r"diversion"]),
    "K-07": ("risks", [r"dose", r"frequency", r"each visit|every visit", r"urinary"]),
}


#: the other corrections: patterns that must stand somewhere in the modules
TAUGHT = {
    "K-08": [r"64%", r"28%", r"55\.4%", r"45%", r"27\.1%"],
    "K-09": [r"[Ff]unctional unblinding", r"KARMA-Dep 2", r"TRANSFORM-3", r"KetECT"],
    "K-10": [r"no such paper|could not be found|found no such", r"high risk of bias"],
    "K-11": [r"65 people", r"no (group )?differences"],
    "K-12": [r"disinhibition", r"would not by itself|cannot by itself|by itself"],
    "K-13": [r"naltrexone", r"[Nn]ever advise|Do not stop naltrexone|not stop naltrexone"],
    "K-14": [r"Yale", r"seven people|7 people|n = 7|seven completers|seven"],
    "K-15": [r"[Nn]o direct evidence", r"primary outcome"],
    "K-16": [r"contingency management", r"naloxone", r"988", r"withdrawal"],
}


@pytest.mark.parametrize("correction", TAUGHT)
def test_a_correction_is_taught(correction: str) -> None:
    text = " ".join(" ".join(source.text.split()) for path, source in READING.sources.items() if re.match(r"course/0\d", path))
    for pattern in TAUGHT[correction]:
        assert re.search(pattern, text), (correction, pattern)


def test_the_unnamed_analysis_and_the_bare_rate_are_nowhere() -> None:
    text = "\n".join(source.text for source in READING.sources.values())
    assert not re.search(r"2022 meta-analysis|60\s?[–-]\s?70\s?%", text)


def test_every_module_has_the_length_of_a_chapter(course: Course, module: Module) -> None:
    from coursewright.model.credit import count_words
    from coursewright.model.readability import grade_of

    assert 3500 <= count_words(module) <= 5200
    assert 10 <= grade_of(module).level <= 14


def test_the_bank_is_large_enough_and_asks_for_more_than_facts(course: Course) -> None:
    items = course.single_items
    assert len(items) >= 100 and sum(item.moore in ("3b", "4") for item in items) >= len(items) / 2
    assert all(item.claim and item.section and item.objective for item in items)


def test_pre_test_and_post_test_cover_every_objective_once_with_other_items(course: Course) -> None:
    from coursewright.model.drawing import draw

    drawn = {blueprint.id: draw(course, blueprint)[0] for blueprint in course.blueprints}
    assert set(drawn) == {"pretest", "posttest"}
    for items in drawn.values():
        assert sorted(item.objective for item in items) == sorted(course.objectives)
    assert {item.id for item in drawn["pretest"]}.isdisjoint(item.id for item in drawn["posttest"])


def test_every_case_that_was_asked_for_is_in_the_course(course: Course) -> None:
    cases = {block.id: f"{block.title} {block.case.plain}".lower() for unit in course.units for block in unit.blocks() if isinstance(block, Vignette)}
    for wanted in ("naltrexone", "blood pressure", "lozenge", "psycho", "pregnan", "suicid", "urgency", "no response"):
        assert any(wanted in text for text in cases.values()), wanted


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_a_correction_on_patient_safety_is_in_its_module(course: Course, correction: str) -> None:
    where, patterns = CORRECTIONS[correction]
    path = next(name for name in READING.sources if name.endswith(f"{where}.yaml") and name.startswith("course/"))
    text = " ".join(READING.sources[path].text.split())
    for pattern in patterns:
        assert re.search(pattern, text), (correction, pattern)


@pytest.mark.parametrize("word", ["addict", "addicts", "abuser", "junkie", "alcoholic", "substance abuse", "committed suicide", "breakthrough", "miracle", "revolutionary", "game-changer", "life-changing"])
def test_no_stigmatizing_or_promotional_word_is_used(course: Course, word: str) -> None:
    assert not re.search(rf"\b{word}\b", words(course), re.IGNORECASE)


def test_the_brand_stands_at_most_once_a_module_and_in_no_item_or_slide(course: Course) -> None:
    for path, source in READING.sources.items():
        count = re.sub(r"brands: \[.*?\]", "", source.text).lower().count("spravato")
        assert count <= (1 if path.startswith("course/0") else 2 if path.endswith("references.yaml") else 0), path
    for module in course.modules:
        for slide in module.slides:
            assert "spravato" not in str(slide).lower()


def test_sections_on_addiction_are_labelled_evolving(course: Course) -> None:
    labelled = [section.id for module in course.modules for section in module.sections if section.evolving]
    assert len(labelled) >= 4


def test_the_keys_stand_at_every_place(course: Course) -> None:
    from coursewright.model.items.single_best_answer import SingleBestAnswer

    places = [next(i for i, option in enumerate(item.options) if option.correct) for item in course.items_of(SingleBestAnswer)]
    assert len(places) >= 25
    for place in range(3):
        assert places.count(place) >= len(places) / 8, places


def test_nothing_pretends_to_credit_or_review(course: Course) -> None:
    info = course.info
    assert not info.provider.complete and info.review.status == "not-reviewed" and info.people == ()


@pytest.mark.skipif(not (ROOT.parent / "shared/tools/copied_sentences.py").exists(), reason="the source document is not here")
def test_no_run_of_nine_words_is_copied_from_the_source_document() -> None:
    tool = ROOT.parent / "shared" / "tools" / "copied_sentences.py"
    done = subprocess.run([sys.executable, str(tool), str(ROOT)], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_a_release_build_of_the_course_has_no_foreign_path() -> None:
    for path in Path(ROOT / "course").rglob("*.yaml"):
        assert "/shared/" not in path.read_text("utf-8")
