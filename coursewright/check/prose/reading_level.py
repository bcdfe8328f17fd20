from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.model.course import Course
from coursewright.model.readability import grade_of

LOW, HIGH = 8, 16  # the aim is 10 to 14; a formula is not exact enough to complain within two grades of that
LEAST_WORDS = 300
MARGIN = 1  # counting vowels is good enough to let a text pass that lies well within


@check("W805")
def reading_level(course: Course) -> Iterator[Fault]:
    """The running text of a module is far from the reading level of professionals: below grade 8 or above grade 16.

    Why: above it, sentences must be read twice; below it, qualifications are missing. The aim is 10 to 14. `audit`
    prints the grade of every module.
    Instead: shorter sentences, verbs in place of nouns; the formula does not measure clarity.
    Source: Flesch–Kincaid grade level (Kincaid and others, 1975). No accreditor sets a grade; the bounds are ours.
    """
    for unit in course.units:
        if LOW + MARGIN <= grade_of(unit, exact=False).level <= HIGH - MARGIN:
            continue
        grade = grade_of(unit)
        if grade.words >= LEAST_WORDS and not LOW <= grade.level <= HIGH:
            yield unit.at("title"), f"the text of this module is of grade {grade.level:.1f}", "aim at 10 to 14: shorten the sentences"
