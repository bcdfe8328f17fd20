"""The files of an export: their form, their words, and the command that writes them."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import moodle_grader
import pytest
import qti_grammar
import qti_interpreter
from conftest import ROOT, TINY, run_command, write_course
from lms_courses import (
    COURSES,
    FORMATS,
    MADE,
    OPENED,
    PLANS,
    QTI,
    canvas_items,
    made,
    opened_once,
    shown_text,
    text_of,
    texts_of,
    tiny,
    words_of,
)
from lxml import etree

from coursewright.model.prose import Prose
from coursewright.plan.lms import plan_lms
from coursewright.plan.numbering import plan_numbering
from coursewright.write.lms import export
from coursewright.write.lms.markup import Markup, clean


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
