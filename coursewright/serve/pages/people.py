"""One learner for staff: facts, extra time, attempts, and what can be done; one attempt item by item."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from coursewright.serve import here
from coursewright.serve.language import _, ngettext
from coursewright.serve.learning.taking import policy_of
from coursewright.serve.management import attempts as held
from coursewright.serve.management import certificates
from coursewright.serve.management import people as management
from coursewright.serve.management.cohorts import Refused
from coursewright.serve.management.reach import attempt_of, cohort_of, learner_of
from coursewright.serve.management.words import explained
from coursewright.serve.pages.cohorts import download
from coursewright.serve.pages.slips import printed
from coursewright.serve.pages.tests import form_of
from coursewright.serve.people.own_data import data_of
from coursewright.serve.security.access import page
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Attempt, Person


def person_or_404(session: Session, person: str) -> Person:
    """A learner whom who asks looks after; there is no page of any other."""
    found = learner_of(session, here.who(), person)
    if found is None:
        abort(404)
    return found


def attempt_or_404(session: Session, attempt: str) -> tuple[Attempt, Person]:
    """An attempt of a learner whom who asks looks after."""
    found = attempt_of(session, here.who(), attempt)
    if found is None:
        abort(404)
    return found


@page("/manage/people", "coordinator")
def people() -> Any:
    """Learners by a part of the name, number or address."""
    words = request.args.get("q", "")[:200]
    with here.database().reading() as reading:
        found = management.found(reading, here.who(), words) if words.strip() else []
    return render_template("service/manage/people.html.j2", words=words, found=found, most=management.MOST_FOUND)


@page("/manage/people/<person>", "coordinator")
def person(person: str) -> Any:
    """What there is of a learner, and what can be done."""
    return _person_page(person)


def _person_page(id_: str, problem: str = "") -> Any:
    settings, library, now = here.settings(), here.library(), here.now()
    with here.database().reading() as reading:
        facts = management.facts(reading, here.who(), person_or_404(reading, id_), now)
        reach = {cohort.id for cohort in facts.cohorts if cohort_of(reading, here.who(), cohort.id)}
        targets = management.cohorts_to_move_to(reading, here.who(), facts.person.id)
    given = {test: sum(attempt.test == test and attempt.state != "void" for attempt, _, _ in facts.attempts) for test in library.tests}
    allowed = {test: policy_of(settings, library, test).attempts for test in library.tests}
    shown = render_template(
        "service/manage/person.html.j2",
        facts=facts,
        person=facts.person,
        in_reach=[cohort for cohort in facts.cohorts if cohort.id in reach],
        targets=targets,
        made=given,
        allowed=allowed,
        title_of=library.title_of,
        problem=problem and explained(problem),
    )
    return shown, 400 if problem else 200


def _done(person: str, work: Callable[[Session, Person], Any], said: Callable[[Any], str]) -> Any:
    """Do something to a learner's record, and say so; or say why not."""
    try:
        made = here.database().write(lambda writing: work(writing, person_or_404(writing, person)))
    except Refused as refused:
        return _person_page(person, str(refused))
    flash(said(made))
    with here.database().reading() as reading:
        still = learner_of(reading, here.who(), person) is not None
    return redirect(url_for("people.person", person=person) if still else url_for("cohorts.cohorts"), 303)


def _reason() -> str:
    return request.form.get("reason", "")[:2000]


def _count(name: str) -> int:
    """A whole number of a form; one that no rule allows where it is none."""
    value = request.form.get(name, "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else -1


@page("/manage/people/<person>/name", "coordinator", methods=("POST",))
def correct_name(person: str) -> Any:
    """Another spelling of a name."""
    given, family, now = request.form.get("given_name", "")[:300], request.form.get("family_name", "")[:300], here.now()
    return _done(
        person,
        lambda writing, found: management.correct_name(writing, found, given, family, _reason(), here.who(), now),
        lambda changed: _("The name is corrected. A certificate that was issued keeps the name it was issued to.") if changed else _("Nothing was changed."),
    )


@page("/manage/people/<person>/time", "coordinator", methods=("POST",))
def give_time(person: str) -> Any:
    """Extra time, from now on and, if wished, for what is open."""
    minutes, percent, also, now = _count("extra_minutes"), _count("extra_percent"), request.form.get("also_open") == "1", here.now()
    return _done(
        person,
        lambda writing, found: management.give_time(writing, here.library(), found, minutes, percent, also, _reason(), here.who(), now),
        lambda moved: (_("The extra time is kept.") + " " + (ngettext("%(num)s open attempt ends later or earlier now.", "%(num)s open attempts end later or earlier now.", len(moved)) % {"num": len(moved)} if moved else "")).strip(),
    )


@page("/manage/people/<person>/allow", "coordinator", methods=("POST",))
def give_attempt(person: str) -> Any:
    """One attempt more at a test."""
    test, now = request.form.get("test", "")[:200], here.now()
    return _done(
        person,
        lambda writing, found: management.give_attempt(writing, here.library(), found, test, _reason(), here.who(), now),
        lambda given: _("One more attempt is given."),
    )


@page("/manage/people/<person>/sessions", "coordinator", methods=("POST",))
def end_sessions(person: str) -> Any:
    """Sign a learner out everywhere."""
    now = here.now()
    return _done(
        person,
        lambda writing, found: management.sign_out_everywhere(writing, found, _reason(), here.who(), now),
        lambda count: ngettext("%(num)s session is ended.", "%(num)s sessions are ended.", count) % {"num": count},
    )


@page("/manage/people/<person>/unlink", "coordinator", methods=("POST",))
def unlink(person: str) -> Any:
    """Let a learner be somebody else's account no more."""
    now = here.now()
    return _done(
        person,
        lambda writing, found: management.unlink(writing, found, _reason(), here.who(), now),
        lambda count: _("The link is taken away, and the learner is signed out. Whoever signs in with that account next is looked for in the rosters anew."),
    )


@page("/manage/people/<person>/cohort", "coordinator", methods=("POST",))
def move(person: str) -> Any:
    """Into another cohort, or out of all."""
    old, new, now = request.form.get("from", "")[:40], request.form.get("to", "")[:40], here.now()

    def work(writing: Session, found: Person) -> None:
        out = cohort_of(writing, here.who(), old)
        into = cohort_of(writing, here.who(), new) if new else None
        if out is None or (new and into is None):
            abort(404)
        management.move(writing, found, out, into, _reason(), here.who(), now)

    return _done(person, work, lambda _nothing: _("The learner is in the other cohort now.") if new else _("The learner is withdrawn from the cohort."))


@page("/manage/people/<person>/certificate/withdraw", "coordinator", methods=("POST",))
def withdraw_certificate(person: str) -> Any:
    """Take a certificate back."""
    serial, now = request.form.get("serial", "")[:40], here.now()
    return _done(
        person,
        lambda writing, found: certificates.withdraw(writing, found, serial, _reason(), here.who(), now),
        lambda row: _("Certificate %(serial)s is withdrawn: its page says so from now on.", serial=row.serial),
    )


@page("/manage/people/<person>/certificate/reinstate", "coordinator", methods=("POST",))
def reinstate_certificate(person: str) -> Any:
    """Undo the withdrawal of a certificate."""
    serial, now = request.form.get("serial", "")[:40], here.now()
    return _done(
        person,
        lambda writing, found: certificates.reinstate(writing, found, serial, _reason(), here.who(), now),
        lambda row: _("Certificate %(serial)s stands again.", serial=row.serial),
    )


@page("/manage/people/<person>/certificate/anew", "coordinator", methods=("POST",))
def certificate_anew(person: str) -> Any:
    """Another certificate, by the name and the results of today, in place of the one that stands."""
    serial, now = request.form.get("serial", "")[:40], here.now()
    return _done(
        person,
        lambda writing, found: certificates.issue_anew(writing, here.settings(), here.library(), found, serial, _reason(), here.who(), now),
        lambda row: _("Certificate %(serial)s is issued. An earlier one is withdrawn.", serial=row.serial),
    )


@page("/manage/people/<person>/slip.pdf", "coordinator", methods=("POST",))
def slip(person: str) -> Any:
    """A new code on a slip; earlier codes end."""
    with here.database().reading() as reading:
        found = person_or_404(reading, person)
    if found.erased_at is not None:
        abort(404)
    return printed([found], f"person:{found.id}")


@page("/manage/people/<person>/data.json", "coordinator")
def data(person: str) -> Any:
    """All that is kept of a learner, as the learner would get it."""
    who, now = here.who(), here.now()

    def work(writing: Session) -> dict[str, Any]:
        found = person_or_404(writing, person)
        audit.append(writing, now, who.id, "data exported", f"person:{found.id}")
        return data_of(writing, found.id)

    made = here.database().write(work)
    return download(json.dumps(made, ensure_ascii=False, indent=1).encode(), "application/json", "learner.json")


@page("/manage/attempts/<attempt>", "coordinator")
def attempt(attempt: str) -> Any:
    """An attempt item by item: what was given, the key, and what it earned."""
    return _attempt_page(attempt)


def _attempt_page(id_: str, problem: str = "") -> Any:
    with here.database().reading() as reading:
        found, person = attempt_or_404(reading, id_)
        form = form_of(found.form_id)
        whole = held.whole(reading, found, form)
        certificate = management.certificate_of(reading, person.id)
    rests = certificate is not None and certificate.attempt_id == found.id
    limit = here.library().tests[found.test].minutes if found.test in here.library().tests else None
    shown = render_template(
        "service/manage/attempt.html.j2",
        attempt=found,
        person=person,
        form=form,
        whole=whole,
        certificate=certificate if rests else None,
        limited=limit is not None,
        problem=problem and explained(problem),
        title=here.library().title_of(found.test),
    )
    return shown, 400 if problem else 200


def _acted(attempt: str, work: Callable[[Session, Person], Any], said: str) -> Any:
    """Do something to an attempt, and say so; or say why not."""
    try:
        here.database().write(lambda writing: work(writing, attempt_or_404(writing, attempt)[1]))
    except Refused as refused:
        return _attempt_page(attempt, str(refused))
    flash(said)
    return redirect(url_for("people.attempt", attempt=attempt), 303)


@page("/manage/attempts/<attempt>/extend", "coordinator", methods=("POST",))
def extend(attempt: str) -> Any:
    """More time for an open attempt."""
    minutes, now = _count("minutes"), here.now()
    return _acted(attempt, lambda writing, person: held.extend(writing, attempt, person, minutes, _reason(), here.who(), now), _("The attempt ends later now."))


@page("/manage/attempts/<attempt>/reopen", "coordinator", methods=("POST",))
def reopen(attempt: str) -> Any:
    """Let a learner go on with an attempt that was handed in."""
    minutes, despite, now = _count("minutes") if request.form.get("minutes", "").strip() else None, request.form.get("despite") == "1", here.now()
    return _acted(
        attempt,
        lambda writing, person: held.reopen(writing, here.library(), attempt, person, minutes, despite, _reason(), here.who(), now),
        _("The attempt is open again. Its result stands until it is handed in anew."),
    )


@page("/manage/attempts/<attempt>/void", "coordinator", methods=("POST",))
def void(attempt: str) -> Any:
    """Count an attempt as never made."""
    despite, now = request.form.get("despite") == "1", here.now()
    return _acted(
        attempt,
        lambda writing, person: held.void(writing, here.settings(), here.library(), attempt, person, despite, _reason(), here.who(), now),
        _("The attempt is void. It counts no more, and the learner can begin another in its place."),
    )
