"""docs/security.md keeps to the facts: every requirement has one line, every test that it names exists."""

from __future__ import annotations

import re

from conftest import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text("utf-8")
#: OWASP ASVS 5.0.0: how many requirements of levels 1 and 2 each section has; they are numbered without a gap but for those of level 3
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip


def test_every_requirement_of_levels_one_and_two_has_one_line() -> None:
    rows = re.findall(r"^\| ((?:\d+\.\d+\.\d+(?:, )?)+) \|", TEXT, re.MULTILINE)
    found = [id_ for row in rows for id_ in row.split(", ")]
    wanted = [f"{section}.{n}" for section, count in SECTIONS.items() for n in range(1, count + 1)]
    assert sorted(found) == sorted(wanted)


def test_every_test_that_it_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+\.py)(?:::(test_\w+))?`", TEXT))
    assert len(named) > 60
    for file, name in sorted(named):
        path = ROOT / "tests" / "serve" / file
        assert path.is_file(), file
        if name:
            assert f"def {name}(" in path.read_text("utf-8"), f"{file}::{name}"
