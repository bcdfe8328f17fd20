from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.passages import course_texts, unquoted
from coursewright.model.course import Course

WORDS = re.compile(
    r"\b(break-?throughs?|miracul\w+|miracles?|revolutionary|revolutioni[sz]\w+|game[- ]chang\w+|life[- ]chang\w+|ground-?breaking|cutting[- ]edge"
    r"|paradigm shift|wonder drugs?|magic bullets?|powerful|amazing|remarkable|unparalleled|unprecedented|state[- ]of[- ]the[- ]art|world[- ]class"
    r"|(?:new|real|renewed|offers?|bring(?:s|ing)?|gives?|giving) hope|beacon of hope|cures?|cured|guarantee[ds]?|guaranteed"
    r"|safe and effective|(?:highly|very|most|so) promising|promising (?:treatment|option|new)|innovative|best-in-class|unlock\w* (?:the|your))\b",
    re.IGNORECASE,
)
NEGATED = re.compile(r"\b(?:not|no|never|nor|neither|without|isn’t|cannot|rather than|instead of|nothing|avoid|word)\b[^.;:]{0,40}$", re.IGNORECASE)


@check("W801")
def promotional_word(course: Course) -> Iterator[Fault]:
    """A word that sells: breakthrough, miracle, game-changer, cure, guaranteed, "safe and effective" without limits.

    Why: accredited education may not promote; such words state a verdict where the reader is owed evidence.
    Example: "A powerful new option offers hope."
    Instead: the size of the effect, its comparator and its limits. Words of a patient or a leaflet stand in quotation
    marks and are let pass, and so is "not a cure".
    Source: ACCME Standards for Integrity and Independence, Standard 2.
    """
    for entry in course_texts(course):
        text = unquoted(entry.plain)
        for found in WORDS.finditer(text):
            if not NEGATED.search(text[: found.start()]):
                yield entry.at(found[0]), f'"{found[0]}" promotes', "say what was found, against what, and how sure it is"
