"""What a learner should recall some days later: practice items, those of weak objectives first.

Testing again after a week and after a month keeps what was learned; items of the exam never take part. The choice follows
from the results and the course alone, so that a second run chooses the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from coursewright.model.course import Course
from coursewright.model.items.base import Question
from coursewright.model.items.case_cluster import CaseCluster
from coursewright.model.prose import Prose
from coursewright.plan.gradebook import Graded
from coursewright.plan.record import Record
from coursewright.plan.sheet import Asked, Group, Sheet

DAYS = (7, 30)
MOST = 5  # items a reminder
WEAK = Fraction(4, 5)  # an objective of which less was earned is weak


@dataclass(frozen=True)
class Earned:
    """What a learner earned on one item: a share from 0 to 1, and the objective that the item tests."""

    item: str
    objective: str
    share: Fraction


@dataclass(frozen=True)
class Reminder:
    """What is asked `days` after completion: ids of practice items, and the words of their objectives, each once."""

    days: int
    items: tuple[str, ...]
    objectives: tuple[str, ...] = ()


def earned_by(graded: Graded, record: Record) -> tuple[Earned, ...]:
    """What one learner of a gradebook earned, item by item; withdrawn items say nothing."""
    kept = (answered for answered in graded.answered if not answered.withdrawn)
    return tuple(Earned(answered.item, record.items[answered.version].objective, answered.share) for answered in kept)


def weak_objectives(course: Course, earned: Iterable[Earned], below: Fraction = WEAK) -> tuple[str, ...]:
    """The objectives of which less than `below` was earned, the weakest first."""
    means = _means(earned)
    return tuple(sorted((id_ for id_ in course.objectives if id_ in means and means[id_] < below), key=means.__getitem__))


def plan_recall(course: Course, earned: Sequence[Earned], *, most: int = MOST, days: Sequence[int] = DAYS) -> tuple[Reminder, ...]:
    """A reminder for each of `days`, each of at most `most` practice items. Raises ValueError where `most` is below 1.

    Every weak objective that has a practice item has one in each reminder, the weakest first; where there are more of them
    than places, those left out come first in the next. Places left over go to further items of weak objectives, then to
    objectives that were not tested, then to the rest. A reminder asks again what an earlier one asked only where nothing
    else is left. Within an objective, items that were missed come before new ones, and new ones before those that were right.
    """
    if most < 1:
        raise ValueError("a reminder needs room for an item")
    pools = _pools(course, {each.item: each.share for each in earned})
    weak = [id_ for id_ in weak_objectives(course, earned) if id_ in pools]
    means = _means(earned)
    others = sorted((id_ for id_ in pools if id_ not in weak), key=lambda id_: means.get(id_, Fraction(-1)))
    waiting, asked, made = deque(weak), set[str](), []
    for day in days:
        chosen: list[str] = []
        for objective in tuple(waiting)[:most]:
            chosen.append(next((id_ for id_ in pools[objective] if id_ not in asked), pools[objective][0]))
        waiting.rotate(-most if len(weak) > most else 0)
        for objectives, fresh in ((weak, True), (others, True), (weak, False), (others, False)):
            _fill(chosen, most, [[id_ for id_ in pools[o] if not (fresh and id_ in asked)] for o in objectives])
        asked.update(chosen)
        made.append(Reminder(day, tuple(chosen), _words(course, chosen)))
    return tuple(made)


def _pools(course: Course, shares: Mapping[str, Fraction]) -> dict[str, list[str]]:
    """The practice items of each objective that has any, in the order in which they are to be asked."""
    found: dict[str, list[str]] = {id_: [] for id_ in course.objectives}
    for item in course.single_items:
        if item.pool == "practice" and item.objective in found:
            found[item.objective].append(item.id)

    def rank(id_: str) -> Fraction:
        share = shares.get(id_)
        return Fraction(1) if share is None else share if share < 1 else Fraction(2)

    return {objective: sorted(items, key=rank) for objective, items in found.items() if items}


def _fill(chosen: list[str], most: int, queues: Iterable[list[str]]) -> None:
    """Take an item of each queue in turn until there are enough, or none is left."""
    turns = deque(deque(id_ for id_ in queue if id_ not in chosen) for queue in queues)
    while turns and len(chosen) < most:
        queue = turns.popleft()
        if queue:
            chosen.append(queue.popleft())
            turns.append(queue)


def _means(earned: Iterable[Earned]) -> dict[str, Fraction]:
    by: dict[str, list[Fraction]] = {}
    for each in earned:
        by.setdefault(each.objective, []).append(each.share)
    return {objective: sum(shares, Fraction(0)) / len(shares) for objective, shares in by.items()}


def _words(course: Course, chosen: Sequence[str]) -> tuple[str, ...]:
    by_item = {item.id: item.objective or "" for item in course.single_items}
    return tuple(dict.fromkeys(course.objectives[by_item[id_]].text for id_ in chosen))


def recall_sheet(course: Course, id_: str, title: str, items: Sequence[str]) -> Sheet:
    """The items of a reminder as a sheet, in their order. One of a case comes with its case, and with those beside it that share it."""
    asked: dict[str, tuple[Question, Prose | None, str]] = {item.id: (item.question, None, "") for item in course.single_items}
    for cluster in course.items:
        if isinstance(cluster, CaseCluster):
            asked.update({child.id: (child.question, cluster.case, cluster.id) for child in cluster.singles()})
    groups: list[Group] = []
    for number, item in enumerate(items, 1):
        question, case, case_id = asked[item]
        if case_id and groups and groups[-1].case_id == case_id:
            groups[-1] = replace(groups[-1], asked=(*groups[-1].asked, Asked(number, question)))
        else:
            groups.append(Group((Asked(number, question),), case, case_id))
    return Sheet(id_, title, tuple(groups))
