"""Questions and answers as learning platforms write them, found again by their words: certain, or not at all."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TypeVar, assert_never

from coursewright.model.interaction import (
    Choice,
    ChoiceKey,
    Interaction,
    Match,
    MatchKey,
    NumericEntry,
    Order,
    OrderKey,
    PanelKey,
    Response,
    TextEntry,
)
from coursewright.plan.record import ItemRecord
from coursewright.plan.sittings import NotAResponse

L = TypeVar("L")
SHORT = 10  # Moodle's ordering question cuts the words of its steps to so many letters
SEPARATORS = ("; ", ";", ", ", ",")
#: how the instructions begin that our exports put below a stem
INSTRUCTIONS = ("choose one", "decide: true or false", "select all that apply", "match each entry", "put the steps in order", "give each step its place", "write a ")
MOST_AFTER = 200
MOST_WAYS = 20_000  # of cutting one answer into options: a cell made to be slow is refused


class Ambiguous(ValueError):
    """Words that fit several items."""


def normal(text: str) -> str:
    """Words as they are compared: case, quotes, dashes, emphasis, entities and white space make no difference."""
    text = unicodedata.normalize("NFC", html.unescape(text)).casefold()
    text = re.sub(r"[‘’‛′`´]", "'", text)
    text = re.sub(r"[“”„″«»]", '"', text)
    text = re.sub(r"[‐‑‒–—−]", "-", text)
    text = re.sub(r"[\u00ad\u200b\u200c\u200d\ufeff*]|(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)", "", text)
    return " ".join(text.split())


def find_item(text: str, items: Iterable[ItemRecord], answers: Iterable[str] = ()) -> ItemRecord | None:
    """The item that a question is: by its id before the words or in brackets, else by its stem, with its options or alone.

    answers: what was answered to it, for stems that several items share. Raises Ambiguous where several items fit.
    """
    known = list(items)
    ids = {item.id: item for item in known}
    named = re.match(r"\s*[\[(]?\s*([a-z0-9]+(?:-[a-z0-9]+)*)\s*(?:[\])|:.]|$)", text)
    if named and named[1] in ids:
        return ids[named[1]]
    bracketed = {found for found in re.findall(r"\[([a-z0-9-]+)\]", text) if found in ids}
    if len(bracketed) == 1:
        return ids[bracketed.pop()]
    words = normal(text)
    ranked = [(_fit(words, item), len(normal(item.stem)), item) for item in known]
    best = max(((fit, length) for fit, length, _ in ranked if fit), default=None)
    if best is None:
        return None
    fitting = [item for fit, length, item in ranked if (fit, length) == best]
    if len(fitting) > 1:
        given = [answer for answer in answers if answer not in ("", "-")]
        fitting = [item for item in fitting if given and all(_reads(item.interaction, answer) for answer in given)]
    if len(fitting) != 1:
        raise Ambiguous("several items have these words")
    return fitting[0]


def _fit(words: str, item: ItemRecord) -> int:
    """How well a question's words fit an item's, 0 where they do not: stem and options, stem alone, either after a case.

    Canvas joins paragraphs without a space. What may follow a stem is an instruction of ours, and options.
    """
    stem = normal(item.stem).split()
    found = re.search(r"\s*".join(map(re.escape, stem)), words) if stem else None
    if found is None:
        return 0
    before, after = words[: found.start()].strip(), words[found.end() :].strip()
    if before and (before[-1].isalnum() or before[-1] in ",-"):
        return 0
    options = [normal(option) for option in _words(item.interaction)]
    if options and all(option in after for option in options):
        return 2 if before else 4
    if after and not (len(after) <= MOST_AFTER and any(after.startswith(beginning) or beginning in after[:80] for beginning in INSTRUCTIONS)):
        return 0
    return 1 if before else 3


def _words(interaction: Interaction) -> list[str]:
    match interaction:
        case Choice(alternatives=alternatives) | Order(alternatives=alternatives):
            return [a.text.plain for a in alternatives]
        case Match(prompts=prompts, choices=choices):
            return [a.text.plain for a in (*prompts, *choices)]
        case NumericEntry() | TextEntry():
            return []
        case other:
            assert_never(other)


def _reads(interaction: Interaction, answer: str) -> bool:
    try:
        read_words(interaction, answer)
    except NotAResponse:
        return False
    return True


def read_words(interaction: Interaction, text: str) -> Response:
    """A response given in the words of options, as Moodle (`a; b`, `p -> c`) and Canvas (`a,b`, `p=>c`) join them.

    Empty text and `-` are no response. Raises NotAResponse, also where the words can be read in two ways.
    """
    words = normal(text.replace("\\,", ",").replace("\\=>", "=>"))
    if words in ("", "-"):
        return None
    match interaction:
        case Choice(alternatives=alternatives, multiple=multiple):
            tokens = [(normal(a.text.plain), a.id) for a in alternatives]
            if not multiple:
                return frozenset({_only({id_ for token, id_ in tokens if token == words}, "one of the options, in its words")})
            return _only({frozenset(ids) for ids in _cut(words, tokens)}, "options in their words, joined as the platform joins them")
        case Match(prompts=prompts, choices=choices):
            pairs = [(f"{normal(p.text.plain)}{arrow}{normal(c.text.plain)}", (p.id, c.id)) for p in prompts for c in choices for arrow in (" -> ", "=>", " => ")]
            pairs += [(f"{normal(p.text.plain)}=>", (p.id, "")) for p in prompts]
            found = {tuple(sorted((p, c) for p, c in way if c)) for way in _cut(words, pairs) if len({p for p, _ in way}) == len(way)}
            matched: tuple[tuple[str, str], ...] = _only(found, "pairs such as “prompt -> choice”, in their words")
            return dict(matched) or None
        case Order(alternatives=alternatives):
            return _order([(normal(a.text.plain), a.id) for a in alternatives], words)
        case NumericEntry(unit=unit):
            return words.removesuffix(normal(unit)).strip() if unit else words
        case TextEntry():
            return text.strip()
        case other:
            assert_never(other)


def _order(steps: list[tuple[str, str]], words: str) -> Response:
    """An order: steps one after another, whole or cut short, or each with its place. An order that lacks steps earns nothing."""
    cut = [(token if len(token) <= SHORT else token[: SHORT - 3].rstrip() + "...", id_) for token, id_ in steps]
    cut += [(token[: SHORT - 3] + "...", id_) for token, id_ in steps if len(token) > SHORT]
    ways = {tuple(way) for way in _cut(words, [*steps, *cut])}
    if ways:
        return _only(ways, "every step once")
    placed = [(form.format(token, n, arrow), (n, id_)) for token, id_ in steps for n in range(1, len(steps) + 1) for arrow in (" -> ", "=>", " => ") for form in ("{0}{2}{1}", "{1}{2}{0}")]
    placed += [(f"{token}=>", (0, id_)) for token, id_ in steps]
    found = {tuple(sorted(way)) for way in _cut(words, placed)}
    way = _only(found, "every step once, with its place")
    places = [n for n, _ in way]
    return tuple(id_ for _, id_ in way) if places == list(range(1, len(steps) + 1)) else ()


def _only(found: set[L], expected: str) -> L:
    if len(found) != 1:
        raise NotAResponse(expected if not found else f"{expected}; these can be read in several ways")
    return next(iter(found))


def _cut(words: str, tokens: list[tuple[str, L]]) -> Iterator[list[L]]:
    """The ways to read `words` as tokens one after another, none twice, with separators between. Raises NotAResponse for too many."""
    tries = 0
    different = dict.fromkeys(entry for entry in tokens if entry[0])

    def from_(at: int, used: list[L]) -> Iterator[list[L]]:
        nonlocal tries
        tries += 1
        if tries > MOST_WAYS:
            raise NotAResponse("fewer words; these can be read in too many ways")
        for token, label in different:
            if label in used or not words.startswith(token, at):
                continue
            end = at + len(token)
            if end == len(words):
                yield [*used, label]
            for separator in SEPARATORS:
                if words.startswith(separator, end):
                    yield from from_(end + len(separator), [*used, label])

    return from_(0, [])


def nearest_share(item: ItemRecord, share: Fraction, rounding: Fraction) -> Fraction:
    """The share of an item's points that a rounded number stands for: the one that can be earned, where one lies so near."""
    near = [exact for exact in _possible(item) if abs(exact - share) <= rounding]
    return min(near, key=lambda exact: abs(exact - share)) if near else share


def _possible(item: ItemRecord) -> set[Fraction]:
    match item.key:
        case ChoiceKey(correct=correct, rule="plus-minus"):
            parts = max(1, len(correct))
        case MatchKey(pairs=pairs):
            parts = len(pairs)
        case OrderKey(order=order):
            parts = max(1, len(order) - 1)
        case PanelKey(shares=shares):
            return {Fraction(0), *(share for _, share in shares)}
        case _:
            parts = 1
    return {Fraction(n, parts) for n in range(parts + 1)}
