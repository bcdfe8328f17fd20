"""Printing: the files of the built packet, and rosters for printed forms."""

from __future__ import annotations

import mimetypes
from typing import Any

from flask import abort, render_template, send_file
from werkzeug.utils import secure_filename

from coursewright.serve import here
from coursewright.serve.management.packets import built_packet, cohort_roster, packet_file, print_command
from coursewright.serve.management.reach import cohort_of
from coursewright.serve.management.results import scope_of
from coursewright.serve.pages.records import CSV, download, note
from coursewright.serve.security.access import page


@page("/manage/packets", "coordinator")
def packets() -> Any:
    """What can be printed: learners' files and educators' apart, and a roster for each cohort."""
    library, paper = here.library(), here.settings().paper
    with here.database().reading() as reading:
        scope = scope_of(reading, here.who())
    commands = [(cohort, roster_name(cohort.name), [print_command(test, roster_name(cohort.name), f"{test}-{slug(cohort.name)}", paper) for test in library.tests]) for cohort in scope.cohorts]
    return render_template("service/results/packets.html.j2", packet=built_packet(library), commands=commands)


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
