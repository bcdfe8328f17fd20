"""Reading YAML: values are what the author wrote, and every mistake has its place."""

from __future__ import annotations

import pytest
import yaml
from conftest import TINY

from coursewright.model.course import CourseInfo
from coursewright.model.items.true_false import TrueFalse
from coursewright.read import faults
from coursewright.read.course import Reading, read_course
from coursewright.read.nodes import Loader, _Limit, _Reader
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.span import Source


def read(**files: str | bytes) -> Reading:
    named = {name.replace("__", "/").replace("_yaml", ".yaml"): text for name, text in files.items()}
    merged = {**TINY, **named}
    return read_course({name: text.encode() if isinstance(text, str) else text for name, text in merged.items()})


def read_module(text: str | bytes) -> list[Diagnostic]:
    return read_course({**{k: v.encode() for k, v in TINY.items()}, "course/01-one.yaml": text if isinstance(text, bytes) else text.encode()}).diagnostics


def module(extra: str = "", **fields: str) -> str:
    lines = {"id": "one", "title": "One", "summary": "Short.", "minutes": "5", **fields}
    head = "".join(f"{key}: {value}\n" for key, value in lines.items())
    return head + "objectives:\n  - {id: lo-1-1, text: List the parts}\nsections:\n  - id: part\n    title: Part\n    blocks:\n      - {type: prose, text: Words.}\n" + extra


def places(found: list[Diagnostic]) -> list[tuple[str, int, int]]:
    return [(d.code, d.span.line, d.span.column) for d in found]


def test_the_smallest_course_has_no_faults() -> None:
    assert read().diagnostics == []


@pytest.mark.parametrize("text", ["No", "3.10", "1:30", "2026-13-01", "on", "nil", "0x1F", "1e3", "y"])
def test_a_plain_word_stays_the_text_that_was_written(text: str) -> None:
    reading = read_course({**{k: v.encode() for k, v in TINY.items()}, "course/01-one.yaml": module(title=text).encode()})
    assert reading.diagnostics == []
    assert reading.course is not None and reading.course.modules[0].title == text


def test_an_item_whose_option_says_no_is_no_boolean() -> None:
    bank = "id: b\nmodule: one\nitems:\n  - id: q\n    type: true-false\n    stem: No\n    answer: no\n    if_true: Yes\n    if_false: No\n"
    reading = read_course({**{k: v.encode() for k, v in TINY.items()}, "quizzes/banks/01-one.yaml": bank.encode()})
    (item,) = [item for item in reading.course.items if isinstance(item, TrueFalse)]
    assert (item.stem.plain, item.answer, item.if_true.plain, item.if_false.plain) == ("No", False, "Yes", "No")


def test_two_equal_keys_are_refused_where_the_second_stands() -> None:
    (fault,) = read_module(module("title: Two\n"))
    assert (fault.code, fault.span.line, fault.span.column) == ("E104", 12, 1)
    assert "line 2" in fault.help


def test_all_mistakes_of_all_files_are_shown_in_one_run() -> None:
    files = {
        **TINY,
        "course/01-one.yaml": module(minutes="soon", summry="x"),
        "quizzes/banks/01-one.yaml": "id: b\nmodule: one\nitems:\n  - {id: q, type: true-flase, stem: S}\n  - {id: r, type: numeric, stem: S, answer: many}\n",
        "course/glossary.yaml": "terms:\n  - {id: Bad Id, term: T, definition: D}\n  - {id: good, term: T}\n",
    }
    reading = read_course({name: text.encode() for name, text in files.items()})
    assert {(d.span.path, d.code) for d in reading.diagnostics} == {
        ("course/01-one.yaml", "E110"),
        ("course/01-one.yaml", "E112"),
        ("quizzes/banks/01-one.yaml", "E113"),
        ("quizzes/banks/01-one.yaml", "E112"),
        ("course/glossary.yaml", "E112"),
        ("course/glossary.yaml", "E111"),
    }


def test_one_broken_item_does_not_hide_the_rest_of_its_bank() -> None:
    bank = TINY["quizzes/banks/01-one.yaml"] + "  - {id: q-2, type: numeric, stem: S, answer: many, objective: lo-1-1}\n"
    reading = read_course({**{k: v.encode() for k, v in TINY.items()}, "quizzes/banks/01-one.yaml": bank.encode()})
    assert [item.id for item in reading.course.items] == ["q-1"]
    assert reading.course.may_mention("lo-1-1")


def test_an_unknown_key_is_named_with_the_one_that_was_meant() -> None:
    (fault,) = read_module(module(summry="again"))
    assert (fault.code, fault.span.line, fault.span.column) == ("E110", 5, 1)
    assert '"summary"' in fault.help


def test_a_missing_key_is_named_at_its_mapping() -> None:
    (fault,) = read_module(module().replace("title: One\n", ""))
    assert fault.code == "E111" and '"title"' in fault.message and fault.span.line == 1


def test_an_unknown_type_is_answered_with_a_suggestion() -> None:
    (fault,) = read_module(module().replace("type: prose", "type: pros"))
    assert fault.code == "E113" and '"prose"' in fault.help and fault.span.line == 11


def test_text_where_a_list_belongs_is_said_so() -> None:
    found = read_module(module("key_points: Only one\n"))
    assert places(found) == [("E112", 12, 13)] and "list" in found[0].message


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "E108", 1),
        (b"# only a comment\n", "E108", 1),
        (b"id: one\ntitle: a\x00b\n", "E102", 2),
        (b"id: one\ntitle: caf\xe9\n", "E102", 2),
        (b"id: one\n\ttitle: x\n", "E103", 2),
        (b"id: one\ntitle: Risks: all\n", "E103", 2),
        (b'id: one\ntitle: "open\n', "E103", 3),
        (b"id: !!python/object/apply:os.system [echo]\n", "E106", 1),
        (b"- just\n- a list\n", "E112", 1),
        (b"just text", "E112", 1),
        (b"id: *nowhere\n", "E103", 1),
        (b"? [a, b]\n: c\n", "E112", 1),
        (b"a: &a [*a]\n", "E105", 1),
    ],
)
def test_a_file_that_is_no_course_file_is_refused_at_its_place(data: bytes, code: str, line: int) -> None:
    found = read_module(data)
    assert (found[0].code, found[0].span.line) == (code, line)


def test_windows_line_ends_and_a_byte_order_mark_are_fine() -> None:
    assert read_module(b"\xef\xbb\xbf" + module().replace("\n", "\r\n").encode()) == []


def test_a_billion_laughs_are_refused_before_they_are_counted_out() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    reader = _Reader(Source("bomb.yaml", bomb))
    with pytest.raises(_Limit):
        reader.value(yaml.compose(bomb, Loader=Loader))
    assert reader.count == faults.MAX_NODES + 1
    assert read_module(bomb)[0].code == "E105"


def test_a_fifty_megabyte_file_is_refused_and_not_parsed() -> None:
    (fault,) = read_module(b"x" * 50_000_000)
    assert fault.code == "E107"


def test_a_python_tag_never_makes_an_object() -> None:
    files = {**TINY, "course/course.yaml": "!!python/object:coursewright.model.course.CourseInfo {id: tiny}\n"}
    reading = read_course({name: text.encode() for name, text in files.items()})
    assert "E106" in {d.code for d in reading.diagnostics}


def test_an_object_knows_the_place_it_was_written_at() -> None:
    info = read().course.info
    assert isinstance(info, CourseInfo)
    assert (info.at("title").line, info.at("title").column) == (2, 8)


def test_values_of_a_chart_are_numbers_only_where_yaml_1_2_says_so() -> None:
    block = "      - type: figure\n        id: fig-1\n        caption: C\n        alt: A\n        chart: {mark: bar, a: 1, b: 2.5, c: 'yes', d: yes, e: true, f: null, g: '3', h: 010}\n"
    text = module().replace("      - {type: prose, text: Words.}\n", block)
    reading = read_course({**{k: v.encode() for k, v in TINY.items()}, "course/01-one.yaml": text.encode()})
    chart = reading.course.modules[0].figures["fig-1"].chart
    assert chart == {"mark": "bar", "a": 1, "b": 2.5, "c": "yes", "d": "yes", "e": True, "f": None, "g": "3", "h": 10}


def test_a_course_without_its_course_file_says_which_is_missing() -> None:
    reading = read_course({"course/01-one.yaml": module().encode()})
    assert reading.course is None
    assert [(d.code, d.span.path) for d in reading.diagnostics] == [("E101", "course/course.yaml")]


def test_null_is_nothing_so_a_provider_called_null_gives_no_credit() -> None:
    files = {**TINY, "course/course.yaml": TINY["course/course.yaml"] + "provider: {name: null, number: ~, approval_date: null}\n"}
    reading = read_course({name: text.encode() for name, text in files.items()})
    assert reading.diagnostics == []
    assert reading.course is not None and not reading.course.info.provider.complete


def test_a_fault_in_a_list_is_shown_at_its_entry() -> None:
    found = read_module(module("key_points:\n  - One.\n  - ''\n  - Three.\n"))
    assert places(found) == [("E112", 14, 5)]


def test_a_misspelled_key_that_must_be_there_is_named_once_with_what_was_meant() -> None:
    found = read_module(module().replace("summary:", "sumary:"))
    assert places(found) == [("E110", 3, 1)] and '"summary"' in found[0].help


def test_text_lost_behind_a_sign_is_reported_and_a_comment_is_not() -> None:
    found = read_module(module(title="Door #3", summary="Short. # a comment"))
    assert places(found) == [("W115", 2, 13)]


def test_a_control_character_written_as_an_escape_is_refused() -> None:
    assert places(read_module(module(title='"a\\x07b"'))) == [("E102", 2, 8)]


@pytest.mark.parametrize(("text", "words"), [('""', "empty"), ("x" * 500, "500 characters")])
def test_a_text_of_the_wrong_length_is_called_a_text(text: str, words: str) -> None:
    (fault,) = read_module(module(title=text))
    assert words in fault.message


def test_a_blueprint_of_an_unknown_item_type_is_answered_with_a_suggestion() -> None:
    blueprint = "id: b\ntitle: B\ncells:\n  - {count: 1, type: multiple-choice}\ncut: {percent: 80}\n"
    reading = read_course({**{k: v.encode() for k, v in TINY.items()}, "quizzes/blueprints/b.yaml": blueprint.encode()})
    assert [(d.code, d.span.line) for d in reading.diagnostics] == [("E113", 4)]


def test_a_module_that_cannot_be_read_draws_no_false_alarms_from_its_bank() -> None:
    from coursewright.check import check_course

    reading = read_course({**{k: v.encode() for k, v in TINY.items()}, "course/01-one.yaml": (TINY["course/01-one.yaml"] + "  broken: [\n").encode()})
    assert [d.code for d in reading.diagnostics] == ["E103"]
    assert [d.code for d in check_course(reading.course) if d.severity == "error"] == []
