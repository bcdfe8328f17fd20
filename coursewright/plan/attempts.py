"""Several attempts of one learner: which of them counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from coursewright.plan.answer_faults import several_attempts
from coursewright.plan.gradebook import Sitting
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.span import Span

POLICIES = ("best", "first", "last")
DEFAULT = "last"


@dataclass(frozen=True)
class Attempt:
    """A sitting as a table gave it. `number` orders the attempts of a learner; `line` is where it stands.

    finished: whether it was handed in; one that was not counts only where there is no other.
    """

    sitting: Sitting
    number: int
    line: int
    finished: bool = True


def counting(attempts: Iterable[Attempt], policy: str, earned: Callable[[Sitting], Fraction], place: Callable[[int], Span]) -> tuple[list[Sitting], list[Diagnostic]]:
    """One sitting a learner, in the order of the table, and a word on each learner who has several.

    Learners are told apart by id; rows without one stay as they are. `attempts` goes into the roster's column.
    """
    by_learner: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        sitting = attempt.sitting
        by_learner.setdefault(sitting.identity if sitting.learner_id else f"line:{attempt.line}", []).append(attempt)
    kept, found = [], []
    for same in by_learner.values():
        finished = [attempt for attempt in same if attempt.finished]
        ordered = sorted(finished or same, key=lambda attempt: attempt.number)
        if policy == "best":
            chosen = max(ordered, key=lambda attempt: (earned(attempt.sitting), -attempt.number))
        else:
            chosen = ordered[0 if policy == "first" else -1]
        if len(ordered) > 1:
            found.append(several_attempts(place(chosen.line), chosen.sitting.name, len(ordered), policy))
            roster = {**dict(chosen.sitting.roster), "attempts": str(len(ordered))}
            chosen = replace(chosen, sitting=replace(chosen.sitting, roster=tuple(roster.items())))
        kept.append(chosen.sitting)
    return kept, found
