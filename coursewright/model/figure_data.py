"""Numbers of the evidence ledger in figures: `${claim.name}` in a chart stands for a number that a claim holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from coursewright.model.claim import Claim

PLACE = re.compile(r"\$\{([a-z0-9-]+)\.([\w-]+)\}")


def places(value: Any) -> Iterator[tuple[str, str]]:
    """The (claim, name) pairs that a chart refers to, in order."""
    if isinstance(value, dict):
        for entry in value.values():
            yield from places(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from places(entry)
    elif isinstance(value, str):
        yield from PLACE.findall(value)


def filled(value: Any, claims: Mapping[str, Claim]) -> Any:
    """The chart with its numbers in place: a string that is one reference becomes a number, others keep their text
    around it, with a true minus. A reference that leads nowhere stays as it is: a check reports it."""
    if isinstance(value, dict):
        return {key: filled(entry, claims) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [filled(entry, claims) for entry in value]
    if not isinstance(value, str):
        return value
    whole = PLACE.fullmatch(value)
    if whole:
        number = look_up(claims, *whole.groups())
        return value if number is None else int(number) if number == number.to_integral_value() else float(number)

    def text(found: re.Match[str]) -> str:
        number = look_up(claims, *found.groups())
        return found[0] if number is None else f"{number:f}".replace("-", "−")

    return PLACE.sub(text, value)


def look_up(claims: Mapping[str, Claim], claim: str, name: str) -> Decimal | None:
    """The number that a claim holds under a name."""
    found = claims.get(claim)
    return found.data.get(name) if found else None
