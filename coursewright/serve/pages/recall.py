"""Questions to recall 7 and 30 days after the final test, and a calendar that reminds of them."""

from __future__ import annotations

from typing import Any

from flask import abort, make_response, render_template, url_for

from coursewright.serve import here
from coursewright.serve.learning.recall import completed_on, due_of, finished_by
from coursewright.serve.learning.taking import standing
from coursewright.serve.security.access import page
from coursewright.write.recall_calendar import recall_calendar


@page("/recall", "learner")
def recall() -> Any:
    """The two reminders: when they open, what they ask about, and what was answered."""
    who, library, now = here.who().id, here.library(), here.now()
    with here.database().reading() as reading:
        finished = finished_by(reading, library, who)
        due = [(each, standing(reading, here.settings(), library, who, each.test, now)) for each in due_of(reading, library, who)]
    return render_template("service/recall.html.j2", finished=finished, due=due)


@page("/recall.ics", "learner")
def calendar() -> Any:
    """The reminders as a calendar file. It names objectives, never a question."""
    who, library = here.who().id, here.library()
    with here.database().reading() as reading:
        finished, due = finished_by(reading, library, who), due_of(reading, library, who)
    if finished is None or not due:
        return abort(404)
    link = here.settings().base_url + url_for("recall.recall")
    data = recall_calendar(library.course, [each.reminder for each in due], [link] * len(due), person=who, completed_on=completed_on(finished), stamp=here.now())
    response = make_response(data)
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="recall.ics"'
    return response
