from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import content, with_options, words
from coursewright.model.course import Course

LONG, PADDED = 140, 25  # words of any stem; of one that tells no case
CASE = re.compile(
    r"\b(?:\d+[- ](?:year|month|week|day)s?[- ]old|patient|person|man|woman|boy|girl|child|client|colleague|trainee|nurse|clinician|physician|resident|student|pharmacist|therapist|family|mother|father|daughter|son|"
    r"partner|clinic|hospital|ward|team|unit|your|you|she|he|they|trial|study|survey|review|leaflet|article|report|participants|committee|label|form)\b",
    re.IGNORECASE,
)
TEACHING = re.compile(
    r"^(?:[A-Z][\w’-]*(?: [\w’-]+){0,5} (?:is|are|was|has been|have been) (?:an? |the |one of |considered |very |an? very |increasingly |widely |among |known |important|essential|common)|"
    r"(?:As (?:everyone|we all|you) know|It is (?:well )?(?:known|important|widely)|Historically|Over the (?:past|last)|In (?:recent|modern|today’s)|Since (?:ancient|the)|For (?:many )?(?:decades|centuries|years)|Throughout))",
)


@check("W339")
def padded_stem(course: Course) -> Iterator[Fault]:
    """A stem is longer than its question needs: more than 140 words, or a lesson before a question that does not use it.

    Why: the item then tests reading, and hides what is asked. A case is no padding.
    Example: "Hypertension is a very common and important condition. … Which drug is a diuretic?"
    Instead: the case, then the question. What is taught belongs into the module.
    Source: NBME item-writing guide, irrelevant difficulty; Haladyna, Downing and Rodriguez 2002, guideline 16.
    """
    for item in with_options(course):
        stem, lead = item.stem, item.lead
        before = stem[: stem.rfind(lead)] if lead in stem else ""
        if len(words(stem)) > LONG:
            yield item.item.at("stem"), f"this stem has {len(words(stem))} words", "keep what the question needs"
        elif before and TEACHING.search(before.strip()) and not CASE.search(before):
            yield item.item.at("stem"), "this stem teaches before it asks", "ask at once, or give a case"
        elif len(words(before)) >= PADDED and not CASE.search(before) and not _used(before, lead, [o.text.plain for o in item.options]):
            yield item.item.at("stem"), "the question does not use what stands before it", "leave it out"


def _used(before: str, lead: str, options: list[str]) -> bool:
    told = set(content(before))
    return len(told & set(content(" ".join((lead, *options))))) >= 3 or bool(re.search(r"\b(?:this|these|that|those|such)\b", lead, re.IGNORECASE))
