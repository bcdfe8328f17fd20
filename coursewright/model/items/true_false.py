"""True–false: a statement to judge."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from pydantic import Field

from coursewright.model.base import YesNo
from coursewright.model.interaction import Alternative, Choice, ChoiceKey
from coursewright.model.items.base import ITEM_TYPES, Example, Explanation, SingleItem
from coursewright.model.prose import Line


@ITEM_TYPES
class TrueFalse(SingleItem):
    """Decide whether a statement is true."""

    type: Literal["true-false"]
    answer: YesNo
    if_true: Line | None = Field(None, description="what is shown to a learner who chose true")
    if_false: Line | None = Field(None, description="what is shown to a learner who chose false")

    @property
    def interaction(self) -> Choice:
        return Choice((Alternative("true", Line.parse("True")), Alternative("false", Line.parse("False"))), ordered=True)

    @property
    def key(self) -> ChoiceKey:
        return ChoiceKey(frozenset({"true" if self.answer else "false"}))

    @property
    def explanation(self) -> Explanation:
        pairs = (("true", self.if_true), ("false", self.if_false))
        return Explanation(tuple((id_, text) for id_, text in pairs if text is not None))

    @property
    def instruction(self) -> str:
        return "Decide: true or false?"

    def examples(self) -> Iterator[Example]:
        yield Example("true", frozenset({"true"}), Fraction(self.answer))
        yield Example("false", frozenset({"false"}), Fraction(not self.answer))
        yield Example("nothing", None, Fraction(0))
        yield Example("both", frozenset({"true", "false"}), Fraction(0), valid=False)
