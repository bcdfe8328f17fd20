from __future__ import annotations

import re
from collections.abc import Iterator

from coursewright.check import Fault, check
from coursewright.check.passages import Written, unit_texts
from coursewright.model.course import Course

TOKEN = re.compile(r"(?<![\w-])(?:[A-Z]{2,7}|[A-Z][a-z]?[A-Z]{1,5}|[a-z][A-Z]{2,5}\d?)(?:s(?![A-Za-z]))?(?![\w])")
#: what every reader of the language knows, or what is no abbreviation
COMMON = {"US", "USA", "UK", "EU", "UN", "DNA", "RNA", "HIV", "AIDS", "PDF", "HTML", "URL", "QR", "ID", "OK", "TV", "AM", "PM", "AD", "BC", "PO", "II", "III", "IV", "VI", "VII", "VIII", "IX", "XI", "XII", "NOT", "EXCEPT", "LEAST", "TRUE", "FALSE", "YAML", "CSV", "DOI", "MD", "RN"}


@check("W803")
def undefined_abbreviation(course: Course) -> Iterator[Fault]:
    """An abbreviation is used in a module, and its long form is never given there.

    Why: a reader who does not know it stops, or guesses. One expansion a module is enough.
    Example: "The PHQ fell by 4 points." in a module that never writes "Patient Health Questionnaire (PHQ)"
    Instead: the long form with the abbreviation in brackets at the first use. Names of trials count
    as names where a reference's title or `names:` in course.yaml has them.
    Source: AMA Manual of Style, 11th edition, abbreviations.
    """
    names = proper_names(course)
    for unit in course.units:
        for entry, token in undefined(list(unit_texts(unit)), names):
            yield entry.at(token), f'{token} is not expanded in "{unit.id}"', f"write the long form ({token}) where it is first used"


def undefined(texts: list[Written], known: set[str]) -> Iterator[tuple[Written, str]]:
    """The abbreviations whose long form stands nowhere in the texts, each at its first place."""
    whole = " ".join(entry.plain for entry in texts)
    seen: set[str] = set()
    for entry in texts:
        for found in TOKEN.finditer(entry.plain):
            token = found[0][:-1] if found[0].endswith("s") and found[0][:-1].isupper() else found[0]
            if token in seen or token in COMMON or token in known:
                continue
            seen.add(token)
            if not expanded(token, whole):
                yield entry, token


def expanded(token: str, text: str) -> bool:
    """Whether a text gives the long form: `long form (ABC)`, or `ABC (long form)`."""
    return bool(re.search(rf"[(\[][^)\]]{{0,60}}\b{token}s?\b[^)\]]{{0,30}}[)\]]|\b{token}s? \([a-z][^)]{{5,}}\)", text))


def proper_names(course: Course) -> set[str]:
    """Proper names: those that course.yaml lists, and the short names of trials in the titles of references."""
    found = {part for name in course.info.names for part in re.split(r"[\s-]", name)}
    for reference in course.references:
        found |= {part for group in re.findall(r"\(([^)]*)\)", reference.title) for part in re.split(r"[\s-]", group)}
    return found
