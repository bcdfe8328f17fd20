from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course

#: verbs that nobody can observe, with measurable ones that often say what was meant
BANNED = {
    "understand": "identify or compare",
    "know": "list or identify",
    "learn": "describe or apply",
    "appreciate": "assess or justify",
    "comprehend": "explain or summarize",
    "be aware of": "identify or describe",
    "become aware of": "identify or describe",
    "have an awareness of": "identify or describe",
    "be familiar with": "describe or select",
    "become familiar with": "describe or select",
    "be acquainted with": "describe or list",
    "remember": "list or name",
    "perceive": "identify or distinguish",
    "internalize": "apply or demonstrate",
    "grasp": "explain or summarize",
    "believe": "justify or appraise",
    "enjoy": "choose or justify",
    "think": "analyze or appraise",
    "realize": "identify or explain",
    "become": "apply or demonstrate",
    "grow": "apply or demonstrate",
    "improve": "apply or demonstrate",
    "increase": "apply or plan",
    "expand": "describe or apply",
    "cover": "describe or summarize",
    "study": "analyze or compare",
    "sympathize with": "describe or justify",
    "have faith in": "justify or appraise",
}
FORMS = sorted(BANNED, key=len, reverse=True)
LEAD_IN = r"^(?:(?:after|at the conclusion of|on completion of|by the end of)[^,:]*[,:]\s*)?(?:(?:the )?(?:learner|participant|you)s?\s+(?:will|should)\s+(?:be able to\s+)?)?(?:to\s+)?"
VERB = re.compile(LEAD_IN + r"(?:better |fully |really |critically )?(" + "|".join(re.escape(form) for form in FORMS) + r")\b", re.IGNORECASE)


@check("E203")
def unmeasurable_verb(course: Course) -> Iterator[Fault]:
    """An objective opens with a verb that nobody can observe, so no item can test it.

    Why: accreditors that ask for objectives ask for measurable ones, and an item tests what a learner does.
    Example: "Understand the four routes"
    Instead: "Compare the four routes by bioavailability". Verbs by Bloom level: define, list, identify · describe,
    explain, compare · apply, calculate, select · differentiate, interpret · appraise, justify · design, formulate.
    Source: lists of unmeasurable verbs that providers of continuing education publish (AAGL, University of South
    Florida and others), as collected in the project's notes on accreditation.
    """
    for objective in course.objectives.values():
        found = VERB.match(objective.text)
        if found:
            verb = found[1]
            words = BANNED[verb.lower()].split(" or ")
            yield objective.at("text", verb), f'objective uses unmeasurable verb "{verb.lower()}"', f'try "{words[0]}" or "{words[1]}"'
