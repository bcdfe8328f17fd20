"""Extended matching: one long list of options serves several vignettes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from coursewright.model.base import Id, Number, Sourced
from coursewright.model.interaction import Alternative, Match, MatchKey
from coursewright.model.items.base import ITEM_TYPES, Example, Explanation, SingleItem, letter
from coursewright.model.items.matching import MatchChoice
from coursewright.model.prose import Line


class Vignette(Sourced):
    """One situation, with the id of the option that answers it."""

    text: Line
    answer: Id
    rationale: Line | None = None


@ITEM_TYPES
class ExtendedMatching(SingleItem):
    """A theme, a lead-in, a list of options, and vignettes that each have one best answer among them.

    Each vignette is worth a point unless `points` says otherwise for all of them together.
    """

    type: Literal["extended-matching"]
    theme: Line = Field(description="what all options are: medicines, diagnoses, next steps")
    options: Annotated[tuple[MatchChoice, ...], Field(min_length=3, max_length=26)]
    vignettes: Annotated[tuple[Vignette, ...], Field(min_length=2, max_length=10)]
    points: Annotated[Number, Field(gt=0, description="for all vignettes together; one for each by default")] = Field(default=1, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _a_point_each(cls, data: Any) -> Any:
        if isinstance(data, dict) and "points" not in data and isinstance(data.get("vignettes"), list):
            data["points"] = str(max(1, len(data["vignettes"])))
        return data

    @property
    def interaction(self) -> Match:
        prompts = tuple(Alternative(letter(i), vignette.text) for i, vignette in enumerate(self.vignettes))
        return Match(prompts, tuple(Alternative(option.id, option.text) for option in self.options))

    @property
    def key(self) -> MatchKey:
        return MatchKey(tuple((letter(i), vignette.answer) for i, vignette in enumerate(self.vignettes)))

    @property
    def explanation(self) -> Explanation:
        return Explanation(tuple((letter(i), v.rationale) for i, v in enumerate(self.vignettes) if v.rationale is not None))

    @property
    def instruction(self) -> str:
        return f"{self.theme.plain}: choose one option for each situation. An option may be used more than once, or not at all."

    def examples(self) -> Iterator[Example]:
        right = dict(self.key.pairs)
        wrong = {v: next(o.id for o in self.options if o.id != answer) for v, answer in right.items()}
        yield Example("every vignette right", right, Fraction(1))
        yield Example("every vignette wrong", wrong, Fraction(0))
        yield Example("nothing", None, Fraction(0))
        yield Example("an option that is not there", dict.fromkeys(right, "no-such-option"), Fraction(0), valid=False)
        for vignette in right:
            share = Fraction(len(right) - 1, len(right))
            yield Example(f"wrong at {vignette}", {**right, vignette: wrong[vignette]}, share)
            yield Example(f"without {vignette}", {v: o for v, o in right.items() if v != vignette}, share)
