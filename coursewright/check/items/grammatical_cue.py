from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import Alternatives, openings, single_best, words
from coursewright.model.course import Course

VOWEL = re.compile(r"^(?:[aeiou]|hour|honest|heir|m[rcb]|[fhlmnrsx]\b)(?!ni|ne\b|u[ks])", re.IGNORECASE)
PLURAL = re.compile(r"\b(?:are|were|these|include)\b[\s:.…_]*$", re.IGNORECASE)
SINGULAR = re.compile(r"\b(?:is|was|includes)\b[\s:.…_]*$", re.IGNORECASE)


@check("W311")
def grammatical_cue(course: Course) -> Iterator[Fault]:
    """The grammar of the stem fits the key and not the distractors: "a" or "an", singular or plural, the form of a verb.

    Why: a test-wise learner strikes the options that do not read on, and needs no knowledge.
    Example: a stem that ends in "an" before "antagonist", "blocker" and "channel"
    Instead: "a(n)", or the article with each option; all options in the form that the stem asks for.
    Source: NBME item-writing guide, cues for the testwise; Haladyna, Downing and Rodriguez 2002, guideline 28c.
    """
    for item in single_best(course):
        found = _cue(item)
        if found:
            yield item.item.at("stem"), f'item "{item.item.id}": {found}', "let every option read on from the stem"


def _cue(item: Alternatives) -> str:
    lead = item.lead.strip().rstrip(":…_ .")
    key = item.keys[0].text.plain
    others = [option.text.plain for option in item.distractors]
    article = re.search(r"\b(an?)$", lead, re.IGNORECASE)
    if article:
        fits = [bool(VOWEL.match(text)) == (article[1].lower() == "an") for text in (key, *others)]
        if fits[0] and not all(fits):
            return f'"{article[1]}" fits the key and not every distractor'
    for pattern, plural in ((PLURAL, True), (SINGULAR, False)):
        if pattern.search(lead) and _plural(key) == plural and all(_plural(text) != plural for text in others):
            return "only the key agrees in number with the stem"
    kinds = openings([key, *others])
    rest = Counter(kinds[1:])
    kind, count = rest.most_common(1)[0]
    if len(others) >= 2 and count == len(others) and kinds[0] != kind and {kinds[0], kind} & {"to", "ing", "verb", "because"}:
        return "the key has another grammatical form than every distractor"
    return ""


def _plural(text: str) -> bool:
    all_words = words(text)
    return bool(all_words) and (bool(re.search(r"(?<![su])s$", all_words[-1])) or " and " in text)
