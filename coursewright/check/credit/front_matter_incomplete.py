from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course


@check("E502")
def front_matter_incomplete(course: Course) -> Iterator[Fault]:
    """A release lacks something that learners must be told before they start.

    Why: accreditors ask for it: audience, gap, objectives, people and their disclosures, medium, how to take part, time,
    dates, minimum performance level, support, requirements, contact, privacy, complaints. Without `--release` what is
    missing is printed as "to be filled in".
    Instead: fill it in; nothing may be invented.
    Source: ce_rules 1.3, archived ACCME requirements on enduring materials; rule R-02.
    """
    if not course.release:
        return
    info = course.info
    wanted = {
        "provider: name": info.provider.name,
        "provider: number": info.provider.number,
        "provider: approval_date": info.provider.approval_date,
        "provider: contact": info.provider.contact,
        "people": info.people,
        "gaps": info.gaps,
        "medium": info.medium,
        "participation": info.participation,
        "requirements": info.requirements,
        "privacy": info.privacy,
        "grievances": info.grievances,
        "commercial_support": info.commercial_support,
        "dates: release": info.dates.release,
        "dates: termination": info.dates.termination,
        "review: reviewer": info.review.reviewer,
        "a blueprint with a cut score": course.blueprints,
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing:
        yield info.at("title"), f"the release lacks {', '.join(missing)}", "fill it in in course.yaml"
