"""Certificates and learner records: what stands on them, under which serial number, and what their codes state."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from coursewright.model.course import Course
from coursewright.model.credit import contact_hours, final_form, plan_credit
from coursewright.plan.form import plan_form
from coursewright.plan.notice import SAMPLE
from coursewright.read.roster import Learner

TYPE = "contact hours"


@dataclass(frozen=True)
class Certificate:
    """One learner's certificate. `sample` is empty where it is valid for credit."""

    learner: Learner
    serial: str
    hours: Decimal
    credit_type: str
    sample: str
    statement: dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """What it takes to pass: points of all points, and as a percentage for people."""

    needed: int
    points: int
    percent: Decimal

    def passes(self, score_percent: Decimal) -> bool:
        """Whether a percentage of the points reaches the bar, counted in whole points: `ceil(percent × points)`.

        Two thirds may be written as 66.66 or 66.67: so much rounding of the percentage is allowed for, and no more.
        """
        return score_percent >= Decimal(100) * self.needed / self.points - Decimal("0.007")


def plan_bar(course: Course) -> Bar | None:
    """The bar of the final form; None where there is no test."""
    blueprint = final_form(course)
    if blueprint is None:
        return None
    cut = plan_form(course, blueprint).cut
    return Bar(cut.needed, int(cut.points), Decimal(repr(round(cut.needed_percent, 2))) if cut.percent is None else cut.percent)


def plan_certificate(course: Course, learner: Learner, hours: Decimal) -> Certificate:
    """A learner's certificate. Without provider name, number and approval date it is a sample."""
    info = course.info
    sample = "" if info.provider.complete else SAMPLE
    number = serial(info.id, learner)
    statement = {
        "s": number,
        "n": learner.name,
        "a": info.id,
        "t": info.title,
        "d": learner.completed_at.isoformat(),
        "h": f"{hours:f}",
        "c": info.credit.type or TYPE,
        "p": info.provider.number or "",
        "v": 0 if sample else 1,
    }
    return Certificate(learner, number, hours, info.credit.type or TYPE, sample, statement)


def credit_hours(course: Course) -> Decimal:
    """What a certificate states: the hours designated, never more than the estimate allows."""
    report = plan_credit(course)
    return min(report.designated, report.hours) if report.designated is not None else report.hours


def serial(activity: str, learner: Learner) -> str:
    """`7K2M-Q4XA-9TBC`: the same for the same learner, activity and day, so that a second run makes no second number."""
    content = "\0".join((activity, *learner.identity, learner.completed_at.isoformat()))
    letters = base64.b32encode(hashlib.sha256(content.encode()).digest()).decode()[:12]
    return "-".join(letters[i : i + 4] for i in (0, 4, 8))


NEUTRAL = (
    *("provider_id", "activity_id", "activity_title", "activity_format", "given_name", "family_name", "birth_month", "birth_day", "profession"),
    *("license_state", "license_id", "npi", "board", "board_id", "credit_type", "credits", "completed_at", "credit_id", "score_percent", "attempts"),
    *("action", "consent_to_report"),
)
#: CE Broker's columns A to J, by its help pages (article 15226514662548)
CE_BROKER = (
    *("Provider tracking number", "Course tracking number", "Own course ID", "CE Broker publishing number", "License number", "Completion date"),
    *("State", "Profession", "Subject area code", "Hours earned"),
)
FORMAT = "enduring material"


def neutral_rows(course: Course, learners: list[Learner], hours: Decimal) -> list[tuple[str, ...]]:
    """Learner records under NEUTRAL: a superset that others map from. It is no accreditor's own format."""
    info = course.info
    return [
        (
            info.provider.number or "",
            info.id,
            info.title,
            FORMAT,
            learner.given_name,
            learner.family_name,
            str(learner.birth_month or ""),
            str(learner.birth_day or ""),
            learner.profession,
            learner.license_state,
            learner.license_id,
            learner.npi,
            learner.board,
            learner.board_id,
            info.credit.type or TYPE,
            f"{contact_hours(hours * 60):f}",
            learner.completed_at.isoformat(),
            serial(info.id, learner),
            "" if learner.score_percent is None else f"{learner.score_percent:f}",
            str(learner.attempts or ""),
            learner.action,
            "yes" if learner.consent_to_report else "no",
        )
        for learner in learners
    ]


def ce_broker_rows(course: Course, learners: list[Learner]) -> list[tuple[str, ...]]:
    """Learners who agreed to be reported and have a license, under CE_BROKER. Hours stay empty: they are for partial credit."""
    number = (course.info.provider.number or "").removeprefix("50-")
    return [
        (
            number,
            "",
            course.info.id,
            "",
            learner.license_id,
            f"{learner.completed_at.month}/{learner.completed_at.day}/{learner.completed_at.year}",
            f"State={learner.license_state}",
            f"Profession={learner.profession}",
            "",
            "",
        )
        for learner in learners
        if learner.consent_to_report and learner.license_id
    ]
