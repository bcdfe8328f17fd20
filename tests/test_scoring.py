"""Scoring: every item of every course says what its own responses must earn."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.model.interaction import ChoiceKey, MatchKey, NumericKey, OrderKey, Response, read_number, score
from coursewright.model.items.base import SingleItem
from coursewright.plan.answer_sheet import Asked, plan_answer_sheet
from coursewright.plan.review import response_of

COURSES = [ROOT, ROOT / "templates" / "starter", ROOT / "tests" / "courses" / "everything"]
ITEMS = [item for root in COURSES for item in examine(read_inputs(root)).course.single_items]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_an_item_gives_its_own_responses_the_share_they_must_earn(item: SingleItem) -> None:
    examples = list(item.examples())
    assert any(example.share == 1 for example in examples) and any(example.share == 0 for example in examples)
    assert any(not example.valid for example in examples)
    assert all(example.share == 0 for example in examples if not example.valid)
    for example in examples:
        assert score(item.key, example.response) == example.share, example.name


def test_every_item_type_is_in_some_course() -> None:
    from coursewright.model.items import ITEM_TYPES

    assert {item.type for item in ITEMS} == set(ITEM_TYPES.classes) - {"case-cluster"}


@pytest.mark.parametrize(
    ("marked", "share"),
    [("ab", Fraction(1)), ("a", Fraction(1, 2)), ("abc", Fraction(1, 2)), ("abcd", Fraction(0)), ("c", Fraction(0)), ("ac", Fraction(0))],
)
def test_plus_minus_takes_wrong_marks_from_right_ones_and_never_goes_below_zero(marked: str, share: Fraction) -> None:
    assert score(ChoiceKey(frozenset("ab"), "plus-minus"), frozenset(marked)) == share


def test_one_wrong_mark_costs_all_where_the_rule_says_so() -> None:
    key = ChoiceKey(frozenset("ab"))
    assert [score(key, frozenset(m)) for m in ("ab", "a", "abc")] == [1, 0, 0]


def test_an_order_moved_by_one_place_keeps_what_still_follows() -> None:
    key = OrderKey(tuple("abcd"))
    assert score(key, tuple("dabc")) == Fraction(2, 3)
    assert score(key, tuple("abc")) == 0


@pytest.mark.parametrize(("text", "value"), [("35", "35"), (" 35,5 ", "35.5"), ("1 000", "1000"), ("−2", "-2"), (".5", "0.5")])
def test_a_number_is_read_as_learners_write_it(text: str, value: str) -> None:
    assert read_number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "about 3", "1e3", "NaN", "Infinity", "1,000,000", "0x10", "3 mg", "--1", "٣"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(("text", "value", "right"), [("1,500", "1500", 1), ("1,500", "1.5", 1), ("1,5", "1500", 0), ("1,234,567", "1234567", 1), ("12,500.5", "12500.5", 1), ("1,50", "150", 0), ("0,150", "150", 0), ("1500", "1.5", 0)])
def test_a_comma_before_three_digits_is_read_both_ways(text: str, value: str, right: int) -> None:
    assert score(NumericKey(Decimal(value)), text) == right


def test_tolerance_is_exact_in_decimals() -> None:
    key = NumericKey(Decimal("0.3"), Decimal("0.1"))
    assert score(key, "0.2") == score(key, "0.4") == 1
    assert score(key, "0.41") == 0


@given(st.sets(st.sampled_from("abcdef"), min_size=1), st.sets(st.sampled_from("abcdef")), st.sampled_from(["plus-minus", "all-or-nothing"]))
def test_a_share_lies_between_nothing_and_all_and_only_the_key_earns_all(correct: set[str], marked: set[str], rule: str) -> None:
    share = score(ChoiceKey(frozenset(correct), rule), frozenset(marked))
    assert 0 <= share <= 1
    assert (share == 1) == (correct == marked)


@given(st.permutations("abcde"))
def test_only_the_right_order_earns_all(order: list[str]) -> None:
    assert (score(OrderKey(tuple("abcde")), tuple(order)) == 1) == (order == list("abcde"))


@pytest.mark.parametrize("key", [ChoiceKey(frozenset("a")), MatchKey((("a", "b"),)), OrderKey(("a", "b")), NumericKey(Decimal(1))])
@pytest.mark.parametrize("response", [None, "", "x", frozenset(), frozenset("z"), {}, {"q": "z"}, (), ("z",)])
def test_a_response_of_another_kind_earns_nothing_and_breaks_nothing(key: object, response: object) -> None:
    assert score(key, response) == 0  # type: ignore[arg-type]


DIGITS = set("-.0123456789")


def on_paper(asked: Asked, response: Response) -> dict[tuple[str, str], tuple[str, ...]] | None:
    """The circles to fill for a response, by (item, part); None where circles cannot say it."""
    item = asked.item
    if response is None:
        return {}
    if isinstance(response, frozenset):
        return {(item, ""): tuple(sorted(response))}
    if isinstance(response, dict):
        return {(item, prompt): (choice,) for prompt, choice in response.items()}
    if isinstance(response, tuple):
        return {(item, step): (str(place),) for place, step in enumerate(response, 1)} if len(set(response)) == len(response) else None
    if set(response) - DIGITS or len(response) > 6:
        return None
    return {(item, str(column)): (digit,) for column, digit in enumerate(response)}


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_on_an_answer_sheet_each_response_has_its_circles_and_earns_the_same(item: SingleItem) -> None:
    asked = Asked(1, item.id, item.interaction)
    bubbles = {(b.part, b.value) for page in plan_answer_sheet([asked], "a4").pages for b in page.bubbles}
    for example in item.examples():
        rows = on_paper(asked, example.response)
        if rows is None or not example.valid:
            continue
        assert {(part, value) for (_, part), values in rows.items() for value in values} <= bubbles, example.name
        assert score(item.key, response_of(asked, rows)) == example.share, example.name
