"""Where the course uses its glossary terms and cites its references: for the ways back from a glossary and a reference list."""

from __future__ import annotations

from dataclasses import dataclass

from coursewright.model.course import Course, texts_of


@dataclass(frozen=True)
class Uses:
    """The sections of each term and each reference, by their ids, in reading order."""

    of_term: dict[str, tuple[str, ...]]
    of_reference: dict[str, tuple[str, ...]]


def plan_uses(course: Course) -> Uses:
    """Look through every section once."""
    terms: dict[str, dict[str, None]] = {}
    references: dict[str, dict[str, None]] = {}
    named = {name: term.id for name, term in course.term_by_name.items()}
    for unit in course.units:
        for section in unit.sections:
            for text in texts_of(section):
                for term in text.terms:
                    if (id_ := named.get(term.name.casefold())) is not None:
                        terms.setdefault(id_, {})[section.id] = None
                for key in text.citations:
                    references.setdefault(key, {})[section.id] = None
    return Uses({id_: tuple(found) for id_, found in terms.items()}, {key: tuple(found) for key, found in references.items()})
