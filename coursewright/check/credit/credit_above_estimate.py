from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.credit import STEP, plan_credit


@check("E507")
def credit_above_estimate(course: Course) -> Iterator[Fault]:
    """The hours designated are above the smallest defensible estimate, or no multiple of a quarter of an hour.

    Why: credit must be reproducible from what is stored, in steps of 0.25, rounded down.
    Example: `hours: 3.1`
    Instead: what `build.py credit` allows, or less; a pilot log of three or more learners may support more.
    Source: ANCC and AMA PRA rules on credit; rules R-08 and R-09.
    """
    credit = course.info.credit
    if credit.hours is None or course.broken:
        return
    if credit.hours % STEP:
        yield credit.at("hours"), f"{credit.hours} hours is no multiple of {STEP}", "round down to a quarter of an hour"
    report = plan_credit(course)
    if credit.hours > report.hours:
        yield credit.at("hours"), f"{credit.hours} hours is above the {report.hours} that the estimates allow", "see build.py credit"
