"""Taking in a roster: chosen, looked at, confirmed. Nothing is written before it is confirmed."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from sqlalchemy.orm import Session

from coursewright.serve import here
from coursewright.serve.management import rosters
from coursewright.serve.management.words import explained
from coursewright.serve.pages.cohorts import cohort_or_404
from coursewright.serve.people.enrolling import Enrolled
from coursewright.serve.security.access import page
from coursewright.serve.store.tables import Cohort

NAME = "roster.csv"  # how messages call the file; what a browser calls it is not used


@page("/manage/cohorts/<cohort>/roster", "coordinator")
def roster(cohort: str) -> Any:
    """What a roster looks like, and the field to choose one."""
    return _choose(cohort)


def _choose(cohort: str, problem: str = "") -> Any:
    with here.database().reading() as reading:
        found = cohort_or_404(reading, cohort)
    return render_template("service/manage/roster.html.j2", cohort=found, problem=problem and explained(problem), most=rosters.MOST_BYTES), 400 if problem else 200


@page("/manage/cohorts/<cohort>/roster", "coordinator", methods=("POST",))
def look(cohort: str) -> Any:
    """What is in a roster: every fault at its line, and what would be done."""
    file = request.files.get("roster")
    data = file.read(rosters.MOST_BYTES + 1) if file is not None else b""
    if not data:
        return _choose(cohort, "file")
    return _preview(cohort, data) if len(data) <= rosters.MOST_BYTES else _choose(cohort, "large")


def _preview(cohort: str, data: bytes) -> Any:
    with here.database().reading() as reading:
        found = cohort_or_404(reading, cohort)
        preview = rosters.preview(reading, found, NAME, data, here.who())
    if preview.too_many:
        return _choose(cohort, "large")
    return render_template("service/manage/roster_preview.html.j2", cohort=found, preview=preview, packed=rosters.packed(data)), 200 if preview.taken else 400


@page("/manage/cohorts/<cohort>/roster/confirm", "coordinator", methods=("POST",))
def confirm(cohort: str) -> Any:
    """Take in the sound rows of a roster that was looked at."""
    data = rosters.unpacked(request.form.get("packed", ""))
    if not data:
        return _choose(cohort, "file")

    def work(writing: Session) -> tuple[Cohort, rosters.Preview, Enrolled]:
        found = cohort_or_404(writing, cohort)
        return found, *rosters.take_in(writing, found, NAME, data, here.who(), here.now())

    found, preview, enrolled = here.database().write(work)
    return render_template("service/manage/roster_done.html.j2", cohort=found, preview=preview, enrolled=enrolled)
