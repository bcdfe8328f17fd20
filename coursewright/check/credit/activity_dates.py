from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course

YEARS = 3


@check("E503")
def activity_dates(course: Course) -> Iterator[Fault]:
    """The activity ends more than three years after its release or last review, before it begins, or it has ended.

    Why: enduring materials are reviewed at least every three years, and may not be offered past their end.
    Example: `release: 2026-01-01` and `termination: 2029-06-01`
    Instead: an earlier `termination`; after a review, a new `last_review`.
    Source: archived ACCME requirements on enduring materials; rule R-03. Whether it has ended is asked with `--date`.
    """
    dates = course.info.dates
    begin, end = dates.last_review or dates.release, dates.termination
    if begin and end and (end.year, end.month, end.day) > (begin.year + YEARS, begin.month, begin.day):
        yield dates.at("termination"), f"the activity ends more than {YEARS} years after {begin}", "end it earlier, or review it"
    if dates.release and end and end < dates.release:
        yield dates.at("termination"), "the activity ends before it is released", "correct one of the dates"
    if course.today and end and end < course.today:
        yield dates.at("termination"), f"the activity ended on {end}", "review it, and set new dates"
