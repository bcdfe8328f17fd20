from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.passages import CITED, MARK, Written, invented, sentences, unit_texts, unquoted
from coursewright.model.blocks.checklist import Checklist
from coursewright.model.blocks.reflection import Reflection
from coursewright.model.course import Course
from coursewright.model.module import Discussion, Slide

RECOMMENDS = re.compile(r"\b(?:should(?: not|n’t)?|recommend(?:s|ed|ation|ations)?|must(?: not)?|(?<!contra)(?:is|are) indicated|first[- ]line|is advised|are advised|ought to)\b", re.IGNORECASE)
FLAG = re.compile(r"source to be added|local (?:guideline|policy|protocol)", re.IGNORECASE)
SPARED = (Checklist, Reflection, Discussion, Slide)  # prompts and lists to tick; slides carry their sources on the last page


@check("W908")
def recommendation_without_citation(course: Course) -> Iterator[Fault]:
    """A sentence recommends (should, must, recommended, indicated, first-line) without a citation whose level of
    evidence is known.

    Why: every recommendation must show what it rests on, and how strong that is.
    Example: "Blood pressure should be checked before each dose."
    Instead: a citation in the sentence, or after it in the same paragraph; the reference has a `level:`. Where no source
    was seen, say so: "source to be added at clinical review".
    Source: ACCME Standard 1; rule R-20 of the project's notes.
    """
    for unit in course.units:
        for entry in unit_texts(unit):
            if not isinstance(entry.owner, SPARED) and not invented(entry):
                yield from _bare(course, entry)


def _bare(course: Course, entry: Written) -> Iterator[Fault]:
    if FLAG.search(entry.plain):
        return
    left = entry.marked
    for sentence in sentences(entry.marked):
        at = left.find(sentence)
        rest, left = left[at:], left[at + len(sentence) :]
        found = RECOMMENDS.search(unquoted(MARK.sub("", sentence)))
        if not found:
            continue
        keys = [key for group in rest.split(CITED)[1::2] for key in group.split(";")]
        references = [course.reference_by_id[key] for key in keys if key in course.reference_by_id]
        if not references:
            yield entry.at(found[0]), f'"{found[0]}" recommends without a citation', "cite the source in this sentence, or reword it"
        elif not any(reference.level for reference in references):
            yield entry.at(found[0]), "the source of this recommendation has no level", f'add level: to "{references[0].id}" in references.yaml'
