"""Attempts: begun, answered, submitted, graded. Every function works within one transaction, and may be run again.

An attempt's row is locked while an answer is saved and while it is submitted, so that no answer is acknowledged that
the grade does not hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from coursewright.model.interaction import Response
from coursewright.plan.gradebook import Adjustment, Graded, Sitting, grade
from coursewright.plan.record import key_of
from coursewright.plan.sittings import response_json, response_of
from coursewright.serve.learning.kept_forms import KeptForm, record_of
from coursewright.serve.store import audit
from coursewright.serve.store.tables import AdjustmentRow, Answer, Attempt, Member, Person, ResultRow, moment_text

NOTHING = "null"


class NotNow(Exception):
    """Something that a learner may not do at this moment: a word that pages explain (`time-over`, `submitted`, `no-attempts` …)."""

    def __init__(self, reason: str, until: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason, self.until = reason, until


class Conflict(Exception):
    """An answer that was changed elsewhere since the page was shown: what is kept now."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("changed elsewhere")
        self.answer = answer


@dataclass(frozen=True)
class Given:
    """What a page sends of an item. base: the revision that the page had; None to overwrite whatever is there. alone: as it was given."""

    response: Response
    confidence: int | None = None
    flagged: bool = False
    base: int | None = None
    alone: bool = False


def locked(session: Session, attempt: str) -> Attempt:
    """An attempt's row, which nobody else changes until this transaction ends. Raises KeyError."""
    found = session.execute(select(Attempt).where(Attempt.id == attempt).with_for_update()).scalar_one_or_none()
    if found is None:
        raise KeyError(attempt)
    return found


def begin(session: Session, person: Person, cohort: str | None, test: str, kind: str, form: str, number: int, ends_at: datetime | None, now: datetime) -> Attempt:
    """A new attempt on a kept form."""
    made = Attempt(person_id=person.id, cohort_id=cohort, test=test, kind=kind, number=number, form_id=form, state="open", started_at=now, ends_at=ends_at)
    session.add(made)
    session.flush()
    audit.append(session, now, person.id, "attempt began", f"attempt:{made.id}", after={"person": person.id, "test": test, "number": number, "form": form, "ends_at": ends_at and moment_text(ends_at)})
    return made


def ends_at(person: Person, minutes: int | None, now: datetime, closes: datetime | None = None) -> datetime | None:
    """The end of the time of somebody who begins now, extra time included: a percentage first, then minutes. It never lies beyond `closes`."""
    limit = None if minutes is None else now + timedelta(minutes=minutes * (100 + person.extra_percent) / 100 + person.extra_minutes)
    return min((moment for moment in (limit, closes) if moment is not None), default=None)


def move_ends(session: Session, minutes_of: Callable[[str], int | None], cohort: str, before: datetime | None, closes: datetime | None, actor: str, now: datetime) -> None:
    """A cohort closes at another moment: so do the attempts at tests that would end later, or ended with it. What was extended by hand beyond the
    former closing stays extended. minutes_of: the time of a test; raises KeyError for what is no test."""
    latest = None if closes is None else max(closes, now)
    for attempt, person in session.execute(select(Attempt, Person).join(Person, Person.id == Attempt.person_id).where(Attempt.cohort_id == cohort, Attempt.state == "open", Attempt.kind == "test").with_for_update(of=Attempt)):
        was = attempt.ends_at
        if before is not None and was is not None and was > before:
            continue
        if was is None or was == before:
            try:
                end = ends_at(person, minutes_of(attempt.test), attempt.started_at, latest)
            except KeyError:
                continue
        else:
            end = was if latest is None else min(was, latest)
        if end != was:
            attempt.ends_at = end
            audit.append(session, now, actor, "end moved", f"attempt:{attempt.id}", {"ends_at": was and moment_text(was)}, {"ends_at": end and moment_text(end), "reason": "the cohort closes at another moment"})
    session.flush()


def save(session: Session, attempt: Attempt, form: KeptForm, item: str, given: Given, now: datetime, grace: int) -> Answer:
    """Save one answer of a locked attempt. Raises NotNow, Conflict, KeyError for an item that is not on the form.

    The same answer sent twice is one save, so a browser may repeat what it is unsure of. Changed and changed back, it is
    saved anew: the change itself may still be under way, and must be refused when it comes.
    """
    if item not in form.number_of:
        raise KeyError(item)
    _look_open(attempt, now, grace)
    text = json.dumps(response_json(given.response), ensure_ascii=False)
    answer = session.get(Answer, (attempt.id, item))
    if answer is None:
        answer = Answer(attempt_id=attempt.id, item=item, response=text, confidence=given.confidence, flagged=given.flagged, revision=1, saved_at=now)
        session.add(answer)
        return answer
    back = given.alone and given.base == answer.revision and answer.opened_at is None
    if (answer.response, answer.confidence, answer.flagged) == (text, given.confidence, given.flagged) and not back:
        return answer
    if answer.opened_at is not None:
        raise NotNow("opened")
    if given.base is not None and given.base != answer.revision:
        raise Conflict(answer)
    answer.response, answer.confidence, answer.flagged = text, given.confidence, given.flagged
    answer.revision += 1
    answer.saved_at = now
    return answer


def _look_open(attempt: Attempt, now: datetime, grace: int) -> None:
    if attempt.state != "open":
        raise NotNow("submitted")
    if attempt.ends_at is not None and now > attempt.ends_at + timedelta(seconds=grace):
        raise NotNow("time-over")


def answers_of(session: Session, attempt: str) -> dict[str, Answer]:
    """The answers of an attempt by item."""
    return {answer.item: answer for answer in session.execute(select(Answer).where(Answer.attempt_id == attempt)).scalars()}


def response_in(answer: Answer | None) -> Response:
    """The response that a row holds."""
    return None if answer is None else response_of(json.loads(answer.response))


def submit(session: Session, attempt: Attempt, form: KeptForm, now: datetime, actor: str) -> ResultRow:
    """Close a locked attempt and grade it. One that was graded already keeps its result."""
    before = session.get(ResultRow, attempt.id)
    if before is not None and attempt.state == "submitted":
        return before
    answers = answers_of(session, attempt.id)
    attempt.state = "submitted"
    attempt.submitted_at = min(now, attempt.ends_at) if attempt.ends_at else now
    graded = grade_one(session, attempt, form, answers)
    if before is None:
        result = ResultRow(attempt_id=attempt.id, graded_at=now, **earned(graded))
        session.add(result)
    else:  # reopened and submitted again
        result = before
        _take(result, graded, now)
    session.flush()
    audit.append(session, now, actor, "attempt submitted", f"attempt:{attempt.id}", after={**earned(graded), "answers": digest(answers), "submitted_at": moment_text(attempt.submitted_at)})
    return result


def grade_one(session: Session, attempt: Attempt, form: KeptForm, answers: dict[str, Answer] | None = None) -> Graded:
    """An attempt graded with the adjustments made so far."""
    responses = {item: response_in(answer) for item, answer in (answers_of(session, attempt.id) if answers is None else answers).items()}
    sitting = Sitting(form.id, responses, learner_id=attempt.person_id)
    return grade(attempt.test, record_of("", attempt.test, [form]), [sitting], adjustments(session, attempt.test)).graded[0]


def adjustments(session: Session, test: str) -> tuple[Adjustment, ...]:
    """The decisions on a test's items, oldest first."""
    rows = session.execute(select(AdjustmentRow).where(AdjustmentRow.test == test).order_by(AdjustmentRow.id)).scalars()
    return tuple(Adjustment(r.item, r.action, r.reason, r.by, moment_text(r.at), None if r.key is None else key_of(r.key), frozenset(r.versions or ())) for r in rows)


def digest(answers: dict[str, Answer]) -> str:
    """A hash over all answers: the log keeps it, so that a later change of an answer can be shown."""
    content = sorted((a.item, a.response) for a in answers.values())
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def earned(graded: Graded) -> dict[str, Any]:
    """A grade as the columns of its row."""
    return {"earned": str(graded.earned), "possible": str(graded.possible), "needed": graded.cut.needed, "passed": graded.passed}


def _take(result: ResultRow, graded: Graded, now: datetime) -> None:
    for name, value in earned(graded).items():
        setattr(result, name, value)
    result.graded_at = now


def regrade(session: Session, attempt: Attempt, form: KeptForm, now: datetime, actor: str) -> bool:
    """Grade a submitted attempt again; whether the result moved. The log keeps what was before."""
    return take_grade(session, attempt.id, grade_one(session, attempt, form), now, actor)


def take_grade(session: Session, attempt: str, graded: Graded, now: datetime, actor: str) -> bool:
    """Keep a new grade of a submitted attempt; whether the result moved. The log keeps what was before."""
    result = session.get(ResultRow, attempt)
    after = earned(graded)
    if result is None or all(getattr(result, name) == value for name, value in after.items()):
        return False
    before = {name: getattr(result, name) for name in after}
    _take(result, graded, now)
    session.flush()
    audit.append(session, now, actor, "result moved", f"attempt:{attempt}", before, after)
    return True


def latest_end(now: datetime, grace: int) -> datetime:
    """An attempt that ended before this is handed in: what was on its way in its last moment has arrived."""
    return now - timedelta(seconds=grace)


def overdue(session: Session, now: datetime, grace: int) -> list[str]:
    """The open attempts whose time is over."""
    end = latest_end(now, grace)
    return list(session.execute(select(Attempt.id).where(Attempt.state == "open", Attempt.ends_at.is_not(None), Attempt.ends_at < end).limit(200)).scalars())


def cohort_of(session: Session, person: str) -> str | None:
    """The cohort that a learner's new attempts belong to: the one joined last."""
    return session.scalar(select(Member.cohort_id).where(Member.person_id == person).order_by(Member.joined_at.desc()).limit(1))


def last_number(session: Session, person: str, test: str) -> int:
    """The number of a person's last attempt at a test; 0 where there is none."""
    return session.scalar(select(func.max(Attempt.number)).where(Attempt.person_id == person, Attempt.test == test)) or 0
