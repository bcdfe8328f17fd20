"""QTI response processing that scores as the course's own grader does, for each kind of key.

Marks are counted in whole numbers and multiplied by the item's points last, so that no share is rounded on the way.
Only operators are used that players are known to run: no `tolerance`, no `contains` on ordered containers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import assert_never

from coursewright.model.interaction import ChoiceKey, Key, MatchKey, NumericKey, OrderKey, PanelKey, TextKey
from coursewright.plan.lms import plain_number
from coursewright.write.lms.markup import Element
from coursewright.write.lms.qti import Dialect

Build = Callable[[Element], object]  # puts an expression into an element
PROMPT, CHOICE = "p-", "c-"  # what stands before the ids of the two sides of a match, which may be the same


def declare(dialect: Dialect, item: Element, key: Key, *, multiple: bool) -> None:
    """The response variable, with the correct response and, where marks are counted, the mark of each answer."""
    match key:
        case ChoiceKey(correct, rule):
            made = _variable(dialect, item, "multiple" if multiple else "single", "identifier", sorted(correct))
            if rule != "all-or-nothing":
                _mapping(dialect, made, dict.fromkeys(sorted(correct), 1), default=-1)
        case PanelKey(shares):
            made = _variable(dialect, item, "single", "identifier", sorted(key.correct)[:1])
            whole = _denominator(shares)
            _mapping(dialect, made, {id_: int(share * whole) for id_, share in shares})
        case MatchKey(pairs):
            right = [f"{PROMPT}{prompt} {CHOICE}{choice}" for prompt, choice in pairs]
            _mapping(dialect, _variable(dialect, item, "multiple", "directedPair", right), dict.fromkeys(right, 1))
        case OrderKey(order):
            _variable(dialect, item, "ordered", "identifier", order)
        case NumericKey(value):
            _variable(dialect, item, "single", "float", [plain_number(value)])
        case TextKey(accepted):
            _variable(dialect, item, "single", "string", accepted[:1])
        case other:
            assert_never(other)


def score_rules(dialect: Dialect, processing: Element, key: Key, points: Fraction) -> None:
    """Set SCORE. An item without an answer keeps its default of 0."""
    match key:
        case ChoiceKey(correct, rule) if rule == "all-or-nothing":
            _right_or_wrong(dialect, processing, points, lambda parent: _matches(dialect, parent))
        case ChoiceKey(correct, _):
            _counted(dialect, processing, points, len(correct), lambda parent: dialect.add(parent, "mapResponse", identifier="RESPONSE"))
        case PanelKey(shares):
            _counted(dialect, processing, points, _denominator(shares), lambda parent: dialect.add(parent, "mapResponse", identifier="RESPONSE"))
        case MatchKey(pairs):
            _counted(dialect, processing, points, len(pairs), lambda parent: dialect.add(parent, "mapResponse", identifier="RESPONSE"))
        case OrderKey(order):
            _order(dialect, processing, points, order)
        case NumericKey(value, tolerance):
            _right_or_wrong(dialect, processing, points, lambda parent: within(dialect, parent, value - tolerance, value + tolerance))
        case TextKey(accepted):
            _right_or_wrong(dialect, processing, points, lambda parent: _text(dialect, parent, accepted))
        case other:
            assert_never(other)


def needs_count(key: Key) -> bool:
    """Whether the rules count in a variable of their own, COUNT."""
    return isinstance(key, OrderKey)


def within(dialect: Dialect, parent: Element, low: Decimal, high: Decimal) -> None:
    """Whether the number given lies in a range, its ends included."""
    both = dialect.add(parent, "and")
    for operator, bound in (("gte", low), ("lte", high)):
        compare = dialect.add(both, operator)
        dialect.add(compare, "variable", identifier="RESPONSE")
        dialect.add(compare, "baseValue", plain_number(bound), baseType="float")


def answered(dialect: Dialect, processing: Element) -> tuple[Element, Element]:
    """A condition on whether there is an answer: what holds without one, and what with one."""
    condition = dialect.add(processing, "responseCondition")
    missing = dialect.add(condition, "responseIf")
    dialect.add(dialect.add(missing, "isNull"), "variable", identifier="RESPONSE")
    return missing, dialect.add(condition, "responseElse")


def _variable(dialect: Dialect, item: Element, cardinality: str, type_: str, correct: Sequence[str]) -> Element:
    made = dialect.add(item, "responseDeclaration", identifier="RESPONSE", cardinality=cardinality, baseType=type_)
    if correct:
        response = dialect.add(made, "correctResponse")
        for value in correct:
            dialect.add(response, "value", value)
    return made


def _mapping(dialect: Dialect, declaration: Element, marks: dict[str, int], default: int = 0) -> None:
    mapping = dialect.add(declaration, "mapping", lowerBound="0", defaultValue=str(default))
    for key, mark in marks.items():
        dialect.add(mapping, "mapEntry", mapKey=key, mappedValue=str(mark))


def _denominator(shares: Sequence[tuple[str, Fraction]]) -> int:
    return lcm(*(share.denominator for _, share in shares))


def _set(dialect: Dialect, parent: Element, name: str) -> Element:
    return dialect.add(parent, "setOutcomeValue", identifier=name)


def _number(dialect: Dialect, parent: Element, value: str) -> None:
    dialect.add(parent, "baseValue", value, baseType="float")


def _right_or_wrong(dialect: Dialect, processing: Element, points: Fraction, test: Build) -> None:
    condition = dialect.add(processing, "responseCondition")
    right = dialect.add(condition, "responseIf")
    test(right)
    _share(dialect, _set(dialect, right, "SCORE"), points, lambda parent: _number(dialect, parent, "1"), 1)
    wrong = dialect.add(condition, "responseElse")
    _number(dialect, _set(dialect, wrong, "SCORE"), "0")


def _counted(dialect: Dialect, processing: Element, points: Fraction, whole: int, count: Build) -> None:
    missing, given = answered(dialect, processing)
    _number(dialect, _set(dialect, missing, "SCORE"), "0")
    _share(dialect, _set(dialect, given, "SCORE"), points, count, whole)


def _share(dialect: Dialect, parent: Element, points: Fraction, count: Build, whole: int) -> None:
    """count ÷ whole × points: a division of whole numbers at the end, or none where it comes out even."""
    factor = points / whole
    quotient = dialect.add(parent, "divide") if factor.denominator > 1 else parent
    product = dialect.add(quotient, "product")
    count(product)
    _number(dialect, product, str(factor.numerator))
    if factor.denominator > 1:
        _number(dialect, quotient, str(factor.denominator))


def _matches(dialect: Dialect, parent: Element) -> None:
    match = dialect.add(parent, "match")
    dialect.add(match, "variable", identifier="RESPONSE")
    dialect.add(match, "correct", identifier="RESPONSE")


def _text(dialect: Dialect, parent: Element, accepted: Sequence[str]) -> None:
    any_ = dialect.add(parent, "or")
    for answer in accepted:
        match = dialect.add(any_, "stringMatch", caseSensitive="false")
        dialect.add(match, "variable", identifier="RESPONSE")
        dialect.add(match, "baseValue", answer, baseType="string")


def _order(dialect: Dialect, processing: Element, points: Fraction, order: Sequence[str]) -> None:
    """COUNT the steps that directly follow the right one, wherever they stand; nothing counts until all are placed."""
    _number(dialect, _set(dialect, processing, "COUNT"), "0")
    for before, after in pairwise(order):
        condition = dialect.add(processing, "responseCondition")
        found = dialect.add(condition, "responseIf")
        anywhere = dialect.add(found, "or")
        for place in range(1, len(order)):
            both = dialect.add(anywhere, "and")
            _stands_at(dialect, both, place, before)
            _stands_at(dialect, both, place + 1, after)
        sum_ = dialect.add(_set(dialect, found, "COUNT"), "sum")
        dialect.add(sum_, "variable", identifier="COUNT")
        _number(dialect, sum_, "1")
    condition = dialect.add(processing, "responseCondition")
    complete = dialect.add(condition, "responseIf")
    enough = dialect.add(complete, "not")
    dialect.add(dialect.add(dialect.add(enough, "isNull"), "index", n=str(len(order))), "variable", identifier="RESPONSE")
    _share(dialect, _set(dialect, complete, "SCORE"), points, lambda parent: dialect.add(parent, "variable", identifier="COUNT"), len(order) - 1)
    partial = dialect.add(condition, "responseElse")
    _number(dialect, _set(dialect, partial, "SCORE"), "0")


def _stands_at(dialect: Dialect, parent: Element, place: int, id_: str) -> None:
    match = dialect.add(parent, "match")
    dialect.add(dialect.add(match, "index", n=str(place)), "variable", identifier="RESPONSE")
    dialect.add(match, "baseValue", id_, baseType="identifier")
