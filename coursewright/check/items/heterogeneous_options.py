from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import quantity, single_best
from coursewright.model.course import Course

OWN = re.compile(r"\b(?:none|all|both|neither|any|not|no|right|correct|other)\b", re.IGNORECASE)  # options that speak of the others have rules of their own


@check("W319")
def heterogeneous_options(course: Course) -> Iterator[Fault]:
    """The options are of different kinds: numbers beside words.

    Why: options that cannot be compared on one dimension are true or false each on its own, and the odd one stands out.
    Example: "12 mg", "Weekly", "The liver" and "Because it is lipophilic"
    Instead: options of one kind. Lengths have rules of their own (W305, W331).
    Source: NBME item-writing guide; Haladyna, Downing and Rodriguez 2002, guideline 23.
    """
    for item in single_best(course):
        texts = [option.text.plain for option in item.options if not OWN.search(option.text.plain)]
        numbers = sum(quantity(text) is not None for text in texts)
        if 0 < numbers < len(texts) and len(texts) > 2:
            yield item.item.at("options"), f'item "{item.item.id}" mixes numbers and words', "let all options answer the same question"
