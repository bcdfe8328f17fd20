"""Multiple response: mark every option that is right, with a rule for partial credit that the learner is told."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from pydantic import Field

from coursewright.model.interaction import Choice, ChoiceKey
from coursewright.model.items import options as option
from coursewright.model.items.base import ITEM_TYPES, Example, Explanation, SingleItem


@ITEM_TYPES
class MultipleResponse(SingleItem):
    """Select all that apply."""

    type: Literal["multiple-response"]
    options: option.Options
    scoring: Literal["plus-minus", "all-or-nothing"] = Field(
        "plus-minus", description="plus-minus: right marks less wrong marks, over the number of keys, never below 0"
    )

    @property
    def interaction(self) -> Choice:
        return Choice(option.alternatives(self.options), multiple=True)

    @property
    def key(self) -> ChoiceKey:
        return ChoiceKey(frozenset(option.keys(self.options)), self.scoring)

    @property
    def explanation(self) -> Explanation:
        return option.explanation(self.options)

    @property
    def instruction(self) -> str:
        if self.scoring == "all-or-nothing":
            return "Select all that apply. Credit only for exactly the right set."
        return "Select all that apply. A right mark adds a share of the credit, a wrong mark takes one away (never below zero)."

    def examples(self) -> Iterator[Example]:
        everything = frozenset(a.id for a in self.interaction.alternatives)
        keys = self.key.correct
        partial = self.scoring == "plus-minus"
        yield Example("exactly the keys", keys, Fraction(1))
        yield Example("nothing", None, Fraction(0))
        yield Example("only distractors", everything - keys, Fraction(0))
        yield Example("an option that is not there", frozenset({"no-such-option"}), Fraction(0), valid=False)
        for missed in sorted(keys):
            share = Fraction(len(keys) - 1, len(keys)) if partial else Fraction(0)
            yield Example(f"all keys but {missed}", keys - {missed}, share)
        for extra in sorted(everything - keys):
            share = Fraction(len(keys) - 1, len(keys)) if partial else Fraction(0)
            yield Example(f"the keys and {extra}", keys | {extra}, share)
