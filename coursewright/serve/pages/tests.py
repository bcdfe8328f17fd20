"""Tests and knowledge checks: before the start, the page of an attempt, saving, submitting, and what is shown afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import abort, current_app, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from coursewright.plan.score_report import response_in_words
from coursewright.serve import here
from coursewright.serve.language import _
from coursewright.serve.learning import events, review
from coursewright.serve.learning.attempts import Conflict, Given, NotNow, answers_of, latest_end, locked, response_in, save, submit
from coursewright.serve.learning.kept_forms import KeptForm, load_form
from coursewright.serve.learning.progress import progress
from coursewright.serve.learning.recall import due_for, is_recall, sheet_of
from coursewright.serve.learning.responses import NotPossible, field, read_fields
from coursewright.serve.learning.taking import policy_of, standing, start
from coursewright.serve.library import CHECK
from coursewright.serve.security.access import page, refused, wants_json
from coursewright.serve.store.database import Unavailable
from coursewright.serve.store.tables import Answer, Attempt, Person, moment_text

NEAR = 4 * 3600  # seconds before the end from which a page shows a clock


@lru_cache(maxsize=600)
def _form(database: int, id_: str) -> KeptForm:
    with here.database().reading() as reading:
        return load_form(reading, id_)


def form_of(id_: str) -> KeptForm:
    """A kept form. What is kept under an id never changes, so each worker reads it once."""
    return _form(id(here.database()), id_)


def own(attempt: Attempt | None) -> Attempt:
    """An attempt, if it is of who asks; otherwise there is no such page."""
    if attempt is None or attempt.person_id != here.who().id or attempt.state == "void":
        refused("attempt")
        abort(404)
    return attempt


def _known(test: str) -> str:
    library = here.library()
    unit = test.removeprefix(CHECK)
    if test not in library.tests and not is_recall(test) and not (test.startswith(CHECK) and unit in library.chapters and library.chapters[unit].check.asked):
        abort(404)
    return test


@page("/tests/<test>", "learner")
def intro(test: str) -> Any:
    """What a test asks for, before it starts: items, time, what it takes to pass, how often; and earlier attempts."""
    library, who = here.library(), here.who()
    _known(test)
    if not who.started:
        return redirect(url_for("course.about"), 303)
    with here.database().reading() as reading:
        person = reading.get(Person, who.id)
        where = standing(reading, here.settings(), library, who.id, test, here.now())
        due = due_for(reading, library, who.id, test) if is_recall(test) else None
        after = _after(reading, test) if where.refused == "passed" else ""
    if is_recall(test) and (due is None or where.refused):
        return redirect(url_for("recall.recall"), 303)
    form = next((form for form in library.packet.forms if form.blueprint.id == test), None)
    check = sheet_of(library, due) if due else library.chapters[test.removeprefix(CHECK)].check if test.startswith(CHECK) else None
    policy = policy_of(here.settings(), library, test)
    return render_template("service/test.html.j2", test=test, form=form, check=check, where=where, policy=policy, person=person, after=after)


def _after(session: Session, test: str) -> str:
    """What comes after the test that decides: `evaluation`, then `certificate`. Nothing of the kind after another."""
    library = here.library()
    if library.final is None or test != library.final.id:
        return ""
    steps = progress(session, here.settings(), library, here.who().id, here.now()).steps
    return next((step.kind for step in steps if step.kind == "evaluation" and step.state != "done"), "certificate")


@page("/tests/<test>/start", "learner", methods=("POST",))
def begin(test: str) -> Any:
    who, now = here.who(), here.now()
    _known(test)
    if not who.started:  # what must be said before the course comes before its tests too
        return redirect(url_for("course.about"), 303)

    def work(writing: Session) -> str:
        person = writing.get(Person, who.id)
        assert person is not None
        attempt = start(writing, here.settings(), here.library(), person, test, now)
        events.began(writing, here.settings(), here.library(), attempt, now)
        return attempt.id

    try:
        attempt = here.database().write(work)
    except NotNow:
        return redirect(url_for("tests.intro", test=test), 303)
    return redirect(url_for("tests.attempt", attempt=attempt), 303)


@page("/attempts/<attempt>", "learner")
def attempt(attempt: str) -> Any:
    """The items of an open attempt with what was answered; a submitted one leads to its result."""
    with here.database().reading() as reading:
        found = own(reading.get(Attempt, attempt))
        answers = answers_of(reading, attempt)
    if found.state == "open" and over(found):
        if not _submit(found, found.person_id, latest_end(here.now(), here.settings().grace_seconds)):
            return _arriving(found)
        flash(_("The time was over. What was saved has been submitted."))
        return redirect(url_for("tests.result", attempt=attempt), 303)
    if found.state != "open":
        return redirect(url_for("tests.result", attempt=attempt), 303)
    return _attempt_page(found, form_of(found.form_id), answers)


def _arriving(found: Attempt) -> Any:
    """The time is over, and the last answers may still be on their way from another page or device."""
    wait = here.settings().grace_seconds + 1
    response = make_response(render_template("service/arriving.html.j2", attempt=found, wait=wait))
    response.headers["Refresh"] = str(wait)
    return response


def seconds_left(attempt: Attempt) -> int | None:
    """The time that is left, for a clock on the page; None where there is no end, or none that is near."""
    left = None if attempt.ends_at is None else max(0, int((attempt.ends_at - here.now()).total_seconds()))
    return None if left is None or left > NEAR else left


def over(attempt: Attempt) -> bool:
    """Whether the time of an open attempt is over."""
    return attempt.ends_at is not None and here.now() > attempt.ends_at


def _attempt_page(found: Attempt, form: KeptForm, answers: dict[str, Answer], problems: dict[str, str] | None = None, unsaved: dict[str, Any] | None = None) -> Any:
    given = {item: response_in(answer) for item, answer in answers.items()}
    keys = review.opened(form, answers) if found.kind == "check" else {}
    return render_template(
        "service/attempt.html.j2",
        attempt=found,
        form=form,
        sheet=form.sheet,
        answers=answers,
        given={**given, **(unsaved or {})},
        problems=problems or {},
        keys=keys,
        left=seconds_left(found),
        policy=policy_of(here.settings(), here.library(), found.test),
        field=field,
    )


@page("/attempts/<attempt>/save", "learner", methods=("POST",))
def save_answers(attempt: str) -> Any:
    """Save what a page sends: one item from a script, all of them without one. What was acknowledged is on disk."""
    now, fields = here.now(), request.form
    wanted = request.args.get("item", "") or fields.get("item", "")
    problems: dict[str, str] = {}

    def work(writing: Session) -> tuple[Attempt, dict[str, Answer]]:
        problems.clear()
        found = own(locked(writing, attempt))
        form = form_of(found.form_id)
        saved: dict[str, Answer] = {}
        for asked in form.sheet.asked:
            item = asked.question.id
            if (wanted and item != wanted) or field(asked.number, "base") not in fields:
                continue
            given = _given(asked, fields, alone=bool(wanted))
            before = writing.get(Answer, (attempt, item))
            if not wanted and before is None and given.response is None and given.confidence is None and not given.flagged:
                continue
            if not wanted and before is not None and before.opened_at is not None:
                continue
            try:
                saved[item] = save(writing, found, form, item, given, now, here.settings().grace_seconds)
            except Conflict as conflict:
                saved[item] = conflict.answer
                if given.response is not None or wanted:  # a page that never touched an item takes nothing away elsewhere
                    problems[item] = "conflict"
            except NotNow as refused:
                problems[item] = refused.reason
        return found, saved

    try:
        found, saved = here.database().write(work)
    except KeyError:
        return abort(404)
    except NotPossible:
        return abort(400)
    if wants_json():
        return _saved_json(found, saved, problems)
    return _saved_page(found, problems, fields)


def _given(asked: Any, fields: Any, alone: bool = False) -> Given:
    number = asked.number
    base, sure = fields.get(field(number, "base"), ""), fields.get(field(number, "sure"), "")
    if (base and not (base.isascii() and base.isdigit() and len(base) < 9)) or sure not in ("", "1", "2", "3"):
        raise NotPossible("no such revision or confidence")
    response = read_fields(asked.question.interaction, number, fields)
    kept = int(base) if base and fields.get(field(number, "mine")) != "1" else None
    return Given(response, int(sure) if sure else None, fields.get(field(number, "flag")) == "1", kept, alone)


def _saved_json(found: Attempt, saved: dict[str, Answer], problems: dict[str, str], **more: str) -> Any:
    from coursewright.plan.sittings import response_json

    answers = {
        item: {
            "revision": answer.revision,
            "saved_at": moment_text(answer.saved_at),
            "response": response_json(response_in(answer)),
            "confidence": answer.confidence,
            "flagged": answer.flagged,
            "opened": answer.opened_at is not None,
        }
        for item, answer in saved.items()
    }
    status = 409 if problems else 200
    response = jsonify(answers=answers, problems=problems, left=seconds_left(found), state=found.state, **more)
    response.status_code = status
    return response


def _saved_page(found: Attempt, problems: dict[str, str], fields: Any) -> Any:
    if "submitted" in problems.values() or "time-over" in problems.values():
        flash(_("The time was over. What was saved before has been submitted.") if "time-over" in problems.values() else _("This attempt was submitted already."))
        return redirect(url_for("tests.attempt", attempt=found.id), 303)
    if problems:
        with here.database().reading() as reading:
            answers = answers_of(reading, found.id)
        form = form_of(found.form_id)
        mine = {asked.question.id: _given(asked, fields).response for asked in form.sheet.asked if asked.question.id in problems}
        return _attempt_page(found, form, answers, problems, mine), 409
    action = fields.get("then", "")
    if action == "review":
        return redirect(url_for("tests.before_submitting", attempt=found.id), 303)
    if action.startswith("open:") and found.kind == "check":
        return _open_key(found, action.removeprefix("open:"))
    number = action if action.isascii() and action.isdigit() and len(action) < 4 else ""
    flash(_("Your answers are saved."))
    return redirect(url_for("tests.attempt", attempt=found.id, _anchor=f"item-{number}" if number else None), 303)


def _open_key(found: Attempt, item: str) -> Any:
    """Show the key of one item of a knowledge check; its answer is final then."""
    now = here.now()

    def work(writing: Session) -> bool:
        kept = own(locked(writing, found.id))
        answer = writing.get(Answer, (kept.id, item))
        if answer is None or response_in(answer) is None:
            return False
        if kept.kind == "check" and kept.state == "open" and answer.opened_at is None:
            answer.opened_at = now
        return True

    if not here.database().write(work):
        flash(_("Answer the item first."))
    number = form_of(found.form_id).number_of.get(item)
    return redirect(url_for("tests.attempt", attempt=found.id, _anchor=f"item-{number}" if number else None), 303)


@page("/attempts/<attempt>/state", "learner")
def state(attempt: str) -> Any:
    """What is kept of an attempt, for a page that was away, and a token for what it sends next: never a key."""
    with here.database().reading() as reading:
        found = own(reading.get(Attempt, attempt))
        answers = answers_of(reading, attempt)
    return _saved_json(found, answers, {}, csrf=generate_csrf())


@page("/attempts/<attempt>/submit", "learner")
def before_submitting(attempt: str) -> Any:
    """What is answered, open and flagged, before it is handed in."""
    with here.database().reading() as reading:
        found = own(reading.get(Attempt, attempt))
        answers = answers_of(reading, attempt)
    if found.state != "open":
        return redirect(url_for("tests.result", attempt=attempt), 303)
    return render_template("service/submit.html.j2", attempt=found, form=form_of(found.form_id), answers=answers, given={item: response_in(a) for item, a in answers.items()})


@page("/attempts/<attempt>/submit", "learner", methods=("POST",))
def hand_in(attempt: str) -> Any:
    with here.database().reading() as reading:
        found = own(reading.get(Attempt, attempt))
    _submit(found, here.who().id, here.now() if request.form.get("overdue") == "1" else None)
    return redirect(url_for("tests.result", attempt=attempt), 303)


def _submit(found: Attempt, actor: str, ended: datetime | None = None) -> bool:
    """Hand in; whether it is. ended: only if the time, which may have been extended meanwhile, was over at that moment."""
    now = here.now()

    def work(writing: Session) -> bool:
        kept = locked(writing, found.id)
        if kept.state != "open":
            return True
        if ended is not None and (kept.ends_at is None or kept.ends_at > ended):
            return False
        result = submit(writing, kept, form_of(kept.form_id), now, actor)
        events.submitted(writing, here.settings(), here.library(), kept, result, now)
        return True

    return here.database().write(work)


@page("/attempts/<attempt>/result", "learner")
def result(attempt: str) -> Any:
    """The score, and as much of why as the policy has opened."""
    with here.database().reading() as reading:
        found = own(reading.get(Attempt, attempt))
        if found.state != "submitted":
            return redirect(url_for("tests.attempt", attempt=attempt), 303)
        where = standing(reading, here.settings(), here.library(), found.person_id, found.test, here.now())
        shown = review.plan_review(reading, here.settings(), here.library(), found, form_of(found.form_id), where, here.now())
    return render_template("service/result.html.j2", attempt=found, form=form_of(found.form_id), where=where, review=shown, in_words=response_in_words)


def sweep(when: Callable[[], datetime]) -> int:
    """Submit the attempts whose time is over. Returns how many."""
    from coursewright.serve.learning.attempts import overdue

    with here.database().reading() as reading:
        late = overdue(reading, when(), here.settings().grace_seconds)
        found = [reading.get(Attempt, id_) for id_ in late]
    count = 0
    for attempt_ in found:
        try:
            count += attempt_ is not None and _submit(attempt_, "service", latest_end(when(), here.settings().grace_seconds))
        except (Unavailable, SQLAlchemyError):
            raise
        except Exception:  # one that cannot be graded keeps nobody else waiting
            current_app.logger.exception("an overdue attempt was not submitted", extra={"attempt": attempt_.id if attempt_ else ""})
    if count:
        current_app.logger.info("submitted overdue attempts", extra={"count": count})
    return count
