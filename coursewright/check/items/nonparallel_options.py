from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import openings, quantity, single_best, words
from coursewright.model.course import Course

APART = re.compile(r"\b(?:all|none|both|neither|any) of (?:the|these|them)\b", re.IGNORECASE)  # has a rule of its own
VERBAL = {"to", "ing", "verb", "because"}


@check("W336")
def nonparallel_options(course: Course) -> Iterator[Fault]:
    """The options differ in grammar: an imperative beside a noun, "to give" beside "giving", a sentence beside a phrase;
    or one ends in a full stop and the others do not.

    Why: the reader must change gear for each, and the odd one stands out.
    Example: "Stop the infusion", "Giving oxygen", "A second dose"
    Instead: the same part of speech first, and the same end, in every option.
    Source: NBME item-writing guide, irrelevant difficulty: options in nonparallel form; guideline 23 of Haladyna,
    Downing and Rodriguez 2002.
    """
    for item in single_best(course):
        texts = [option.text.plain.strip() for option in item.options]
        texts = [text for text in texts if not APART.search(text)]
        if len(texts) < 3 or any(quantity(text) for text in texts):  # numbers have rules of their own
            continue
        forms = openings(texts)
        kinds = Counter(forms)
        stops = {text.endswith(".") for text in texts if len(words(text)) > 1}
        common, count = kinds.most_common(1)[0]
        odd = [kind for kind in kinds if kind != common]
        if odd and (set(odd) & VERBAL or common in VERBAL) and not _only_nouns(kinds):
            shown = texts[forms.index(odd[0])]
            yield item.item.at("options"), f'"{shown}" has another grammatical form than {count} of the options', "begin every option in the same way"
        elif len(stops) > 1:
            yield item.item.at("options"), "some options end in a full stop and some do not", "end every option in the same way"
        elif _mixed_sentences(texts):
            yield item.item.at("options"), "some options are sentences and some are phrases", "write all as phrases, or all as sentences"


def _only_nouns(kinds: Counter[str]) -> bool:
    return set(kinds) <= {"noun", "article", "number", "clause"}


def _mixed_sentences(texts: list[str]) -> bool:
    full = [bool(re.match(r"^(?:it|they|he|she|this|that|these|there|you|we|the \w+(?: \w+)?) (?:is|are|was|were|has|have|will|should|can|may|does|do|\w+s)\b", text, re.IGNORECASE)) for text in texts]
    short = [len(words(text)) <= 3 for text in texts]
    return any(full) and any(flag and not whole for flag, whole in zip(short, full, strict=True))
