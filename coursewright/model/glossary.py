"""The glossary."""

from __future__ import annotations

from coursewright.model.base import Id, Ids, Phrase, Sourced, Word
from coursewright.model.prose import Prose


class GlossaryTerm(Sourced):
    """A term, its abbreviation, and what it means. Prose marks it as `[[term]]`."""

    id: Id
    term: Phrase
    abbreviation: Word | None = None
    definition: Prose
    see: Ids = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that `[[…]]` finds it by, in lower case."""
        return tuple(name.casefold() for name in (self.id, self.term, self.abbreviation) if name)


class Glossary(Sourced):
    """The file `glossary.yaml`."""

    terms: tuple[GlossaryTerm, ...] = ()
