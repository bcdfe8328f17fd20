from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import single_best
from coursewright.model.course import Course

LABELS = re.compile(
    r"^(?:both |only |either )?(?:[A-Ha-h1-9]|I{1,3}|IV|V)(?:(?:, ?(?:and |or )?| and | & |/| or )(?:[A-Ha-h1-9]|I{1,3}|IV|V)\b){1,4}(?: only| alone| are (?:correct|true))?\.?$"
    r"|^(?:[A-H]|[1-9]|I{1,3}|IV) (?:only|alone)\.?$|\b(?:both|neither|either) (?:option |answer |statement )?[A-H1-4] (?:and|nor|or) (?:option )?[A-H1-4]\b"
    r"|\b(?:options?|statements?|answers?|choices) [A-H1-9](?:,? (?:and|or|&) [A-H1-9])+\b|\bboth of the (?:above|first|preceding)|\b(?:first|last) two (?:options|statements|answers)?\b|^both(?: are correct)?\.?$|\b[A-H] (?:and|or) [A-H](?:,? (?:but )?not [A-H])?\b",
)


@check("W342")
def complex_option(course: Course) -> Iterator[Fault]:
    """An option is a combination of others: "A and B", "1 and 3 only", "both of the above" (K-type).

    Why: who knows one part can strike half of the options; it is slower to read and discriminates less.
    Instead: a multiple-response item, or a question with one answer.
    Source: NBME item-writing guide; Haladyna, Downing and Rodriguez 2002, guideline 9.
    """
    for item in single_best(course):
        for option in item.options:
            found = LABELS.search(option.text.plain.strip())
            if found:
                yield option.at("text"), f'"{option.text.plain}" combines other options', "make it a multiple-response item"
                break
