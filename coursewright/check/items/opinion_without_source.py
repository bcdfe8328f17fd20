from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import single_best
from coursewright.model.course import Course

VALUES = re.compile(r"\b(?:best|most important|most appropriate|most effective|preferred|ideal|optimal|superior|most valuable|most useful|worst|greatest value|better choice|favou?rite|nicest|most suitable|most helpful|most essential|greatest priority|key to)\b", re.IGNORECASE)
AUTHORITY = re.compile(r"\b(?:according to|guidelines?|label(?:ing)?|prescribing information|recommended by|consensus|WHO|FDA|CDC|NICE|supported by the (?:evidence|trials?)|in line with the (?:evidence|label)|fits the (?:evidence|label))\b", re.IGNORECASE)


@check("W345")
def opinion_without_source(course: Course) -> Iterator[Fault]:
    """The question asks for the best, the most important or the preferred, and neither the stem nor the rationale of the
    key names a source.

    Why: experts differ; without an authority the key is an opinion.
    Example: "What is the most important part of care?"
    Instead: name the authority in the stem ("according to the label"), or cite it in the key's rationale.
    Source: Haladyna, Downing and Rodriguez 2002, guideline 6.
    """
    for item in single_best(course):
        found = VALUES.search(item.lead)
        why = item.keys[0].rationale
        if found and not AUTHORITY.search(item.stem) and not (why and why.citations) and not item.item.claim:
            yield item.item.at("stem", found[0]), f'"{found[0]}" asks for an opinion: no source is named', "name the authority, or cite it in the rationale of the key"
