from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.passages import Written, written
from coursewright.model.course import Course

NEAR = 3  # paragraphs before or after that may hold the limitation
EFFICACY = re.compile(
    r"\b(?:respon(?:ses?|ds?|ded|ders?)|remission|remitted|improv(?:ed|es|ement)|benefit(?:s|ed)?|reduc(?:ed|es|tion)|lower(?:ed)? (?:\w+ ){0,2}(?:score|craving|relapse|risk)"
    r"|abstinen(?:t|ce)|effective|efficacy|superior|better than|fell by|relie(?:f|ves?|ved)|works? (?:well|quickly|fast)|onset)\b",
    re.IGNORECASE,
)
STRONG = re.compile(r"\d+(?:\.\d+)?\s?%|\d|\b(?:significant(?:ly)?|rapid(?:ly)?|strong(?:ly)?|within (?:hours|a day)|effective|superior|works?)\b", re.IGNORECASE)
LIMIT = re.compile(
    r"\b(?:limit(?:s|ed|ation)?s?|small|few|uncontrolled|open[- ]label|unblind\w*|unmask\w*|blinding|masking|single[- ](?:site|arm)|not (?:significant|shown|been|prove|proof|establish\w*|replicat\w*|settle\w*|different|a|an)"
    r"|did not|does not|do not|cannot|could not|no (?:difference|group|control|comparator|evidence|direct|effect|proof|formal|approved)|none|unproven|uncertain\w*|unclear|unknown|unsettled"
    r"|however|but|although|though|yet|only|however|short(?:-lived|[- ]term)?|transient|imprecise|wide|null|missed|inferior|relapse[ds]?|wears? off|lost|declin\w+|risk|harm|adverse|side effect|caution|warning"
    r"|off-label|evolving|low certainty|very low|preclinical|rodents?|mice|mouse|rats?|animals?|volunteers|excluded|bias|confound\w*|expectan\w+|expectation|comparator|placebo|midazolam|saline|against|versus|vs)\b",
    re.IGNORECASE,
)


@check("W907")
def efficacy_without_limitation(course: Course) -> Iterator[Fault]:
    """A statement of benefit stands alone: no limit, comparator or risk within three paragraphs of it.

    Why: fair balance. A reader remembers the sentence that stood alone.
    Example: "After one infusion 70% of people responded." in a section that says nothing else about the study
    Instead: the comparator, the time-point, the size or the blinding of the study, or the harm, in the same paragraph or
    near it.
    Source: ACCME Standards for Integrity and Independence, Standard 1; rule R-28 of the project's notes.
    """
    for section in course.sections.values():
        texts = list(written(section))
        for n, entry in enumerate(texts):
            if not (EFFICACY.search(entry.plain) and STRONG.search(entry.plain)) or _limited(texts, n):
                continue
            found = EFFICACY.search(entry.plain)
            assert found is not None
            yield entry.at(found[0]), "this statement of benefit has no limitation near it", "name the comparator, the size or the harm"


def _limited(texts: list[Written], n: int) -> bool:
    return any(LIMIT.search(entry.plain) for entry in texts[max(0, n - NEAR) : n + NEAR + 1])
