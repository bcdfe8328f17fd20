from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course

MONTHS = 12


@check("W910")
def stale_claim(course: Course) -> Iterator[Fault]:
    """A claim was checked more than twelve months before the day that the check is made for.

    Why: labels and guidelines change; the course may not be offered on what was true a year ago.
    Instead: look at the source again, correct the statement where it changed, and set `checked:` to that day. The day
    is an argument, `--date`; `check` and `audit` take today, a build only what it is given.
    """
    if course.today is None:
        return
    limit = (course.today.year * 12 + course.today.month - MONTHS, course.today.day)
    for claim in course.claims.values():
        if (claim.checked.year * 12 + claim.checked.month, claim.checked.day) < limit:
            yield claim.at("checked"), f'claim "{claim.id}" was last checked on {claim.checked}', "check its source again, and set the date"
