"""Answer sheets: geometry that printer and scanner share."""

from __future__ import annotations

import pytest

from coursewright.model.interaction import Alternative, Choice, Interaction, Match, NumericEntry, Order, TextEntry
from coursewright.model.prose import Line
from coursewright.plan.answer_sheet import BOTTOM, NUMBER, SIZES, TOP, AnswerSheet, Asked, plan_answer_sheet
from coursewright.plan.sheet_code import SheetCode, read_code


def choices(count: int) -> tuple[Alternative, ...]:
    return tuple(Alternative(chr(97 + i), Line.parse("x")) for i in range(count))


MIXED: list[Interaction] = [NumericEntry("mg"), Choice(choices(12)), Match(choices(5), choices(26)), Order(choices(8)), TextEntry(), *[Choice(choices(5))] * 40]
LONG: list[Interaction] = [Choice(choices(4 + i % 3)) for i in range(200)]


def sheet(kinds: list[Interaction], paper: str = "a4", large: bool = False, numbered: bool = True) -> AnswerSheet:
    return plan_answer_sheet([Asked(n, f"q-{n}", kind) for n, kind in enumerate(kinds, 1)], paper, large, numbered)


EVERY = [(kinds, paper, large) for kinds in (MIXED, LONG) for paper in SIZES for large in (False, True)]


@pytest.mark.parametrize(("kinds", "paper", "large"), EVERY)
def test_bubbles_touch_neither_each_other_nor_marks_nor_the_margins(kinds: list[Interaction], paper: str, large: bool) -> None:
    made = sheet(kinds, paper, large)
    for page in made.pages:
        for i, a in enumerate(page.bubbles):
            assert a.y - made.radius >= TOP and a.y + made.radius <= made.size[1] - BOTTOM + 0.2
            assert all((a.x - b.x) ** 2 + (a.y - b.y) ** 2 >= (2 * made.radius + 0.3) ** 2 for b in page.bubbles[:i])
            for mark in made.marks:
                reach = made.radius + mark.side / 2 + 0.4
                assert abs(a.x - mark.x) > reach or abs(a.y - mark.y) > reach, (a, mark)


def test_two_hundred_items_run_over_pages_and_each_has_its_bubbles_once() -> None:
    made = sheet(LONG)
    assert 2 <= len(made.pages) <= 4
    held = [(b.item, b.value) for page in made.pages for b in page.bubbles if b.item != NUMBER]
    assert len(held) == len(set(held)) == sum(4 + i % 3 for i in range(200))


def test_a_number_has_columns_with_every_digit_a_point_and_one_minus() -> None:
    bubbles = list(sheet([NumericEntry("mg")], numbered=False).pages[0].bubbles)
    assert [b.value for b in bubbles if b.part == "0"] == ["-", ".", *"0123456789"]
    assert [b.value for b in bubbles if b.part == "1"] == [".", *"0123456789"]


def test_rows_of_one_matching_item_stay_on_one_page() -> None:
    made = sheet([*[Choice(choices(5))] * 75, Match(choices(10), choices(5))], numbered=False)
    assert len({page.number for page in made.pages for b in page.bubbles if b.item == "q-76"}) == 1


def test_a_code_is_read_back_and_a_damaged_one_is_not() -> None:
    code = SheetCode("9F3A77C1", "K7M2QX4", 1, 2)
    assert read_code(code.text) == code and len(code.text) == 28
    for i in range(len(code.text)):
        other = "A" if code.text[i] != "A" else "B"
        assert read_code(code.text[:i] + other + code.text[i + 1 :]) is None
    assert read_code("CW1.abc.def") is None and read_code("") is None
