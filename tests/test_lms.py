"""Exports to learning management systems score as the course scores, or say at the item that they do not."""

from __future__ import annotations

import itertools
import os
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
from lms_courses import COURSES, FORMATS, PLANS, QTI, canvas_items, lost_by, made, moodle_question, opened, opened_once, shown_text

from coursewright.model.interaction import Choice, ChoiceKey, MatchKey, NumericKey, OrderKey, PanelKey, TextEntry, TextKey, score
from coursewright.model.items.base import Explanation, SingleItem
from coursewright.model.prose import Line, Prose
from coursewright.plan.lms import Entry, LmsBank, LmsPlan
from coursewright.write.lms import export

#: losses that change what a response earns, and which responses: by the response, and by the share that it is off
EXPLAINS: dict[str, Any] = {
    "W701": lambda response, gap: len(response) > 0,
    "W702": lambda response, gap: len(response) == 1,
    "W703": lambda response, gap: gap < 0.1,
    "W704": lambda response, gap: isinstance(response, tuple),
    "W705": lambda response, gap: isinstance(response, str) and "," in response,
    "W706": lambda response, gap: response is None,
}


def responses(item: SingleItem) -> Iterator[Any]:
    """The item's own examples, and every response that a learner could give besides, as far as they can be counted."""
    # a choice that is not there cannot be given in any of these systems; words for a number can
    yield from (example.response for example in item.examples() if example.valid or isinstance(example.response, str))
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


@pytest.mark.parametrize("format_", QTI)
def test_a_learner_is_shown_the_reason_for_the_answer_given(format_: str) -> None:
    item = qti_interpreter.Item(opened_once("everything", format_)["items/q-basics-01.xml"])
    shown = item.shown("b")
    assert any("Nothing has soiled it." in text for text in shown) and not any("The note can wait" in text for text in shown)
    assert all("Contact has ended" in " ".join(item.shown(answer)) for answer in "abc")  # why the key is right, whatever was chosen
    numeric = qti_interpreter.Item(opened_once("everything", format_)["items/q-basics-06.xml"])
    assert any(text == "That is one." for text in numeric.shown("30"))
    assert not any(text == "That is one." for text in numeric.shown("60"))


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
                    if not example.valid and not isinstance(example.response, str):
                        continue
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
