"""Scanning: sheets of every kind and condition are read right or sent to a person, and nothing is guessed or lost."""

from __future__ import annotations

import io
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, run_command
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scanning.course import paper_course
from scanning.paper import rotated
from scanning.pile import Pile, save, scan_of

from coursewright.build.administration import load_record
from coursewright.build.scan.gather import CannotDecide, decide, gathered
from coursewright.build.scan.pages import read_image
from coursewright.build.scan.store import Decision, Reads
from coursewright.model.interaction import score
from coursewright.plan.marks import Ink, read_row
from coursewright.plan.review import response_of

WAYS = ("office", "fax", "turned", "photo", "folded", "poor")


@pytest.fixture(scope="module")
def pile(tmp_path_factory: pytest.TempPathFactory) -> Pile:
    course = paper_course(tmp_path_factory.mktemp("paper"))
    made = run_command("--course", course, "forms", "test", "--roster", course / "roster.csv")
    assert made.returncode == 0, made.stderr
    return Pile(course / "forms" / "test")


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Pile:
    course = paper_course(tmp_path_factory.mktemp("numbered"))
    assert run_command("--course", course, "forms", "test", "--copies", "2", "--forms", "1").returncode == 0
    return Pile(course / "forms" / "test")


def copied(pile: Pile, folder: Path) -> Path:
    """An administration of its own for a test that changes it."""
    (folder / "record.jsonl").write_bytes((pile.folder / "record.jsonl").read_bytes())
    return folder


def scan(folder: Path, scans: Path, *more: Any) -> subprocess.CompletedProcess[str]:
    return run_command("--course", folder, "scan", scans, "--forms", folder, *more)


@pytest.mark.parametrize("seed", range(48))
def test_no_mark_is_read_wrong_without_being_sent_to_review(pile: Pile, seed: int) -> None:
    sheets = list(pile.record.copies)
    hand = ("mixed", "pen", "pencil", "tick", "cross", "changed", "erased", "stray", "double")[seed % 9]
    way = WAYS[seed % len(WAYS)]
    filled = pile.filled(sheets[seed % len(sheets)], seed, hand)
    read = read_image(0, scan_of(filled, seed, way, (100, 150, 200, 300)[seed % 4]), pile.sheets)
    assert read.kind == "sheet" and read.rows
    for row in read.rows:
        truth = filled.truth.get((row.item, row.part))
        assert truth is None or row.doubt or frozenset(row.values) == truth, (row, truth)


def test_hardly_anything_of_an_ordinary_office_scan_goes_to_review(pile: Pile) -> None:
    rows = doubts = 0
    for seed in range(12):
        filled = pile.filled(list(pile.record.copies)[seed % 4], seed + 900, ("pen", "pencil")[seed % 2])
        read = read_image(0, scan_of(filled, seed, "office", 150), pile.sheets)
        rows, doubts = rows + len(read.rows), doubts + sum(bool(row.doubt) for row in read.rows)
    assert doubts <= rows * 0.01


@pytest.mark.parametrize("angle", [0, 7, 45, 90, 133, 180, 270, 351])
def test_a_page_may_lie_any_way(pile: Pile, angle: int) -> None:
    filled = pile.filled(next(iter(pile.record.copies)), 5, "pen")
    read = read_image(0, rotated(scan_of(filled, 5, "office", 150), angle, grow=True), pile.sheets)
    assert read.kind == "sheet"
    assert all(frozenset(row.values) == filled.truth[(row.item, row.part)] for row in read.rows if (row.item, row.part) in filled.truth)


def test_every_kind_of_answer_is_read_into_a_response(pile: Pile) -> None:
    from coursewright.plan.record import asked_of

    sheet = next(iter(pile.record.copies))
    given = {"q-many": {"": ("a", "c")}, "q-match": {"a": ("x",), "b": ("z",)}, "q-number": {"0": ("-",), "1": ("2",), "2": (".",), "3": ("5",)}}
    rows = {(item, part): values for item, parts in given.items() for part, values in parts.items()}
    asked = {a.item: a for a in asked_of(pile.record, pile.record.copies[sheet].form)}
    by_id = {item.id: item for item in pile.record.form_items(pile.record.copies[sheet].form)}
    order = [a.id for a in asked["q-order"].interaction.alternatives]  # type: ignore[union-attr]
    rows |= {("q-order", id_): (str(place),) for place, id_ in enumerate(reversed(order), 1)}
    assert response_of(asked["q-many"], rows) == {"a", "c"}
    assert response_of(asked["q-match"], rows) == {"a": "x", "b": "z"}
    assert response_of(asked["q-number"], rows) == "-2.5"
    assert response_of(asked["q-order"], rows) == tuple(reversed(order))
    assert response_of(asked["q-01"], rows) is None
    rows[("q-order", order[0])] = rows[("q-order", order[1])]
    assert score(by_id["q-order"].key, response_of(asked["q-order"], rows)) == 0, "two steps in one place order neither"


def test_pages_come_in_any_order_with_blank_and_foreign_ones_between_and_scanning_twice_changes_nothing(pile: Pile, tmp_path: Path) -> None:
    folder, scans = copied(pile, tmp_path), tmp_path / "scans"
    scans.mkdir()
    sheets = list(pile.record.copies)
    images = [scan_of(pile.filled(sheet, n, "pen"), n) for n, sheet in enumerate(sheets)]
    blank = np.full(images[0].shape, 248, np.uint8)
    foreign = np.asarray(Image.fromarray(blank).resize(images[0].shape[::-1])).copy()
    foreign[200:1400:40, 150:1000] = 40
    save([images[2], blank, images[0], foreign], scans / "batch.pdf")
    save([images[1]], scans / "one.jpg")
    save([images[3][::-1, ::-1]], scans / "upside-down.tiff")
    first = scan(folder, scans)
    assert first.returncode == 0, first.stderr
    assert "6 pages read (1 blank, 1 foreign, 4 sheet)" in first.stdout and "4 ready to grade, 0 questions" in first.stdout
    before = gathered(folder, pile.record, Reads(folder / "reads.sqlite"))
    again = scan(folder, scans)
    assert "0 pages read, 6 known already" in again.stdout
    assert gathered(folder, pile.record, Reads(folder / "reads.sqlite")) == before
    assert [sitting.name for sitting in before.sittings] == [pile.record.copies[s].name for s in sheets]


@pytest.mark.parametrize("name", ["x.pdf", "x.png", "x.tif", "x.jpg"])
@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 nonsense", b"\x89PNG\r\n\x1a\n broken", b"II*\x00" + b"\xff" * 40, b"\xff\xd8\xff"])
def test_a_damaged_file_is_named_and_the_others_are_read(pile: Pile, tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes) -> None:
    from coursewright.build.scan import images

    try:
        count = images.page_count(data)
        assert all(image is None or image.ndim == 2 for _, image, _ in images.pages(data, list(range(count))))
    except images.UnreadableScan as error:
        assert str(error)


def test_a_sheet_of_another_test_is_no_sheet_of_this_one(pile: Pile, numbered: Pile) -> None:
    read = read_image(0, scan_of(pile.filled(next(iter(pile.record.copies)), 1, "pen"), 1), numbered.sheets)
    assert read.kind == "unknown" and not read.rows


def test_a_code_that_cannot_be_read_waits_for_a_person_who_can_name_the_sheet(pile: Pile, tmp_path: Path) -> None:
    folder = copied(pile, tmp_path)
    sheet = next(iter(pile.record.copies))
    filled = pile.filled(sheet, 3, "pen")
    plan, _ = pile.sheets.plan(sheet)
    for x, y in plan.codes:
        a, b, c, d = (round(v * 300 / 25.4) for v in (y + 4, y + 15, x + 4, x + 15))
        filled.image[a:b, c:d] = 255
    save([scan_of(filled, 3)], tmp_path / "scans.png")
    assert "1 unreadable" in scan(folder, tmp_path / "scans.png").stdout
    reads = Reads(folder / "reads.sqlite")
    (question,) = gathered(folder, pile.record, reads).questions
    with pytest.raises(CannotDecide):
        decide(pile.record, reads, question, "ZZZZZZZ 1", "Ann", "", lambda: "t")
    decide(pile.record, reads, question, f"{sheet.lower()} 1", "Ann", "printed on the sheet", lambda: "t")
    found = gathered(folder, pile.record, reads)
    assert not found.questions and found.sittings[0].sheet == sheet
    truth = {item: values for (item, part), values in filled.truth.items() if item.startswith("q-0")}
    assert {item: frozenset(found.sittings[0].responses[item]) for item in truth} == truth


def test_a_page_scanned_twice_waits_until_somebody_says_which_one_counts(pile: Pile, tmp_path: Path) -> None:
    folder = copied(pile, tmp_path)
    sheet = next(iter(pile.record.copies))
    save([scan_of(pile.filled(sheet, 1, "pen"), 1), scan_of(pile.filled(sheet, 2, "pen"), 2)], tmp_path / "two.tiff")
    scan(folder, tmp_path / "two.tiff")
    reads = Reads(folder / "reads.sqlite")
    found = gathered(folder, pile.record, reads)
    (question,) = found.questions
    assert question.kind == "duplicate" and found.sittings[0].pending and not found.sittings[0].responses
    decide(pile.record, reads, question, question.options[1][0], "Ann", "the first was a try", lambda: "t")
    truth = pile.filled(sheet, 2, "pen").truth
    after = gathered(folder, pile.record, reads)
    assert not after.questions and after.sittings[0].responses["q-01"] == truth[("q-01", "")]


def test_a_page_that_was_not_scanned_is_missed(pile: Pile) -> None:
    from coursewright.plan.review import ReadPage, gather

    record = pile.record
    sheet = next(iter(record.copies))
    large = replace(record, copies={**record.copies, sheet: replace(record.copies[sheet], large_print=True)})
    found = gather(large, [ReadPage(1, "x", "sheet", sheet, 1)], {})
    assert [q.kind for q in found.questions] == ["missing"] and found.sittings[0].pending


def test_a_learners_number_is_read_and_found_in_the_roster(numbered: Pile, tmp_path: Path) -> None:
    folder = copied(numbered, tmp_path)
    sheet = next(iter(numbered.record.copies))
    filled = numbered.filled(sheet, 4, "pen")
    number = "".join(next(iter(filled.truth[("#", str(i))])) for i in range(8))
    save([scan_of(filled, 4)], tmp_path / "a.png")
    (tmp_path / "roster.csv").write_text(f"given_name,family_name,learner_id\nZoë,O’Brien,{number}\n", "utf-8")
    made = scan(folder, tmp_path / "a.png", "--roster", tmp_path / "roster.csv")
    assert "1 ready to grade" in made.stdout, made.stdout + made.stderr
    found = gathered(folder, numbered.record, Reads(folder / "reads.sqlite"))
    assert (found.sittings[0].learner_id, found.sittings[0].name) == (number, "Zoë O’Brien")
    (tmp_path / "roster.csv").write_text("given_name,family_name,learner_id\nAnn,Other,1\n", "utf-8")
    scan(folder, tmp_path / "a.png", "--roster", tmp_path / "roster.csv")
    found = gathered(folder, numbered.record, Reads(folder / "reads.sqlite"))
    assert [q.kind for q in found.questions] == ["learner"] and number in found.questions[0].doubt


def test_decisions_are_only_ever_added_whatever_is_tried(tmp_path: Path) -> None:
    reads = Reads(tmp_path / "r.sqlite")
    reads.decide(Decision("row:x", ["a"], "Ann", "t1", "why"))
    reads.decide(Decision("row:x", ["b"], "Bob", "t2", "better light"))
    assert reads.decisions()["row:x"].given == ["b"]
    for attack in ("UPDATE decisions SET given='x'", "DELETE FROM decisions"):
        with pytest.raises(sqlite3.IntegrityError):
            reads.base.execute(attack)
    assert reads.base.execute("SELECT count(*) FROM decisions").fetchone() == (2,)


def test_a_store_that_two_open_at_once_is_made_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for n in range(20):
            for made in pool.map(lambda path: Reads(path).path, [tmp_path / f"{n}.sqlite"] * 8):
                assert made.exists()


def test_a_scan_that_is_killed_goes_on_where_it_was(pile: Pile, tmp_path: Path) -> None:
    folder, scans = copied(pile, tmp_path), tmp_path / "scans"
    scans.mkdir()
    sheets = list(pile.record.copies)
    for n in range(10):
        save([scan_of(pile.filled(sheets[n % 4], n, "pen"), n)], scans / f"{n:02}.png")
    running = subprocess.Popen([sys.executable, str(ROOT / "build.py"), "--course", str(folder), "scan", str(scans), "--forms", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(400):
        time.sleep(0.05)
        if (folder / "reads.sqlite").exists() and len(Reads(folder / "reads.sqlite").pages()) >= 2:
            break
    running.send_signal(signal.SIGKILL)
    running.wait()
    kept = {(page.digest, page.number) for page in Reads(folder / "reads.sqlite").pages()}
    assert scan(folder, scans).returncode == 0
    after = Reads(folder / "reads.sqlite").pages()
    assert len(after) == 10 and kept <= {(page.digest, page.number) for page in after}


def test_a_damaged_store_or_record_is_said_and_nothing_is_written_over_it(pile: Pile, tmp_path: Path) -> None:
    folder = copied(pile, tmp_path)
    save([scan_of(pile.filled(next(iter(pile.record.copies)), 1, "pen"), 1)], tmp_path / "a.png")
    (folder / "reads.sqlite").write_bytes(b"not a database, but long enough to look at" * 40)
    made = scan(folder, tmp_path / "a.png")
    assert made.returncode == 1 and "damaged" in made.stderr
    assert (folder / "reads.sqlite").read_bytes().startswith(b"not a database")
    (folder / "record.jsonl").write_text('{"coursewright": 1}\n')
    assert scan(folder, tmp_path / "a.png").returncode == 1


INK = st.builds(Ink, *[st.floats(0, 1.1)] * 4, st.integers(0, 8), st.floats(0, 1), st.booleans(), st.integers(0, 8), st.floats(0, 40), st.floats(0, 2))


@settings(max_examples=300)
@given(st.lists(INK, min_size=2, max_size=7), st.booleans())
def test_a_row_is_read_or_doubted_and_never_both(inks: list[Ink], multiple: bool) -> None:
    row = read_row(inks, [str(i) for i in range(len(inks))], multiple)
    assert not (row.values and row.doubt)
    assert multiple or len(row.values) <= 1


def test_the_pictures_of_doubtful_rows_are_kept_as_evidence(pile: Pile) -> None:
    read = read_image(0, scan_of(pile.filled(next(iter(pile.record.copies)), 7, "double"), 7), pile.sheets)
    doubtful = [row for row in read.rows if row.doubt]
    assert doubtful and all(Image.open(io.BytesIO(row.crop or b"")).width > 20 for row in doubtful)
    assert Image.open(io.BytesIO(read.picture)).width > 400
    assert load_record(pile.folder).copies[read.sheet].name
