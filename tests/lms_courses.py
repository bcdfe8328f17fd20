"""The courses that tests export, each made once, and what an export shows of an item."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import canvas_grader
import moodle_grader
from conftest import ROOT, TINY
from lxml import etree

from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.model.course import Course
from coursewright.model.items.base import SingleItem
from coursewright.model.prose import Prose
from coursewright.plan.lms import Entry, plan_lms
from coursewright.plan.numbering import plan_numbering
from coursewright.read.course import read_course
from coursewright.write.lms import Exported, export

FORMATS = ("moodle", "qti21", "qti30", "canvas")
QTI = ("qti21", "qti30")

PANELS = """
  - {id: 1-first, type: true-false, objective: lo-1-1, stem: A number first., answer: no}
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
OPENED: dict[tuple[str, str], dict[str, bytes]] = {}


def made(course: str, format_: str) -> Exported:
    if (course, format_) not in MADE:
        MADE[course, format_] = export(PLANS[course], format_)
    return MADE[course, format_]


def opened(exported: Exported) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(exported.data)) as archive:
        assert archive.testzip() is None
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def opened_once(name: str, format_: str) -> dict[str, bytes]:
    if (name, format_) not in OPENED:
        OPENED[name, format_] = opened(made(name, format_))
    return OPENED[name, format_]


def lost_by(exported: Exported, item: SingleItem) -> set[str]:
    """The codes of the losses that name an item, each at a place within the item."""
    return {loss.code for loss in exported.losses if re.search(rf"\b{re.escape(item.id)}(?![\w-])", loss.message)}


def moodle_question(name: str, id_: str) -> moodle_grader.Question:
    (found,) = [q for q in moodle_grader.questions(made(name, "moodle").data) if q.id == id_]
    return found


def canvas_items(name: str) -> dict[str, list[canvas_grader.Item]]:
    files = opened_once(name, "canvas")
    return {path.split("/")[0]: canvas_grader.items(data) for path, data in files.items() if path.count("/") and "meta" not in path}


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
