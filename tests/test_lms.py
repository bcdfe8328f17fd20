"""Exports to learning management systems: what is written scores as the course scores, or says that it does not."""

from __future__ import annotations

import io
import itertools
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import canvas_grader
import moodle_grader
import pytest
import qti_grammar
import qti_interpreter
from conftest import ROOT, TINY, run_command, write_course
from lxml import etree

from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.model.course import Course
from coursewright.model.interaction import Choice, ChoiceKey, MatchKey, NumericKey, OrderKey, PanelKey, TextEntry, TextKey, score
from coursewright.model.items.base import Explanation, SingleItem
from coursewright.model.prose import Line, Prose
from coursewright.plan.lms import Entry, LmsBank, LmsPlan, plan_lms
from coursewright.plan.numbering import plan_numbering
from coursewright.read.course import read_course
from coursewright.write.lms import Exported, export
from coursewright.write.lms.markup import Markup, clean

FORMATS = ("moodle", "qti21", "qti30", "canvas")
QTI = ("qti21", "qti30")
#: losses that change what a response earns, and which responses: by the response, and by the share that it is off
EXPLAINS: dict[str, Any] = {
    "W701": lambda response, gap: len(response) > 0,
    "W702": lambda response, gap: len(response) == 1,
    "W703": lambda response, gap: gap < 0.1,
    "W704": lambda response, gap: isinstance(response, tuple),
    "W705": lambda response, gap: isinstance(response, str) and "," in response,
    "W706": lambda response, gap: response is None,
}

PANELS = """
  - {id: q-sevenths, type: script-concordance, objective: lo-1-1, stem: A case., hypothesis: One, finding: Two, panel: [3, 7, 0, 1, 0]}
  - {id: q-favorites, type: script-concordance, objective: lo-1-1, stem: A case., hypothesis: One, finding: Two, panel: [0, 4, 4, 0, 0]}
  - id: q-eleven
    type: multiple-response
    objective: lo-1-1
    stem: Which? Select all that apply.
    options: [{text: A, correct: true}, {text: B, correct: true}, {text: C, correct: true}, {text: D, correct: true}, {text: E, correct: true}, {text: F, correct: true}, {text: G, correct: true}, {text: H, correct: true}, {text: I, correct: true}, {text: J, correct: true}, {text: K, correct: true}, {text: L}]
  - id: q-one-key
    type: multiple-response
    scoring: all-or-nothing
    points: 2.5
    objective: lo-1-1
    stem: Which? Select all that apply.
    options: [{text: A, correct: true}, {text: B}, {text: C}]
  - {id: q-narrow, type: numeric, objective: lo-1-1, stem: How much?, answer: 0.3, tolerance: 0.1, unit: mg, points: 3, errors: [{value: 3, rationale: Ten times.}, {value: 0.35, rationale: Near.}]}
  - {id: q-long-order, type: ordering, objective: lo-1-1, points: 0.5, stem: Sort., steps: [{text: A}, {text: B}, {text: C}, {text: D}, {text: E}]}
  - {id: q-same-ids, type: matching, objective: lo-1-1, stem: Match., choices: [{id: a, text: Same}, {id: b, text: "*Same*"}, {id: 1-c, text: Other}], prompts: [{text: One, match: b}, {text: Two, match: a}, {text: Three, match: 1-c}]}
"""


def course_of(files: dict[str, str]) -> Course:
    reading = read_course({path: text.encode() for path, text in files.items()})
    assert reading.course is not None and reading.diagnostics == [], reading.diagnostics
    return reading.course


def tiny(bank: str) -> Course:
    """The smallest course with these items instead of its own."""
    head = TINY["quizzes/banks/01-one.yaml"].split("items:")[0]
    return course_of({**TINY, "quizzes/banks/01-one.yaml": f"{head}items:\n{bank}"})


def folder(root: Path) -> Course:
    course = examine(read_inputs(root)).course
    assert course is not None
    return course


COURSES = {"shipped": folder(ROOT), "everything": folder(ROOT / "tests/courses/everything"), "corners": tiny(PANELS)}
PLANS = {name: plan_lms(course, plan_numbering(course)) for name, course in COURSES.items()}
MADE: dict[tuple[str, str], Exported] = {}


def made(course: str, format_: str) -> Exported:
    if (course, format_) not in MADE:
        MADE[course, format_] = export(PLANS[course], format_)
    return MADE[course, format_]


def opened(exported: Exported) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(exported.data)) as archive:
        assert archive.testzip() is None
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def lost_by(exported: Exported, item: SingleItem) -> set[str]:
    """The codes of the losses that name an item, each at a place within the item."""
    return {loss.code for loss in exported.losses if re.search(rf"\b{re.escape(item.id)}(?![\w-])", loss.message)}


def responses(item: SingleItem) -> Iterator[Any]:
    """The item's own examples, and every response that a learner could give besides, as far as they can be counted."""
    yield from (example.response for example in item.examples())
    interaction, key = item.interaction, item.key
    match key:
        case ChoiceKey() | PanelKey():
            assert isinstance(interaction, Choice)
            ids = [a.id for a in interaction.alternatives]
            most = len(ids) if interaction.multiple else 1
            for size in range(1, most + 1):
                yield from (frozenset(marked) for marked in itertools.islice(itertools.combinations(ids, size), 60))
        case OrderKey(order):
            yield from itertools.islice(itertools.permutations(order), 150)
        case MatchKey(pairs):
            choices = [c.id for c in interaction.choices]  # type: ignore[union-attr]
            for turn in range(len(choices)):
                yield {prompt: choices[(n + turn) % len(choices)] for n, (prompt, _) in enumerate(pairs)}
        case NumericKey(value, tolerance):
            for step in ("-0.001", "0", "0.001"):
                yield from (format(edge + Decimal(step), "f") for edge in (value - tolerance, value, value + tolerance))


# --- every item scores as the course scores it, or a loss says that it does not -------------------------------------


def cases(*formats: str) -> list[Any]:
    return [
        pytest.param(format_, name, id_, id=f"{format_}-{name}-{id_}")
        for format_ in formats
        for name, plan in PLANS.items()
        for id_ in plan.entries
    ]


def compare(name: str, format_: str, item: SingleItem, earned: Any, cannot: type[Exception], tolerance: float) -> None:
    """Every response earns what the course gives; where one does not, a loss of the item explains it, and none cries wolf."""
    differs: list[tuple[Any, Any, float]] = []
    for response in responses(item):
        try:
            got = earned(response)
        except cannot:
            continue
        gap = abs(got - float(score(item.key, response) * Fraction(item.points))) / float(item.points)
        if gap > tolerance:
            differs.append((response, got, gap))
    lost = lost_by(made(name, format_), item) & set(EXPLAINS)
    for difference in differs:
        assert any(EXPLAINS[code](difference[0], difference[2]) for code in lost), (difference, lost)
    for code in lost:
        assert any(EXPLAINS[code](response, gap) for response, _, gap in differs), f"{code} says that something is lost, and nothing is"


def qti_response(item: SingleItem, response: Any) -> Any:
    """A response as a player of QTI hands it over."""
    if isinstance(response, frozenset):
        if isinstance(item.interaction, Choice) and item.interaction.multiple:
            return tuple(sorted(response))
        return next(iter(response)) if len(response) == 1 else tuple(response)
    if isinstance(response, dict):
        return tuple(f"p-{prompt} c-{choice}" for prompt, choice in response.items())
    return response


@pytest.mark.parametrize(("format_", "name", "id_"), cases(*QTI))
def test_response_processing_run_by_another_reader_scores_as_the_course_does(format_: str, name: str, id_: str) -> None:
    item = PLANS[name].entries[id_].item
    read = qti_interpreter.Item(opened_once(name, format_)[f"items/{id_}.xml"])
    compare(name, format_, item, lambda response: read.score(qti_response(item, response)), qti_interpreter.CannotGive, 1e-9)


OPENED: dict[tuple[str, str], dict[str, bytes]] = {}


def opened_once(name: str, format_: str) -> dict[str, bytes]:
    if (name, format_) not in OPENED:
        OPENED[name, format_] = opened(made(name, format_))
    return OPENED[name, format_]


def moodle_question(name: str, id_: str) -> moodle_grader.Question:
    (found,) = [q for q in moodle_grader.questions(made(name, "moodle").data) if q.id == id_]
    return found


def moodle_response(item: SingleItem, question: moodle_grader.Question, response: Any) -> Any:
    """A response by the places of what Moodle shows."""
    interaction = item.interaction
    if isinstance(response, frozenset):
        return {[a.id for a in interaction.alternatives].index(id_) for id_ in response}  # type: ignore[union-attr]
    if isinstance(response, dict):
        shown = dict(zip([c.id for c in interaction.choices], moodle_names(item), strict=True))  # type: ignore[union-attr]
        prompts = [p.id for p in interaction.prompts]  # type: ignore[union-attr]
        return {prompts.index(prompt): shown[choice] for prompt, choice in response.items()}
    if isinstance(response, tuple):
        assert isinstance(item.key, OrderKey)
        return tuple(item.key.order.index(id_) for id_ in response)
    return response


def moodle_names(item: SingleItem) -> list[str]:
    names: list[str] = []
    for choice in item.interaction.choices:  # type: ignore[union-attr]
        names.append(choice.text.plain if choice.text.plain not in names else f"{choice.text.plain} (2)")
    return names


@pytest.mark.parametrize(("format_", "name", "id_"), cases("moodle"))
def test_moodle_grades_an_item_as_the_course_does(format_: str, name: str, id_: str) -> None:
    item, question = PLANS[name].entries[id_].item, moodle_question(name, id_)
    assert question.points == pytest.approx(float(item.points), abs=1e-7)
    compare(name, format_, item, lambda r: question.points * question.grade(moodle_response(item, question, r)), moodle_grader.CannotGive, 2e-6)


def canvas_items(name: str) -> dict[str, list[canvas_grader.Item]]:
    files = opened_once(name, "canvas")
    return {path.split("/")[0]: canvas_grader.items(data) for path, data in files.items() if path.count("/") and "meta" not in path}


def canvas_response(item: SingleItem, shown: canvas_grader.Item, response: Any) -> Any:
    """A response by the idents of Canvas, which follow the order of the course."""
    idents = sorted(shown.labels, key=int) if shown.type != "numerical_question" else []
    if isinstance(response, frozenset):
        ids = [a.id for a in item.interaction.alternatives]  # type: ignore[union-attr]
        return {idents[ids.index(id_)] for id_ in response}
    if isinstance(response, dict):
        choices = [c.id for c in item.interaction.choices]  # type: ignore[union-attr]
        prompts = [p.id for p in item.interaction.prompts]  # type: ignore[union-attr]
        return {shown.rows[prompts.index(p)]: idents[choices.index(c)] for p, c in response.items()}
    if isinstance(response, tuple):
        steps = [a.id for a in item.interaction.alternatives]  # type: ignore[union-attr]
        return {shown.rows[steps.index(id_)]: idents[place] for place, id_ in enumerate(response)}
    return response


@pytest.mark.parametrize(("format_", "name", "id_"), cases("canvas"))
def test_canvas_scores_an_item_as_the_course_does(format_: str, name: str, id_: str) -> None:
    entry = PLANS[name].entries[id_]
    quiz = f"{entry.item.pool}-{entry.module.id}"
    (shown,) = [i for i in canvas_items(name)[quiz] if i.ident == f"{quiz}-{id_}"]
    compare(name, format_, entry.item, lambda r: shown.score(canvas_response(entry.item, shown, r)), canvas_grader.CannotGive, 1e-9)


def test_a_reader_who_runs_the_rules_of_canvas_files_literally_gives_the_right_response_all_and_nothing_none() -> None:
    for name in PLANS:
        for quiz in canvas_items(name).values():
            for item in quiz:
                if item.type == "matching_question":
                    right: dict[str, set[str]] = {row: {ident} for row, ident in item.right.items()}
                elif item.type == "numerical_question":
                    right = {"response1": {item.element.findtext(".//" + canvas_grader.QTI + "varequal")}}
                else:
                    right = {"response1": item.keys if item.type == "multiple_answers_question" else {sorted(item.keys)[0]}}
                assert item.literally(right) == pytest.approx(100, abs=0.1), item.ident
                assert item.literally({}) == 0, item.ident


def test_the_right_response_reaches_exactly_the_full_mark_in_moodle() -> None:
    for name, plan in PLANS.items():
        for question in moodle_grader.questions(made(name, "moodle").data):
            item = plan.entries[question.id].item
            right = next(example.response for example in item.examples() if example.share == 1)
            if "W703" not in lost_by(made(name, "moodle"), item):
                assert question.grade(moodle_response(item, question, right)) > 0.999999, question.id  # what Moodle counts as right


# --- form --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("format_", QTI)
def test_every_qti_file_keeps_to_the_models_of_the_binding(name: str, format_: str) -> None:
    for path, data in opened_once(name, format_).items():
        if path != "imsmanifest.xml":
            assert qti_grammar.faults(data) == [], path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<prompt>", "<prompt><p/>"),
        ("<itemBody>", "<itemBody>text"),
        ('maxChoices="1"', 'maxChoices="one"'),
        ('shuffle="true"', ""),
        ("<responseIf>", "<responseIf><setOutcomeValue identifier='X'><variable identifier='X'/></setOutcomeValue>"),
        ("</itemBody>", "</itemBody><itemBody/>"),
        ("<simpleChoice ", "<simpleChoice onclick='x' "),
        ("<p>", "<p><script/>"),
    ],
)
def test_the_models_of_the_binding_refuse_what_is_out_of_place(old: str, new: str) -> None:
    text = opened_once("everything", "qti21")["items/q-basics-01.xml"].decode()
    assert old in text
    assert qti_grammar.faults(text.replace(old, new, 1).encode())


@pytest.mark.parametrize(("format_", "schema"), [("qti21", "imsqti_v2p1.xsd"), ("qti30", "imsqti_asiv3p0_v1p0.xsd")])
def test_every_qti_file_is_valid_by_the_published_schema(format_: str, schema: str) -> None:
    where = os.environ.get("COURSEWRIGHT_QTI_SCHEMAS")
    if not where or not (Path(where) / schema).is_file():
        pytest.skip(f"COURSEWRIGHT_QTI_SCHEMAS names no folder with {schema}: no package registry carries it")
    valid = etree.XMLSchema(etree.parse(Path(where) / schema))
    for path, data in opened_once("everything", format_).items():
        if path != "imsmanifest.xml":
            assert valid.validate(etree.fromstring(data)), (path, valid.error_log)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("format_", (*QTI, "canvas"))
def test_a_manifest_is_valid_content_packaging_and_names_every_file(name: str, format_: str) -> None:
    files = opened_once(name, format_)
    text = files["imsmanifest.xml"].decode()
    root = etree.fromstring(text.encode())
    space = etree.QName(root).namespace
    schema = etree.XMLSchema(etree.parse(ROOT / "tests/schemas/imscp_v1p1.xsd"))
    same = etree.fromstring(text.replace(f'"{space}"', '"http://www.imsglobal.org/xsd/imscp_v1p1"').encode())
    assert schema.validate(same), schema.error_log
    named = [file.get("href") for file in root.iter(f"{{{space}}}file")]
    assert sorted(named) == sorted(set(files) - {"imsmanifest.xml"})
    resources = {resource.get("identifier") for resource in root.iter(f"{{{space}}}resource")}
    assert len(resources) == len(named)
    assert {d.get("identifierref") for d in root.iter(f"{{{space}}}dependency")} <= resources


@pytest.mark.parametrize("format_", QTI)
def test_a_qti_form_has_its_items_in_order_its_time_and_its_cut_score(format_: str) -> None:
    for form in PLANS["shipped"].forms:
        root = etree.fromstring(opened_once("shipped", format_)[f"tests/form-{form.blueprint.id}.xml"])
        parts = [e for e in root.iter() if isinstance(e.tag, str)]
        refs = [e for e in parts if qti_interpreter.name(e) == "assessmentItemRef"]
        assert [e.get("identifier") for e in refs] == [asked.question.id for asked in form.sheet.asked]
        (time,) = [e for e in parts if qti_interpreter.name(e) == "timeLimits"]
        assert qti_interpreter.attribute(time, "maxTime") == "3000"
        (bar,) = [e for e in parts if qti_interpreter.name(e) == "baseValue"]
        assert Fraction(bar.text) == form.cut_points
        (control,) = [e for e in parts if qti_interpreter.name(e) == "itemSessionControl"]
        assert qti_interpreter.attribute(control, "showFeedback") == "false"


@pytest.mark.parametrize("format_", QTI)
def test_items_of_one_case_stay_together_and_each_tells_the_case(format_: str) -> None:
    files = opened_once("shipped", format_)
    for entry in PLANS["shipped"].entries.values():
        if entry.case:
            assert words_of(entry.case.plain) <= words_of(text_of(files[f"items/{entry.item.id}.xml"]))
    root = etree.fromstring(files["tests/practice-mechanism.xml"])
    sections = [e for e in root.iter() if isinstance(e.tag, str) and (e.get("identifier") or "").startswith("case-")]
    assert sections and all(len(section) == 2 for section in sections)
    assert all(qti_interpreter.attribute(section, "keepTogether") == "true" for section in sections)


def test_moodle_categories_follow_module_pool_and_objective_and_a_forms_items_carry_its_tag() -> None:
    plan = PLANS["shipped"]
    questions = moodle_grader.questions(made("shipped", "moodle").data)
    assert [q.id for q in questions] == list(plan.entries)
    for question in questions:
        entry = plan.entries[question.id]
        path = re.split(r"(?<!/)/(?!/)", question.category)
        assert path[:2] == ["$course$", "top"] and len(path) == 6
        assert path[3].endswith(entry.module.title.replace("/", "//")) and path[4].lower() == entry.item.pool
        assert path[5].startswith(f"{entry.item.objective}: ")
        tags = [tag.findtext("text") for tag in question.element.iter("tag")]
        assert {t for t in tags if t.startswith("form:")} == {f"form:{form}" for form in entry.forms}


def test_options_are_shuffled_unless_they_have_an_order() -> None:
    ordered = [q for q in moodle_grader.questions(made("everything", "moodle").data) if q.type == "multichoice"]
    kept = {q.id for q in ordered if q.element.findtext("shuffleanswers") == "false"}
    assert kept == {"q-basics-09", "q-basics-11"}
    for format_ in QTI:
        files = opened_once("everything", format_)
        fixed = {path for path, data in files.items() if b'shuffle="false"' in data}
        assert fixed == {f"items/{id_}.xml" for id_ in (*kept, "q-basics-03", "q-basics-08")}


def test_a_quiz_of_canvas_is_shuffled_only_where_no_item_has_an_order_of_its_own() -> None:
    files = opened_once("everything", "canvas")
    lost = {loss.message.split(":")[-2].split()[0] for loss in made("everything", "canvas").losses if loss.code == "I713"}
    assert lost
    for path, data in files.items():
        if path.endswith("assessment_meta.xml"):
            shuffled = b"<shuffle_answers>true" in data
            held = {item.ident.removeprefix(path.split("/")[0] + "-") for item in canvas_items("everything")[path.split("/")[0]]}
            assert shuffled != bool(held & {"q-basics-09", "q-basics-11"}), path


# --- nothing is dropped, and text stays text -----------------------------------------------------------------------


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def text_of(data: bytes) -> str:
    return " ".join(" ".join(etree.fromstring(data).itertext()).split())


def shown_text(name: str, format_: str, id_: str) -> str:
    """All words that an export shows of an item."""
    if format_ in QTI:
        return text_of(opened_once(name, format_)[f"items/{id_}.xml"])
    if format_ == "moodle":
        texts = [t.text or "" for t in moodle_question(name, id_).element.iter("text")]
        return " ".join(" ".join(moodle_grader.words(text) for text in texts).split())
    entry = PLANS[name].entries[id_]
    quiz = f"{entry.item.pool}-{entry.module.id}"
    (item,) = [i for i in canvas_items(name)[quiz] if i.ident == f"{quiz}-{id_}"]
    texts = [t.text or "" for t in item.element.iter(canvas_grader.QTI + "mattext")]
    return " ".join(" ".join(moodle_grader.words(text) for text in texts).split())


def texts_of(entry: Entry) -> list[Prose]:
    question, explanation = entry.question, entry.item.explanation
    found: list[Prose] = [question.stem, *(text for _, text in explanation.by_alternative)]
    for side in ("alternatives", "prompts", "choices"):
        found += [a.text for a in getattr(question.interaction, side, ())]
    return [*found, *([entry.case] if entry.case else []), *([explanation.overall] if explanation.overall else [])]


@pytest.mark.parametrize("name", ["shipped", "everything"])
@pytest.mark.parametrize("format_", FORMATS)
def test_every_word_of_an_item_is_in_the_export(name: str, format_: str) -> None:
    for id_, entry in PLANS[name].entries.items():
        held = words_of(shown_text(name, format_, id_))
        for text in texts_of(entry):
            assert words_of(text.plain) <= held, (id_, words_of(text.plain) - held)
        for reference in entry.references:
            assert words_of(reference.title) <= held, (id_, reference.id)


@pytest.mark.parametrize("format_", FORMATS)
def test_every_item_is_in_the_export(format_: str) -> None:
    for name, plan in PLANS.items():
        data = made(name, format_).data.decode("utf-8", "replace")
        assert len(plan.entries) == len(COURSES[name].single_items)
        assert all(id_ in data for id_ in plan.entries)


@pytest.mark.parametrize("format_", QTI)
def test_a_learner_is_shown_the_reason_for_the_answer_given(format_: str) -> None:
    item = qti_interpreter.Item(opened_once("everything", format_)["items/q-basics-01.xml"])
    shown = item.shown("b")
    assert any("Nothing has soiled it." in text for text in shown) and not any("The note can wait" in text for text in shown)
    numeric = qti_interpreter.Item(opened_once("everything", format_)["items/q-basics-06.xml"])
    assert any(text == "That is one." for text in numeric.shown("30"))
    assert not any(text == "That is one." for text in numeric.shown("60"))


HOSTILE = r"A <b>bold</b> & ]]> <script>alert(1)</script> \\&lt;5 {x} $$y$$ %> <!-- no --> \\*star\\* end"
SEEN = ("<b>bold</b>", "& ]]>", "<script>alert(1)</script>", "&lt;5", "{x}", "$$y$$", "<!-- no -->", "*star*")


@pytest.mark.parametrize("format_", FORMATS)
def test_hostile_text_comes_through_as_text(format_: str) -> None:
    q = '"' + HOSTILE + '"'
    course = tiny(
        f"  - {{id: q-1, type: single-best-answer, objective: lo-1-1, stem: {q}, options: [{{text: {q}, correct: true, rationale: {q}}}, {{text: B, rationale: C}}]}}\n"
        f"  - {{id: q-2, type: matching, objective: lo-1-1, stem: S, choices: [{{id: a, text: {q}}}, {{id: b, text: D}}], prompts: [{{text: {q}, match: a, rationale: {q}}}, {{text: E, match: b}}]}}\n"
        f"  - {{id: q-3, type: ordering, objective: lo-1-1, stem: S, rationale: {q}, steps: [{{text: {q}}}, {{text: F}}, {{text: G}}]}}\n"
    )
    plan = plan_lms(course, plan_numbering(course))
    PLANS["hostile"], COURSES["hostile"] = plan, course
    try:
        MADE["hostile", format_] = export(plan, format_)
        for id_ in ("q-1", "q-2", "q-3"):
            text = shown_text("hostile", format_, id_)
            for seen in SEEN:
                assert text.count(seen) >= 2, (id_, seen, text)
    finally:
        for store in (PLANS, COURSES):
            store.pop("hostile")
        for cache in (MADE, OPENED):
            cache.pop(("hostile", format_), None)


def test_what_xml_cannot_hold_is_shown_by_its_picture() -> None:
    assert clean("a\x00b\x07c\ufffe") == "a\u2400b\u2407c\ufffd"
    assert clean("tab\tline\n") == "tab\tline\n"


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("a [[word|words]] b", "<p>a words b</p>"),
        ("*a* **b** `c<d`", "<p><em>a</em> <strong>b</strong> <code>c&lt;d</code></p>"),
        ("[a](https://x.org/?a=1&b=2)", '<p><a href="https://x.org/?a=1&amp;b=2">a</a></p>'),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("# Title\n\n> quoted\n\n---\n\n    code & more", "<h3>Title</h3><blockquote><p>quoted</p></blockquote><hr><pre><code>code &amp; more\n</code></pre>"),
        ("a\\\nb [@known; @unknown] [@unknown]", "<p>a<br>b (Known et al, 2020) </p>"),
    ],
)
def test_prose_becomes_html(written: str, html: str) -> None:
    assert Markup({"known": "Known et al, 2020"}.get).html(Prose.parse(written).blocks) == html


def test_citations_are_named_and_the_references_follow() -> None:
    text = shown_text("shipped", "moodle", "q-prot-02")
    entry = PLANS["shipped"].entries["q-prot-02"]
    assert "[@" not in text and "References" in text
    assert all(f"({PLANS['shipped'].cited(r.id)})" in text for r in entry.references)


def test_a_link_into_the_course_and_a_list_that_starts_late_are_reported_where_they_are_lost() -> None:
    course = tiny('  - {id: q-1, type: true-false, objective: lo-1-1, stem: "See [the table](#t).\\n\\n3. three\\n4. four\\n", answer: yes}\n')
    plan = plan_lms(course, plan_numbering(course))
    codes = {format_: {loss.code for loss in export(plan, format_).losses} for format_ in FORMATS}
    assert codes == {"moodle": {"W710"}, "canvas": {"W710"}, "qti21": {"W709", "W710"}, "qti30": {"W709", "W710"}}
    assert 'start="3"' in moodle_grader.questions(export(plan, "moodle").data)[0].element.findtext("questiontext/text")


# --- typed words: no item type of this edition asks for them, and writers know them all the same ----------------------


class Typed(SingleItem):
    """An item that lowers to a text entry."""

    type: Literal["typed"] = "typed"

    @property
    def interaction(self) -> TextEntry:
        return TextEntry()

    @property
    def key(self) -> TextKey:
        return TextKey(("Anna", "a*b", "two words"))

    @property
    def explanation(self) -> Explanation:
        return Explanation((), Line.parse("Because."))

    @property
    def instruction(self) -> str:
        return "Write a name."

    def examples(self) -> Iterator[Any]:
        return iter(())


def test_a_typed_word_is_accepted_without_regard_to_case_and_its_spaces_are_a_loss() -> None:
    course = COURSES["corners"]
    item = Typed(id="q-typed", stem=Prose.parse("Who?"))
    entry = Entry(item, course.modules[0], None, None, ())
    plan = LmsPlan(course.info, (LmsBank(course.modules[0], 1, "practice", ((entry,),)),), (), {})
    assert all({loss.code for loss in export(plan, format_).losses} == {"W711"} for format_ in FORMATS)
    (question,) = moodle_grader.questions(export(plan, "moodle").data)
    files = {format_: opened(export(plan, format_)) for format_ in ("qti21", "qti30", "canvas")}
    readers = {format_: qti_interpreter.Item(files[format_]["items/q-typed.xml"]) for format_ in QTI}
    (shown,) = canvas_grader.items(files["canvas"]["practice-one/practice-one.xml"])
    for typed, right in (("anna", 1), ("A*B", 1), ("axxb", 0), ("Anne", 0), ("TWO WORDS", 1), (None, 0)):
        assert score(item.key, typed) == right
        assert question.grade(typed) == right
        assert shown.score(typed) == right
        assert all(reader.score(typed) == right for reader in readers.values())
    assert all(qti_grammar.faults(files[format_]["items/q-typed.xml"]) == [] for format_ in QTI)


# --- losses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format_", "item", "code"),
    [
        ("moodle", "q-eleven", "W703"),
        ("moodle", "q-sevenths", "W703"),
        ("moodle", "q-long-order", "W706"),
        ("moodle", "q-same-ids", "W708"),
        ("canvas", "q-sevenths", "W702"),
        ("canvas", "q-basics-07", "W701"),
        ("canvas", "q-long-order", "W704"),
        ("canvas", "q-narrow", "W705"),
        ("canvas", "q-same-ids", "W708"),
        ("qti30", "q-narrow", "W705"),
    ],
)
def test_a_loss_is_reported_at_its_item(format_: str, item: str, code: str) -> None:
    name = "everything" if item.startswith("q-basics") else "corners"
    (loss,) = [d for d in made(name, format_).losses if d.code == code and item in d.message]
    place = PLANS[name].entries[item].item.span
    assert place.contains(loss.span) or place.line == loss.span.line


def test_what_a_system_holds_exactly_is_no_loss() -> None:
    for item, format_ in (("q-one-key", "moodle"), ("q-one-key", "canvas"), ("q-favorites", "canvas"), ("q-favorites", "moodle"), ("q-sevenths", "qti21"), ("q-eleven", "qti30")):
        assert lost_by(made("corners", format_), PLANS["corners"].entries[item].item) <= {"I713"}


def test_a_learner_is_told_the_rule_by_which_the_system_scores() -> None:
    told = "Credit only for exactly the right set"
    assert told in shown_text("everything", "qti21", "q-basics-07")
    assert told not in shown_text("everything", "moodle", "q-basics-07") and "takes all of it away" in shown_text("everything", "moodle", "q-basics-07")
    assert told not in shown_text("everything", "canvas", "q-basics-07")


def test_a_forms_cut_score_is_lost_in_moodle_and_canvas_and_held_in_qti() -> None:
    for format_ in FORMATS:
        lost = [loss for loss in made("shipped", format_).losses if loss.code == "W707"]
        assert len(lost) == (0 if format_ in QTI else 2)
        assert all(loss.span.path.startswith("quizzes/blueprints/") for loss in lost)


# --- the same bytes, and the command -----------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
def test_two_exports_of_one_course_are_the_same_bytes(format_: str) -> None:
    script = (
        "import hashlib,sys;from pathlib import Path;from coursewright.build.check import examine;from coursewright.build.inputs import read_inputs;"
        "from coursewright.plan.lms import plan_lms;from coursewright.plan.numbering import plan_numbering;from coursewright.write.lms import export;"
        "c=examine(read_inputs(Path('tests/courses/everything'))).course;"
        f"print(hashlib.sha256(export(plan_lms(c,plan_numbering(c)),{format_!r}).data).hexdigest())"
    )
    sums = {
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    }
    assert len(sums) == 1


def test_a_zip_holds_no_clock() -> None:
    with zipfile.ZipFile(io.BytesIO(made("everything", "qti21").data)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.fixture
def course_folder(tmp_path: Path) -> Path:
    return write_course(tmp_path / "course", {**TINY, "quizzes/blueprints/post.yaml": "id: post\ntitle: Post\npool: practice\ncells:\n  - {count: 1}\ncut: {percent: 80}\n"})


def test_the_command_writes_one_file_and_says_that_it_holds_keys(course_folder: Path, tmp_path: Path) -> None:
    done = run_command("--course", course_folder, "export", "moodle", "--out", tmp_path / "lms")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "lms").iterdir()] == ["tiny-moodle.xml"]
    assert "keys" in done.stdout and "W707" in done.stderr
    assert "for educators" in run_command("export", "--help").stdout


def test_a_pool_and_a_module_can_be_exported_alone(tmp_path: Path) -> None:
    done = run_command("export", "moodle", "--pool", "exam", "--module", "risks", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.iterdir()
    held = {q.id for q in moodle_grader.questions(file.read_bytes())}
    assert held == {i.id for item in COURSES["shipped"].bank_items("risks", "exam") for i in item.singles()}
    assert "W707" not in done.stderr


def test_strict_writes_nothing_where_something_would_be_lost(course_folder: Path, tmp_path: Path) -> None:
    assert run_command("--course", course_folder, "export", "canvas", "--strict", "--out", tmp_path / "lms").returncode == 1
    assert not (tmp_path / "lms").exists()
    assert run_command("--course", course_folder, "export", "qti30", "--strict", "--out", tmp_path / "lms").returncode == 0


def test_an_unknown_module_or_format_is_a_fault_of_usage(course_folder: Path) -> None:
    done = run_command("--course", course_folder, "export", "moodle", "--module", "oen")
    assert done.returncode == 2 and "one" in done.stderr
    assert run_command("export", "scorm12").returncode == 2
    assert run_command("--course", course_folder, "export", "moodle", "--pool", "exam").returncode == 1


# --- a player that nobody here wrote -------------------------------------------------------------------------------


PLAY = """([xml, response]) => {
  const box = document.getElementById('box');
  const copy = node => {
    if (node.nodeType !== 1) return document.createTextNode(node.nodeValue);
    const made = document.createElement(node.localName);
    for (const a of node.attributes) if (!a.name.includes(':') && a.name !== 'xmlns') made.setAttribute(a.name, a.value);
    for (const child of node.childNodes) made.append(copy(child));
    return made;
  };
  box.replaceChildren(copy(new DOMParser().parseFromString(xml, 'application/xml').documentElement));
  const item = box.querySelector('qti-assessment-item');
  return new Promise(done => setTimeout(() => {
    if (response !== null) item.updateResponseVariable('RESPONSE', response);
    item.processResponse(true, false);
    done(Number(item.variables.find(v => v.identifier === 'SCORE').value));
  }, 20));
}"""


@pytest.mark.slow
def test_qti_components_in_a_browser_scores_every_item_as_the_course_does() -> None:
    """Run with COURSEWRIGHT_NODE_MODULES=…/node_modules, where @citolab/qti-components is installed."""
    script = Path(os.environ.get("COURSEWRIGHT_NODE_MODULES", "/nonexistent")) / "@citolab/qti-components/cdn/index.global.js"
    if not script.is_file():
        pytest.skip("COURSEWRIGHT_NODE_MODULES names no folder with @citolab/qti-components")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.set_content("<div id=box></div>")
        page.add_script_tag(path=str(script))
        for name, plan in PLANS.items():
            for id_, entry in plan.entries.items():
                xml = opened_once(name, "qti30")[f"items/{id_}.xml"].decode().split("?>", 1)[1]
                for example in entry.item.examples():
                    given = qti_response(entry.item, example.response)
                    single = not (isinstance(entry.item.interaction, Choice) and entry.item.interaction.multiple)
                    if isinstance(entry.item.key, ChoiceKey | PanelKey) and single and isinstance(given, tuple):
                        continue
                    if isinstance(given, str) and "," in given:  # W705
                        continue
                    earned = page.evaluate(PLAY, [xml, list(given) if isinstance(given, tuple) else given])
                    right = float(score(entry.item.key, example.response) * Fraction(entry.item.points))
                    assert earned == pytest.approx(right, abs=6e-4), (id_, example.name)  # it rounds to three places
        browser.close()
