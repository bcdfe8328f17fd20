"""Cohorts at a glance; one cohort with the progress of its learners; who looks after it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from coursewright.serve import here
from coursewright.serve.language import _
from coursewright.serve.management import cohorts as management
from coursewright.serve.management.progress_table import SHOWN, SORTS, Row, Scored, chosen, in_order, progress_table
from coursewright.serve.management.reach import cohort_of
from coursewright.serve.management.results import scope_of
from coursewright.serve.management.words import explained
from coursewright.serve.pages.records import note
from coursewright.serve.security.access import page
from coursewright.serve.store.tables import Cohort, Person, moment_text
from coursewright.write.accreditation import csv_bytes

PER_PAGE = 100


def cohort_or_404(session: Session, cohort: str) -> Cohort:
    """A cohort that who asks looks after; there is no page of any other."""
    found = cohort_of(session, here.who(), cohort)
    if found is None:
        abort(404)
    return found


def download(data: bytes, kind: str, name: str) -> Any:
    """A file that browsers save."""
    from flask import make_response

    response = make_response(data)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def facts_of_form() -> management.CohortFacts:
    """A cohort's name and dates as a form sends them. Raises Refused."""
    return management.CohortFacts(" ".join(request.form.get("name", "")[:300].split()), _moment("opens_at"), _moment("closes_at"))


def _moment(name: str) -> datetime | None:
    value = request.form.get(name, "").strip()
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value[:16]).replace(tzinfo=UTC)
    except ValueError:
        raise management.Refused("dates") from None
    if not 2000 <= found.year < 3000:
        raise management.Refused("dates")
    return found


@page("/manage", "coordinator")
def cohorts() -> Any:
    """The cohorts of who asks, in numbers; an administrator sees all."""
    return _overview()


def _overview(problem: str = "") -> Any:
    with here.database().reading() as reading:
        glances = management.glances(reading, here.library(), here.who(), here.now())
    return render_template("service/manage/cohorts.html.j2", glances=glances, problem=problem and explained(problem), given=request.form), 400 if problem else 200


@page("/manage", "coordinator", methods=("POST",))
def create() -> Any:
    """A new cohort, which its maker looks after."""
    try:
        facts = facts_of_form()
        made = here.database().write(lambda writing: management.create(writing, facts, here.who(), here.now()).id)
    except management.Refused as refused:
        return _overview(str(refused))
    flash(_("The cohort is made. Take in a roster next."))
    return redirect(url_for("cohorts.cohort", cohort=made), 303)


@page("/manage/cohorts/<cohort>", "coordinator")
def cohort(cohort: str) -> Any:
    """The learners of a cohort with where each of them is."""
    return _cohort_page(cohort)


def _cohort_page(id_: str, problem: str = "") -> Any:
    words, show, sort, falling = _wanted()
    with here.database().reading() as reading:
        found = cohort_or_404(reading, id_)
        table = progress_table(reading, here.library(), found, here.now())
        staff, others = management.coordinators(reading, id_), management.other_coordinators(reading, id_)
    rows = in_order(chosen(table.rows, words, show), sort, falling)
    pages = max(1, -(-len(rows) // PER_PAGE))
    number = min(max(request.args.get("page", 1, int), 1), pages)
    query = {name: value for name, value in (("q", words), ("show", show if show != "all" else ""), ("sort", sort if sort != "name" else ""), ("down", "1" if falling else "")) if value}
    shown = render_template(
        "service/manage/cohort.html.j2",
        cohort=found,
        table=table,
        rows=rows[(number - 1) * PER_PAGE : number * PER_PAGE],
        total=len(rows),
        number=number,
        pages=pages,
        words=words,
        show=show,
        sort=sort,
        falling=falling,
        query=query,
        staff=staff,
        others=others,
        problem=problem and explained(problem),
    )
    return shown, 400 if problem else 200


def _wanted() -> tuple[str, str, str, bool]:
    """What the query string asks for: words, a state, a column, and whether the largest come first."""
    words, show, sort = request.args.get("q", "")[:200], request.args.get("show", ""), request.args.get("sort", "")
    return words, show if show in SHOWN else "all", sort if sort in SORTS else "name", request.args.get("down") == "1"


@page("/manage/cohorts/<cohort>/progress.csv", "coordinator")
def progress_csv(cohort: str) -> Any:
    """The table for a spreadsheet, sorted and filtered as the page is."""
    words, show, sort, falling = _wanted()
    with here.database().reading() as reading:
        found = cohort_or_404(reading, cohort)
        table = progress_table(reading, here.library(), found, here.now())
        asked = scope_of(reading, here.who()).narrowed(cohort)
    header = ("family_name", "given_name", "learner_id", "last_seen", "steps_done", "steps", "pretest_percent", "posttest_percent", "passed", "attempts", "evaluation", "certificate", "late")
    rows = [_cells(row, table.steps) for row in in_order(chosen(table.rows, words, show), sort, falling)]
    note("progress", len(rows), asked)
    return download(csv_bytes(header, rows), "text/csv; charset=utf-8", "progress.csv")


def _cells(row: Row, steps: int) -> tuple[str, ...]:
    def percent(scored: Scored | None) -> str:
        return "" if scored is None else f"{float(100 * scored.share):.1f}"

    def yes(value: bool) -> str:
        return "yes" if value else "no"

    seen = moment_text(row.seen_at) if row.seen_at else ""
    head = (row.family_name, row.given_name, row.learner_id, seen, str(len(row.done)), str(steps))
    return (*head, percent(row.pretest), percent(row.best), yes(row.passed), str(row.attempts), yes(row.evaluation), row.certificate, yes(row.late))


@page("/manage/cohorts/<cohort>/settings", "coordinator", methods=("POST",))
def change(cohort: str) -> Any:
    """Another name, other dates."""

    def work(writing: Session) -> bool:
        return management.change(writing, here.library(), cohort_or_404(writing, cohort), facts, here.who(), here.now())

    try:
        facts = facts_of_form()
        changed = here.database().write(work)
    except management.Refused as refused:
        return _cohort_page(cohort, str(refused))
    flash(_("The cohort is changed.") if changed else _("Nothing was changed."))
    return redirect(url_for("cohorts.cohort", cohort=cohort), 303)


@page("/manage/cohorts/<cohort>/coordinators", "coordinator", methods=("POST",))
def staff(cohort: str) -> Any:
    """Let another coordinator look after a cohort, or one no longer."""
    person, releases = request.form.get("person", "")[:40], request.form.get("action") == "release"
    action = management.release if releases else management.assign

    def work(writing: Session) -> tuple[bool, str]:
        found = cohort_or_404(writing, cohort)
        return action(writing, found, person, here.who(), here.now()), found.name

    try:
        changed, name = here.database().write(work)
    except management.Refused as refused:
        return _cohort_page(cohort, str(refused))
    with here.database().reading() as reading:
        still = cohort_of(reading, here.who(), cohort)
        found = reading.get(Person, person)
    if not changed or found is None:
        flash(_("Nothing was changed."))
    elif releases and person == here.who().id:
        flash(_("You look after “%(cohort)s” no longer.", cohort=name))
    elif releases:
        flash(_("%(name)s looks after this cohort no longer.", name=found.name))
    else:
        flash(_("%(name)s looks after this cohort now.", name=found.name))
    return redirect(url_for("cohorts.cohort", cohort=cohort) if still else url_for("cohorts.cohorts"), 303)
