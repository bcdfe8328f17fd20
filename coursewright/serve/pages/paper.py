"""Results from paper: an upload, what it would do, and doing it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from coursewright.plan.record import DamagedRecord
from coursewright.serve import here
from coursewright.serve.language import _, ngettext
from coursewright.serve.management.paper import PAPER, Plan, Taken, plan_paper, take_in
from coursewright.serve.management.paper_upload import Upload, unpack
from coursewright.serve.management.reach import named
from coursewright.serve.management.results import scope_of, within
from coursewright.serve.security.access import page
from coursewright.serve.store.tables import Attempt, Kept, new_id

KEEP = timedelta(hours=1)  # between the upload and the confirmation
MOST_FILES = 4


@page("/manage/paper", "coordinator")
def paper() -> Any:
    """Where results from paper are uploaded, and what was taken in before."""
    return _page()


def _page(problem: str = "", status: int = 200, untranslated: bool = False) -> Any:
    with here.database().reading() as reading:
        scope = scope_of(reading, here.who())
        rows = reading.execute(select(Attempt.test, Attempt.source).where(Attempt.kind == PAPER, Attempt.state == "submitted", within(scope.ids))).all()
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        counts[(row.test, row.source)] = counts.get((row.test, row.source), 0) + 1
    before = [(here.library().title_of(test), test, source, count) for (test, source), count in sorted(counts.items())]
    return render_template("service/results/paper.html.j2", before=before, problem=problem, untranslated=untranslated), status


def _name(files: list[FileStorage]) -> str:
    """The name of the administration: as typed, else that of the ZIP."""
    typed = " ".join(request.form.get("source", "").split())
    if typed:
        return "".join(c for c in typed if c.isprintable())[:200]
    name = (files[0].filename or "").replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in name.removesuffix(".zip") if c.isprintable())[:200] if name.endswith(".zip") else ""


@page("/manage/paper", "coordinator", methods=("POST",))
def upload() -> Any:
    """Read an upload and show what it would do. Nothing is taken in yet."""
    files = [file for file in request.files.getlist("files") if file.filename]
    if not files or len(files) > MOST_FILES:
        return _page(_("Choose record.jsonl and sittings.jsonl, or a ZIP of the folder."), 422)
    source = _name(files)
    if not source:
        return _page(_("Name the administration, such as “Ward 3, March”."), 422)
    with here.database().reading() as reading:
        if named(reading, here.who(), source):
            return _page(_("The name of the administration stands for ever, also after a learner was erased, so it may name nobody."), 422)
    try:
        read = unpack((file.filename or "", file.read()) for file in files)
        with here.database().reading() as reading:
            plan = plan_paper(reading, here.library(), scope_of(reading, here.who()), read, source, here.now())
    except DamagedRecord as error:
        return _page(str(error), 422, untranslated=True)
    token, now, by = new_id(), here.now(), here.who().id
    value = {"by": by, "source": source, "record": read.record, "sittings": read.sittings, "decisions": read.decisions}

    def work(writing: Session) -> None:
        writing.execute(delete(Kept).where(Kept.name.like("paper:%"), Kept.ends_at < now))
        writing.add(Kept(name=f"paper:{token}", value=value, ends_at=now + KEEP))

    here.database().write(work)
    return _preview(plan, source, token)


def _preview(plan: Plan, source: str, token: str) -> Any:
    return render_template("service/results/paper_preview.html.j2", plan=plan, source=source, token=token, title=here.library().title_of(plan.record.test))


@page("/manage/paper/<token>", "coordinator", methods=("POST",))
def confirm(token: str) -> Any:
    """Take an upload in that was looked at. Sent twice, it is taken in once."""
    now, by = here.now(), here.who().id

    def work(writing: Session) -> tuple[Taken, str] | None:
        kept = writing.execute(select(Kept).where(Kept.name == f"paper:{token}").with_for_update()).scalar_one_or_none()
        if kept is None or kept.ends_at < now:
            return None
        if kept.value["by"] != by:
            abort(404)
        value = kept.value
        read = Upload(value["record"], value["sittings"], value["decisions"])
        made = take_in(writing, here.settings(), here.library(), scope_of(writing, here.who()), read, value["source"], by, now)
        writing.delete(kept)
        return made, value["source"]

    try:
        done = here.database().write(work)
    except DamagedRecord as error:
        return _page(str(error), 422, untranslated=True)
    if done is None:
        flash(_("This upload was taken in already, or more than an hour ago. Upload it again to see what it would do."))
    else:
        made, source = done
        count = made.counts.get("new", 0) + made.counts.get("changed", 0) + made.counts.get("moved", 0)
        words = ngettext("%(num)s result taken in.", "%(num)s results taken in.", count) % {"num": count}
        flash(f"{source}: {words}")
    return redirect(url_for("paper.paper"), 303)
