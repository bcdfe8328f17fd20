from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.passages import course_texts, unquoted
from coursewright.model.course import Course

#: what is found, and what to write instead
TERMS = {
    r"(?:drug |heroin |cocaine |opioid |opiate )?addicts?": "person with a substance use disorder",
    r"(?:drug|substance|alcohol) abusers?|abusers?": "person who uses drugs; person with a substance use disorder",
    r"(?:substance|drug|alcohol) abuse": "substance use; substance use disorder",
    r"alcoholics?(?! (?:beverage|drink|hepatitis|liver|cirrhosis|ketoacidosis|extract))": "person with alcohol use disorder",
    r"junkies?|druggies?|crackheads?|drunks|users? of hard drugs": "person who uses drugs",
    r"drug habit|drug of choice": "substance use",
    r"(?:clean|dirty) (?:urine|test|screen|drug|sample|needle)s?|(?:got|get|stay|stayed|been) clean(?= (?:for|since|from)|[.,;])": "negative or positive test; not using; in remission",
    r"commit(?:s|ted|ting)? suicide|completed suicides?|successful suicides?|failed suicide attempts?|suicide gestures?": "died by suicide; suicide attempt",
    r"schizophrenics?(?! (?:disorder|illness))|manic-depressives?|psychotics(?=\b)|borderlines|bipolars": "person with schizophrenia (or the diagnosis that is meant)",
    r"crazy|lunatics?|insane|mentally ill (?:people|patients?|persons?)|the mentally ill": "person with a mental illness",
    r"non-?complian(?:t|ce)": "did not take it as prescribed; adherence",
    r"(?:suffer(?:s|ing|ed)? from|afflicted (?:with|by)|victims? of) (?:depression|addiction|an? \w+ disorder|schizophrenia|alcohol)": "has; lives with",
    r"frequent flyers?|drug[- ]seekers?|drug[- ]seeking": "say what the person did",
    r"relapsers?|(?:substance|drug|medication)[- ]assisted treatment": "medication for opioid (or alcohol) use disorder",
}
WORDS = re.compile("|".join(rf"(?P<t{n}>\b(?:{pattern})\b)" for n, pattern in enumerate(TERMS)), re.IGNORECASE)


@check("W802")
def stigmatizing_term(course: Course) -> Iterator[Fault]:
    """A word that puts the illness before the person, or blames: "addict", "substance abuse", "commit suicide".

    Why: such words change how clinicians treat the same case, and keep people from care.
    Example: "The alcoholic relapsed."
    Instead: "The person with alcohol use disorder returned to drinking."
    Source: National Institute on Drug Abuse, Words Matter (the list is ours). Words of others stand in quotation marks.
    """
    for entry in course_texts(course):
        for found in WORDS.finditer(unquoted(entry.plain)):
            instead = list(TERMS.values())[int(str(found.lastgroup)[1:])]
            yield entry.at(found[0]), f'"{found[0]}" stigmatizes', f"write: {instead}"
