"""Rules, held by the Markdown files of `checks/`: a line that must complain ends in `# error: CODE`."""

from __future__ import annotations

import datetime
import inspect
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from conftest import TINY

from coursewright.check import RULES, check_course
from coursewright.cli.codes import all_codes
from coursewright.read.course import read_course
from coursewright.source.siblings import import_siblings

import_siblings("coursewright.check")
FOLDER = Path(__file__).parent / "checks"
BLOCK = re.compile(r"^```(?:yaml|csv) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Case:
    code: str
    title: str
    files: dict[str, str]
    arguments: dict[str, object]

    @property
    def expected(self) -> list[tuple[str, int]]:
        found = []
        for path, text in self.files.items():
            for number, line in enumerate(text.splitlines(), 1):
                found += [(path, number) for code in re.findall(r"# error: (\w\d{3})", line) if code == self.code]
        return sorted(found)


def cases() -> list[Case]:
    made = []
    for file in sorted(FOLDER.glob("*.md")):
        code = file.name.split("-")[0]
        for section in re.split(r"^## ", file.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            title, _, body = section.partition("\n")
            day = re.search(r"^with: date (\S+)$", body, re.MULTILINE)
            arguments: dict[str, object] = {"today": datetime.date.fromisoformat(day[1])} if day else {}
            arguments["release"] = bool(re.search(r"^with: release$", body, re.MULTILINE))
            made.append(Case(code, title.strip(), {**TINY, **dict(BLOCK.findall(body))}, arguments))
    return made


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.code} {case.title}")
def test_a_rule_complains_where_its_page_says_and_nowhere_else(case: Case) -> None:
    tables = {path: text.encode() for path, text in case.files.items() if path.endswith(".csv")}
    reading = read_course({path: text.encode() for path, text in case.files.items()}, {"course/figures/good.png": "image/png", "course/figures/bad.png": "!it is not a readable picture"}, tables)
    assert reading.diagnostics == []
    found = [(d.span.path, d.span.line) for d in check_course(replace(reading.course, **case.arguments)) if d.code == case.code]
    assert sorted(set(found)) == case.expected


def test_every_rule_has_a_page_with_cases_that_complain_and_that_do_not() -> None:
    held = {case.code for case in cases() if case.expected}
    spared = {case.code for case in cases() if not case.expected}
    assert set(RULES) | {"W129"} == held == spared


@pytest.mark.parametrize("code", sorted(all_codes()))
def test_every_code_has_a_page_that_says_what_to_do_instead(code: str) -> None:
    page = inspect.cleandoc(all_codes()[code].page)
    assert "Instead:" in page, f"{code} does not say what to do instead"
    assert page.splitlines()[0].endswith((".", ":")) or len(page.splitlines()[0]) > 20


def test_a_waiver_takes_out_its_fault_and_errors_cannot_be_waived() -> None:
    bank = TINY["quizzes/banks/01-one.yaml"].replace("if_false: No.", "if_false: No.\n    waive: {E303: there is a reason for it}").replace("    if_true: Yes.\n", "")
    reading = read_course({path: text.encode() for path, text in {**TINY, "quizzes/banks/01-one.yaml": bank}.items()})
    assert {"E303", "W129"} <= {d.code for d in check_course(reading.course)}


def test_a_part_that_could_not_be_read_draws_no_false_alarms() -> None:
    bank = TINY["quizzes/banks/01-one.yaml"].replace("answer: true", "answer: perhaps")
    reading = read_course({path: text.encode() for path, text in {**TINY, "quizzes/banks/01-one.yaml": bank}.items()})
    assert [d.code for d in reading.diagnostics] == ["E112"]
    assert [d.code for d in check_course(reading.course) if d.severity == "error"] == []
