"""Printing: the files of the built packet, forms for a cohort, and the rosters that the command prints by."""

from __future__ import annotations

import mimetypes
from typing import Any

from flask import abort, flash, redirect, render_template, request, send_file, url_for
from sqlalchemy.orm import Session
from werkzeug.utils import secure_filename

from coursewright.serve import here
from coursewright.serve.language import _
from coursewright.serve.management import printing
from coursewright.serve.management.cohorts import Refused
from coursewright.serve.management.packets import built_packet, cohort_roster, packet_file, print_command
from coursewright.serve.management.reach import cohort_of
from coursewright.serve.management.results import scope_of
from coursewright.serve.management.words import explained
from coursewright.serve.pages.records import CSV, ZIP, download, note
from coursewright.serve.security.access import page


@page("/manage/packets", "coordinator")
def packets() -> Any:
    """What can be printed: learners' files and educators' apart, and forms and a roster for each cohort."""
    return _page()


def _page(problem: str = "", cohort: str = "") -> Any:
    library, paper = here.library(), here.settings().paper
    with here.database().reading() as reading:
        scope = scope_of(reading, here.who())
        ids = [each.id for each in scope.cohorts]
        jobs, nameless = printing.jobs_of(reading, ids), printing.without_number(reading, ids)
    commands = [(cohort, roster_name(cohort.name), [print_command(test, roster_name(cohort.name), f"{test}-{slug(cohort.name)}", paper) for test in library.tests]) for cohort in scope.cohorts]
    told = {"jobs": jobs, "nameless": nameless, "kept": printing.KEPT.days, "kept_for": printing.KEPT, "problem": problem and explained(problem), "asked": cohort, "sent": request.form if problem else {}}
    return render_template("service/results/packets.html.j2", packet=built_packet(library), commands=commands, paper=paper, title_of=library.title_of, **told), 400 if problem else 200


@page("/manage/packets/forms/<cohort>", "coordinator", methods=("POST",))
def print_forms(cohort: str) -> Any:
    """Have forms of a test printed for the learners of a cohort."""
    test, paper, given, now = request.form.get("test", "")[:200], request.form.get("paper", "")[:20], request.form.get("forms", "").strip(), here.now()
    forms = None if not given else int(given) if given.isascii() and given.isdigit() and len(given) < 6 else -1

    def work(writing: Session) -> None:
        found = cohort_of(writing, here.who(), cohort)
        if found is None:
            abort(404)
        printing.ask(writing, here.library(), found, test, paper, forms, here.who(), now)

    try:
        here.database().write(work)
    except Refused as refused:
        return _page(str(refused), cohort)
    flash(_("The forms are being made. This takes from some seconds to some minutes; load this page again."))
    return redirect(url_for("packets.packets", _anchor=f"cohort-{cohort}"), 303)


@page("/manage/packets/forms/<cohort>/<job>.zip", "coordinator")
def forms(cohort: str, job: str) -> Any:
    """The printed forms with their seating list, key and record."""
    with here.database().reading() as reading:
        found = printing.file_of(reading, cohort, job) if cohort_of(reading, here.who(), cohort) is not None else None
        if found is None:
            return abort(404)
        made, data = found
        asked = scope_of(reading, here.who()).narrowed(cohort)
    note("forms", made.copies, asked, made.test)
    return download(data, f"forms-{made.test}-{made.id}.zip", ZIP)


def slug(name: str) -> str:
    return secure_filename(name).lower() or "cohort"


def roster_name(name: str) -> str:
    return f"roster-{slug(name)}.csv"


@page("/manage/packets/files/<path:name>", "coordinator")
def file(name: str) -> Any:
    """A file of the packet, if the manifest lists it. Saved, never opened here: it is somebody's HTML, or a large PDF."""
    found = packet_file(here.library(), name)
    if found is None:
        return abort(404)
    listed, path = found
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return send_file(path, mimetype=kind, as_attachment=True, download_name=listed.path.replace("/", "-"), conditional=True)


@page("/manage/packets/rosters/<cohort>.csv", "coordinator")
def roster(cohort: str) -> Any:
    """A cohort as the roster that `forms` reads."""
    with here.database().reading() as reading:
        found = cohort_of(reading, here.who(), cohort)
        if found is None:
            return abort(404)
        asked = scope_of(reading, here.who()).narrowed(cohort)
        data, rows = cohort_roster(reading, cohort)
    note("roster", rows, asked)
    return download(data, roster_name(found.name), CSV)
