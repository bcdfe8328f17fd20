"""What every page must say about credit and review until the data are there."""

from __future__ import annotations

from dataclasses import dataclass

from coursewright.model.course import CourseInfo

SAMPLE = "SAMPLE: NOT VALID FOR CREDIT"
UNREVIEWED = "Not yet clinically reviewed"


@dataclass(frozen=True)
class Notice:
    """`sample` and `review` are empty where there is nothing to warn of."""

    sample: str
    review: str

    @property
    def line(self) -> str:
        """Both in one line, for the foot of a page."""
        return " · ".join(part for part in (self.sample, self.review) if part)


def plan_notice(info: CourseInfo) -> Notice:
    """SAMPLE without provider name, number and approval date; "not yet clinically reviewed" without a named reviewer and date."""
    reviewed = info.review.status == "reviewed" and info.review.reviewer and info.review.date
    return Notice("" if info.provider.complete else SAMPLE, "" if reviewed else UNREVIEWED)
