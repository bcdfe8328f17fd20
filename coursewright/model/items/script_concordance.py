"""Script concordance: how a new finding changes a hypothesis, scored by what a panel of experts answered.

Aggregate scoring: an answer earns the number of panel members who gave it over the number who gave the most frequent
answer (Charlin and others' method). Where the panel disagrees, several answers earn something.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from coursewright.model.base import Whole
from coursewright.model.interaction import Alternative, Choice, PanelKey
from coursewright.model.items.base import ITEM_TYPES, Example, Explanation, SingleItem, letter
from coursewright.model.prose import Line, Prose

SCALE = (
    *("Much less likely or useful", "Less likely or useful", "Neither less nor more likely or useful"),
    *("More likely or useful", "Much more likely or useful"),
)


def _somebody(panel: tuple[int, ...]) -> tuple[int, ...]:
    if not any(panel):
        raise PydanticCustomError("panel", "no member of the panel gave an answer")
    return panel


@ITEM_TYPES
class ScriptConcordance(SingleItem):
    """A case in `stem`, a hypothesis, a new finding, and how many of the panel chose each step of the scale."""

    type: Literal["script-concordance"]
    hypothesis: Line
    finding: Line
    scale: Annotated[tuple[Line, ...], Field(min_length=3, max_length=7)] = tuple(Line.parse(step) for step in SCALE)
    panel: Annotated[tuple[Annotated[Whole, Field(ge=0)], ...], Field(min_length=3, max_length=7), AfterValidator(_somebody)] = Field(
        description="how many experts chose each step of the scale, from the lowest to the highest"
    )
    rationale: Prose | None = None

    @property
    def asked_stem(self) -> Prose:
        text = f"{self.stem.source.rstrip()}\n\nYou were thinking of: **{self.hypothesis.source.strip()}**\n\nThen you find: **{self.finding.source.strip()}**\n\nThis hypothesis or plan becomes:"
        return Prose.parse(text)

    @property
    def interaction(self) -> Choice:
        return Choice(tuple(Alternative(letter(i), step) for i, step in enumerate(self.scale)), ordered=True)

    @property
    def key(self) -> PanelKey:
        most = max(self.panel)
        return PanelKey(tuple((letter(i), Fraction(n, most)) for i, n in enumerate(self.panel) if n and i < len(self.scale)))

    @property
    def explanation(self) -> Explanation:
        size = sum(self.panel)
        told = tuple((letter(i), Line.parse(f"{n} of {size} panel members.")) for i, n in enumerate(self.panel) if i < len(self.scale))
        return Explanation(told, self.rationale)

    @property
    def instruction(self) -> str:
        return "Choose one step. Each answer earns credit by how many of an expert panel gave it."

    def examples(self) -> Iterator[Example]:
        shares = dict(self.key.shares)
        for alternative in self.interaction.alternatives:
            yield Example(f"chose {alternative.id}", frozenset({alternative.id}), shares.get(alternative.id, Fraction(0)))
        yield Example("chose nothing", None, Fraction(0))
        yield Example("chose two", frozenset({"a", "b"}), Fraction(0), valid=False)
