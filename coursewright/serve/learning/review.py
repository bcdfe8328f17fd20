"""What a learner sees after submitting: the score always; objectives, keys and rationales as the policy opens them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.model.interaction import Response, score
from coursewright.plan.gradebook import Answered, Graded
from coursewright.plan.sheet import Keyed
from coursewright.serve.learning.attempts import answers_of, cohort_of, grade_one, response_in
from coursewright.serve.learning.kept_forms import KeptForm
from coursewright.serve.learning.taking import Standing, policy_of
from coursewright.serve.library import Library
from coursewright.serve.settings import Policy, Settings
from coursewright.serve.store.tables import Answer, Attempt, Cohort


@dataclass(frozen=True)
class ByObjective:
    """An objective with what its items earned, and the sections to read again."""

    text: str
    earned: Fraction
    possible: Fraction
    sections: tuple[tuple[str, str], ...]  # id, `2.3 Title`

    @property
    def complete(self) -> bool:
        return self.earned == self.possible


@dataclass(frozen=True)
class Calibration:
    """How sure somebody was, and how often that was right: 1 guess, 2 fairly sure, 3 sure. Of one item it would tell the key, so it opens with the keys."""

    level: int
    items: int
    share: Fraction


@dataclass(frozen=True)
class ItemReview:
    """One item with its key. Only made where the policy has opened keys."""

    keyed: Keyed
    answered: Answered
    confidence: int | None


@dataclass(frozen=True)
class Review:
    """What may be shown. `objectives` and `items` are empty where they are closed; `opens` says when keys open, in a word."""

    graded: Graded
    objectives: tuple[ByObjective, ...]
    items: tuple[ItemReview, ...]
    calibration: tuple[Calibration, ...]
    opens: str


def keys_open(policy: Policy, where: Standing, closed: bool) -> bool:
    """Whether keys and rationales of a submitted attempt may be shown now."""
    if where.open is not None:
        return False
    return policy.review == "keys" or (policy.review == "keys-at-end" and (where.finished or closed)) or (policy.review == "keys-at-close" and closed)


def plan_review(session: Session, settings: Settings, library: Library, attempt: Attempt, form: KeptForm, where: Standing, now: datetime) -> Review:
    """The review of a submitted attempt."""
    policy = policy_of(settings, library, attempt.test)
    closed = _closed(session, attempt, now)
    answers = answers_of(session, attempt.id)
    graded = grade_one(session, attempt, form, answers)
    open_ = keys_open(policy, where, closed)
    items = tuple(ItemReview(keyed, answered, _sure(answers.get(answered.item))) for keyed, answered in zip(form.keys.keyed, graded.answered, strict=True)) if open_ else ()
    objectives = by_objective(form, graded) if policy.review != "score" else ()
    return Review(graded, objectives, items, calibration(answers, graded) if policy.confidence and open_ else (), "" if open_ or policy.review in ("score", "objectives") else policy.review)


def _closed(session: Session, attempt: Attempt, now: datetime) -> bool:
    """Whether the course has closed for a learner: the cohort that the attempt was made in, and the one that the learner is in now.

    It has not, while somebody of them still sits the test: somebody whose time was extended.
    """
    ids = {id_ for id_ in (attempt.cohort_id, cohort_of(session, attempt.person_id)) if id_}
    cohorts = [session.get(Cohort, id_) for id_ in ids]
    if not cohorts or not all(cohort is not None and cohort.closes_at is not None and now >= cohort.closes_at for cohort in cohorts):
        return False
    return session.scalar(select(Attempt.id).where(Attempt.cohort_id.in_(ids), Attempt.test == attempt.test, Attempt.state == "open").limit(1)) is None


def by_objective(form: KeptForm, graded: Graded) -> tuple[ByObjective, ...]:
    """What each objective's items earned, in the order of the form; withdrawn items are left out."""
    sums: dict[str, list[Fraction]] = {}
    sections: dict[str, dict[str, str]] = {}
    for item, answered in zip(form.items, graded.answered, strict=True):
        text = item.objective_text
        if answered.withdrawn or not text:
            continue
        earned = sums.setdefault(text, [Fraction(0), Fraction(0)])
        earned[0] += answered.earned
        earned[1] += answered.points
        if answered.share < 1 and item.section:
            sections.setdefault(text, {})[item.section] = item.section_text
    return tuple(ByObjective(text, earned, possible, tuple(sections.get(text, {}).items())) for text, (earned, possible) in sums.items())


def calibration(answers: dict[str, Answer], graded: Graded) -> tuple[Calibration, ...]:
    """The share earned at each level of confidence that was used."""
    levels: dict[int, list[Fraction]] = {}
    for answered in graded.answered:
        sure = _sure(answers.get(answered.item))
        if sure is not None and not answered.withdrawn:
            levels.setdefault(sure, []).append(answered.share)
    return tuple(Calibration(level, len(shares), sum(shares, Fraction(0)) / len(shares)) for level, shares in sorted(levels.items(), reverse=True))


def opened(form: KeptForm, answers: dict[str, Answer]) -> dict[str, tuple[Keyed, Fraction, Response]]:
    """The keys that a knowledge check has shown already, by item, with what the answer earned."""
    made = {}
    for keyed in form.keys.keyed:
        answer = answers.get(keyed.question.id)
        if answer is not None and answer.opened_at is not None:
            response = response_in(answer)
            made[keyed.question.id] = (keyed, score(keyed.key, response), response)
    return made


def _sure(answer: Answer | None) -> int | None:
    return answer.confidence if answer is not None else None
