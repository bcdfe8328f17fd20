"""Ordering: put the steps in order."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from coursewright.model.base import Sourced
from coursewright.model.interaction import Alternative, Order, OrderKey
from coursewright.model.items.base import ITEM_TYPES, Example, Explanation, SingleItem, letter
from coursewright.model.prose import Line, Prose


class OrderStep(Sourced):
    """One thing to be put in its place. The YAML lists the steps in the right order."""

    text: Line
    rationale: Line | None = None


@ITEM_TYPES
class Ordering(SingleItem):
    """Put steps in order. The key is the order of the YAML; learners see them shuffled."""

    type: Literal["ordering"]
    steps: Annotated[tuple[OrderStep, ...], Field(min_length=3, max_length=8)]
    rationale: Prose | None = None

    @property
    def interaction(self) -> Order:
        """The steps by the alphabet of their text, so that the order of the YAML tells nothing."""
        lettered = [(step.text, i) for i, step in enumerate(sorted(self.steps, key=lambda s: s.text.plain.casefold()))]
        return Order(tuple(Alternative(letter(i), text) for text, i in lettered))

    @property
    def key(self) -> OrderKey:
        ids = {alternative.text.source: alternative.id for alternative in self.interaction.alternatives}
        return OrderKey(tuple(ids[step.text.source] for step in self.steps))

    @property
    def explanation(self) -> Explanation:
        pairs = zip(self.key.order, self.steps, strict=True)
        return Explanation(tuple((id_, step.rationale) for id_, step in pairs if step.rationale is not None), self.rationale)

    @property
    def instruction(self) -> str:
        return "Put the steps in order. Every step that directly follows the right one earns its share of the credit."

    def examples(self) -> Iterator[Example]:
        order = self.key.order
        yield Example("the right order", order, Fraction(1))
        yield Example("backwards", tuple(reversed(order)), Fraction(0))
        yield Example("first two swapped", (order[1], order[0], *order[2:]), Fraction(len(order) - 3, len(order) - 1))
        yield Example("one left out", order[:-1], Fraction(0))
        yield Example("one twice", (order[0], *order[:-1]), Fraction(0), valid=False)
        yield Example("nothing", None, Fraction(0))
