"""The evidence ledger: what `audit` prints, and figures that follow its numbers."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pikepdf
import pytest
from conftest import ROOT, TINY, run_command, write_course

from coursewright.model.claim import numbers_in
from coursewright.model.figure_data import filled
from coursewright.model.readability import by_vowels, grade_of_text, syllables
from coursewright.read.course import read_course

CLAIM = """claims:
  - id: c-one
    statement: The part has 3 sides.
    sections: [part]
    unsourced: Counted.
    level: OCEBM 5
    certainty: low
    checked: 2026-01-01
    data: {sides: 3, change: -2.5}
    source:
      - {claim: S-001, does: corrected, reason: It has three.}
declined:
  - {claim: S-002, does: declined, reason: Opinion.}
"""
SOURCE = "title: A document\nclaims:\n  - {id: S-001, text: It has two sides.}\n  - {id: S-002, text: It is fine., opinion: true}\n"
FILES = {**TINY, "course/claims/one.yaml": CLAIM, "course/source.yaml": SOURCE}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("64% vs 28% (OR 2.18, 1.21–4.14)", ["64", "28", "2.18", "1.21", "4.14"]),
        ("SUSTAIN-1, 5-HT and (2R,6R)-hydroxynorketamine", []),
        ("−7.95 points, p = .25, n=1,148", ["7.95", ".25", "1148"]),
        ("the 40-minute mark, 0.5 mg/kg, 56/84 mg", ["40", "0.5", "56", "84"]),
    ],
)
def test_numbers_are_found_and_names_are_not(text: str, numbers: list[str]) -> None:
    assert list(numbers_in(text)) == [Decimal(number) for number in numbers]


def test_a_changed_number_of_the_ledger_changes_the_figure() -> None:
    spec = {"values": [{"x": "${c-one.change}", "label": "by ${c-one.change} points", "other": "${c-none.x}"}]}
    for value in ("-2.5", "-4"):
        reading = read_course({path: text.replace("-2.5", value).encode() for path, text in FILES.items()})
        assert reading.course is not None
        (row,) = filled(spec, reading.course.claims)["values"]
        assert row == {"x": float(value), "label": f"by −{value[1:]} points", "other": "${c-none.x}"}


def test_audit_prints_the_ledger_and_what_became_of_the_source(tmp_path: Path) -> None:
    folder = write_course(tmp_path, FILES)
    text = run_command("--course", folder, "audit", "--date", "2027-06-01").stdout
    assert "The part has 3 sides." in text and "1 checked more than a year before 2027-06-01" in text
    assert "0 taught, 1 corrected, 1 declined, 0 not yet decided" in text
    rows = list(csv.DictReader(io.StringIO(run_command("--course", folder, "audit", "--format", "csv", "--source").stdout.lstrip("\ufeff"))))
    assert [(row["id"], row["does"], row["answered_by"]) for row in rows] == [("S-001", "corrected", "c-one"), ("S-002", "declined", "")]


def test_audit_writes_the_appendix(tmp_path: Path) -> None:
    folder = write_course(tmp_path / "c", FILES)
    done = run_command("--course", folder, "audit", "--format", "pdf", "--out", tmp_path / "a.pdf")
    assert done.returncode == 0, done.stderr
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        assert len(pdf.pages) == 1


def test_check_takes_the_day_as_an_argument(tmp_path: Path) -> None:
    folder = write_course(tmp_path, FILES)
    assert "W910" not in run_command("--course", folder, "check", "--date", "2026-06-01").stdout
    assert "W910" in run_command("--course", folder, "check", "--date", "2027-06-01").stdout
    assert run_command("--course", folder, "check", "--date", "June").returncode == 2


def test_a_release_of_the_shipped_course_is_refused_until_it_is_verified_and_signed() -> None:
    found = run_command("check", "--release", "--date", "2026-12-01", "--format", "concise").stdout
    assert "E502" in found and "E911" in found


def test_the_reading_grade_is_that_of_a_text_worked_out_by_hand() -> None:
    grade = grade_of_text("The nurse gave the dose. The patient slept.")  # 8 words, 9 syllables, 2 sentences
    assert (grade.words, grade.syllables, grade.sentences) == (8, 9, 2)
    assert grade.level == pytest.approx(0.39 * 4 + 11.8 * 9 / 8 - 15.59)


def test_counting_vowels_is_near_the_dictionary() -> None:
    words = ["ketamine", "depression", "treatment", "patients", "response", "measured", "clinical", "evidence", "trial", "placebo", "the", "described"]
    assert sum(abs(by_vowels(word) - syllables(word)) <= 1 for word in words) == len(words)


def test_every_claim_of_the_source_document_is_accounted_for() -> None:
    reading = read_course({str(path.relative_to(ROOT)): path.read_bytes() for folder in ("course", "quizzes") for path in (ROOT / folder).rglob("*.yaml")})
    assert reading.course is not None
    assert [claim.id for claim in reading.course.document.claims] == [f"S-{n:03d}" for n in range(1, 122)]
    assert {handling.claim for handling, _ in reading.course.handlings} == set(reading.course.source_claims)
