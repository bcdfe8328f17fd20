"""Decisions after a test: who would move, and the decision with all that follows from it in one transaction.

A decision counts for every cohort. So it is an administrator's, or that of a coordinator whose cohorts hold every
attempt at the test.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from coursewright.plan.adjusting import NoSuchItem, changes_nothing, emptied, items_called, read_key, standing
from coursewright.plan.gradebook import Adjustment, Gradebook, Moved, grade, moved
from coursewright.plan.record import Record, key_json
from coursewright.plan.sittings import NotAResponse
from coursewright.serve.learning import events
from coursewright.serve.learning.attempts import adjustments, earned, take_grade
from coursewright.serve.learning.kept_forms import load_record
from coursewright.serve.library import Library
from coursewright.serve.management.results import Scope, gradebook_of, with_names
from coursewright.serve.settings import Settings
from coursewright.serve.store import audit
from coursewright.serve.store.locks import lock_attempts
from coursewright.serve.store.tables import AdjustmentRow, Attempt, ResultRow, moment_text

ACTIONS = ("withdraw", "rekey", "restore")
DONE = {"withdraw": "item withdrawn", "rekey": "item given another key", "restore": "item restored"}
REASON = 1000  # characters


class Refused(Exception):
    """A decision that cannot be taken: a word that pages explain, and what was expected."""

    def __init__(self, word: str, expected: str = "") -> None:
        super().__init__(word)
        self.word, self.expected = word, expected


@dataclass(frozen=True)
class Wish:
    """A decision as it was asked for. key: as `plan.adjusting.read_key` takes it."""

    item: str
    action: str
    reason: str
    key: str = ""


@dataclass(frozen=True)
class Preview:
    """What a decision would change. last: the id of the last decision that was counted with; 0 where there was none."""

    decision: Adjustment
    before: Gradebook
    after: Gradebook
    moved: tuple[Moved, ...]
    last: int

    @property
    def failing(self) -> tuple[Moved, ...]:
        return tuple(move for move in self.moved if move.before.passed and not move.after.passed)

    @property
    def passing(self) -> tuple[Moved, ...]:
        return tuple(move for move in self.moved if move.after.passed and not move.before.passed)


def may_decide(session: Session, scope: Scope, test: str) -> bool:
    """Whether somebody with this scope may decide about a test's items."""
    if scope.everything:
        return True
    own = sorted(scope.ids or ())
    outside = or_(Attempt.cohort_id.is_(None), Attempt.cohort_id.not_in(own))
    count = select(func.count()).select_from(Attempt).where(Attempt.test == test, Attempt.state != "void")
    return bool(session.scalar(count)) and not session.scalar(count.where(outside))


def forms_met(session: Session, library: Library, test: str) -> Record:
    """Every form of a test that somebody has met, open attempts too."""
    forms = set(session.execute(select(Attempt.form_id).where(Attempt.test == test, Attempt.state != "void").distinct()).scalars())
    return load_record(session, library.course.info.id, test, library.title_of(test), forms)


def last_decision(session: Session, test: str) -> int:
    return session.scalar(select(func.max(AdjustmentRow.id)).where(AdjustmentRow.test == test)) or 0


def decision_of(session: Session, library: Library, test: str, wish: Wish, by: str, now: datetime) -> Adjustment:
    """A decision that is sound for every form met and changes something. Raises Refused."""
    reason = " ".join(wish.reason.split())
    if wish.action not in ACTIONS:
        raise Refused("action")
    if not reason or len(reason) > REASON or "\0" in reason:
        raise Refused("reason")
    met, before = forms_met(session, library, test), adjustments(session, test)
    try:
        versions = items_called(met, wish.item)
        keys = [read_key(version, wish.key[:500]) for version in versions] if wish.action == "rekey" else [None]
    except NoSuchItem:
        raise Refused("item") from None
    except NotAResponse as error:
        raise Refused("key", str(error)) from None
    made = Adjustment(wish.item, wish.action, reason, by, moment_text(now), keys[0], frozenset(version.fingerprint for version in versions))
    if changes_nothing(before, made):
        raise Refused("decided" if wish.action != "restore" else "nothing-decided")
    if emptied(met, (*before, made)):
        raise Refused("emptied")
    return made


def preview(session: Session, library: Library, test: str, wish: Wish, by: str, now: datetime) -> Preview:
    """Who would move, of all submitted attempts of all cohorts. Raises Refused."""
    decision = decision_of(session, library, test, wish, by, now)
    before = gradebook_of(session, library, test, None, "all")
    named = with_names(session, (decision,))
    after = grade(before.name, before.record, (graded.sitting for graded in before.graded), (*before.adjustments, *named))
    return Preview(decision, before, after, moved(before, after), last_decision(session, test))


def decide(session: Session, settings: Settings, library: Library, test: str, wish: Wish, last: int, by: str, now: datetime) -> tuple[int, int]:
    """Take a decision and grade every submitted attempt again; how many scores and how many results moved. Raises Refused.

    last: of the preview that was looked at; `Refused("stale")` where something was decided since. Nobody saves or submits
    while this runs, so no attempt is graded by what was decided before and missed here.
    """
    lock_attempts(session, "EXCLUSIVE")
    decision = decision_of(session, library, test, wish, by, now)
    if last_decision(session, test) != last:
        raise Refused("stale")
    before = standing(adjustments(session, test), wish.item)
    key = None if decision.key is None else key_json(decision.key)
    session.add(AdjustmentRow(test=test, item=decision.item, action=decision.action, reason=decision.reason, by=by, at=now, key=key, versions=sorted(decision.versions)))
    session.flush()
    held = None if before is None else {"action": before.action, "key": before.key and key_json(before.key)}
    audit.append(session, now, by, DONE[wish.action], f"item:{test}/{wish.item}", held, {"action": wish.action, "key": key})
    return regrade_all(session, settings, library, test, by, now)


def regrade_all(session: Session, settings: Settings, library: Library, test: str, by: str, now: datetime) -> tuple[int, int]:
    """Grade every submitted attempt of a test again; how many scores and how many results moved."""
    scores = results = 0
    kept = {row.attempt_id: row for row in session.execute(select(ResultRow).join(Attempt, Attempt.id == ResultRow.attempt_id).where(Attempt.test == test, Attempt.state == "submitted")).scalars()}
    for graded in gradebook_of(session, library, test, None, "all").graded:
        attempt = graded.sitting.sheet
        row = kept.get(attempt)
        if row is None or all(getattr(row, name) == value for name, value in earned(graded).items()):
            continue
        passed = row.passed
        if take_grade(session, attempt, graded, now, by):
            scores += 1
            results += passed != row.passed
            found = session.get(Attempt, attempt)
            assert found is not None
            events.moved(session, settings, library, found, row, now)
    return scores, results
