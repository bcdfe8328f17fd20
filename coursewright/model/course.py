"""The course: everything that its files say, in one object."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, StringConstraints

from coursewright.model.accreditation import Credit, Dates, Gap, Medicine, Person, Provider, Review
from coursewright.model.base import Id, Ids, Phrase, Sourced, Word, children
from coursewright.model.claim import Claim, Handling, Ledger, SourceClaim, SourceDocument
from coursewright.model.glossary import Glossary, GlossaryTerm
from coursewright.model.items.base import ItemBase, SingleItem
from coursewright.model.judgement import Judgements
from coursewright.model.module import Closing, Module, Objective, Orientation, Section, Unit
from coursewright.model.prose import Line, Prose
from coursewright.model.quiz import Bank, Blueprint
from coursewright.model.reference import Reference, References

T = TypeVar("T")


class CourseInfo(Sourced):
    """The file `course.yaml`."""

    id: Id
    title: Phrase
    subtitle: Phrase | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")] = "en-US"
    description: Prose
    audience: Line
    modules: Annotated[Ids, Field(min_length=1, description="the modules' ids, in the order they are taught")]
    how_to_use: Prose | None = None
    provider: Provider = Field(default_factory=Provider)
    review: Review = Field(default_factory=Review)
    dates: Dates = Field(default_factory=Dates)
    people: tuple[Person, ...] = ()
    commercial_support: Line | None = None
    machine_assistance: Line | None = Field(None, description="how software helped to draft the text")
    off_label: Prose | None = Field(None, description="what is said before the course about unapproved uses")
    license: Line | None = None
    gaps: tuple[Gap, ...] = Field((), description="practice gaps: what learners lack, and the objectives that close it")
    medicines: tuple[Medicine, ...] = Field((), description="medicines whose naming is watched: brands, off-label uses")
    names: tuple[Word, ...] = Field((), description="names that hold digits and are no quantities: KARMA-Dep 2, PHQ-9")
    evolving_topics: tuple[Word, ...] = Field((), description="topics whose sections must be labelled evolving: substance use disorder")
    credit: Credit = Field(default_factory=Credit)
    level: Literal["beginning", "intermediate", "advanced"] | None = Field(None, description="the level of the activity, where a board asks for it")
    medium: Line | None = Field(None, description="the media of the activity")
    participation: Line | None = Field(None, description="what a learner must do to complete it")
    requirements: Line | None = Field(None, description="hardware and software, and how the activity is made accessible")
    privacy: Line | None = None
    grievances: Line | None = Field(None, description="how to complain, and what is refunded")


@dataclass(frozen=True)
class Course:
    """A whole course. `broken` holds the text of what could not be read, so that no check blames its absence.

    today: the day for rules about dates; without it they do not run. release: whether it is checked for release.
    """

    info: CourseInfo
    modules: tuple[Module, ...]
    references: tuple[Reference, ...] = ()
    glossary: tuple[GlossaryTerm, ...] = ()
    banks: tuple[Bank, ...] = ()
    blueprints: tuple[Blueprint, ...] = ()
    orientation: Orientation | None = None
    closing: Closing | None = None
    ledgers: tuple[Ledger, ...] = ()
    document: SourceDocument | None = None
    files: tuple[Sourced, ...] = ()
    assets: dict[str, str] = field(default_factory=dict)
    judgements: dict[str, Judgements] = field(default_factory=dict)
    broken: str = ""
    today: datetime.date | None = None
    release: bool = False
    first_forms: dict[tuple[str, str], frozenset[str]] = field(init=False, default_factory=dict, compare=False, repr=False)

    def may_mention(self, word: str) -> bool:
        """Whether a part that could not be read names `word`: then its absence elsewhere proves nothing."""
        return word in self.broken

    @cached_property
    def objects(self) -> tuple[Sourced, ...]:
        """Every object of every file, in file order."""
        return tuple(entry for file in self.files for entry in children(file))

    def all(self, kind: type[T]) -> Iterator[T]:
        """The objects of one class."""
        return (entry for entry in self.objects if isinstance(entry, kind))

    def texts(self) -> Iterator[tuple[Sourced, str, Prose]]:
        """Every Prose and Line, with its object and field name."""
        for entry in self.objects:
            for name in type(entry).model_fields:
                for text in proses(getattr(entry, name)):
                    yield entry, name, text

    @cached_property
    def items(self) -> tuple[ItemBase, ...]:
        """The items of all banks, clusters whole."""
        return tuple(item for bank in self.banks for item in bank.items)

    @cached_property
    def single_items(self) -> tuple[SingleItem, ...]:
        """The items that ask one thing, children of clusters among them."""
        return tuple(single for item in self.items for single in item.singles())

    def items_of(self, kind: type[T]) -> Iterator[T]:
        """The single items of one type."""
        return (item for item in self.single_items if isinstance(item, kind))

    @cached_property
    def module_of(self) -> dict[str, str]:
        """The module of each item, and of each item in a cluster, by id."""
        return {id_: bank.module for bank in self.banks for item in bank.items for id_ in (item.id, *(s.id for s in item.singles()))}

    @cached_property
    def objectives(self) -> dict[str, Objective]:
        return {objective.id: objective for module in self.modules for objective in module.objectives}

    @cached_property
    def sections(self) -> dict[str, Section]:
        return {section.id: section for unit in self.units for section in unit.sections}

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Orientation, modules and closing: all that is read, in order."""
        ends = ((self.orientation,), self.modules, (self.closing,))
        return tuple(unit for part in ends for unit in part if unit is not None)

    @cached_property
    def claims(self) -> dict[str, Claim]:
        """The statements of the evidence ledger by id."""
        return {claim.id: claim for ledger in self.ledgers for claim in ledger.claims}

    @cached_property
    def handlings(self) -> tuple[tuple[Handling, Claim | None], ...]:
        """What the course does with each claim of its source document."""
        return tuple(entry for ledger in self.ledgers for entry in ledger.handlings())

    @cached_property
    def source_claims(self) -> dict[str, SourceClaim]:
        """The claims of the source document by id."""
        return {claim.id: claim for claim in self.document.claims} if self.document else {}

    @cached_property
    def reference_by_id(self) -> dict[str, Reference]:
        return {reference.id: reference for reference in self.references}

    @cached_property
    def term_by_name(self) -> dict[str, GlossaryTerm]:
        return {name: term for term in self.glossary for name in term.names}

    def bank_items(self, module: str, pool: str) -> tuple[ItemBase, ...]:
        """The items of one module's banks that belong to one pool."""
        return tuple(item for bank in self.banks if bank.module == module for item in bank.items if item.pool == pool)


def proses(value: Any) -> Iterator[Prose]:
    if isinstance(value, Prose):
        yield value
    elif isinstance(value, tuple | list):
        for entry in value:
            if not isinstance(entry, Sourced):
                yield from proses(entry)


def texts_of(value: object) -> Iterator[Prose]:
    """Every text within `value`, in the order of its fields."""
    for owner in children(value):
        for name in type(owner).model_fields:
            yield from proses(getattr(owner, name))


__all__ = ["Course", "CourseInfo", "Glossary", "References", "proses", "texts_of"]
