"""One afternoon: forms are printed, filled in, scanned, decided, graded, analysed, and certificates are written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from conftest import run_command
from scanning.course import paper_course
from scanning.paper import Filled, blob
from scanning.pile import Pile, save, scan_of

from coursewright.build.scan.gather import decide, gathered
from coursewright.build.scan.store import Reads
from coursewright.model.interaction import ChoiceKey, MatchKey, NumericKey, OrderKey


def keyed(pile: Pile, sheet: str, wrong: int = 0) -> Filled:
    """A sheet with the right answers, the first `wrong` single choices excepted."""
    plan, _ = pile.sheets.plan(sheet)
    made = Filled(pile.blank(sheet).copy(), plan.pages[0])
    rng = np.random.default_rng(1)
    fill: set[tuple[str, str, str]] = set()
    for item in pile.record.form_items(pile.record.copies[sheet].form):
        match item.key:
            case ChoiceKey(correct):
                if item.id < f"q-{wrong + 1:02}" and len(correct) == 1:
                    correct = frozenset({next(a.id for a in item.interaction.alternatives if a.id not in correct)})  # type: ignore[union-attr]
                fill |= {(item.id, "", value) for value in correct}
            case MatchKey(pairs):
                fill |= {(item.id, prompt, choice) for prompt, choice in pairs}
            case OrderKey(order):
                fill |= {(item.id, step, str(place)) for place, step in enumerate(order, 1)}
            case NumericKey(value):
                fill |= {(item.id, str(column), digit) for column, digit in enumerate(format(value, "f"))}
            case _:
                raise AssertionError(item)
    for bubble in plan.pages[0].bubbles:
        if (bubble.item, bubble.part, bubble.value) in fill:
            blob(made.image, bubble, plan.radius, "pen", rng)
    return made


def test_paper_becomes_scores_statistics_and_certificates_in_one_afternoon(tmp_path: Path) -> None:
    course = paper_course(tmp_path / "course")
    assert run_command("--course", course, "forms", "test", "--roster", course / "roster.csv").returncode == 0
    pile = Pile(course / "forms" / "test")
    sheets = list(pile.record.copies)
    images = [scan_of(keyed(pile, sheet, wrong), n) for n, (sheet, wrong) in enumerate(zip(sheets, (0, 2, 12, 1), strict=True))]
    doubtful = keyed(pile, sheets[3], 1)
    second = next(b for b in doubtful.page.bubbles if (b.item, b.part) == ("q-05", ""))
    for bubble in [b for b in doubtful.page.bubbles if (b.item, b.part) == ("q-05", "")]:
        blob(doubtful.image, bubble, pile.sheets.plan(sheets[3])[0].radius, "pen", np.random.default_rng(2))
    images[3] = scan_of(doubtful, 9)
    save(images, tmp_path / "batch.pdf")
    folder = course / "forms" / "test"

    scanned = run_command("--course", course, "scan", tmp_path / "batch.pdf")
    assert "3 ready to grade, 1 question for a person" in scanned.stdout, scanned.stdout + scanned.stderr
    graded = run_command("--course", course, "grade", folder, "--day", "2026-11-25")
    assert "1 pending" in graded.stdout, graded.stdout + graded.stderr

    reads = Reads(folder / "reads.sqlite")
    (question,) = gathered(folder, pile.record, reads).questions
    assert question.doubt == "more than one circle is filled"
    decide(pile.record, reads, question, second.value, "Ann", "the others are smeared", lambda: "2026-11-25T15:00:00+00:00")
    reads.close()
    graded = run_command("--course", course, "grade", folder, "--day", "2026-11-25", "--reports")
    assert graded.returncode == 0, graded.stderr
    rows = list(csv.DictReader(io.StringIO((folder / "results" / "gradebook.csv").read_text("utf-8-sig"))))
    by_id = {row["learner_id"]: row for row in rows}
    assert [by_id[id_]["earned"] for id_ in ("1001", "1003", "1004")] == ["16", "14", "4"]
    assert [by_id[id_]["result"] for id_ in ("1001", "1003", "1004", "1005")] == ["pass", "pass", "fail", "pass"]
    assert len(list((folder / "results" / "reports").glob("*.pdf"))) == 4

    certified = run_command("--course", course, "certify", folder / "results" / "gradebook.csv", "--out", tmp_path / "certificates", "--key", tmp_path / "key.pem")
    assert "3 sample certificates" in certified.stdout, certified.stdout + certified.stderr
    assert not [path for path in (tmp_path / "certificates").glob("*.pdf") if "1004" in path.read_text("latin-1")]
    analysed = run_command("--course", course, "analyze", folder, "--out", tmp_path / "analysis")
    assert analysed.returncode == 0 and (tmp_path / "analysis" / "analysis.pdf").stat().st_size > 5000, analysed.stderr
