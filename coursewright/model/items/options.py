"""Options: what choice items are made of. No item type of its own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coursewright.model.base import Sourced, YesNo
from coursewright.model.interaction import Alternative
from coursewright.model.items.base import Explanation, letter
from coursewright.model.prose import Line


class Option(Sourced):
    """One alternative of a choice item: the key, or a distractor."""

    text: Line
    correct: YesNo = False
    rationale: Line | None = Field(None, description="why it is right or wrong; shown after grading, never before")


Options = Annotated[tuple[Option, ...], Field(min_length=2, max_length=12)]


def alternatives(options: tuple[Option, ...]) -> tuple[Alternative, ...]:
    """The options without their keys, with the ids a, b, c …."""
    return tuple(Alternative(letter(i), option.text) for i, option in enumerate(options))


def keys(options: tuple[Option, ...]) -> tuple[str, ...]:
    """The ids of the options marked correct."""
    return tuple(letter(i) for i, option in enumerate(options) if option.correct)


def explanation(options: tuple[Option, ...]) -> Explanation:
    """The rationales by option id."""
    return Explanation(tuple((letter(i), o.rationale) for i, o in enumerate(options) if o.rationale is not None))
