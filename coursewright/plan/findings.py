"""What the numbers of an analysis mean to an educator, and what to do: in words, the gravest first.

Bands are conventions, not laws (ce_rules 5.4): D and r by Ebel and Frisbie 1991, 5% for distractors, p 0.30 to 0.80. In
continuing education a high p after teaching is success, so nothing is called too easy on a post-test alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from coursewright.model.interaction import Choice, PanelKey
from coursewright.plan.analysis import Analysis
from coursewright.plan.item_statistics import HARDLY_CHOSEN, ItemStatistics, OptionStatistics
from coursewright.plan.statistics import Estimate, Undefined, Value

CHECK, LOOK, KNOW = "check first", "look at", "good to know"
LEVELS = (CHECK, LOOK, KNOW)
SMALL, FAIR = 30, 100  # learners: below the first a number is a question, below the second it is still uncertain
HARD, HIGH, WEAK = 0.30, 0.80, 0.20
FEW = 5  # of a top group, below which it cannot make an item one to check first
SPOKEN = 3  # right answers and wrong ones, each, that it takes before a correlation is spoken of
WRONG = 10  # wrong answers to an item, before an option that nobody chose is spoken of
SHORT = 40  # items: below it a test is short


@dataclass(frozen=True)
class Finding:
    """One thing to know. level: one of LEVELS. number: of the item in the report; None where it is of the whole."""

    level: str
    kind: str
    text: str
    advice: str
    number: int | None = None
    item: str = ""


def two(value: Fraction | float | None, digits: int = 2) -> str:
    """`0.45`, `−0.12`: two decimals, with a true minus sign, and never a minus before nothing. None: `–`."""
    if value is None:
        return "–"
    text = f"{float(value):.{digits}f}"
    if text.startswith("-"):
        text = "−" + text[1:] if text.strip("-0.") else text[1:]
    return text


def percent(share: Fraction | float | None) -> str:
    """`45%` of a share from 0 to 1."""
    return "–" if share is None else f"{two(100 * share, 0)}%"


def span(value: Value, digits: int = 2) -> str:
    """`0.45 (0.20 to 0.65)`; the value alone where there is no interval, and `–` where there is no value."""
    if isinstance(value, Undefined):
        return "–"
    shown = two(value.value, digits)
    return shown if value.low is None or value.high is None else f"{shown} ({two(value.low, digits)} to {two(value.high, digits)})"


def reading(item: ItemStatistics) -> str:
    """How the corrected discrimination of an item is conventionally read; nothing for fewer than 30 learners."""
    if isinstance(item.r, Undefined) or item.n < SMALL or not _spoken(item):
        return ""
    bands = ((0.40, "very good"), (0.30, "good"), (WEAK, "marginal"), (0.0, "weak"))
    return next((name for least, name in bands if item.r.value >= least), "negative")


def find(analysis: Analysis) -> tuple[Finding, ...]:
    """All findings, the gravest first, then in the order of the items."""
    found = [finding for item in analysis.items for finding in _of_item(item)]
    found += [*_of_items(analysis), *_of_test(analysis), *_of_people(analysis)]
    return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.level)))


def flagged(findings: Iterable[Finding]) -> frozenset[int]:
    """The numbers of the items that should be checked or looked at."""
    return frozenset(finding.number for finding in findings if finding.number is not None and finding.level != KNOW)


def listed(things: Sequence[object]) -> str:
    """`1`, `1 and 2`, `1, 2 and 3`."""
    words = [str(thing) for thing in things]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _spoken(item: ItemStatistics) -> bool:
    if isinstance(item.p, Undefined):
        return False
    right = float(item.p.value) * item.n
    return min(right, item.n - right) >= SPOKEN - 1e-9


def _chance(item: ItemStatistics) -> str:
    return f" With {item.n} learners this may be chance." if item.n < SMALL else ""


def _of_item(item: ItemStatistics) -> Iterable[Finding]:
    suspect = _key_suspect(item)
    if suspect:
        yield suspect
    elif (negative := _negative(item)) is not None:
        yield negative
    if isinstance(item.p, Estimate) and suspect is None:  # by a wrong key every p is wrong
        yield from _difficulty(item, item.p)
    if suspect is None:
        yield from _attractive(item)


def _key_suspect(item: ItemStatistics) -> Finding | None:
    interaction = item.item.interaction
    keys = [option for option in item.options if option.credit == 1]
    others = [option for option in item.options if option.credit < 1 and option.upper]
    if not isinstance(interaction, Choice) or not keys or not others:
        return None
    advice = "Ask a subject expert to answer it without seeing the key. Where another option is right, or right too, change the key or withdraw the item, and grade again."
    if interaction.multiple:
        drawn = [o for o in others if o.upper is not None and o.upper > Fraction(1, 2) and isinstance(o.r, Estimate) and o.r.value > 0]
        if not drawn:
            return None
        names = listed([f"{o.letter} ({percent(o.upper)})" for o in drawn])
        text = f"more than half of the top group marked what the key calls wrong: {names}: check the key.{_chance(item)}"
        return Finding(CHECK, "key suspect", text, advice, item.number, item.item.id)
    best, key = max(others, key=_upper), max(keys, key=_upper)
    if _upper(best) <= _upper(key):
        return None
    name = "the panel’s favorite" if isinstance(item.key, PanelKey) else "the key"
    text = f"option {best.letter} drew more of the top group than {name} {key.letter} ({percent(best.upper)} against {percent(key.upper)} of the best {item.group_size}): check the key.{_chance(item)}"
    return Finding(CHECK if item.group_size >= FEW else LOOK, "key suspect", text, advice, item.number, item.item.id)


def _upper(option: OptionStatistics) -> Fraction:
    return option.upper or Fraction(0)


def _negative(item: ItemStatistics) -> Finding | None:
    if isinstance(item.r, Undefined) or item.r.value >= 0 or two(item.r.value) == "0.00" or not _spoken(item):
        return None
    sure = item.r.high is not None and item.r.high < 0
    text = f"those who did better on the other items did worse on this one (r = {span(item.r)})."
    text += "" if sure else " The interval includes 0, so it may be chance."
    advice = "Check the key first, then read the stem as a strong learner would: is there a case in which another answer is right?"
    return Finding(CHECK if sure else LOOK, "negative discrimination", text, advice, item.number, item.item.id)


def _difficulty(item: ItemStatistics, p: Estimate) -> Iterable[Finding]:
    place = f"section {item.item.section_text}" if item.item.section_text else "what was taught"
    pre = item.pre if isinstance(item.pre, Estimate) else None
    if p.value < HARD:
        text = f"hard: p = {span(p)} after teaching."
        yield Finding(LOOK, "hard", text, f"Read it beside {place}: either that was not taught so that it stays, or the item misleads.", item.number, item.item.id)
    if pre is None:
        return
    if pre.value > HIGH:
        text = f"known before teaching: p = {span(pre)} on the pre-test, {two(p.value)} after."
        yield Finding(LOOK, "known before", text, "Ask for a decision instead of a fact, or teach something harder: this item cannot show a gain.", item.number, item.item.id)
    if p.value < pre.value and p.high is not None and p.high < pre.value:
        text = f"fewer were right after teaching (p = {span(p)}) than before ({two(pre.value)})."
        yield Finding(CHECK, "loss", text, f"Compare it with {place}: does the text say something else than the key?", item.number, item.item.id)


def _idle(item: ItemStatistics) -> list[OptionStatistics]:
    """The distractors that hardly anybody chose; none where so few were wrong that it means nothing."""
    if item.n < SMALL or sum(option.chosen for option in item.distractors) < WRONG:
        return []
    return [option for option in item.distractors if option.share < HARDLY_CHOSEN]


def _attractive(item: ItemStatistics) -> Iterable[Finding]:
    """Distractors that draw better learners beyond chance; what chance may have done is in the table of options alone."""
    drawing = [option for option in item.distractors if option.share >= HARDLY_CHOSEN and isinstance(option.r, Estimate) and (option.r.low or 0) > 0]
    if drawing:
        names = listed([f"{option.letter} (r = {span(option.r)})" for option in drawing])
        text = f"those who did better on the other items were drawn to {'option' if len(drawing) == 1 else 'options'} {names}."
        yield Finding(LOOK, "attractive distractor", text, "Is it wrong beyond doubt? If not, say in the stem what makes it wrong.", item.number, item.item.id)


def _of_items(analysis: Analysis) -> Iterable[Finding]:
    items = analysis.items
    easy = [item for item in items if isinstance(item.p, Estimate) and item.p.value > HIGH]
    if easy:
        text = f"{len(easy)} of {len(items)} items have a p above 0.80."
        more = "Their p on the pre-test is beside it." if any(item.pre for item in items) else "Give the same items before teaching to see which were known already (--pre)."
        yield Finding(KNOW, "high p", text, f"After teaching that is success, not a flaw: judge how easy an item is on the pre-test. {more}")
    weak = [item.number for item in items if reading(item) == "weak" and isinstance(item.p, Estimate) and HARD <= item.p.value <= HIGH]
    if weak:
        text = f"{'Item' if len(weak) == 1 else 'Items'} {listed(weak)} hardly {'tells' if len(weak) == 1 else 'tell'} strong learners from weak ones (r from 0 to below 0.20)."
        yield Finding(KNOW, "weak discrimination", text, "Look for two skills in one item, or a stem that can be read in two ways.")
    idle = {item.number: found for item in items if (found := _idle(item))}
    if idle:
        shown = ", ".join(f"{number} {'/'.join(option.letter for option in found)}" for number, found in idle.items())
        text = f"fewer than 5% chose these options (item, option): {shown}."
        yield Finding(KNOW, "idle distractors", text, "Put a mistake there that learners make, or leave them out: three options are enough.")
    for item, versions in analysis.changed.items():
        text = f"item {item} was changed between administrations ({len(versions)} versions)."
        yield Finding(LOOK, "changed wording", text, "Each version has a line of its own; do not compare across them as if they were the same item.", None, item)


def _of_test(analysis: Analysis) -> Iterable[Finding]:
    for test in analysis.tests[:1]:
        if isinstance(test.alpha, Estimate) and test.alpha.value < 0:
            text = f"the reliability is below 0 (alpha = {span(test.alpha)}): the items work against each other."
            yield Finding(LOOK, "negative reliability", text, "A wrong key is the usual reason; else too few learners or too little spread.")
        full = test.mean / test.points >= Fraction(4, 5)
        if isinstance(test.alpha, Estimate) and (test.k < SHORT or full):
            name = "KR-20" if isinstance(test.kr20, Estimate) else "alpha"
            why = listed([word for word, so in ((f"it has {test.k} items", test.k < SHORT), ("scores pile up at the top", full)) if so])
            of = f", for the {test.n} learners who met the same items" if analysis.several_forms else ""
            text = f"{name} ({two(test.alpha.value)}{of}) is not the headline of this test: {why}, and it asks whether learners reached a bar, not who is ahead of whom."
            better = [f"Livingston’s k² ({span(test.livingston)})"]
            if not isinstance(test.consistency, Undefined):
                better.append(f"the decision consistency ({percent(test.consistency.agreement)} would be judged alike again)")
            yield Finding(KNOW, "which reliability", text, f"Report {listed(better)}.")
    if analysis.several_forms:
        text = "learners met different items, so the items are compared over different learners, and the reliability is given for each set of items apart."
        yield Finding(KNOW, "several forms", text, "An item that stood on an easier form has an r with other items than its neighbor’s.")
    if len({administration.test for administration in analysis.administrations}) > 1:
        names = listed(sorted({administration.title for administration in analysis.administrations}))
        text = f"these administrations are of different tests: {names}. Items that they share are counted together."
        yield Finding(LOOK, "several tests", text, "If one of them is the pre-test, name it with --pre instead.")


def _of_people(analysis: Analysis) -> Iterable[Finding]:
    n = analysis.n
    if n < SMALL:
        text = f"{n} {'learner is' if n == 1 else 'learners are'} few: from 30 on the numbers become useful, from 100 on steady."
        yield Finding(KNOW, "few learners", text, "Take every finding as a question to the item, and look again with the next group.")
    elif n < FAIR:
        yield Finding(KNOW, "number of learners", f"with {n} learners the numbers are useful and still uncertain: read the intervals.", "Look again when 100 have answered.")
    if len(analysis.items) > 9:
        yield Finding(KNOW, "chance", f"among {len(analysis.items)} items one or two look odd by chance alone.", "Change an item for a reason that you find in its words, not for its number alone.")
    if analysis.repeated:
        text = f"{analysis.repeated} {'sitting is' if analysis.repeated == 1 else 'sittings are'} of learners who sat before (or share a name); each counts."
        yield Finding(KNOW, "repeated sittings", text, "Intervals are then a little too narrow.")
