from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from coursewright.check import Fault, check
from coursewright.check.passages import Written, invented, rows, written
from coursewright.model.blocks.figure import Figure
from coursewright.model.claim import Claim, numbers_in
from coursewright.model.course import Course
from coursewright.model.figure_data import PLACE
from coursewright.model.items.numeric import Numeric
from coursewright.model.module import Unit
from coursewright.model.prose import Prose
from coursewright.source.span import Span

CONFIDENCE = re.compile(r"\b9[059](?:\.\d)?%? ?(?:%|percent)?(?= (?:CI|confidence|interval|prediction))")
PLACES = re.compile(r"\b(?:Sections?|Modules?|Figures?|Tables?|Steps?|Decisions?|Changes?|Rows?) [\d.]+(?:(?:–| and | to )[\d.]+)?")


@check("W909")
def number_without_claim(course: Course) -> Iterator[Fault]:
    """A number in the text is held by no claim of the evidence ledger that belongs to this section.

    Why: a number that nobody can trace cannot be defended, and is not corrected when its source is.
    Example: "Of 73 people, 64% responded." in a section whose claims hold 64 and not 73
    Instead: add the number to the `statement:` or `data:` of a claim that lists the section; or write it as a word where
    it is no figure of evidence. Key points, slides and discussion are held to all claims of their module, options and
    rationales to those of the course and to their own stem; cases tell of invented people and are free. Names with digits
    stand in `names:` of course.yaml.
    """
    if not course.claims:
        return
    names = re.compile("|".join(re.escape(name) for name in sorted(course.info.names, key=len, reverse=True)) or r"(?!)")
    for unit in course.units:
        yield from _unit(course, unit, names)
    everything = _held(course.claims.values())
    for item in course.items:
        texts = list(written(item))
        own = {number for entry in texts if invented(entry) for number in numbers_in(entry.plain)}
        own |= {number for single in item.singles() if isinstance(single, Numeric) for number in _answers(single)}
        for entry in texts:
            if not invented(entry):
                yield from _loose(entry, everything | own, names, f'item "{item.id}"')


def _unit(course: Course, unit: Unit, names: re.Pattern[str]) -> Iterator[Fault]:
    of_section = {section.id: _held(claim for claim in course.claims.values() if section.id in claim.sections) for section in unit.sections}
    for section, entry in rows(unit):
        if not invented(entry):
            yield from _loose(entry, of_section[section.id], names, f'section "{section.id}"')
        if isinstance(entry.owner, Figure) and entry.field == "caption":
            yield from _chart(entry.owner, of_section[section.id], section.id)
    of_unit = frozenset().union(*of_section.values())
    for name in ("summary", "key_points", "slides", "discussion"):
        value = getattr(unit, name, ())
        found = list(written(value)) if name in ("slides", "discussion") else [Written(unit, name, line.plain, "") for line in _lines(value)]
        for entry in found:
            yield from _loose(entry, of_unit, names, f'module "{unit.id}"')


def _lines(value: Prose | tuple[Prose, ...]) -> tuple[Prose, ...]:
    return value if isinstance(value, tuple) else (value,)


def _held(claims: Iterable[Claim]) -> frozenset[Decimal]:
    return frozenset(number for claim in claims for number in claim.numbers())


def _answers(item: Numeric) -> Iterator[Decimal]:
    yield abs(item.answer)
    yield abs(item.tolerance)
    for error in item.errors:
        yield abs(error.value)


def _loose(entry: Written, held: frozenset[Decimal] | set[Decimal], names: re.Pattern[str], where: str) -> Iterator[Fault]:
    text = entry.plain
    for pattern in (names, CONFIDENCE, PLACES):
        text = pattern.sub(lambda found: " " * len(found[0]), text)
    for number in dict.fromkeys(numbers_in(text)):
        if number not in held:
            yield _place(entry, number), f"no claim of {where} holds the number {number}", "add it to a claim of this section, or write a word"


def _place(entry: Written, number: Decimal) -> Span:
    return entry.at(f"{number:,}" if number >= 1000 and f"{number:,}" in entry.plain else str(number))


def _chart(figure: Figure, held: frozenset[Decimal], section: str) -> Iterator[Fault]:
    """Numbers typed into a chart's data: what the ledger holds is drawn from it, so that it changes with it."""
    values = (figure.chart or {}).get("data", {}).get("values", [])
    for row in values if isinstance(values, list) else []:
        for entry in row.values() if isinstance(row, dict) else [row]:
            if isinstance(entry, str) and not PLACE.search(entry):
                for number in numbers_in(entry):
                    if number not in held:
                        yield figure.at("chart", str(number)), f'no claim of section "{section}" holds the number {number}', "draw it from a claim: ${claim.name}"
