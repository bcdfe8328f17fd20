"""The forms at the end of the course: the evaluation, the commitment to change, and its follow-ups.

What a browser sends becomes content that is kept; what cannot be kept is named by field, and the rest is kept all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from coursewright.model.course import Course
from coursewright.serve.learning.responses import NotPossible
from coursewright.serve.learning.writing import SHORT, Content, Fields, one, text_of
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Writing

EVALUATION, COMMITMENT = "evaluation", "commitment"
FOLLOW_UPS = {"day-30": 30, "day-60": 60}
ACTIVITY = ("current", "relevant", "format", "fair", "accessible")
BARRIERS = ("time", "cost", "staff", "policy", "access", "preferences", "none")
TEXTS = ("bias_where", "change", "barriers_other", "improve")
OUTCOMES = ("done", "part", "not")
GRADES = ("1", "2", "3", "4", "5")


@dataclass
class Filled:
    """A form as it was sent: what can be kept, what stands in its fields, why something cannot be kept, and what is still missing.

    Faults and missing entries are named by their fields.
    """

    content: Content
    shown: Content
    faults: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def _choice(fields: Fields, name: str, among: tuple[str, ...]) -> str:
    value = one(fields, name)
    if value and value not in among:
        raise NotPossible("no such choice")
    return value


def _graded(fields: Fields, name: str) -> int | None:
    value = _choice(fields, name, GRADES)
    return int(value) if value else None


def empty_evaluation() -> Content:
    return {"objectives": {}, "activity": {}, "bias": "", "minutes": None, "barriers": [], **dict.fromkeys(TEXTS, "")}


def read_evaluation(course: Course, fields: Fields, before: Content) -> Filled:
    """An evaluation form. before: what is kept; a text that cannot be kept leaves the earlier one. Raises NotPossible."""
    content: Content = {**empty_evaluation(), "bias": _choice(fields, "bias", ("yes", "no"))}
    made = Filled(content, content)
    for part, ids in (("objectives", tuple(course.objectives)), ("activity", ACTIVITY)):
        for id_ in ids:
            name = f"{part}-{id_}"
            if (grade := _graded(fields, name)) is not None:
                content[part][id_] = grade
            else:
                made.missing[name] = "missing"
    if not content["bias"]:
        made.missing["bias"] = "missing"
    barriers = set(fields.getlist("barriers"))
    if barriers - set(BARRIERS):
        raise NotPossible("no such barrier")
    content["barriers"] = [b for b in BARRIERS if b in barriers]
    made.shown = {**content}
    minutes = one(fields, "minutes").strip()
    made.shown["minutes"] = minutes[:20]
    if minutes and not (minutes.isascii() and minutes.isdigit() and len(minutes) < 5):
        made.faults["minutes"], content["minutes"] = "number", before["minutes"]
    else:
        content["minutes"] = int(minutes) if minutes else None
    for name in TEXTS:
        _take(made, content, made.shown, name, one(fields, name), before[name], name)
    return made


def _take(made: Filled, content: Content, shown: Content, key: str, value: str, before: str, name: str, short: bool = False) -> None:
    text, fault = text_of(value, SHORT) if short else text_of(value)
    shown[key] = text
    content[key] = before if fault else text
    if fault:
        made.faults[name] = fault


def empty_commitment(changes: int) -> Content:
    return {"changes": [{"what": "", "when": "", "barrier": "", "sure": None} for _ in range(changes)]}


def read_commitment(changes: int, fields: Fields, before: Content) -> Filled:
    """A commitment to change. Raises NotPossible."""
    made = Filled({"changes": []}, {"changes": []})
    for n in range(1, changes + 1):
        old = before["changes"][n - 1] if n <= len(before["changes"]) else empty_commitment(1)["changes"][0]
        content: Content = {"sure": _graded(fields, f"sure-{n}")}
        shown: Content = {**content}
        for key in ("what", "when", "barrier"):
            _take(made, content, shown, key, one(fields, f"{key}-{n}"), old[key], f"{key}-{n}", key == "when")
        made.content["changes"].append(content)
        made.shown["changes"].append(shown)
        if not content["what"].strip() and (content["when"].strip() or content["barrier"].strip() or content["sure"]):
            made.missing[f"what-{n}"] = "lonely"
    if not any(change["what"].strip() for change in made.content["changes"]):
        made.missing.setdefault("what-1", "missing")
    return made


def committed(content: Content) -> list[tuple[int, Content]]:
    """The changes that somebody committed to, under their numbers."""
    return [(n, change) for n, change in enumerate(content["changes"], 1) if change["what"].strip()]


def empty_follow_up(commitment: Content) -> Content:
    return {"changes": {str(n): {"outcome": "", "why": ""} for n, _ in committed(commitment)}}


def read_follow_up(commitment: Content, fields: Fields, before: Content) -> Filled:
    """What became of each change. Raises NotPossible."""
    made = Filled({"changes": {}}, {"changes": {}})
    for n, _ in committed(commitment):
        content: Content = {"outcome": _choice(fields, f"outcome-{n}", OUTCOMES)}
        shown: Content = {**content}
        _take(made, content, shown, "why", one(fields, f"why-{n}"), before["changes"][str(n)]["why"], f"why-{n}")
        made.content["changes"][str(n)], made.shown["changes"][str(n)] = content, shown
        if not content["outcome"]:
            made.missing[f"outcome-{n}"] = "missing"
    return made


def opens_at(commitment: Writing, day: str) -> datetime:
    """When a follow-up of a submitted commitment opens."""
    assert commitment.submitted_at is not None
    return commitment.submitted_at + timedelta(days=FOLLOW_UPS[day])


def submit(session: Session, row: Writing, action: str, now: datetime) -> None:
    """A draft becomes final. The log says that it was, not what it says."""
    row.submitted_at = now
    session.flush()
    after: dict[str, Any] | None = {"form": row.kind} if row.kind in FOLLOW_UPS else None
    audit.append(session, now, row.person_id, action, f"person:{row.person_id}", after=after)
