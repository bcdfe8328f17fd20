"""What is made for accreditors and instructors, and the workbook in large print."""

from __future__ import annotations

import csv
import io
import itertools
import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, needs, run_command

from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.plan.matrix import HEADER, matrix_rows, plan_matrix
from coursewright.write.accreditation import csv_bytes
from coursewright.write.html import LEAST, enlarged


def text_of(path: Path, *options: str) -> str:
    return subprocess.run(["pdftotext", *options, path, "-"], capture_output=True, text=True, check=True).stdout


@needs("pdftotext")
def test_the_binder_has_its_tabs_and_their_pages(starter: Path) -> None:
    text = text_of(starter / "dist/accreditation/binder.pdf", "-layout")
    assert "Accreditation binder".upper() in text.upper()
    for title in ("The activity", "Assessment", "How the credit was computed", "Disclosures and mitigation", "References and their currency", "Item bank with keys"):
        assert title in text
    assert "to be filled in" in text and "SAMPLE: NOT VALID FOR CREDIT" in text


@needs("pdfinfo")
def test_headings_of_every_printed_file_skip_no_level(starter: Path) -> None:
    for file in sorted((starter / "dist").rglob("*.pdf")):
        if "booklet" in file.name or "slides" in str(file):
            continue
        tags = subprocess.run(["pdfinfo", "-struct", file], capture_output=True, text=True, check=True).stdout
        levels = [int(level) for level in re.findall(r"^\s*H(\d)\b", tags, re.MULTILINE)]
        assert levels and levels[0] == 1, file
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), (file, levels)


@needs("pdftotext")
def test_the_guide_has_minutes_and_the_feedback_of_cases_and_is_for_educators(starter: Path) -> None:
    assert "minutes" in text_of(starter / "dist/guide/instructor-guide.pdf")
    assert "instructor-guide.pdf" in (starter / "dist/index.html").read_text("utf-8")


@needs("pdftotext")
def test_large_print_says_all_that_the_workbook_says(starter: Path) -> None:
    def words(path: Path) -> set[str]:
        return set(re.findall(r"[A-Za-z]{4,}", text_of(path)))

    missing = words(starter / "dist/workbook/workbook.pdf") - words(starter / "dist/workbook/workbook-large-print.pdf")
    assert missing == set()


def test_large_print_sets_no_running_text_below_18_points() -> None:
    for name in ("print.css", "workbook/workbook.css", "interactions/interactions.css"):
        css = enlarged((ROOT / "templates" / name).read_text("utf-8"))
        sizes = [float(size) for size in re.findall(r"font(?:-size)?:[^;{}]*?(\d*\.?\d+)pt", css)]
        assert sizes and all(size >= LEAST or size == 13 for size in sizes), name  # 13: superscript numbers


def test_the_matrix_traces_every_objective_from_gap_to_items() -> None:
    course = examine(read_inputs(ROOT)).course
    assert course is not None
    rows = list(csv.DictReader(io.StringIO(csv_bytes(HEADER, matrix_rows(plan_matrix(course))).decode("utf-8-sig"))))
    assert [row["objective"] for row in rows] == list(course.objectives)
    assert all(row["gap"] and row["sections"] and row["practice_items"] and len(row["exam_items"].split()) == 2 for row in rows)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "@x", "-cmd"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(cell: str) -> None:
    assert list(csv.reader(io.StringIO(csv_bytes(("a",), [(cell,)]).decode("utf-8-sig"))))[1] == ["'" + cell]


def test_the_parts_for_accreditors_can_be_built_alone(copy_of_starter: Path) -> None:
    done = run_command("--course", copy_of_starter, "--only", "accreditation", "--out", copy_of_starter / "alone")
    assert done.returncode == 0, done.stderr
    assert {path.parent.name for path in (copy_of_starter / "alone").rglob("*.pdf")} == {"accreditation"}


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_the_commitment_form_is_one_page(copy_of_starter: Path, paper: str) -> None:
    import pikepdf

    done = run_command("--course", copy_of_starter, "--only", "accreditation", "--paper", paper, "--out", copy_of_starter / "alone")
    assert done.returncode == 0, done.stderr
    with pikepdf.open(copy_of_starter / "alone/accreditation/commitment-to-change.pdf") as pdf:
        assert len(pdf.pages) == 1


def test_the_class_of_a_pages_body_is_no_class_that_a_style_sheet_gives_to_something_else() -> None:
    # `letter` was the paper and the letter of an option: a Letter binder was bold throughout
    styles = "\n".join(path.read_text("utf-8") for path in (ROOT / "templates").rglob("*.css"))
    for template in (ROOT / "templates").rglob("*.j2"):
        for name in re.findall(r'<body class="([^"]+)"', template.read_text("utf-8")):
            for paper in ("a4", "letter"):
                assert not re.search(rf"(^|[\s,])\.{name.replace('{{ paper }}', paper)}\b", styles, re.MULTILINE), template.name
