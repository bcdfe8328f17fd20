"""Printed forms: assembled from pieces, tagged, in reading order, for people with any name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pikepdf
import pytest
from conftest import needs, run_command
from scanning.course import paper_course

from coursewright.build.administration import load_record


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = paper_course(tmp_path_factory.mktemp("paper"))
    made = run_command("--course", course, "forms", "test", "--roster", course / "roster.csv", "--each")
    assert made.returncode == 0, made.stderr
    assert "4 copies of 4 forms" in made.stdout
    return course / "forms" / "test"


def text(path: Path, *more: str) -> str:
    return subprocess.run(["pdftotext", *more, str(path), "-"], capture_output=True, text=True, check=True).stdout


@needs("qpdf")
def test_every_file_is_sound_for_qpdf(printed: Path) -> None:
    for path in [*printed.glob("*.pdf"), *printed.glob("copies/*.pdf")]:
        assert subprocess.run(["qpdf", "--check", str(path)], capture_output=True, check=False).returncode == 0, path


@needs("pdftotext")
def test_a_booklets_text_reads_in_order_number_stem_instruction_options(printed: Path) -> None:
    words = " ".join(text(next(printed.glob("copies/0001*.pdf"))).split())
    for n in range(1, 16):
        assert re.search(rf"\b{n} (Which|Match|Put|How)", words), n
    found = re.search(r"Which one is it in case (\d+)\? Choose one answer\. A Option (\w+) of \1 B Option (\w+) of \1 C Option (\w+) of \1 D Option (\w+) of \1", words)
    assert found and {*found.groups()[1:]} == {"one", "two", "three", "four"}


@needs("pdftotext")
def test_names_stand_on_their_own_sheet_as_they_are_written(printed: Path) -> None:
    for number, name in ((1, "Zoë O’Brien"), (4, "=cmd|'/c calc'!A1 Bobby; DROP TABLE")):
        path = next(printed.glob(f"copies/{number:04}*.pdf"))
        assert name in text(path) and re.fullmatch(r"[a-z0-9-]+-[A-Z2-7]{7}\.pdf", path.name)


def test_two_people_of_one_name_have_sheets_of_their_own(printed: Path) -> None:
    copies = [copy for copy in load_record(printed).copies.values() if copy.name == "Anna Smith"]
    assert len({copy.sheet for copy in copies}) == 2 and {copy.learner_id for copy in copies} == {"1003", "1004"}


@needs("pdftotext")
def test_large_print_and_extra_time_go_to_who_needs_them(printed: Path) -> None:
    large, normal = (next(printed.glob(f"copies/{n:04}*.pdf")) for n in (3, 2))
    assert "45 minutes" in text(large) and "20 minutes" in text(normal)
    fonts = subprocess.run(["pdftotext", "-bbox", str(large), "-"], capture_output=True, text=True, check=True).stdout
    heights = [float(b) - float(a) for a, b in re.findall(r'yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">Option<', fonts)]
    assert min(heights) > 17


def test_pages_are_ready_for_both_sides_of_the_paper(printed: Path) -> None:
    for path in printed.glob("copies/*.pdf"):
        with pikepdf.open(path) as pdf:
            assert len(pdf.pages) % 2 == 0
    with pikepdf.open(printed / "print.pdf") as pdf:
        assert len(pdf.pages) == 2 + sum(len(pikepdf.open(path).pages) for path in printed.glob("copies/*.pdf"))


@needs("pdftotext")
def test_the_cover_counts_the_sheets_that_are_in_the_file(printed: Path) -> None:
    with pikepdf.open(printed / "print.pdf") as pdf:
        sheets = (len(pdf.pages) - 2) // 2
    assert f"{sheets}, and this one" in text(printed / "print.pdf", "-l", "1")


def test_every_page_is_tagged_and_every_run_of_content_has_its_place_in_the_tree(printed: Path) -> None:
    with pikepdf.open(printed / "print.pdf") as pdf:
        assert pdf.Root.MarkInfo.Marked and "/Lang" in pdf.Root
        for page in pdf.pages:
            content = page.Contents.read_bytes()
            marked = re.findall(rb"<</MCID (\d+)>> BDC", content)
            assert marked == [str(n).encode() for n in range(len(marked))]
            assert content.count(b"BDC") + content.count(b"BMC") == content.count(b"EMC")


def test_a_learners_file_holds_no_key_and_no_rationale(printed: Path) -> None:
    key = (printed / "key.csv").read_text("utf-8-sig")
    assert key.count("\n") == 4 * 16 + 1
    for path in [*printed.glob("copies/*.pdf"), printed / "print.pdf", printed / "seating.pdf"]:
        with pikepdf.open(path) as pdf:
            whole = b"".join(thing.read_bytes() for thing in pdf.objects if isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") != "/Image")
        assert b"correct" not in whole and b"rationale" not in whole


def test_what_holds_keys_is_for_its_owner_alone(printed: Path) -> None:
    for name in ("key.pdf", "key.csv", "record.jsonl", "print.pdf"):
        assert (printed / name).stat().st_mode & 0o077 == 0


def test_printing_again_gives_the_same_bytes(printed: Path, tmp_path: Path) -> None:
    course = printed.parent.parent
    out = tmp_path / "test"
    run_command("--course", course, "forms", "test", "--roster", course / "roster.csv", "--out", out)
    for name in ("print.pdf", "key.pdf", "record.jsonl"):
        assert (out / name).read_bytes() == (printed / name).read_bytes(), name


def test_printing_for_others_into_the_same_folder_forgets_nobody(printed: Path, tmp_path: Path) -> None:
    course = printed.parent.parent
    out = tmp_path / "test"
    run_command("--course", course, "forms", "test", "--roster", course / "roster.csv", "--out", out)
    more = run_command("--course", course, "forms", "test", "--copies", "2", "--out", out)
    assert more.returncode == 0
    assert len(load_record(out).copies) == 6


def test_a_folder_of_another_test_is_refused_and_stays_whole(printed: Path, tmp_path: Path) -> None:
    course = printed.parent.parent
    (course / "quizzes/blueprints/other.yaml").write_text("id: other\ntitle: Other\ncells: [{count: 2}]\ncut: {percent: 50}\n")
    before = (printed / "record.jsonl").read_bytes()
    try:
        made = run_command("--course", course, "forms", "other", "--copies", "1", "--out", printed)
    finally:
        (course / "quizzes/blueprints/other.yaml").unlink()
    assert made.returncode == 1 and "another test" in made.stderr
    assert (printed / "record.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["tset", "--copies", "1"], 'did you mean "test"'), (["test"], "--copies"), (["test", "--copies", "1", "--executor", "spark://x"], "dask://"), (["test", "--roster", "course/course.yaml"], "E520")],
)
def test_what_cannot_be_printed_is_said_and_nothing_is_written(printed: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    course = printed.parent.parent
    made = run_command("--course", course, "forms", *[str(course / a) if a.startswith("course/") else a for a in arguments], "--out", tmp_path / "x")
    assert made.returncode in (1, 2) and said in made.stderr
    assert not (tmp_path / "x" / "print.pdf").exists()


def test_a_letter_that_the_fonts_lack_is_reported_and_drawn_as_a_box(printed: Path, tmp_path: Path) -> None:
    course = printed.parent.parent
    (tmp_path / "roster.csv").write_text("given_name,family_name,learner_id\n小龙,李,7\n", "utf-8")
    made = run_command("--course", course, "forms", "test", "--roster", tmp_path / "roster.csv", "--out", tmp_path / "x")
    assert made.returncode == 0 and "W620" in made.stderr and "李" in made.stderr


@pytest.mark.slow
def test_a_dask_cluster_draws_the_same_file(printed: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    course = printed.parent.parent
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True) as cluster:
        address = cluster.scheduler_address.replace("tcp://", "dask://")
        made = run_command("--course", course, "forms", "test", "--roster", course / "roster.csv", "--out", tmp_path / "test", "--executor", address)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "test" / "print.pdf").read_bytes() == (printed / "print.pdf").read_bytes()
