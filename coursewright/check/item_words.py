"""How rules on items read them: options with their keys, the question of a stem, words that carry content, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from coursewright.model.course import Course
from coursewright.model.items.base import SingleItem
from coursewright.model.items.multiple_response import MultipleResponse
from coursewright.model.items.options import Option
from coursewright.model.items.single_best_answer import SingleBestAnswer
from coursewright.model.prose import Prose

STOP = frozenset(
    ["a", "an", "the", "of", "to", "in", "on", "at", "by", "for", "with", "from", "into", "about", "as", "than", "then", "that", "this", "these", "those", "which", "what", "who", "whom", "whose", "when", "where", "why", "how", "is", "are", "was", "were", "be", "been", "being", "has", "have", "had", "do", "does", "did", "will", "would", "should", "could", "can", "may", "might", "must", "shall", "not", "no", "nor", "and", "or", "but", "if", "so", "such", "it", "its", "he", "she", "they", "them", "his", "her", "their", "you", "your", "we", "our", "i", "my", "me", "him", "us", "one", "two", "first", "second", "next", "most", "more", "less", "least", "best", "following", "after", "before", "during", "between", "over", "under", "per", "each", "any", "some", "there", "here", "also", "both", "either", "neither", "person", "people", "patient", "patients", "clinician", "statement", "answer", "option", "item", "question", "case", "now", "still", "very", "only", "own", "other", "another", "same", "because", "while", "within", "without", "against", "versus"]
)


@dataclass(frozen=True)
class Alternatives:
    """A choice item as the rules read it."""

    item: SingleItem
    options: tuple[Option, ...]

    @property
    def keys(self) -> tuple[Option, ...]:
        return tuple(option for option in self.options if option.correct)

    @property
    def distractors(self) -> tuple[Option, ...]:
        return tuple(option for option in self.options if not option.correct)

    @property
    def stem(self) -> str:
        return self.item.stem.plain

    @property
    def lead(self) -> str:
        return lead_in(self.item.stem)


def single_best(course: Course) -> Iterator[Alternatives]:
    """Items with one key and at least one distractor."""
    for item in course.items_of(SingleBestAnswer):
        made = Alternatives(item, item.options)
        if len(made.keys) == 1 and made.distractors:
            yield made


def with_options(course: Course) -> Iterator[Alternatives]:
    """Every item that has options: single best answer and multiple response."""
    yield from single_best(course)
    for item in course.items_of(MultipleResponse):
        yield Alternatives(item, item.options)


def lead_in(stem: Prose) -> str:
    """What a stem asks: its last sentence that ends in a question mark, else its last sentence, which options complete.

    "Select all that apply." after a question is an instruction, and is passed over.
    """
    sentences = [part for part in re.split(r"(?<=[.?!:])[”’)]*\s+", stem.plain) if part]
    for sentence in reversed(sentences):
        if sentence.rstrip("”’)").endswith("?"):
            return sentence
    return sentences[-1] if sentences else ""


def words(text: str) -> list[str]:
    """The words of a text in lower case; numbers and joined words stay whole."""
    return re.findall(r"[a-zà-ÿ0-9]+(?:[-’'.][a-zà-ÿ0-9]+)*", text.lower())


def root(word: str) -> str:
    """A word without its common endings: "dosing", "dosed" and "doses" meet."""
    for ending in ("ically", "ations", "ation", "ingly", "edly", "ings", "ions", "ment", "ness", "ing", "ies", "ion", "ity", "ed", "es", "ly", "al", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def content(text: str) -> list[str]:
    """The roots of the words that carry content, in order."""
    return [root(word) for word in words(text) if word not in STOP and len(word) > 2]


#: a value or a range, with its unit: 5, 10–20 mg, over 65 years, less than 0.5 mg/kg
NUMBER = r"[-−]?\d[\d,]*(?:\.\d+)?"
VALUE = re.compile(
    rf"^(?:those |people |children |adults |patients |from |between |aged )*(?P<sign>about |approximately |around |over |above |more than |greater than |at least |under |below |less than |fewer than |up to |at most |[<>≥≤~] ?)?"
    rf"[$€£]?(?P<low>{NUMBER})\s*%?(?:\s*(?:–|-|to|and)\s*(?P<high>{NUMBER}))?\s*(?P<unit>[^\d;:,(]{{0,40}})(?:\s*\([^)]*\))?(?: or (?P<more>more|less|over|under|higher|lower|older|younger|above|below))?\.?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quantity:
    """An option that is a number: its bounds (None: open), its unit, its decimals and whether it is a range."""

    low: Decimal | None
    high: Decimal | None
    unit: str
    decimals: int
    ranged: bool

    @property
    def first(self) -> Decimal:
        return self.low if self.low is not None else self.high if self.high is not None else Decimal(0)


def quantity(text: str) -> Quantity | None:
    """What a number or range of an option means; None where the option is no quantity."""
    found = VALUE.match(text.strip())
    if not found:
        return None
    low, high = _decimal(found["low"]), _decimal(found["high"]) if found["high"] else None
    unit = (found["unit"] or "").strip().lower()
    more = found["more"] or ""
    for word in ("more", "less", "over", "under", "higher", "lower", "older", "younger", "above", "below"):
        if unit.endswith(f"or {word}"):
            unit, more = unit.removesuffix(f"or {word}").strip(), word
    if "%" in text:
        unit = "%" + unit.lstrip("%")
    decimals = max(len(number.partition(".")[2]) for number in (found["low"], found["high"] or "0"))
    sign = (found["sign"] or "").strip().lower()
    if sign in ("over", "above", "more than", "greater than", "at least", ">", "≥") or more in ("more", "over", "higher", "older", "above"):
        return Quantity(low, None, unit, decimals, True)
    if sign in ("under", "below", "less than", "fewer than", "up to", "at most", "<", "≤") or more in ("less", "under", "lower", "younger", "below"):
        return Quantity(None, low, unit, decimals, True)
    return Quantity(low, high if high is not None else low, unit, decimals, high is not None)


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace("−", "-").replace(",", ""))


def opening(text: str) -> str:
    """The grammatical class of an option by its first words: `to`, `ing`, `article`, `number`, `clause`, `verb`, or `noun`."""
    all_words = words(text)
    if not all_words:
        return "noun"
    first = all_words[0]
    if first == "to":
        return "to"
    if re.match(r"[-−$€£]?\d", text.strip()):
        return "number"
    if first.endswith("ing") and "-" not in first and _gerund(first):
        return "ing"
    if first in VERBS:
        return "verb"
    if len(all_words) >= 4 and any(word in FINITE for word in all_words[1:6]):
        return "clause"
    if first in ("because", "since", "if", "when", "although"):
        return "because"
    return "noun"


def _gerund(word: str) -> bool:
    """Whether a word in -ing is the form of a verb that we know: "giving", "stopping", not "morning" or "whooping"."""
    base = word[:-3]
    return bool({base, base + "e", base[:-1]} & VERBS) and word not in NOUNS_IN_ING


def openings(texts: list[str]) -> list[str]:
    """The class of each option. Where most begin with a known verb, an unknown first word is taken for one too, unless
    it looks like a noun: there is no list of all verbs."""
    found = [opening(text) for text in texts]
    sure = sum(kind == "verb" and words(text)[0] not in EITHER for kind, text in zip(found, texts, strict=True))
    if not sure:  # "repeat radiograph" and "lower craving" beside nouns are nouns
        found = ["noun" if kind == "verb" else kind for kind in found]
    if found.count("ing") * 2 >= len(found):
        found = ["ing" if words(text) and words(text)[0].endswith("ing") else kind for kind, text in zip(found, texts, strict=True)]
    if found.count("verb") * 2 >= len(found):
        found = ["verb" if kind in ("noun", "clause") and not NOUN.match(text) else kind for kind, text in zip(found, texts, strict=True)]
    return found


#: verbs that are nouns or adjectives as well
EITHER = frozenset(
    ["add", "call", "cancel", "change", "check", "cut", "decline", "decrease", "delay", "discharge", "document", "dose", "double", "file", "force", "increase", "limit", "list", "lower", "measure", "monitor", "move", "note", "offer", "order", "pause", "place", "plan", "present", "provide", "raise", "record", "repeat", "report", "request", "restart", "return", "review", "rinse", "schedule", "screen", "share", "show", "skip", "split", "start", "state", "stay", "stop", "supply", "switch", "taper", "test", "transfer", "treat", "try", "turn", "use", "wait", "watch", "complete", "clear", "open"]
)
NOUN = re.compile(
    r"^(?:an?|the|no|any|some|each|every|all|both|this|that|these|those|its|their|his|her|two|three|more|less|fewer|higher|lower|another|only)\b"
    r"|^[\w-]+(?:tions?|ments?|ness|ity|ities|ances?|ences?|isms?|ists?|ology|graphy|scopy|itis|osis|emia|ine|ol|ide|pam|pram|ous|ic|al|ive|ary|ful|less|able)\b|^[\w-]+ (?:of|is|are|was|were|has|have|rate|level|test|use)\b|^(?-i:[A-Z]{2,})",
    re.IGNORECASE,
)
NOUNS_IN_ING = frozenset(["morning", "evening", "bleeding", "screening", "vomiting", "swelling", "wheezing", "itching", "monitoring", "counseling", "nursing", "teaching", "training", "dosing", "tapering"])
FINITE = frozenset(["is", "are", "was", "were", "has", "have", "had", "does", "do", "did", "will", "would", "should", "can", "may", "might", "must", "cannot", "reduces", "increases", "raises", "lowers", "causes", "shows", "prevents", "requires", "allows", "makes", "acts", "works", "blocks"])
VERBS = frozenset(
    ["add", "admit", "administer", "adjust", "advise", "allow", "alert", "apply", "approve", "arrange", "ask", "assess", "assign", "assume", "avoid", "begin", "book", "call", "cancel", "change", "check", "choose", "clarify", "close", "complete", "confirm", "consider", "continue", "consult", "contact", "count", "cut", "decline", "decrease", "defer", "delay", "delete", "describe", "discharge", "discuss", "divide", "document", "double", "encourage", "end", "enroll", "ensure", "escalate", "establish", "evaluate", "examine", "exclude", "explain", "extend", "file", "find", "follow", "force", "forward", "get", "give", "go", "hold", "identify", "ignore", "increase", "inform", "initiate", "insert", "insist", "instruct", "involve", "keep", "leave", "let", "limit", "list", "lower", "maintain", "make", "measure", "monitor", "move", "multiply", "note", "notify", "observe", "obtain", "offer", "omit", "open", "order", "outline", "pause", "perform", "place", "plan", "prepare", "prescribe", "present", "proceed", "promise", "prolong", "provide", "put", "raise", "re-check", "read", "reassure", "recheck", "record", "reduce", "refer", "refuse", "regard", "reject", "release", "remove", "repeat", "replace", "report", "request", "reschedule", "respond", "restart", "restrict", "return", "review", "rinse", "schedule", "screen", "see", "seek", "select", "send", "set", "share", "show", "skip", "split", "start", "state", "stay", "stop", "submit", "substitute", "subtract", "supply", "suspend", "switch", "taper", "take", "teach", "tell", "transfer", "treat", "try", "turn", "update", "use", "verify", "wait", "warn", "wash", "watch", "wear", "weigh", "withdraw", "withhold", "write"]
)
