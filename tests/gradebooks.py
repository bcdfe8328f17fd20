"""Gradebooks to analyze, made from the engine's own dataclasses: no files, no course."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from coursewright.model.interaction import (
    Alternative,
    Choice,
    ChoiceKey,
    Interaction,
    Key,
    Match,
    MatchKey,
    NumericEntry,
    NumericKey,
    Order,
    OrderKey,
    PanelKey,
    Response,
    TextEntry,
    TextKey,
)
from coursewright.model.judgement import CutRule
from coursewright.model.prose import Line
from coursewright.model.version import item_version
from coursewright.plan.gradebook import Adjustment, Gradebook, Sitting, grade
from coursewright.plan.record import FormRecord, ItemRecord, Record, shown_order

LETTERS = "abcdef"


def alternatives(*texts: str) -> tuple[Alternative, ...]:
    return tuple(Alternative(LETTERS[n], Line.parse(text)) for n, text in enumerate(texts))


def item(id_: str, interaction: Interaction, key: Key, stem: str = "", points: int = 1, type_: str = "single-best-answer") -> ItemRecord:
    stem = stem or f"What is right about {id_}?"
    version = item_version(id_, stem, interaction, Fraction(points))
    return ItemRecord(id_, version, type_, stem, interaction, key, Fraction(points), "one", "lo-1-1", "List the parts", "part", "1.1 Part", "3a")


def choice_item(id_: str, key: str = "a", options: int = 4, stem: str = "", points: int = 1) -> ItemRecord:
    return item(id_, Choice(alternatives(*(f"Option {LETTERS[n].upper()} of {id_}" for n in range(options)))), ChoiceKey(frozenset({key})), stem, points)


def record(*forms: Sequence[ItemRecord], percent: int = 80, course: str = "tiny", test: str = "posttest", title: str = "Post-test") -> Record:
    made = {}
    for n, items in enumerate(forms, 1):
        id_ = f"{test}-{n}"
        made[id_] = FormRecord(id_, test, tuple((i.version, shown_order(i.interaction)) for i in items), CutRule("fixed", Decimal(percent)))
    return Record(course, test, title, "a4", {i.version: i for items in forms for i in items}, made)


def book(made: Record, sittings: Sequence[Sitting], name: str = "spring", adjustments: tuple[Adjustment, ...] = ()) -> Gradebook:
    return grade(name, made, sittings, adjustments)


def binary_book(matrix: Sequence[Sequence[int]], percent: int = 80, name: str = "spring", ids: Sequence[str] = ()) -> Gradebook:
    """A gradebook whose learners were right (1) or wrong (0) on items of four options; wrong ones chose b."""
    count = len(matrix[0]) if matrix else 1
    made = record([choice_item(f"q-{n:02}") for n in range(1, count + 1)], percent=percent)
    (form,) = made.forms
    sittings = []
    for number, row in enumerate(matrix):
        responses: dict[str, Response] = {f"q-{n:02}": frozenset({"a" if right else "b"}) for n, right in enumerate(row, 1)}
        sittings.append(Sitting(form, responses, learner_id=ids[number] if ids else f"L{number:03}", completed_at="2026-05-04"))
    return book(made, sittings, name)


def shares_book(matrix: Sequence[Sequence[Fraction]], name: str = "spring") -> Gradebook:
    """A gradebook of results taken from elsewhere: shares without responses."""
    count = len(matrix[0]) if matrix else 1
    made = record([choice_item(f"q-{n:02}") for n in range(1, count + 1)])
    (form,) = made.forms
    sittings = [Sitting(form, learner_id=f"L{i:03}", shares={f"q-{n:02}": share for n, share in enumerate(row, 1)}) for i, row in enumerate(matrix)]
    return book(made, sittings, name)


def of_every_kind() -> list[ItemRecord]:
    """An item of each interaction and each kind of key."""
    three = alternatives("First", "Second", "Third")
    return [
        choice_item("q-best"),
        item("q-true", Choice((Alternative("true", Line.parse("True")), Alternative("false", Line.parse("False"))), ordered=True), ChoiceKey(frozenset({"true"})), type_="true-false"),
        item("q-several", Choice(alternatives("One", "Two", "Three", "Four"), multiple=True), ChoiceKey(frozenset({"a", "b"}), "plus-minus"), points=2, type_="multiple-response"),
        item("q-panel", Choice(three, ordered=True), PanelKey((("a", Fraction(1)), ("b", Fraction(1, 2)))), type_="script-concordance"),
        item("q-match", Match(alternatives("Prompt one", "Prompt two"), three), MatchKey((("a", "b"), ("b", "c"))), type_="matching"),
        item("q-order", Order(three), OrderKey(("c", "a", "b")), type_="ordering"),
        item("q-number", NumericEntry("mg"), NumericKey(Decimal("0.5"), Decimal("0.05")), type_="numeric"),
        item("q-text", TextEntry(), TextKey(("naloxone",)), type_="short-answer"),
    ]


WRONG: Mapping[str, tuple[Response, ...]] = {
    "q-best": (frozenset("b"), frozenset("c"), frozenset("d"), None, frozenset("bc")),
    "q-true": (frozenset({"false"}),),
    "q-several": (frozenset("a"), frozenset("ac"), frozenset("cd"), frozenset()),
    "q-panel": (frozenset("b"), frozenset("c")),
    "q-match": ({"a": "b", "b": "a"}, {"a": "c"}, {}),
    "q-order": (("a", "b", "c"), ("c", "b", "a")),
    "q-number": ("5", "0.7", "half"),
    "q-text": ("naltrex", "methadone"),
}
RIGHT: Mapping[str, Response] = {
    "q-best": frozenset("a"),
    "q-true": frozenset({"true"}),
    "q-several": frozenset("ab"),
    "q-panel": frozenset("a"),
    "q-match": {"a": "b", "b": "c"},
    "q-order": ("c", "a", "b"),
    "q-number": "0.5",
    "q-text": "naloxone",
}


def realistic(learners: int, seed: int = 1, items: int = 20, name: str = "spring", teach: float = 1.0, prefix: str = "L", wrong_key: bool = True, stems: Mapping[str, str] | None = None) -> Gradebook:
    """Learners of some spread on items of some difficulty; item q-07 has a wrong key, which the better ones do not follow."""
    chance = random.Random(seed)
    texts = stems or {}
    bank = [choice_item(f"q-{n:02}", key=LETTERS[n % 4], stem=texts.get(f"q-{n:02}", "")) for n in range(1, items + 1)] + of_every_kind()
    made = record(bank)
    (form,) = made.forms
    ease = {i.id: random.Random(i.id).uniform(-0.9, 1.2) for i in bank}
    sittings = []
    for number in range(learners):
        ability = chance.gauss(teach, 1)
        responses: dict[str, Response] = {}
        for i in bank:
            right = chance.random() < 1 / (1 + 2.718 ** -(1.3 * (ability + ease[i.id] - 0.4)))
            if i.id in RIGHT:
                responses[i.id] = RIGHT[i.id] if right else chance.choice(WRONG[i.id])
            else:
                key = next(iter(i.key.correct)) if isinstance(i.key, ChoiceKey) else "a"
                if wrong_key and i.id == "q-07":
                    key = "b" if right else key
                    responses[i.id] = frozenset({key})
                    continue
                others = [letter for letter in LETTERS[:4] if letter != key]
                responses[i.id] = frozenset({key if right else chance.choices(others, (6, 3, 0.3))[0]})
        sittings.append(Sitting(form, responses, learner_id=f"{prefix}{number:03}", given_name="Kim", family_name=f"Lee {number}", completed_at=f"2026-05-{1 + number % 9:02}"))
    return book(made, sittings, name)
