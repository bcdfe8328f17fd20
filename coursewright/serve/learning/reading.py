"""Reading: where somebody is in a unit, and the text of a unit with its terms and citations explained."""

from __future__ import annotations

import re
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.model.module import Unit
from coursewright.serve.learning.writing import lock
from coursewright.serve.library import Library
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Place, moment_text
from coursewright.write.packet import Drawing
from coursewright.write.prose_html import ProseHtml

SHORT_ALT = 160  # characters beyond which a description is too long to be heard as the name of an image


class UnitProse(ProseHtml):
    """Prose of a unit: a term is described by its definition, a citation knows its reference, both at the end of the page."""

    def _term(self, name: str, shown: str) -> Markup:
        made = super()._term(name, shown)
        id_ = self.numbering.terms.get(name.casefold())
        if id_ is None:
            return made
        return made.replace(Markup('class="term"'), Markup('class="term" aria-describedby="def-{0}" data-about="def-{0}"').format(id_), 1)

    def _reference(self, key: str, number: int) -> Markup:
        href = self.link(f"ref-{key}")
        return Markup('<a href="{}" role="doc-noteref" data-about="cited-{}">{}</a>').format(href, key, number)


def place_of(session: Session, person: str, unit: str) -> Place | None:
    """Where a person is in a unit."""
    return session.get(Place, (person, unit))


def keep_place(session: Session, person: str, unit: Unit, now: datetime, section: str = "", finished: bool = False) -> bool:
    """Keep the section that is being read, or that the unit is finished; whether it is finished for the first time.

    The first moment of each section and of the end stay as they are. Raises KeyError for a section of another unit.
    """
    if section and section not in {s.id for s in unit.sections}:
        raise KeyError(section)
    lock(session, person)
    place = session.execute(select(Place).where(Place.person_id == person, Place.unit == unit.id)).scalar_one_or_none()
    if place is None:
        place = Place(person_id=person, unit=unit.id, section=section or unit.sections[-1].id, reached={}, at=now)
        session.add(place)
    if section:
        place.section = section
        place.reached = {section: moment_text(now), **place.reached}
    place.at = now
    first = finished and place.finished_at is None
    if first:
        place.finished_at = now
        audit.append(session, now, person, "unit finished", f"person:{person}", after={"unit": unit.id})
    session.flush()
    return first


def unit_terms(library: Library, unit: Unit) -> list[str]:
    """The ids of the glossary's terms that a unit uses."""
    sections = {section.id for section in unit.sections}
    return [term.id for term in library.workbook.glossary if sections & set(library.uses.of_term.get(term.id, ()))]


def size_of(drawing: Drawing) -> tuple[int, int] | None:
    """Width and height of a drawn figure, so that pages keep room for it; None for an image file."""
    found = re.match(r'<svg[^>]*? width="(\d+)[^"]*" height="(\d+)', drawing.svg)
    return (int(found[1]), int(found[2])) if found else None


def short_alt(alt: str) -> str:
    """An alternative text that can be heard in one breath: the first sentence of a long one, which the page gives in full below."""
    if len(alt) <= SHORT_ALT:
        return alt
    first = re.match(r".*?[.:;](?=\s)", alt, re.DOTALL)
    return first[0] if first and len(first[0]) <= SHORT_ALT else alt[: alt.rfind(" ", 0, SHORT_ALT)] + " …"
