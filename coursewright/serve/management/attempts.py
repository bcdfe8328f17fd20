"""Attempts in the hands of staff: extended, reopened, made void. Each with a reason, and logged with what was before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.model.interaction import Choice, Match, NumericEntry, Order, Response
from coursewright.model.prose import Line
from coursewright.plan.gradebook import Answered, Graded
from coursewright.plan.sheet import Keyed, label
from coursewright.serve.learning import events
from coursewright.serve.learning.attempts import answers_of, digest, ends_at, grade_one, locked, response_in
from coursewright.serve.learning.kept_forms import KeptForm
from coursewright.serve.library import Library
from coursewright.serve.management.cohorts import Refused
from coursewright.serve.management.people import certificate_of, reason_of
from coursewright.serve.security.access import Who
from coursewright.serve.settings import Settings
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Answer, Attempt, Person, ResultRow, moment_text

MOST_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class Shown:
    """An item of an attempt as staff see it: with its key, what was given, and, once handed in, what it earned."""

    keyed: Keyed
    answer: Answer | None
    given: tuple[tuple[str | Line, ...], ...]
    answered: Answered | None


@dataclass(frozen=True)
class Whole:
    """An attempt with all its items."""

    attempt: Attempt
    result: ResultRow | None
    graded: Graded | None
    items: tuple[Shown, ...]


def whole(session: Session, attempt: Attempt, form: KeptForm) -> Whole:
    """What was given, item by item; with scores where the attempt was handed in."""
    answers = answers_of(session, attempt.id)
    graded = None if attempt.state == "open" else grade_one(session, attempt, form, answers)
    scores: tuple[Answered | None, ...] = graded.answered if graded is not None else (None,) * len(form.keys.keyed)
    items = []
    for keyed, answered in zip(form.keys.keyed, scores, strict=True):
        answer = answers.get(keyed.question.id)
        items.append(Shown(keyed, answer, in_words(keyed, response_in(answer)), answered))
    return Whole(attempt, session.get(ResultRow, attempt.id), graded, tuple(items))


def in_words(keyed: Keyed, response: Response) -> tuple[tuple[str | Line, ...], ...]:
    """A response in the words of its question: a line a choice, pair or step, each of parts that follow one another."""
    match keyed.question.interaction, response:
        case Match(prompts=prompts, choices=choices), Mapping():
            texts = {choice.id: choice.text for choice in choices}
            return tuple((prompt.text, " → ", texts[response[prompt.id]]) for prompt in prompts if response.get(prompt.id) in texts)
        case Order(alternatives=alternatives), tuple():
            texts = {alternative.id: alternative.text for alternative in alternatives}
            return tuple((f"{place}. ", texts[id_]) for place, id_ in enumerate(response, 1) if id_ in texts)
        case Choice(alternatives=alternatives), frozenset():
            return tuple((f"{label(index)}. ", alternative.text) for index, alternative in enumerate(alternatives) if alternative.id in response)
        case NumericEntry(unit=unit), str():
            return ((f"{response} {unit}".strip(),),)
        case _, str():
            return ((response,),)
    return ()


def extend(session: Session, attempt: str, person: Person, minutes: int, reason: str, who: Who, now: datetime) -> datetime:
    """More time for an open attempt: from its end, or from now where that has passed. Returns the new end. Raises Refused."""
    found = locked(session, attempt)
    logged = reason_of(reason, person)
    if not 1 <= minutes <= MOST_MINUTES:
        raise Refused("minutes")
    if found.state != "open":
        raise Refused("not-open")
    if found.ends_at is None:
        raise Refused("no-limit")
    before = found.ends_at
    found.ends_at = max(before, now) + timedelta(minutes=minutes)
    session.flush()
    audit.append(session, now, who.id, "attempt extended", f"attempt:{found.id}", {"ends_at": moment_text(before)}, {"ends_at": moment_text(found.ends_at), "reason": logged})
    return found.ends_at


def reopen(session: Session, library: Library, attempt: str, person: Person, minutes: int | None, despite_certificate: bool, reason: str, who: Who, now: datetime) -> Attempt:
    """Let a learner go on with an attempt that was handed in. Its result stands until it is handed in again.

    minutes: how long; None for as long as the test gives this learner. Raises Refused.
    """
    found = locked(session, attempt)
    logged = reason_of(reason, person)
    if found.state != "submitted" or found.kind == "paper":
        raise Refused("not-submitted")
    if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
        raise Refused("minutes")
    if session.scalar(select(Attempt.id).where(Attempt.person_id == found.person_id, Attempt.test == found.test, Attempt.state == "open")):
        raise Refused("another-open")
    serial = _certificate_on(session, found, despite_certificate)
    blueprint = library.tests.get(found.test)
    limited = blueprint is not None and blueprint.minutes is not None
    before = {**_state(found), "result": _result(session, found), "answers": digest(answers_of(session, found.id))}
    found.state, found.submitted_at = "open", None
    found.ends_at = None if not limited or blueprint is None else now + timedelta(minutes=minutes) if minutes else ends_at(person, blueprint.minutes, now)
    session.flush()
    after = {**_state(found), "reason": logged, **({"certificate": serial} if serial else {})}
    audit.append(session, now, who.id, "attempt reopened", f"attempt:{found.id}", before, after)
    return found


def void(session: Session, settings: Settings, library: Library, attempt: str, person: Person, despite_certificate: bool, reason: str, who: Who, now: datetime) -> Attempt:
    """Count an attempt as never made: the learner has it back. Answers and result are kept for the record. Raises Refused."""
    found = locked(session, attempt)
    logged = reason_of(reason, person)
    if found.state == "void":
        raise Refused("void-already")
    serial = _certificate_on(session, found, despite_certificate)
    before = {**_state(found), "result": _result(session, found)}
    found.state = "void"
    session.flush()
    after = {"state": "void", "reason": logged, **({"certificate": serial} if serial else {})}
    audit.append(session, now, who.id, "attempt made void", f"attempt:{found.id}", before, after)
    events.voided(session, settings, library, found, now)
    return found


def _certificate_on(session: Session, attempt: Attempt, despite: bool) -> str:
    """The serial of the certificate that rests on an attempt. Raises Refused unless that was said to be known."""
    certificate = certificate_of(session, attempt.person_id)
    if certificate is None or certificate.attempt_id != attempt.id:
        return ""
    if not despite:
        raise Refused("certificate")
    return certificate.serial


def _state(attempt: Attempt) -> dict[str, str | None]:
    moments = {"ends_at": attempt.ends_at, "submitted_at": attempt.submitted_at}
    return {"state": attempt.state, **{name: None if moment is None else moment_text(moment) for name, moment in moments.items()}}


def _result(session: Session, attempt: Attempt) -> dict[str, Any] | None:
    result = session.get(ResultRow, attempt.id)
    return None if result is None else {"earned": result.earned, "possible": result.possible, "needed": result.needed, "passed": result.passed}
