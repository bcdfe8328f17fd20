"""The HTML edition of the workbook, with the reader's place and notes kept."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from coursewright.model.module import Unit
from coursewright.plan.workbook import Chapter, references_of
from coursewright.serve import here
from coursewright.serve.language import _
from coursewright.serve.learning import events
from coursewright.serve.learning.reading import UnitProse, keep_place, place_of, short_alt, size_of, unit_terms
from coursewright.serve.learning.responses import NotPossible
from coursewright.serve.learning.writing import LONGEST, Notes, fault_in_words, notes_of, save_notes
from coursewright.serve.library import CHECK
from coursewright.serve.security.access import page, wants_json
from coursewright.serve.store.tables import moment_text
from coursewright.write.prose_html import ProseHtml


def _chapter(unit: str) -> Chapter:
    found = here.library().chapters.get(unit)
    return found if found is not None else abort(404)


@page("/read/<unit>", "learner", "coordinator")
def unit(unit: str) -> Any:
    """A unit to read. Learners see first what must be said before the course starts."""
    chapter, who = _chapter(unit), here.who()
    if who.staff:
        return _page(chapter, None)
    if not who.started:
        return redirect(url_for("course.about"), 303)
    with here.database().reading() as reading:
        notes = notes_of(reading, who.id, chapter.module)
    return _page(chapter, notes)


def _page(chapter: Chapter, notes: Notes | None) -> str:
    """The page of a unit. notes: None for staff, who only read."""
    library, who = here.library(), here.who()
    place = None
    if notes is not None:
        with here.database().reading() as reading:
            place = place_of(reading, who.id, chapter.module.id)
    prose, plain = UnitProse(library.numbering, library.place), ProseHtml(library.numbering, library.place)
    terms = set(unit_terms(library, chapter.module))
    chapters = list(library.workbook.chapters)
    at = chapters.index(chapter)
    return render_template(
        "service/unit.html.j2",
        chapter=chapter,
        place=place,
        current=next((s for s in chapter.sections if place is not None and s.section.id == place.section), None),
        notes=notes,
        prose=prose.block,
        line=prose.line,
        definition=plain.line,
        terms=[term for term in library.workbook.glossary if term.id in terms],
        references=references_of(chapter.module, library.workbook, library.numbering),
        before=chapters[at - 1] if at else None,
        after=chapters[at + 1] if at + 1 < len(chapters) else None,
        check=CHECK + chapter.module.id if chapter.check.asked else "",
        size_of=size_of,
        short_alt=short_alt,
        longest=LONGEST,
        in_words=fault_in_words,
    )


@page("/read/<unit>/place", "learner", methods=("POST",))
def keep(unit: str) -> Any:
    """Keep where somebody is. The buttons of the page send its notes along, so that none is lost on the way."""
    chapter, now = _chapter(unit), here.now()
    section, finished = request.form.get("section", ""), request.form.get("finished") == "1"
    if not section and not finished:
        abort(400)
    try:
        notes = here.database().write(lambda writing: _kept(writing, chapter.module, section, finished))
    except KeyError:
        return abort(404)
    except NotPossible:
        return abort(400)
    if wants_json():
        return jsonify(section=section, at=moment_text(now))
    if notes.faults:
        return _page(chapter, notes), 422
    if finished:
        return redirect(url_for("reading.unit", unit=unit, _anchor="end"), 303)
    ids = [planned.section.id for planned in chapter.sections]
    later = ids[ids.index(section) + 1 :]
    return redirect(url_for("reading.unit", unit=unit, _anchor=f"sec-{later[0]}" if later else "end"), 303)


def _kept(writing: Session, unit: Unit, section: str, finished: bool) -> Notes:
    who, now = here.who().id, here.now()
    if keep_place(writing, who, unit, now, section, finished):
        events.happened(writing, here.settings(), here.library(), "read", who, unit.id, now)
    return save_notes(writing, who, unit, request.form, now)


@page("/read/<unit>/notes", "learner", methods=("POST",))
def save(unit: str) -> Any:
    """Keep the notes of a page: one or all, from a script or without one."""
    chapter, who, now = _chapter(unit), here.who(), here.now()
    try:
        notes = here.database().write(lambda writing: save_notes(writing, who.id, chapter.module, request.form, now))
    except NotPossible:
        return abort(400)
    if wants_json():
        bases = {f"base-{id_}": base for id_, base in notes.bases.items() if id_ not in notes.faults}
        response = jsonify(saved_at=moment_text(now), bases=bases, problems={f"note-{id_}": fault_in_words(fault) for id_, fault in notes.faults.items()})
        response.status_code = 422 if notes.faults else 200
        return response
    if notes.faults:
        return _page(chapter, notes), 422
    flash(_("Your notes are saved."))
    wanted = request.form.get("then", "")
    return redirect(url_for("reading.unit", unit=unit, _anchor=wanted if f"base-{wanted}" in request.form else None), 303)


@page("/glossary", "learner", "coordinator")
def glossary() -> Any:
    """All terms, with the ways back to where they are used."""
    return render_template("service/glossary.html.j2", terms=here.library().workbook.glossary, uses=here.library().uses.of_term)


@page("/references", "learner", "coordinator")
def references() -> Any:
    """All references in AMA style, with the ways back to where they are cited."""
    return render_template("service/references.html.j2", entries=here.library().workbook.references, uses=here.library().uses.of_reference)
