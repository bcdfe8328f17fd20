"""A reference: only what was seen is printed, and what was not is named in `left_out`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from coursewright.model.base import Id, Phrase, Sourced, Word, YesNo


class Reference(Sourced):
    """One entry of the reference list. Numbers such as years and pages are text."""

    id: Id
    evidence: Word | None = Field(None, description="the entry of the evidence ledger that it stands for")
    kind: Literal["article", "review", "label", "alert", "rule", "guideline", "statement", "book", "web"] = "article"
    authors: tuple[Word, ...] = Field((), description="surname and initials: Murrough JW")
    et_al: YesNo = False
    organization: Phrase | None = None
    title: Phrase
    journal: Phrase | None = None
    year: Annotated[str, StringConstraints(pattern=r"^\d{4}$")] | None = None
    published: Phrase | None = Field(None, description="a date in words, where a year is not enough")
    volume: Word | None = None
    issue: Word | None = None
    pages: Word | None = None
    identifier: Phrase | None = Field(None, description="a label's set id and version, a rule's citation")
    doi: Annotated[str, StringConstraints(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    pmid: Annotated[str, StringConstraints(pattern=r"^\d{1,8}$")] | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    verification: Literal["full", "part", "memory"] = "full"
    left_out: Phrase | None = Field(None, description="what could not be verified and so is not printed")
    level: Phrase | None = None
    certainty: Phrase | None = None
    design: Phrase | None = None


class References(Sourced):
    """The file `references.yaml`."""

    references: tuple[Reference, ...] = ()
