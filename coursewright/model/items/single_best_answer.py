"""Single best answer: a stem, three to five options, exactly one key."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from pydantic import Field

from coursewright.model.base import YesNo
from coursewright.model.interaction import Choice, ChoiceKey
from coursewright.model.items import options as option
from coursewright.model.items.base import ITEM_TYPES, Example, Explanation, SingleItem


@ITEM_TYPES
class SingleBestAnswer(SingleItem):
    """Choose the one best answer."""

    type: Literal["single-best-answer"]
    options: option.Options
    ordered: YesNo = Field(False, description="the options have an order of their own and are not shuffled")

    @property
    def interaction(self) -> Choice:
        return Choice(option.alternatives(self.options), ordered=self.ordered)

    @property
    def key(self) -> ChoiceKey:
        return ChoiceKey(frozenset(option.keys(self.options)))

    @property
    def explanation(self) -> Explanation:
        return option.explanation(self.options)

    @property
    def instruction(self) -> str:
        return "Choose one answer."

    def examples(self) -> Iterator[Example]:
        for alternative in self.interaction.alternatives:
            chosen = frozenset({alternative.id})
            yield Example(f"chose {alternative.id}", chosen, Fraction(chosen == self.key.correct))
        yield Example("chose nothing", None, Fraction(0))
        yield Example("chose everything", frozenset(a.id for a in self.interaction.alternatives), Fraction(0), valid=False)
