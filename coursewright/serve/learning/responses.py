"""What a browser sends of an item, as a response: the same fields with JavaScript and without. What cannot be is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, assert_never

from coursewright.model.interaction import Choice, Interaction, Match, NumericEntry, Order, Response, TextEntry

LONGEST = 400  # characters of a typed answer


class Fields(Protocol):
    """Form data: several values a name."""

    def getlist(self, key: str) -> list[str]: ...


class NotPossible(ValueError):
    """Fields that no page of ours sends for this item."""


def field(number: int, name: str = "") -> str:
    """The name of an item's field: `i5`, `i5-base`, `i5-a` for the choice beside prompt a."""
    return f"i{number}-{name}" if name else f"i{number}"


def read_fields(interaction: Interaction, number: int, fields: Fields) -> Response:
    """The response that an item's fields hold; None where nothing was given. Raises NotPossible."""

    def one(name: str = "") -> str:
        values = fields.getlist(field(number, name))
        if len(values) > 1:
            raise NotPossible("several values where one belongs")
        return "".join(" " if ord(c) < 32 else c for c in values[0]).strip() if values else ""  # a pasted tab is a space

    match interaction:
        case Choice(alternatives=alternatives, multiple=multiple):
            given = frozenset(fields.getlist(field(number))) - {""}
            if given - {a.id for a in alternatives} or (len(given) > 1 and not multiple):
                raise NotPossible("no such choice")
            return given or None
        case Match(prompts=prompts, choices=choices):
            pairs = {prompt.id: one(prompt.id) for prompt in prompts}
            made = {prompt: choice for prompt, choice in pairs.items() if choice}
            if set(made.values()) - {c.id for c in choices}:
                raise NotPossible("no such choice")
            return made or None
        case Order(alternatives=alternatives):
            return _order({a.id: one(a.id) for a in alternatives})
        case NumericEntry() | TextEntry():
            text = one()
            if len(text) > LONGEST:
                raise NotPossible("too long")
            return text or None
        case other:
            assert_never(other)


def _order(places: Mapping[str, str]) -> Response:
    """Steps by the places given to them; equal places keep the order shown. Steps without a place are left out, and such an
    order earns nothing, as on paper: no step is placed by luck. No place at all is no response."""
    if not any(places.values()):
        return None
    if any(place and not (place.isascii() and place.isdigit() and 1 <= int(place) <= len(places)) for place in places.values()):
        raise NotPossible("no such place")
    return tuple(sorted((id_ for id_, place in places.items() if place), key=lambda id_: int(places[id_])))
