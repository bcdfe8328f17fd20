from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course


@check("I501")
def sample_only(course: Course) -> Iterator[Fault]:
    """The provider's name, number or approval date is not filled in, so every page says "SAMPLE: NOT VALID FOR CREDIT".

    Why: only an accredited provider can designate credit; software cannot.
    Instead: fill in `provider:` in course.yaml once the activity is approved.
    Source: ACCME accreditation criteria; rule R-01 of the project's notes on accreditation.
    """
    if not course.info.provider.complete:
        missing = [name.replace("_", " ") for name in ("name", "number", "approval_date") if not getattr(course.info.provider, name)]
        yield course.info.at("provider"), "pages are marked SAMPLE: NOT VALID FOR CREDIT", f"missing of the provider: {', '.join(missing)}"
