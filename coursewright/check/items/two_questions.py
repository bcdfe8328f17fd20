from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import lead_in
from coursewright.model.course import Course
from coursewright.model.items.matching import Matching
from coursewright.model.items.true_false import TrueFalse

SECOND = re.compile(r",? (?:and|or) (?:why|what|which|how|when|where|who|for how|at what|in which|by what|to what|is it|does it|should (?:it|you|she|he|they))\b", re.IGNORECASE)
JOINED = re.compile(r",? and (?:that|therefore|because)\b[^.]*\b(?:is|are|was|has|should)\b", re.IGNORECASE)


@check("W344")
def two_questions(course: Course) -> Iterator[Fault]:
    """An item asks two things at once.

    Why: half an answer earns nothing, and the score does not say which half was known.
    Example: "Which route is slowest, and why is that?"
    Instead: two items, or a case cluster.
    Source: Haladyna, Downing and Rodriguez 2002, guideline 1; ce_rules 5.1, I14.
    """
    for item in course.single_items:
        text = item.stem.plain
        asked = re.sub(r"“[^”]*”|\"[^\"]*\"", "", text)
        lead = lead_in(item.stem)
        found = SECOND.search(re.sub(r"“[^”]*”|\"[^\"]*\"", "", lead)) if lead.endswith("?") else None
        if asked.count("?") > 1:
            yield item.at("stem"), f"the stem asks {asked.count('?')} questions", "ask one"
        elif found and not isinstance(item, Matching):
            yield item.at("stem", found[0].strip(", ")), f'"{found[0].strip(", ")}" begins a second question', "ask one"
        elif isinstance(item, TrueFalse) and JOINED.search(text):
            yield item.at("stem"), "the statement claims two things", "make two items of it"
