"""Matching: give each prompt the choice that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from coursewright.model.base import Id, Sourced
from coursewright.model.interaction import Alternative, Match, MatchKey
from coursewright.model.items.base import ITEM_TYPES, Example, Explanation, SingleItem, letter
from coursewright.model.prose import Line


class MatchChoice(Sourced):
    """One of the things that prompts are matched with."""

    id: Id
    text: Line


class Prompt(Sourced):
    """One of the things to be matched, with the id of the choice that belongs to it."""

    text: Line
    match: Id
    rationale: Line | None = None


@ITEM_TYPES
class Matching(SingleItem):
    """Match prompts with choices. A choice may serve more than one prompt, or none."""

    type: Literal["matching"]
    prompts: Annotated[tuple[Prompt, ...], Field(min_length=2, max_length=10)]
    choices: Annotated[tuple[MatchChoice, ...], Field(min_length=2, max_length=12)]

    @property
    def interaction(self) -> Match:
        prompts = tuple(Alternative(letter(i), prompt.text) for i, prompt in enumerate(self.prompts))
        return Match(prompts, tuple(Alternative(choice.id, choice.text) for choice in self.choices))

    @property
    def key(self) -> MatchKey:
        return MatchKey(tuple((letter(i), prompt.match) for i, prompt in enumerate(self.prompts)))

    @property
    def explanation(self) -> Explanation:
        return Explanation(tuple((letter(i), p.rationale) for i, p in enumerate(self.prompts) if p.rationale is not None))

    @property
    def instruction(self) -> str:
        return "Match each entry. Every right pair earns its share of the credit; a choice may be used more than once."

    def examples(self) -> Iterator[Example]:
        right = dict(self.key.pairs)
        yield Example("all pairs", right, Fraction(1))
        yield Example("nothing", None, Fraction(0))
        yield Example("a choice that is not there", dict.fromkeys(right, "no-such-choice"), Fraction(0), valid=False)
        for prompt in right:
            rest = {p: c for p, c in right.items() if p != prompt}
            yield Example(f"without {prompt}", rest, Fraction(len(rest), len(right)))
