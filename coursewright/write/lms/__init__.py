"""Exports to learning management systems: one file a format, found by its decorator.

An export is for educators: it holds the keys. What a system cannot hold is reported, at the item's place (W7xx).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coursewright.plan.lms import LmsPlan
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.siblings import import_siblings


@dataclass(frozen=True)
class Exported:
    """One file to import, and what it could not hold. `ending` follows the course's id in the file's name."""

    ending: str
    data: bytes
    losses: tuple[Diagnostic, ...]


Format = Callable[[LmsPlan], Exported]
FORMATS: dict[str, Format] = {}


def lms_format(name: str) -> Callable[[Format], Format]:
    """Enter a format under the name that `export` takes."""

    def decorate(function: Format) -> Format:
        FORMATS[name] = function
        return function

    return decorate


def export(plan: LmsPlan, name: str) -> Exported:
    """Write a plan in one format. The same plan gives the same bytes."""
    import_siblings(__name__)
    return FORMATS[name](plan)
