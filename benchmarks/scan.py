"""How well and how fast answer sheets are read: filled by many hands, scanned in many ways, read back against the truth.

Prints for each way of scanning how many rows of circles were read right, sent to review, and read wrong; the same for
single circles; and pages a second. Run: `.venv/bin/python benchmarks/scan.py [SHEETS]`.
"""

from __future__ import annotations

import collections
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
WAYS = ("office", "office", "office", "fax", "turned", "photo", "folded", "poor")
HANDS = ("mixed", "mixed", "mixed", "mixed", "pen", "pencil", "tick", "cross", "changed", "erased", "stray", "double")
_PILE: list = []


def one(task: tuple[str, int]) -> tuple[str, str, collections.Counter, list, float]:
    """One sheet: filled, scanned, read, compared."""
    import cv2
    import numpy as np
    from scanning.pile import Pile, scan_of

    from coursewright.build.scan.pages import read_image

    cv2.setNumThreads(1)
    folder, seed = task
    if not _PILE:
        _PILE.append(Pile(Path(folder)))
    pile = _PILE[0]
    rng = np.random.default_rng(seed)
    way, hand = WAYS[seed % len(WAYS)], HANDS[(seed // len(WAYS)) % len(HANDS)]
    dpi = 150 if way == "office" else int(rng.choice([100, 150, 200, 300]))
    sheet = list(pile.record.copies)[seed % len(pile.record.copies)]
    filled = pile.filled(sheet, seed, hand)
    image = scan_of(filled, seed, way, dpi)
    start = time.process_time()
    read = read_image(0, image, pile.sheets)
    spent = time.process_time() - start
    counted: collections.Counter = collections.Counter()
    wrong = []
    if read.kind != "sheet":
        counted["sheets to review"] += 1
        return way, hand, counted, wrong, spent
    counted["sheets"] += 1
    sizes = collections.Counter((b.item, b.part) for b in filled.page.bubbles)
    for row in read.rows:
        truth = filled.truth.get((row.item, row.part))
        if truth is None:
            continue
        right = frozenset(row.values) == truth
        kind = "review" if row.doubt else "right" if right else "WRONG"
        counted[f"rows {kind}"] += 1
        counted[f"circles {kind}"] += sizes[(row.item, row.part)] if kind != "review" else 0
        if kind == "review":
            doubtful = sum(state in ("doubtful", "faint", "filled") for state in row.evidence["states"]) or 1
            counted["circles review"] += doubtful
            counted["circles right"] += sizes[(row.item, row.part)] - doubtful
        if kind == "review" and (row.item, row.part) not in filled.hard:
            counted["rows review, clear to a person"] += 1
        if kind == "review" and os.environ.get("WHY"):
            counted["why " + row.doubt] += 1
        if kind == "WRONG":
            wrong.append((seed, way, dpi, hand, row.item, row.part, sorted(truth), row.values))
    return way, hand, counted, wrong, spent


def main() -> None:
    sheets = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        from coursewright.build.check import examine
        from coursewright.build.dealing import Wanted
        from coursewright.build.forms import pools_at, print_forms
        from coursewright.build.inputs import read_inputs

        course = examine(read_inputs(ROOT)).course
        assert course is not None
        blueprint = next(b for b in course.blueprints if b.id == "posttest")
        out = Path(folder) / "posttest"
        with pools_at(None, None) as pools:
            print_forms(course, ROOT, Wanted(blueprint, 8, session="scan"), out, pools)
        by_way: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
        by_hand: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
        everything, wrongs, spent = collections.Counter(), [], 0.0
        with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for way, hand, counted, wrong, seconds in pool.map(one, [(str(out), seed) for seed in range(sheets)], chunksize=8):
                by_way[way] += counted
                by_hand[hand] += counted
                everything += counted
                wrongs += wrong
                spent += seconds
        for title, groups in (("way of scanning", by_way), ("kind of mark", by_hand)):
            print(f"\n{title:16} {'sheets':>7} {'lost':>5} {'rows right':>11} {'review':>7} {'WRONG':>6}   circles in review")
            for name, c in sorted(groups.items()):
                circles = sum(v for k, v in c.items() if k.startswith("circles"))
                print(f"{name:16} {c['sheets']:7} {c['sheets to review']:5} {c['rows right']:11} {c['rows review']:7} {c['rows WRONG']:6}   {100 * c['circles review'] / max(1, circles):.2f}%")
        office = [c for n, c in by_way.items() if n == "office"]
        print(f"\n{sheets} sheets; rows read wrong without review: {everything['rows WRONG']}")
        print(f"150 dpi office quality, all kinds of marks: {100 * sum(c['rows review'] for c in office) / max(1, sum(v for c in office for k, v in c.items() if k in ('rows right', 'rows review', 'rows WRONG'))):.2f}% of rows in review")
        print(f"reading alone: {spent / sheets * 1000:.0f} ms of one core a page, {2 * sheets / spent:.1f} pages a second on two")
        for entry in wrongs[:40]:
            print("WRONG", entry)


if __name__ == "__main__":
    main()
