from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from coursewright.check import Fault, check
from coursewright.check.item_words import Alternatives, Quantity, quantity, single_best, words
from coursewright.model.course import Course

OPPOSITES = (
    ("increase", "decrease"), ("increases", "decreases"), ("increased", "decreased"), ("rises", "falls"), ("rise", "fall"), ("higher", "lower"), ("raises", "lowers"), ("raise", "lower"),
    ("more", "less"), ("faster", "slower"), ("longer", "shorter"), ("improves", "worsens"), ("hyper", "hypo"), ("agonist", "antagonist"), ("positive", "negative"), ("activates", "inhibits"),
    ("activation", "inhibition"), ("before", "after"), ("start", "stop"), ("present", "absent"), ("early", "late"), ("above", "below"), ("gain", "loss"), ("tachycardia", "bradycardia"), ("alkalosis", "acidosis"), ("includes", "excludes"), ("include", "exclude"), ("rising", "falling"), ("true", "false"), ("begins", "ends"), ("same", "different"),
)
SAME = re.compile(r"\b(?:no (?:change|difference|effect)|unchanged|(?:stay|remain|does not change|is not changed|not affect)\w*)\b", re.IGNORECASE)
NOT = re.compile(r"\b(?:not|no|never|without|do not|does not|did not|is not|are not|cannot|isn’t|doesn’t)\b ?", re.IGNORECASE)


@check("W312")
def logical_cue(course: Course) -> Iterator[Fault]:
    """Some of the options cover every possibility, so that the key must be among them: increase, decrease, no change; or
    a statement and its opposite.

    Why: the other options can be struck without knowledge.
    Example: "rises", "falls", "stays the same", "is measured weekly"
    Instead: options of one kind that leave other possibilities open, or just the ones that cover them all.
    Source: NBME item-writing guide, cues for the testwise: logical cues, collectively exhaustive options.
    """
    for item in single_best(course):
        found = _cover(item)
        if found:
            yield item.item.at("options"), f'item "{item.item.id}": {found}', "replace one of them by another plausible option"


def _cover(item: Alternatives) -> str:
    texts = [option.text.plain for option in item.options]
    key = item.keys[0].text.plain
    up = [t for t in texts if re.search(r"\b(?:increase[sd]?|rises?|rose|higher|more|raises?|goes up)\b", t, re.IGNORECASE) and not SAME.search(t)]
    down = [t for t in texts if re.search(r"\b(?:decrease[sd]?|falls?|fell|lower(?:s|ed)?|less|reduce[sd]?|goes down|drops?)\b", t, re.IGNORECASE) and not SAME.search(t)]
    same = [t for t in texts if SAME.search(t)]
    if len(up) == 1 and len(down) == 1 and len(same) == 1 and len(texts) > 3 and key in (*up, *down, *same) and max(len(words(t)) for t in (*up, *down, *same)) <= 8:
        return "three of the options cover every possibility"
    read = [quantity(text) for text in texts]
    if len(texts) >= 3 and all(read) and any(q and q.low is None for q in read) and any(q and q.high is None for q in read) and _tile([q for q in read if q]):
        return "the ranges cover every value"
    pairs = [{a, b} for n, a in enumerate(texts) for b in texts[n + 1 :] if _opposite(a, b)]
    paired = set().union(*pairs) if pairs else set()
    if pairs and key in paired and len(paired) < len(texts):
        return "two of the options are opposites, and the key is one of them"
    return ""


def _tile(read: list[Quantity]) -> bool:
    """Whether ranges follow one another without a gap."""
    ordered = sorted(read, key=lambda q: (q.low is not None, q.first))
    return all(a.high is not None and b.low is not None and 0 <= b.low - a.high <= 1 for a, b in pairwise(ordered))


def _opposite(a: str, b: str) -> bool:
    first, second = words(a), words(b)
    if first == second:
        return False
    if bool(NOT.search(a)) != bool(NOT.search(b)):
        bare_a, bare_b = ({_bare(word) for word in words(NOT.sub("", text))} for text in (a, b))
        if bare_a and len(bare_a & bare_b) >= 0.6 * max(len(bare_a), len(bare_b)):
            return True
    if len(first) != len(second):
        return False
    different = [(x, y) for x, y in zip(first, second, strict=True) if x != y]
    if len(different) != 1:
        return False
    x, y = different[0]
    return any({x, y} == set(pair) or (x.replace(p, q) == y or y.replace(p, q) == x) for pair in OPPOSITES for p, q in (pair, pair[::-1]) if p in x or p in y)


def _bare(word: str) -> str:
    return word.removesuffix("ed").removesuffix("s").removesuffix("e")
