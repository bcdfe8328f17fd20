from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import with_options
from coursewright.check.passages import unit_texts
from coursewright.model.course import Course

RUN = 8


@check("W326")
def key_repeats_text(course: Course) -> Iterator[Fault]:
    """A key repeats eight or more words in a row of the course's text.

    Why: it is found by memory of the sentence, or by searching for it, without understanding.
    Instead: put the idea in other words, or better, ask for its use in a case.
    Source: ce_rules 5.1, bank level.
    """
    known: set[tuple[str, ...]] = set()
    for unit in course.units:
        for entry in unit_texts(unit):
            tokens = re.findall(r"[a-z0-9]+", entry.plain.lower())
            known.update(tuple(tokens[i : i + RUN]) for i in range(len(tokens) - RUN + 1))
    for item in with_options(course):
        for key in item.keys:
            tokens = re.findall(r"[a-z0-9]+", key.text.plain.lower())
            if any(tuple(tokens[i : i + RUN]) in known for i in range(len(tokens) - RUN + 1)):
                yield key.at("text"), "this key repeats a sentence of the text", "put it in other words, or ask for its use"
