"""The evaluation form, the commitment to change and its follow-ups: drafts at each save, final once submitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from coursewright.model.blocks.commitment import Commitment
from coursewright.serve import here
from coursewright.serve.language import _
from coursewright.serve.learning import events, forms
from coursewright.serve.learning.forms import ACTIVITY, BARRIERS, COMMITMENT, EVALUATION, FOLLOW_UPS, OUTCOMES, Filled
from coursewright.serve.learning.responses import NotPossible
from coursewright.serve.learning.writing import LONGEST, SHORT, Changed, Content, Submitted, digest, fault_in_words, keep
from coursewright.serve.security.access import page, wants_json
from coursewright.serve.store.tables import Writing, moment_text


@dataclass(frozen=True)
class Form:
    """One of the forms: what it is kept as, what it holds at first, how it is read, and what follows when it is submitted."""

    kind: str
    address: str
    empty: Content
    read: Callable[[Content], Filled]
    show: Callable[..., str]
    action: str
    said: str
    then: Callable[[Session, datetime], None]


def _row(kind: str) -> Writing | None:
    with here.database().reading() as reading:
        return reading.get(Writing, (here.who().id, kind))


def _view(form: Form) -> str:
    row = _row(form.kind)
    content = row.content if row else form.empty
    return form.show(row=row, shown=content, base=digest(content), faults={})


def _save(form: Form) -> Any:
    """Keep a draft, and submit it where that is asked and nothing is missing."""
    who, now, wanted = here.who().id, here.now(), request.form.get("then") == "submit"
    base = request.form.get("base", "")

    def work(writing: Session) -> tuple[Filled, dict[str, str], Writing | None, Content]:
        row = writing.get(Writing, (who, form.kind))
        filled = form.read(row.content if row else form.empty)
        try:
            row = keep(writing, who, form.kind, filled.content, base, form.empty, now)
        except Changed as changed:
            return filled, {"": "elsewhere", **filled.faults}, row, changed.kept
        faults = {**filled.faults, **(filled.missing if wanted else {})}
        if wanted and not faults:
            forms.submit(writing, row, form.action, now)
            form.then(writing, now)
        return filled, faults, row, row.content

    try:
        filled, faults, row, kept = here.database().write(work)
    except NotPossible:
        return abort(400)
    except Submitted:
        flash(_("This was submitted already."))
        return (jsonify(problems={"": _("This was submitted already.")}, bases={}, saved_at=moment_text(now)), 409) if wants_json() else redirect(form.address, 303)
    if wants_json():
        bases = {} if "" in faults else {"base": digest(kept)}
        response = jsonify(saved_at=moment_text(now), bases=bases, problems={name: fault_in_words(fault) for name, fault in faults.items()})
        return response, 422 if faults else 200
    if faults:
        return form.show(row=row, shown=filled.shown, base=digest(kept), faults=faults), 422
    flash(form.said if wanted else _("Your draft is saved. You can go on later."))
    return redirect(form.address, 303)


def _evaluation() -> Form:
    library, settings, who = here.library(), here.settings(), here.who().id

    return Form(
        EVALUATION,
        url_for("forms.evaluation"),
        forms.empty_evaluation(),
        lambda before: forms.read_evaluation(library.course, request.form, before),
        lambda **kept: _page("evaluation", book=library.workbook, activity=_activity(), barriers=_barriers(), **kept),
        "evaluation submitted",
        _("Thank you. Your evaluation is submitted."),
        lambda writing, now: events.happened(writing, settings, library, "evaluated", who, EVALUATION, now),  # the certificate may be due
    )


def _activity() -> dict[str, str]:
    words = (_("The content was current and based on evidence"), _("It was relevant to my practice"), _("The format suited the objectives"), _("The cases and items were clear and fair"))
    return dict(zip(ACTIVITY, (*words, _("The materials were accessible to me")), strict=True))


def _barriers() -> dict[str, str]:
    words = (_("time"), _("cost or coverage"), _("staff or equipment"), _("policy of my institution"), _("access to specialists"), _("patients’ preferences"), _("none"))
    return dict(zip(BARRIERS, words, strict=True))


def _page(name: str, **values: Any) -> str:
    return render_template(f"service/{name}.html.j2", in_words=fault_in_words, longest=LONGEST, short=SHORT, **values)


@page("/evaluation", "learner")
def evaluation() -> Any:
    """The evaluation of the course: a draft until it is submitted, then as it was submitted."""
    return _view(_evaluation())


@page("/evaluation", "learner", methods=("POST",))
def save_evaluation() -> Any:
    return _save(_evaluation())


def _block() -> Commitment:
    found = here.library().commitment
    return found if found is not None else abort(404)


def _commitment() -> Form:
    block, library, settings, who = _block(), here.library(), here.settings(), here.who().id

    def show(**kept: Any) -> str:
        row = kept["row"]
        submitted = row is not None and row.submitted_at is not None
        missing = block.changes - len(kept["shown"]["changes"])
        if missing > 0 and not submitted:  # the course asks for more changes than when the draft was made
            kept["shown"] = {"changes": [*kept["shown"]["changes"], *forms.empty_commitment(missing)["changes"]]}
        later = [(day, days, forms.opens_at(row, day), _row(day)) for day, days in FOLLOW_UPS.items()] if submitted else []
        return _page("commitment", block=block, later=later, **kept)

    return Form(
        COMMITMENT,
        url_for("forms.commitment"),
        forms.empty_commitment(block.changes),
        lambda before: forms.read_commitment(block.changes, request.form, before),
        show,
        "commitment submitted",
        _("Your commitment is submitted. You will be asked about it after 30 and after 60 days."),
        lambda writing, now: events.happened(writing, settings, library, "committed", who, COMMITMENT, now),
    )


@page("/commitment", "learner")
def commitment() -> Any:
    """What somebody will do differently; once submitted, with its follow-ups."""
    return _view(_commitment())


@page("/commitment", "learner", methods=("POST",))
def save_commitment() -> Any:
    return _save(_commitment())


def _follow_up(day: str) -> Form | None:
    """A follow-up, once it is open; None before. There is none of a commitment that was not submitted."""
    _block()
    row = _row(COMMITMENT)
    if day not in FOLLOW_UPS or row is None or row.submitted_at is None:
        abort(404)
    if here.now() < forms.opens_at(row, day):
        return None
    content = row.content
    return Form(
        day,
        url_for("forms.follow_up", day=day),
        forms.empty_follow_up(content),
        lambda before: forms.read_follow_up(content, request.form, before),
        lambda **kept: _page("follow_up", day=day, days=FOLLOW_UPS[day], committed=forms.committed(content), commitment=row, outcomes=_outcomes(), **kept),
        "follow-up submitted",
        _("Thank you. Your follow-up is submitted."),
        lambda writing, now: None,
    )


def _outcomes() -> dict[str, str]:
    return dict(zip(OUTCOMES, (_("done"), _("in part"), _("not done")), strict=True))


@page("/commitment/<day>", "learner")
def follow_up(day: str) -> Any:
    """What became of the changes, 30 and 60 days later."""
    form = _follow_up(day)
    return _view(form) if form is not None else redirect(url_for("forms.commitment"), 303)


@page("/commitment/<day>", "learner", methods=("POST",))
def save_follow_up(day: str) -> Any:
    form = _follow_up(day)
    if form is None:
        flash(_("This is not open yet."))
        return redirect(url_for("forms.commitment"), 303)
    return _save(form)
