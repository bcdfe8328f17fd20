"""Contact hours: what they are worked out from, by which formula, and what may be designated.

Mergener's formula, a reading-rate estimate and a pilot log stand side by side. What is designated is the smallest of
them, rounded down to a quarter of an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from statistics import quantiles

from coursewright.model.accreditation import Rater
from coursewright.model.course import Course, texts_of
from coursewright.model.drawing import draw
from coursewright.model.module import Unit
from coursewright.model.quiz import Blueprint

#: Mergener's coefficients. The constant is negative: a widely copied sheet prints it with a plus, and its own example
#: (3774 words, 16 items, difficulty 2.5: 61.93589 minutes) comes out with a minus alone.
FACTOR, CONSTANT, A_WORD, AN_ITEM, A_GRADE = Decimal("0.9"), Decimal("-22.3"), Decimal("0.00209"), Decimal("2.78"), Decimal("15.5")
MODERATE = Decimal(3)
STEP = Decimal("0.25")
LEAST_PILOT = 3  # learners; with fewer the log is shown and not counted
DIFFER = Decimal("0.30")  # estimates further apart than this ask for an explanation


def mergener_minutes(words: int, items: int, difficulty: Decimal) -> Decimal:
    """Minutes for text of `words`, a final examination of `items`, and a difficulty from 1 to 5; never below zero.

    Raises ValueError for negative counts or a difficulty outside 1 to 5.
    Source: Mergener MA. Am J Pharm Educ 1991;55:263-266; the constant's sign by the worked example of the AORN sheet.
    """
    if words < 0 or items < 0 or not 1 <= difficulty <= 5:
        raise ValueError("words and items are counts, and difficulty lies between 1 and 5")
    return max(Decimal(0), FACTOR * (CONSTANT + A_WORD * words + AN_ITEM * items + A_GRADE * difficulty))


def contact_hours(minutes: Decimal) -> Decimal:
    """Contact hours in steps of 0.25: one for each 60 minutes, never rounded up. Raises ValueError below zero.

    Source: ANCC contact-hour calculation; AMA PRA credit in quarter hours.
    """
    if minutes < 0:
        raise ValueError("minutes cannot be negative")
    return (minutes / 60 / STEP).to_integral_value(ROUND_FLOOR) * STEP


@dataclass(frozen=True)
class Estimate:
    """One way to the time: its minutes, how it was reached, and whether it counts."""

    name: str
    minutes: Decimal
    working: str
    counts: bool = True

    @property
    def hours(self) -> Decimal:
        return self.minutes / 60


@dataclass(frozen=True)
class Part:
    """A unit's share in the sums."""

    title: str
    words: int
    reflection: int
    stated: int


@dataclass(frozen=True)
class CreditReport:
    """How the credit was computed."""

    parts: tuple[Part, ...]
    items: int
    form: str
    difficulty: Decimal
    raters: tuple[Rater, ...]
    media: Decimal
    estimates: tuple[Estimate, ...]
    item_share: Decimal
    difficulty_share: Decimal
    remarks: tuple[str, ...]
    designated: Decimal | None

    @property
    def words(self) -> int:
        return sum(part.words for part in self.parts)

    @property
    def reflection(self) -> int:
        return sum(part.reflection for part in self.parts)

    @property
    def smallest(self) -> Estimate:
        """The smallest estimate that counts."""
        return min((e for e in self.estimates if e.counts), key=lambda e: e.minutes)

    @property
    def hours(self) -> Decimal:
        """What may be designated at most."""
        return contact_hours(self.smallest.minutes)


def count_words(unit: Unit) -> int:
    """Words of learning content: the text of sections and the key points; no titles, references or items."""
    return sum(len(text.plain.split()) for text in (*texts_of(unit.sections), *unit.key_points))


def final_form(course: Course) -> Blueprint | None:
    """The blueprint that decides about credit: the one that `credit: form` names, else the last with rows of its own."""
    wanted = course.info.credit.form
    found = [b for b in course.blueprints if wanted in (None, b.id) and b.parallel_to is None]
    return found[-1] if found else None


def plan_credit(course: Course) -> CreditReport:
    """Work the credit out from what the course says: words, items of the final form, difficulty, media, pilot log."""
    credit = course.info.credit
    parts = tuple(
        Part(unit.title, count_words(unit), sum(getattr(block, "minutes", 0) for block in unit.blocks()), unit.minutes) for unit in course.units
    )
    words, reflection = sum(part.words for part in parts), sum(part.reflection for part in parts)
    blueprint = final_form(course)
    items = sum(1 for item in draw(course, blueprint)[0] for _ in item.singles()) if blueprint else 0
    grades = [rater.difficulty for rater in credit.raters]
    difficulty = sum(grades, Decimal(0)) / len(grades) if grades else MODERATE
    media = sum((entry.minutes for entry in credit.media), Decimal(0))
    formula = mergener_minutes(words, items, difficulty)
    reading = Decimal(words) / credit.words_a_minute + credit.minutes_an_item * items + reflection + media
    estimates = [
        Estimate(
            "Mergener's formula",
            formula + media,
            f"0.9 × (−22.3 + 0.00209 × {words} + 2.78 × {items} + 15.5 × {difficulty:.2f})" + (f" + {media:g} minutes of media" if media else ""),
        ),
        Estimate(
            "Reading rate",
            reading,
            f"{words} words ÷ {credit.words_a_minute} a minute + {credit.minutes_an_item:g} × {items} items + {reflection} minutes of reflection"
            + (f" + {media:g} minutes of media" if media else ""),
        ),
    ]
    if credit.pilot:
        estimates.append(_pilot([entry.minutes for entry in credit.pilot]))
    gross = FACTOR * (A_WORD * words + AN_ITEM * items + A_GRADE * difficulty)
    return CreditReport(
        parts=parts,
        items=items,
        form=blueprint.title if blueprint else "no final examination",
        difficulty=difficulty,
        raters=credit.raters,
        media=media,
        estimates=tuple(estimates),
        item_share=FACTOR * AN_ITEM * items / gross if gross else Decimal(0),
        difficulty_share=FACTOR * A_GRADE * difficulty / gross if gross else Decimal(0),
        remarks=tuple(_remarks(course, estimates, grades, formula)),
        designated=credit.hours,
    )


def _pilot(minutes: list[Decimal]) -> Estimate:
    ordered = sorted(minutes)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    spread = ""
    if len(ordered) >= 2:
        low, _, high = quantiles(ordered, n=4, method="inclusive")
        spread = f", middle half {low:.0f} to {high:.0f}"
    working = f"median of {len(ordered)} learner{'s' if len(ordered) != 1 else ''}{spread}"
    return Estimate("Pilot", median, working, counts=len(ordered) >= LEAST_PILOT)


def _remarks(course: Course, estimates: list[Estimate], grades: list[Decimal], formula: Decimal) -> list[str]:
    said = []
    if not grades:
        said.append("No rater has judged the difficulty: 3 (moderate) is assumed, so the figure from the formula is provisional.")
    elif len(grades) == 1:
        said.append("One rater alone judged the difficulty; two or more are asked for.")
    elif max(grades) - min(grades) >= 1:
        said.append(f"Raters differ: {min(grades):g} to {max(grades):g}.")
    if not course.info.credit.pilot:
        said.append("No pilot has been held. A median of three or more learners of the audience would be the strongest figure.")
    elif len(course.info.credit.pilot) < LEAST_PILOT:
        said.append(f"The pilot has fewer than {LEAST_PILOT} learners: it is shown and does not count.")
    if not formula:
        said.append("The formula gives no time for so small an activity.")
    counted = [e.minutes for e in estimates if e.counts]
    if min(counted) and max(counted) / min(counted) - 1 > DIFFER:
        said.append(f"The estimates differ by {100 * (max(counted) / min(counted) - 1):.0f} percent: explain the difference in the application.")
    return said
