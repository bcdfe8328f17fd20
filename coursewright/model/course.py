"""The course: everything that its files say, in one object."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints

from coursewright.model.base import Id, Ids, Phrase, Sourced, Word, _date_text, children
from coursewright.model.glossary import Glossary, GlossaryTerm
from coursewright.model.items.base import ItemBase, SingleItem
from coursewright.model.module import Module, Objective, Section
from coursewright.model.prose import Line, Prose
from coursewright.model.quiz import Bank, Blueprint
from coursewright.model.reference import Reference, References

Date = Annotated[datetime.date, BeforeValidator(_date_text)]
T = TypeVar("T")


class Provider(Sourced):
    """Who offers the activity. Without name, number and approval date everything is marked SAMPLE."""

    name: Phrase | None = None
    number: Word | None = None
    approval_date: Date | None = None
    address: Phrase | None = None
    contact: Phrase | None = None

    @property
    def complete(self) -> bool:
        """Whether the data that a credit statement rests on are there."""
        return bool(self.name and self.number and self.approval_date)


class Person(Sourced):
    """Someone in control of content, and what that person disclosed."""

    name: Phrase
    role: Phrase
    credentials: Phrase | None = None
    disclosure: Line | None = None


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


@dataclass(frozen=True)
class Course:
    """A whole course. `broken` holds the text of what could not be read, so that no check blames its absence."""

    info: CourseInfo
    modules: tuple[Module, ...]
    references: tuple[Reference, ...] = ()
    glossary: tuple[GlossaryTerm, ...] = ()
    banks: tuple[Bank, ...] = ()
    blueprints: tuple[Blueprint, ...] = ()
    files: tuple[Sourced, ...] = ()
    assets: dict[str, str] = field(default_factory=dict)
    broken: str = ""

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
    def objectives(self) -> dict[str, Objective]:
        return {objective.id: objective for module in self.modules for objective in module.objectives}

    @cached_property
    def sections(self) -> dict[str, Section]:
        return {section.id: section for module in self.modules for section in module.sections}

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


__all__ = ["Course", "CourseInfo", "Glossary", "References"]
