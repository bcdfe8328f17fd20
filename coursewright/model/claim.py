"""The evidence ledger: what the course claims, on what evidence, and what it does with the claims of its source document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from coursewright.model.base import Date, Id, Ids, Number, Phrase, Sourced, Word, YesNo
from coursewright.model.prose import Line

SourceId = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{1,4}-\d{1,4}$"), Field(description="the id of a claim of the source document: S-001")
]
Handled = Literal["taught", "corrected", "declined"]
NUMBER = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|(?<![\w.,])\.\d+")
UNIT = re.compile(r"(?:h|x|mg|mL|mm|kg|th|st|nd|rd|s|am|pm)\b")


class SourceClaim(Sourced):
    """One thing that the source document says, restated."""

    id: SourceId
    text: Line
    heading: Phrase | None = Field(None, description="where in the document it stands")
    opinion: YesNo = Field(False, description="true for what the document offers as opinion or forecast")


class SourceDocument(Sourced):
    """The file `source.yaml`: the document that the course was adapted from, claim by claim."""

    title: Phrase
    note: Line | None = None
    claims: Annotated[tuple[SourceClaim, ...], Field(min_length=1)]


class Handling(Sourced):
    """What the course does with one claim of the source document, and why."""

    claim: SourceId
    does: Handled
    reason: Line


class Claim(Sourced):
    """One statement of the course, in our words, with the evidence it rests on.

    `data` holds its numbers by name; figures draw from them as `${id.name}`, and a number in the text is held to them.
    """

    id: Id
    statement: Line
    sections: Annotated[Ids, Field(min_length=1, description="the sections that make this statement")]
    references: Ids = ()
    unsourced: Line | None = Field(None, description="why no reference stands here, and who is to supply one")
    level: Phrase = Field(description="level of evidence, for example OCEBM 2; Regulatory; Guideline")
    certainty: Phrase
    checked: Date
    data: dict[Word, Number] = Field(default_factory=dict)
    source: tuple[Handling, ...] = Field((), description="the claims of the source document that this statement answers")

    @model_validator(mode="after")
    def _rests_on_something(self) -> Any:
        if not self.references and self.unsourced is None:
            raise PydanticCustomError("claim_rests", "a claim needs references, or `unsourced` with the reason")
        return self

    def numbers(self) -> frozenset[Decimal]:
        """The numbers that this claim holds, without their signs."""
        return frozenset(numbers_in(self.statement.plain)) | {abs(value) for value in self.data.values()}


class Ledger(Sourced):
    """A file of `claims/`: statements of the course, and claims of the source document that no statement answers."""

    claims: tuple[Claim, ...] = ()
    declined: tuple[Handling, ...] = ()

    def handlings(self) -> Iterator[tuple[Handling, Claim | None]]:
        """What is done with claims of the source document, each with the statement that answers it."""
        for claim in self.claims:
            for handling in claim.source:
                yield handling, claim
        for handling in self.declined:
            yield handling, None


def numbers_in(text: str) -> Iterator[Decimal]:
    """The numbers of a text, without their signs, in order: 64, 0.5, 1148; not those within names (SUSTAIN-1, 5-HT)."""
    for found in NUMBER.finditer(text):
        before, after = text[max(0, found.start() - 2) : found.start()], text[found.end() : found.end() + 3]
        named = len(before) == 2 and before[0].isalpha() and before[1] in "-‑"
        if named or (after[:1].isalpha() and not UNIT.match(after)) or (after[:1] in "-‑" and after[1:2].isupper()):
            continue
        yield Decimal(found[0].replace(",", ""))
