"""The version of an item: a hash of what is asked, so that a sheet is scored against what its learner saw."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from typing import Any, assert_never

from coursewright.model.interaction import Alternative, Choice, Interaction, Match, NumericEntry, Order, TextEntry


def item_version(id_: str, stem: str, interaction: Interaction, points: Fraction) -> str:
    """`q-1@3fa92c01`: the item's id, and a hash of what is asked whatever the order of its options and its key."""
    content = json.dumps([stem, interaction_json(interaction), str(points)], ensure_ascii=False, sort_keys=True)
    return f"{id_}@{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def interaction_json(interaction: Interaction) -> dict[str, Any]:
    """An interaction as JSON values; texts as the author wrote them."""

    def listed(things: tuple[Alternative, ...]) -> list[list[str]]:
        return [[thing.id, thing.text.source] for thing in things]

    match interaction:
        case Choice(alternatives, multiple, ordered):
            return {"kind": "choice", "alternatives": listed(alternatives), "multiple": multiple, "ordered": ordered}
        case Match(prompts, choices):
            return {"kind": "match", "prompts": listed(prompts), "choices": listed(choices)}
        case Order(alternatives):
            return {"kind": "order", "alternatives": listed(alternatives)}
        case NumericEntry(unit):
            return {"kind": "numeric", "unit": unit}
        case TextEntry(length):
            return {"kind": "text", "length": length}
        case other:
            assert_never(other)
