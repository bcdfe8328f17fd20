from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import content, single_best, words
from coursewright.model.course import Course

GENERIC = re.compile(
    r"\bwhich (?:one )?(?:of )?(?:the |these )?(?:following )?(?:\w+ )?(?:statements?|options?|answers?|assertions?|choices|facts?|claims?)?\s?(?:about [^?]+ |regarding [^?]+ |concerning [^?]+ |on [^?]+ |below |here )?(?:is|are) (?:not |most |more |least )?(?:true|correct|accurate|false|incorrect|valid|wrong|untrue)\b|\bwhich of (?:the |these )?(?:following )?(?:is|are) the best (?:statement|answer|description)"
    r"|\b(?:select|choose|pick|mark|identify) the (?:most )?(?:true|correct|accurate|right|false|best)(?: \w+)?(?: (?:statement|answer|option|response)s?)?\s?[.:?]?$"
    r"|\bwhat (?:is|do you know|can be said|should you know) (?:true )?(?:about|of|regarding)\b|\bwhich of the following\??$|\b(?:true|correct|accurate) (?:statement|of|about|regarding)\b",
    re.IGNORECASE,
)
REGARDING = re.compile(r"^(?:regarding|concerning|with (?:regard|respect) to|about|as for|in)\b[^,?]{0,80}[,:]?\s*(?:which (?:of|is|statement)|$)|^(?:regarding|concerning|about(?! (?:what|how|which)))\b", re.IGNORECASE)
ASKS = re.compile(r"\b(?:what|which|who|whom|whose|when|where|why|how|is|are|does|do|should|can|will|did|was|were)\b", re.IGNORECASE)
OPEN = re.compile(r"\b(?:is|are|was|were|because|by|to|of|with|that|should|would|must|for|when|after|before|than|in|from|as|at|on|an?|the|include|includes|requires?|shows?|means?|has|have|causes?)\W*$", re.IGNORECASE)


@check("W340")
def unfocused_lead_in(course: Course) -> Iterator[Fault]:
    """The question cannot be answered with the options covered: "Which of the following is true?", "Regarding …", a bare
    topic.

    Why: each option is then a true–false item of its own on another subject; the best one is a matter of taste.
    Example: "Which statement about the spray is correct?"
    Instead: a question with one subject: "What must be measured before the spray is given?"
    Source: NBME item-writing guide, cover-the-options rule; Haladyna, Downing and Rodriguez 2002, guidelines 14 and 15.
    """
    for item in single_best(course):
        lead = item.lead.strip()
        bare = not lead.rstrip("”’)").endswith("?")
        topic = bare and ((len(content(lead)) <= 2 and len(words(item.stem)) <= 8) or not (OPEN.search(lead.rstrip(":…_. ")) or ASKS.search(lead)))
        if GENERIC.search(lead) or REGARDING.search(lead) or topic:
            yield item.item.at("stem"), f'item "{item.item.id}" asks no question that can be answered with the options covered', "ask one thing"
