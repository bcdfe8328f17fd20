"""The rules on items against items labelled by hand."""

from __future__ import annotations

import pytest
from conftest import ROOT
from item_measure import FLAWS, SETS, labelled, measure, page

from coursewright.check import RULES


def test_the_page_on_item_rules_says_what_is_measured() -> None:
    assert (ROOT / "docs/item-rules.md").read_text("utf-8") == page(), "run: scripts/item_rules.py"


@pytest.mark.parametrize("name", SETS)
def test_a_labelled_set_has_items_enough_and_every_flaw(name: str) -> None:
    entries = labelled(name)
    assert len(entries) >= 120 and len({id_ for id_, _, _ in entries}) == len(entries)
    assert {flaw for _, _, flaws in entries for flaw in flaws} == set(FLAWS)
    assert sum(not flaws for _, _, flaws in entries) >= 50


def test_a_rule_under_nine_tenths_of_precision_is_a_warning() -> None:
    results = measure(labelled("held-out"))
    for flaw, code in FLAWS.items():
        assert code in RULES
        precision = results[flaw].precision
        if precision is None or precision < 0.9:
            assert code.startswith("W"), flaw
