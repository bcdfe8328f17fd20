"""The gradebook and the log of who moved, as rows. The gradebook is a roster too: `certify` and `records` take it."""

from __future__ import annotations

from fractions import Fraction

from coursewright.model.interaction import ChoiceKey, MatchKey, NumericKey, OrderKey, PanelKey, TextKey
from coursewright.plan.adjusting import Move
from coursewright.plan.gradebook import Adjustment, Gradebook, Graded
from coursewright.plan.sittings import response_text
from coursewright.read.roster import OPTIONAL, REQUIRED

HEAD = ("learner_id", "given_name", "family_name", "test", "form", "earned", "possible", "percent", "needed", "result", "pending", "completed_at")
RESULT = {True: "pass", False: "fail", None: "pending"}
PASSED = {True: "yes", False: "no", None: "pending"}
MOVED = ("item", "action", "key", "reason", "by", "at", "learner_id", "given_name", "family_name", "form", "earned_before", "earned_after", "possible_before", "possible_after", "needed_before", "needed_after", "result_before", "result_after")


def number(value: Fraction, digits: int = 2) -> str:
    """A fraction as a decimal, rounded half up, without needless zeros: `2`, `1.5`, `0.67`."""
    scale = 10**digits
    whole = (value * scale * 2 + 1) // 2
    text = f"{whole // scale}.{whole % scale:0{digits}}"
    return text.rstrip("0").rstrip(".")


def percent_text(graded: Graded) -> str:
    """The percentage to two places. One below the cut never rounds up to it."""
    return percent_of(graded.earned, graded.possible, graded.cut.needed)


def percent_of(earned: Fraction, possible: Fraction, needed: int) -> str:
    """As `percent_text`, of a result that is kept as numbers."""
    percent = 100 * earned / possible if possible else Fraction(0)
    bar = 100 * Fraction(needed) / possible if possible else Fraction(0)
    shown = (percent * 200 + 1) // 2 / Fraction(100)
    if percent < bar <= shown:
        shown = percent * 100 // 1 / Fraction(100)
    return f"{float(shown):.2f}"


def gradebook_header(book: Gradebook) -> tuple[str, ...]:
    """The columns: who, what came of it, an item each, and those of a roster."""
    return (*HEAD, *(_column(item) for item in item_ids(book)), "score_percent", "passed", *_roster_columns(book))


def gradebook_rows(book: Gradebook) -> list[tuple[str, ...]]:
    """A row a sitting. Points of an item stand in its column; an item that is not on the learner's form leaves it empty."""
    items, more = item_ids(book), _roster_columns(book)
    rows = []
    for graded in book.graded:
        sitting = graded.sitting
        answered = {answer.item: "withdrawn" if answer.withdrawn else number(answer.earned, 3) for answer in graded.answered}
        about, percent = dict(sitting.roster), percent_text(graded)
        rows.append(
            (
                *(sitting.learner_id, sitting.given_name, sitting.family_name, book.record.forms[sitting.form].blueprint, sitting.form),
                *(number(graded.earned, 3), number(graded.possible, 3), percent, str(graded.cut.needed)),
                *(RESULT[graded.passed], "; ".join(sitting.pending), sitting.completed_at),
                *(answered.get(item, "") for item in items),
                "" if graded.passed is None else percent,
                PASSED[graded.passed],
                *(about.get(name, "") for name in more),
            )
        )
    return rows


def item_ids(book: Gradebook) -> list[str]:
    """The items of the forms that were sat, in the order of the first form that has them."""
    sat = dict.fromkeys(graded.sitting.form for graded in book.graded)
    return list(dict.fromkeys(item.id for form in sat for item in book.record.form_items(form)))


def moved_rows(moves: tuple[Move, ...]) -> list[tuple[str, ...]]:
    """A row a learner and decision, under MOVED."""
    rows: list[tuple[str, ...]] = []
    for move in moves:
        before, after, decision, sitting = move.before, move.after, move.adjustment, move.after.sitting
        rows.append(
            (
                *(decision.item, decision.action, key_text(decision), decision.reason, decision.by, decision.at),
                *(sitting.learner_id, sitting.given_name, sitting.family_name, sitting.form),
                *(number(before.earned, 3), number(after.earned, 3), number(before.possible, 3), number(after.possible, 3)),
                *(str(before.cut.needed), str(after.cut.needed), RESULT[before.passed], RESULT[after.passed]),
            )
        )
    return rows


def key_text(adjustment: Adjustment) -> str:
    """The key of a decision in the notation of responses; alternatives that are accepted alike stand with `or`."""
    match adjustment.key:
        case None:
            return ""
        case ChoiceKey(correct=correct):
            return response_text(correct)
        case PanelKey() as panel:
            return " or ".join(sorted(panel.correct))
        case MatchKey(pairs=pairs):
            return response_text(dict(pairs))
        case OrderKey(order=order):
            return response_text(order)
        case NumericKey(value=value, tolerance=tolerance):
            return f"{value:f}" + (f"±{tolerance:f}" if tolerance else "")
        case TextKey(accepted=accepted):
            return " or ".join(accepted)


def _roster_columns(book: Gradebook) -> list[str]:
    present = {name for graded in book.graded for name, value in graded.sitting.roster if value}
    return [name for name in OPTIONAL if name in present and name not in (*HEAD, "score_percent", "passed")]


def _column(item: str) -> str:
    """An item's column: its id, unless a column of another meaning has that name."""
    return f"item {item}" if item in (*HEAD, *REQUIRED, *OPTIONAL) else item
