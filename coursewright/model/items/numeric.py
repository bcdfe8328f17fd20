"""Numeric: work out a number and write it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from coursewright.model.base import Number, Sourced
from coursewright.model.interaction import NumericEntry, NumericKey
from coursewright.model.items.base import ITEM_TYPES, Example, Explanation, SingleItem
from coursewright.model.prose import Line, Prose


class TypicalError(Sourced):
    """A wrong value that learners reach, and what went wrong."""

    value: Number
    rationale: Line


@ITEM_TYPES
class Numeric(SingleItem):
    """Write a number, in the unit stated."""

    type: Literal["numeric"]
    answer: Number
    tolerance: Annotated[Number, Field(ge=0)] = Field(default=0, validate_default=True)
    unit: str = ""
    rationale: Prose | None = None
    errors: tuple[TypicalError, ...] = ()

    @property
    def interaction(self) -> NumericEntry:
        return NumericEntry(self.unit)

    @property
    def key(self) -> NumericKey:
        return NumericKey(self.answer, self.tolerance)

    @property
    def explanation(self) -> Explanation:
        return Explanation(tuple((format(e.value, "f"), e.rationale) for e in self.errors), self.rationale)

    @property
    def instruction(self) -> str:
        return f"Write a number, in {self.unit}." if self.unit else "Write a number."

    def examples(self) -> Iterator[Example]:
        yield Example("the value", format(self.answer, "f"), Fraction(1))
        yield Example("with a decimal comma", f"{self.answer:.2f}".replace(".", ","), Fraction(round(self.answer, 2) == self.answer))
        edge = self.answer + self.tolerance
        yield Example("at the edge", format(edge, "f"), Fraction(1))
        yield Example("beyond the edge", format(edge + Decimal("0.001"), "f"), Fraction(0))
        yield Example("words", "about that", Fraction(0), valid=False)
        yield Example("nothing", None, Fraction(0))
        for error in self.errors:
            yield Example(f"typical error {error.value}", format(error.value, "f"), Fraction(0))
