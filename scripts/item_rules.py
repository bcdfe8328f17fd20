#!/usr/bin/env python3
"""Measure the rules on items against items labelled by hand, and write docs/item-rules.md.

Usage: scripts/item_rules.py [--check] [--show FLAW] [--set development|held-out]
--show lists what a rule missed and what it took for a flaw that was none.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from item_measure import SETS, labelled, measure, page  # noqa: E402


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="write nothing; exit 1 where docs/item-rules.md is not what was measured")
    arguments.add_argument("--show", metavar="FLAW")
    arguments.add_argument("--set", dest="name", choices=SETS, default=None)
    asked = arguments.parse_args()
    sets = [asked.name] if asked.name else list(SETS)
    if asked.show:
        for name in sets:
            for line in measure(labelled(name))[asked.show].show():
                print(f"{name}: {line}")
        return 0
    text = page()
    path = ROOT / "docs" / "item-rules.md"
    if asked.check:
        return int(path.read_text("utf-8") != text)
    path.write_text(text, "utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
