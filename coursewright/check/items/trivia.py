from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import single_best
from coursewright.model.course import Course

YEAR = re.compile(r"^(?:in |since |by |(?:early|late|mid)?-? ?)?(?:the )?(?:1[6-9]|20)\d\d(?:s|–\d+)?\.?$", re.IGNORECASE)
ASKS = re.compile(
    r"\b(?:in (?:what|which) (?:year|decade|century|month|city|country|journal|volume|state|university)|what year|which year|who (?:first|was the first|wrote|published|discovered|invented|described|coined|developed|authored|introduced|synthesi[sz]ed|founded|led|named)|"
    r"(?:which|what) (?:journal|author|city|university|page|volume|chapter|company|manufacturer|researcher|investigator|country)|on (?:what|which) page|in which (?:section|part|chapter|table|figure|column) of|how many (?:pages|authors|references|centers|centres|sites|countries|citations)|"
    r"(?:named after|first author|last author|lead author|middle name|full title|birthplace|publisher|copyright)|when was (?:\w+ ){0,6}(?:first|discovered|synthesi[sz]ed|published|invented|approved|founded|introduced|described|established))\b",
    re.IGNORECASE,
)


@check("W348")
def trivia(course: Course) -> Iterator[Fault]:
    """The item asks for a year, an author, a journal or another detail that no decision depends on.

    Why: it rewards looking things up, and tells nothing of what the learner can do.
    Example: "In which year was the trial published?"
    Instead: what the finding changes for a patient.
    Source: Haladyna, Downing and Rodriguez 2002, guideline 2; ce_rules 5.1, I18.
    """
    for item in single_best(course):
        years = all(YEAR.match(option.text.plain.strip()) for option in item.options)
        found = ASKS.search(item.lead)
        if years or found:
            yield item.item.at("stem", found[0] if found else None), f'item "{item.item.id}" asks for a detail that no decision depends on', "ask what the finding changes"
