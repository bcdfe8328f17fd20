"""The printed files, judged by programs that nobody here wrote."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest
from conftest import ROOT, needs, run_command

from coursewright.write.pdf.impose import SHEETS, faces, plan_sections

JUDGE = ROOT.parent / "shared" / "tools" / "judges" / "pdf_ua.sh"
PDFS = [
    "slides/01-basics.pdf",
    "handouts/01-basics.pdf",
    "workbook/workbook.pdf",
    "workbook/workbook-fillable.pdf",
    "workbook/01-basics.pdf",
    "quizzes/01-basics.pdf",
    "quizzes/01-basics-key.pdf",
    "quizzes/posttest.pdf",
    "quizzes/posttest-key.pdf",
    "workbook/workbook-large-print.pdf",
    "guide/instructor-guide.pdf",
    "accreditation/binder.pdf",
    "accreditation/evaluation.pdf",
    "accreditation/commitment-to-change.pdf",
]


def text_of(path: Path, *arguments: str) -> str:
    return subprocess.run(["pdftotext", *arguments, str(path), "-"], capture_output=True, text=True, check=True).stdout


@needs("qpdf")
@pytest.mark.parametrize("name", [*PDFS, "workbook/workbook-booklet.pdf"])
def test_qpdf_finds_no_fault(starter: Path, name: str) -> None:
    done = subprocess.run(["qpdf", "--check", str(starter / "dist" / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not JUDGE.exists() or not shutil.which("java") or not shutil.which("javac"), reason="veraPDF's engine is not here")
def test_verapdf_passes_every_file_as_pdf_ua_1(starter: Path) -> None:
    done = subprocess.run(["sh", str(JUDGE), "ua1", *(str(starter / "dist" / name) for name in PDFS)], capture_output=True, text=True, check=False)
    assert done.stdout.count("PASS") == len(PDFS), done.stdout


@pytest.mark.skipif(not JUDGE.exists() or not shutil.which("java") or not shutil.which("javac"), reason="veraPDF's engine is not here")
def test_verapdf_passes_a_course_with_one_of_everything(everything: Path) -> None:
    files = [str(path) for path in sorted(everything.rglob("*.pdf")) if "booklet" not in path.name]
    done = subprocess.run(["sh", str(JUDGE), "ua1", *files], capture_output=True, text=True, check=False)
    assert done.stdout.count("PASS") == len(files), done.stdout


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packet of the course with one of everything, on Letter paper."""
    out = tmp_path_factory.mktemp("everything") / "dist"
    done = run_command("--course", ROOT / "tests/courses/everything", "--out", out, "--paper", "letter")
    assert done.returncode == 0, done.stderr
    assert "W605" not in done.stderr
    return out


@needs("pdfinfo")
@pytest.mark.parametrize("name", PDFS)
def test_a_file_is_tagged_and_has_a_title_and_a_language(starter: Path, name: str) -> None:
    info = subprocess.run(["pdfinfo", str(starter / "dist" / name)], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^Tagged:\s+yes$", info, re.MULTILINE)
    assert re.search(r"^Title:\s+Hand hygiene in ten minutes", info, re.MULTILINE)
    assert "CreationDate" not in info
    with pikepdf.open(starter / "dist" / name) as pdf:
        assert pdf.Root.Lang == "en-US"
        assert pdf.Root.ViewerPreferences.DisplayDocTitle


@pytest.mark.parametrize(("folder", "size"), [("starter", (595, 842)), ("everything", (612, 792))])
def test_pages_have_exactly_the_size_of_the_paper(request: pytest.FixtureRequest, folder: str, size: tuple[int, int]) -> None:
    dist = request.getfixturevalue(folder) / ("dist" if folder == "starter" else "")
    for name in PDFS[1:]:
        with pikepdf.open(dist / name) as pdf:
            found = {(round(float(p.mediabox[2])), round(float(p.mediabox[3]))) for p in pdf.pages}
            across = {size[::-1]} if "large-print" in name else set()  # its charts lie across the page
            assert found - across == {size}, name


def test_a_deck_is_16_to_9(starter: Path) -> None:
    with pikepdf.open(starter / "dist/slides/01-basics.pdf") as pdf:
        for page in pdf.pages:
            assert abs(float(page.mediabox[2]) / float(page.mediabox[3]) - 16 / 9) < 0.001


@needs("pdftotext")
def test_the_contents_page_tells_the_page_that_each_section_stands_on(everything: Path) -> None:
    path = everything / "workbook/workbook.pdf"
    pages = text_of(path, "-layout").split("\f")
    with pikepdf.open(path) as pdf:
        labels = [page.label for page in pdf.pages]
    contents = next(page for page in pages if re.search(r"^\s*Contents\s*$", page, re.MULTILINE))
    for title in ("Moments", "Steps", "More & <more>", "Knowledge check", "Answers", "Glossary", "References", "Index"):
        (number,) = re.findall(rf"{re.escape(title)}\s+(\d+)\s*$", contents, re.MULTILINE)
        assert title in pages[labels.index(number)], title


@needs("pdftotext")
def test_the_number_on_a_page_is_its_label(starter: Path) -> None:
    path = starter / "dist/workbook/workbook.pdf"
    pages = text_of(path, "-layout").split("\f")
    with pikepdf.open(path) as pdf:
        for page, text in zip(pdf.pages, pages, strict=False):
            if page.index:  # the cover shows none
                assert re.search(rf"(^|\s){re.escape(page.label)}(\s|$)", text.strip().split("\n")[-1]), (page.index, page.label)


def test_modules_begin_on_a_right_hand_page(starter: Path) -> None:
    with pikepdf.open(starter / "dist/workbook/workbook.pdf") as pdf:
        first = next(i for i, page in enumerate(pdf.pages) if page.label == "1")
        assert first % 2 == 0
        assert len(pdf.pages) % 2 == 1 or len(pdf.pages) % 2 == 0


def test_every_link_of_the_workbook_leads_somewhere(starter: Path) -> None:
    with pikepdf.open(starter / "dist/workbook/workbook.pdf") as pdf:
        names = pdf.Root.Names.Dests.Names
        known = {str(name) for name in names[::2]}
        links = [a for page in pdf.pages for a in page.get("/Annots", []) if a.Subtype == "/Link"]
        assert len(links) > 10
        for link in links:
            if "/Dest" in link:
                assert str(link.Dest) in known
            else:
                assert str(link.A.URI).startswith("https://")


def test_the_outline_follows_the_headings(starter: Path) -> None:
    with pikepdf.open(starter / "dist/workbook/workbook.pdf") as pdf, pdf.open_outline() as outline:
        titles = [item.title for item in outline.root]
        assert titles[0].startswith("Hand hygiene")
        chapter = next(item for item in outline.root if item.title == "When and how")
        assert [child.title for child in chapter.children][:4] == ["After this module you will be able to", "In this module", "1.1 Moments", "1.2 Steps"]


def test_every_tagged_content_belongs_to_the_tree(starter: Path) -> None:
    with pikepdf.open(starter / "dist/workbook/workbook.pdf") as pdf:
        numbers = pdf.Root.StructTreeRoot.ParentTree.Nums
        keys = [int(key) for key in numbers[::2]]
        assert keys == sorted(set(keys))
        assert all(int(page.StructParents) in keys for page in pdf.pages)


def test_the_fillable_edition_has_a_named_field_for_all_that_is_written(everything: Path) -> None:
    with pikepdf.open(everything / "workbook/workbook-fillable.pdf") as pdf:
        fields = pdf.Root.AcroForm.Fields
        names = [str(field.T) for field in fields]
        assert {"owner", "ref-habit", "chk-shift-1", "chk-groups-3", "vig-hurry-1", "q-basics-01", "q-basics-06", "q-basics-05-1"} <= set(names)
        assert all(str(field.TU).strip() for field in fields)
        assert len(names) == len(set(names))
        fonts = set(pdf.Root.AcroForm.DR.Font.keys())
        written = [field for field in fields if field.FT == "/Tx"]
        assert all(re.search(r"(/\w+) [\d.]+ Tf", str(field.DA))[1] in fonts for field in written)
        widgets = [a for page in pdf.pages for a in page.get("/Annots", []) if a.Subtype == "/Widget"]
        assert len(widgets) >= len(fields)
        for widget in widgets:
            x0, y0, x1, y1 = (float(edge) for edge in widget.Rect)
            assert 0 < abs(x1 - x0) < 612 and 0 < abs(y1 - y0) < 792


def test_the_plain_edition_has_the_same_pages_and_no_fields(everything: Path) -> None:
    with pikepdf.open(everything / "workbook/workbook.pdf") as plain, pikepdf.open(everything / "workbook/workbook-fillable.pdf") as fillable:
        assert "/AcroForm" not in plain.Root
        assert len(plain.pages) == len(fillable.pages)


def test_a_typed_answer_is_saved(starter: Path, tmp_path: Path) -> None:
    with pikepdf.open(starter / "dist/workbook/workbook-fillable.pdf") as pdf:
        field = next(field for field in pdf.Root.AcroForm.Fields if field.T == "ref-habit")
        field.V = pikepdf.String("at night")
        pdf.save(tmp_path / "mine.pdf")
    with pikepdf.open(tmp_path / "mine.pdf") as pdf:
        assert any(f.get("/V") == "at night" for f in pdf.Root.AcroForm.Fields)


@needs("pdftotext")
def test_a_sample_says_so_on_every_page_of_every_file(starter: Path) -> None:
    for name in PDFS:
        for n, page in enumerate(text_of(starter / "dist" / name).split("\f")[:-1], 1):
            assert "SAMPLE: NOT VALID FOR CREDIT" in page, (name, n)


@needs("pdftotext")
def test_a_handout_shows_every_line_of_every_slide(starter: Path) -> None:
    for up in ("1", "2", "3", "4", "6"):
        out = starter.parent / f"up{up}"
        assert run_command("--course", starter, "--only", "handouts", "--up", up, "--out", out, "--notes").returncode == 0
        text = " ".join(text_of(out / "handouts/01-basics.pdf").split())
        for words in ("Before contact with a patient", "After contact with a patient", "Three steps", "soap on all sides", "Ask the group for moments"):
            assert words in text, (up, words)


@pytest.mark.parametrize("pages", [1, 4, 5, 31, 32, 33, 107, 240])
def test_a_folded_booklet_reads_in_order(pages: int) -> None:
    """Cut every sheet in the middle, lay the halves in each other as folding does, and read."""
    sections = plan_sections(pages)
    assert sum(sections) * 4 >= pages > (sum(sections) - 1) * 4
    assert max(sections) <= SHEETS and max(sections) - min(sections) <= 1
    read = []
    first = 0
    for sheets in sections:
        sides = faces(sheets)
        fronts, backs = sides[::2], sides[1::2]
        for (_, right), (left, _) in zip(fronts, backs, strict=True):  # the right half of each sheet, front then back
            read += [first + right, first + left]
        for (left, _), (_, right) in reversed(list(zip(fronts, backs, strict=True))):
            read += [first + right, first + left]
        first += sheets * 4
    assert read == list(range(sum(sections) * 4))


@needs("pdftotext")
def test_a_booklet_holds_the_pages_of_the_workbook_two_by_two(starter: Path) -> None:
    faces_text = text_of(starter / "dist/workbook/workbook-booklet.pdf").split("\f")
    assert "WORKBOOK" in faces_text[0].upper()
    with pikepdf.open(starter / "dist/workbook/workbook-booklet.pdf") as pdf:
        box = pdf.pages[0].mediabox
        assert (round(float(box[2])), round(float(box[3]))) == (842, 595)


@needs("pdftotext")
def test_a_column_of_a_table_is_never_narrower_than_its_words(tmp_path: Path, starter: Path) -> None:
    course = tmp_path / "course"
    shutil.copytree(starter, course, ignore=shutil.ignore_patterns("dist"))
    module = course / "course/01-basics.yaml"
    text = module.read_text("utf-8").replace("- [Before contact, the patient]", "- [Contraindication, " + "many words that fill the other column " * 5 + "]")
    module.write_text(text.replace("  - title: Three steps\n", "  - {title: A table, table: tbl-moments}\n  - title: Three steps\n"), "utf-8")
    assert run_command("--course", course, "--only", "slides", "--only", "workbook").returncode == 0
    for name in ("slides/01-basics.pdf", "workbook/01-basics.pdf"):
        assert "Contraindication" in text_of(course / "dist" / name)
