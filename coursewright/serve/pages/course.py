"""The course for a learner: what is said before it starts, and the way through it."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for
from sqlalchemy.orm import Session

from coursewright.serve import here
from coursewright.serve.learning import events
from coursewright.serve.learning.progress import progress
from coursewright.serve.security.access import page
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Person


@page("/course", "learner")
def course() -> Any:
    """The way through the course; before the first start, what must be said first."""
    if not here.who().started:
        return redirect(url_for("course.about"), 303)
    with here.database().reading() as reading:
        way = progress(reading, here.settings(), here.library(), here.who().id, here.now())
    return render_template("service/course.html.j2", way=way)


@page("/course/about", "learner", "coordinator")
def about() -> Any:
    """Objectives, disclosures, what it takes to pass, unapproved uses: what accreditors ask to be told before the start."""
    library = here.library()
    return render_template("service/about.html.j2", book=library.workbook, policy=here.settings().policy_of(library.final.id if library.final else ""))


@page("/course/start", "learner", methods=("POST",))
def start() -> Any:
    """The learner has seen what is said first."""
    who, now = here.who(), here.now()

    def work(writing: Session) -> None:
        person = writing.get(Person, who.id)
        assert person is not None
        if person.started_at is None:
            person.started_at = now
            audit.append(writing, now, who.id, "course started", f"person:{who.id}", after={"disclosures_shown": True})
            events.happened(writing, here.settings(), here.library(), "started", who.id, "course", now)

    here.database().write(work)
    return redirect(url_for("course.course"), 303)
