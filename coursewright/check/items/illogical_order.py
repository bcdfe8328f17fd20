from __future__ import annotations

from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.item_words import quantity, single_best, words
from coursewright.model.course import Course

SCALES = (
    ("never", "rarely", "sometimes", "often", "always"),
    ("none", "mild", "moderate", "severe"),
    ("minimal", "mild", "moderate", "severe"),
    ("very low", "low", "moderate", "high", "very high"),
    ("daily", "weekly", "monthly", "yearly"),
    ("hourly", "daily", "weekly", "monthly"),
    ("once", "twice", "three times", "four times"),
    ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    ("first", "second", "third", "fourth", "fifth"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"),
    ("minutes", "hours", "days", "weeks", "months", "years"),
    ("small", "medium", "large"),
)
ORDERS: dict[str, float] = {"second": 1 / 60, "minute": 1, "min": 1, "hour": 60, "h": 60, "day": 1440, "week": 10080, "month": 43200, "year": 525600, "mcg": 0.001, "microgram": 0.001, "mg": 1, "g": 1000, "kg": 1000000, "mL": 1, "ml": 1, "l": 1000}


@check("W341")
def illogical_order(course: Course) -> Iterator[Fault]:
    """Numbers, or steps of a scale, do not stand in order.

    Why: a reader who knows the value searches for it.
    Example: "20 mg", "5 mg", "40 mg", "10 mg"
    Instead: from small to large, or from large to small.
    Source: NBME item-writing guide; Haladyna, Downing and Rodriguez 2002, guideline 21.
    """
    for item in single_best(course):
        texts = [option.text.plain for option in item.options]
        values = _values(texts)
        if values and len(set(values)) > 1 and values not in (sorted(values), sorted(values, reverse=True)):
            yield item.item.at("options"), f'the options of "{item.item.id}" do not stand in order', "put them in order of size"


def _values(texts: list[str]) -> list[float] | None:
    """The place of each option on one scale; None where they have none."""
    read = [quantity(text) for text in texts]
    if all(read):
        units = [q.unit.split(" ")[0].rstrip("s.") for q in read if q]
        factors = [ORDERS.get(unit) for unit in units]
        if all(factors) and len(set(units)) > 1:
            return [float(q.first) * (factor or 1) for q, factor in zip(read, factors, strict=True) if q]
        return [float(q.first) + (0.5 if q.high is None else -0.5 if q.low is None else 0) for q in read if q]
    for scale in SCALES:
        places = [_place(text, scale) for text in texts]
        if all(place is not None for place in places):
            return [float(place) for place in places if place is not None]
    return None


def _place(text: str, scale: tuple[str, ...]) -> int | None:
    lowered = " ".join(words(text))
    if len(lowered.split()) > 5:
        return None
    found = [n for n, word in enumerate(scale) if lowered == word or lowered.startswith(word + " ") or lowered.endswith(" " + word)]
    return found[-1] if found else None
