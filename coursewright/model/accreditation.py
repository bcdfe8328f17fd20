"""What accreditors ask to be told: who offers and made the activity, for what gap, and how its credit is worked out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from coursewright.model.base import Date, Id, Ids, Number, Phrase, Sourced, Whole, Word, YesNo
from coursewright.model.prose import Line


class Provider(Sourced):
    """Who offers the activity. Without name, number and approval date everything is marked SAMPLE."""

    name: Phrase | None = None
    number: Word | None = None
    approval_date: Date | None = None
    address: Phrase | None = None
    contact: Phrase | None = None
    statement: Line | None = Field(None, description="the approval statement, word for word as the accreditor gave it; printed where the provider is complete")
    signatory: Phrase | None = Field(None, description="name and title of who signs certificates")

    @property
    def complete(self) -> bool:
        """Whether the data that a credit statement rests on are there."""
        return bool(self.name and self.number and self.approval_date)


class Relationship(Sourced):
    """A financial relationship with an ineligible company: one that makes or sells healthcare products."""

    company: Phrase
    nature: Phrase
    ended: Date | None = None
    employee_or_owner: YesNo = False
    exception: Line | None = Field(None, description="which of the three exceptions lets an employee or owner take part")
    mitigated: Line | None = Field(None, description="what was done so that it cannot shape the content")
    mitigated_on: Date | None = None


class Person(Sourced):
    """Someone in control of content, and what that person disclosed for the 24 months before, any amount."""

    name: Phrase
    role: Phrase
    credentials: Phrase | None = None
    disclosed_on: Date | None = None
    nothing_to_disclose: YesNo = False
    relationships: tuple[Relationship, ...] = ()
    content_from: Date | None = Field(None, description="the day this person began to work on content")
    disclosure: Line | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> Any:
        if self.nothing_to_disclose and self.relationships:
            raise PydanticCustomError("disclosure_both", "this person has relationships and nothing to disclose: only one can be true")
        return self


class Review(Sourced):
    """The clinical review. `not-reviewed` is printed on the cover."""

    status: Literal["not-reviewed", "reviewed"] = "not-reviewed"
    reviewer: Phrase | None = None
    date: Date | None = None


class Dates(Sourced):
    """Release, last review and termination of the activity; printed as "to be set" where absent."""

    release: Date | None = None
    last_review: Date | None = None
    termination: Date | None = None


class Gap(Sourced):
    """A practice gap: what is done, what should be done, the need behind it, and the objectives that answer it."""

    id: Id
    gap: Line
    need: Line
    kind: Literal["knowledge", "competence", "performance"] = "competence"
    objectives: Annotated[Ids, Field(min_length=1)]


class Medicine(Sourced):
    """A medicine whose naming is watched. `names`: how the text calls it, generic first."""

    generic: Word
    names: tuple[Word, ...] = ()
    brands: tuple[Word, ...] = ()
    off_label: YesNo = Field(False, description="its use in this course is unapproved, so the text says so wherever it is named")


class Rater(Sourced):
    """One judgement of how difficult the material is, from 1 very easy to 5 very difficult; fractions are allowed."""

    role: Phrase
    difficulty: Annotated[Number, Field(ge=1, le=5)]


class Media(Sourced):
    """Audio or video: run time counts as it is."""

    title: Phrase
    minutes: Annotated[Number, Field(gt=0)]


class Pilot(Sourced):
    """The minutes that one pilot learner took for the whole activity."""

    learner: Phrase
    minutes: Annotated[Number, Field(gt=0)]


class Credit(Sourced):
    """What contact hours are worked out from. Without raters the difficulty is taken as moderate, and marked provisional."""

    type: Phrase | None = Field(None, description="the kind of credit, as the provider designates it")
    hours: Annotated[Number, Field(ge=0)] | None = Field(None, description="what the provider designated; checked against the estimates")
    form: Id | None = Field(None, description="the blueprint of the final examination; the last one by default")
    raters: tuple[Rater, ...] = ()
    media: tuple[Media, ...] = ()
    pilot: tuple[Pilot, ...] = ()
    words_a_minute: Annotated[Whole, Field(ge=100, le=400)] = 225
    minutes_an_item: Annotated[Number, Field(gt=0)] = Field(default=1.5, validate_default=True)

