from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.source.suggest import did_you_mean


@check("E122")
def unknown_glossary_term(course: Course) -> Iterator[Fault]:
    """A term `[[…]]` is not in glossary.yaml, by its name, abbreviation or id; or a `see:` names no term.

    Example: `[[NDMA receptor]]`
    Instead: `[[NMDA receptor]]`, `[[NMDA receptor|NMDA receptors]]` to show other words, or add the term.
    """
    names = [term.term for term in course.glossary]
    for owner, field, text in course.texts():
        for term in text.terms:
            if term.name.casefold() not in course.term_by_name and not course.may_mention(term.name):
                yield owner.at(field, term.name), f'"{term.name}" is not in the glossary', did_you_mean(term.name, names)
    ids = {term.id for term in course.glossary}
    for entry in course.glossary:
        for other in entry.see:
            if other not in ids and not course.may_mention(other):
                yield entry.at("see", other), f'"{other}" is not the id of a glossary term', did_you_mean(other, ids)
