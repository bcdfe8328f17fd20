"""Personal copies: the finished file, with a name and a code in every foot."""

from __future__ import annotations

import csv
import io
import subprocess
from pathlib import Path

import pikepdf
import pytest
from conftest import needs, run_command

ROSTER = 'given_name,family_name,learner_id\nZoë,O’Brien,7\nAnna,Smith,8\nAnna,Smith,9\n"=cmd|\'/c calc\'!A1",Bobby,10\n'


@pytest.fixture(scope="module")
def copies(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("personal")
    (out / "roster.csv").write_text(ROSTER, "utf-8")
    made = run_command("--course", starter, "personalise", out / "roster.csv", "--out", out / "made")
    assert made.returncode == 0, made.stderr
    assert "4 copies" in made.stdout
    return out / "made"


@needs("qpdf")
def test_copies_are_sound_and_begin_with_the_same_bytes(copies: Path) -> None:
    files = sorted(copies.glob("*.pdf"))
    assert len(files) == 4
    heads = {path.read_bytes()[:50_000] for path in files}
    assert len(heads) == 1
    for path in files:
        assert subprocess.run(["qpdf", "--check", str(path)], capture_output=True, check=False).returncode == 0


@needs("pdftotext")
def test_the_name_stands_in_the_foot_of_every_page_and_the_text_is_otherwise_as_it_was(copies: Path, starter: Path) -> None:
    def pages(path: Path) -> list[str]:
        return subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout.split("\f")[:-1]

    mine, plain = pages(next(copies.glob("0001*.pdf"))), pages(starter / "dist/workbook/workbook.pdf")
    assert len(mine) == len(plain) and all("Zoë O’Brien · 7" in page for page in mine)
    for a, b in zip(mine, plain, strict=True):
        assert " ".join(b.split()) == " ".join(a.replace("Zoë O’Brien · 7", "").split())


def test_each_copy_has_a_code_of_its_own_that_a_scanner_reads_and_that_holds_no_name(copies: Path) -> None:
    import pypdfium2
    import zxingcpp

    rows = list(csv.DictReader(io.StringIO((copies / "copies.csv").read_text("utf-8-sig"))))
    assert len({row["code"] for row in rows}) == 4
    for row in rows:
        image = pypdfium2.PdfDocument(copies / row["file"])[0].render(scale=200 / 72).to_pil().convert("L")
        assert row["code"] in [code.text for code in zxingcpp.read_barcodes(image)]
        assert "Smith" not in row["code"]


def test_the_tag_tree_stays_whole(copies: Path) -> None:
    with pikepdf.open(next(copies.glob("0002*.pdf"))) as pdf:
        assert pdf.Root.MarkInfo.Marked and "/StructTreeRoot" in pdf.Root
        for page in pdf.pages:
            content = b"".join(part.read_bytes() for part in page.Contents) if isinstance(page.Contents, pikepdf.Array) else page.Contents.read_bytes()
            assert b"/Artifact <</Type /Pagination>> BDC q 1 0 0 1" in content


@pytest.mark.parametrize(("content", "said"), [(None, "build the packet first"), (b"no pdf", "no PDF that can be read")])
def test_without_a_pdf_there_is_an_error_and_no_copy(copies: Path, starter: Path, tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "x.pdf").write_bytes(content)
    made = run_command("--course", starter, "personalise", copies.parent / "roster.csv", "--pdf", tmp_path / "x.pdf", "--out", tmp_path / "out")
    assert made.returncode == 1 and said in made.stderr
    assert not list((tmp_path / "out").glob("*.pdf"))
