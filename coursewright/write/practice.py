"""The keys of a practice quiz, as the script in its page reads them. For practice sheets alone."""

from __future__ import annotations

import json
from typing import Any, assert_never

from markupsafe import Markup

from coursewright.model.interaction import ChoiceKey, Key, MatchKey, NumericKey, OrderKey, PanelKey, TextKey
from coursewright.plan.sheet import PracticeSheet


def practice_data(practice: PracticeSheet, course: str) -> Markup:
    """JSON for a `<script type="application/json">`: no `<` in it, so that no text can end the element."""
    items = {
        keyed.question.id: {"points": [keyed.question.points.numerator, keyed.question.points.denominator], **_key(keyed.key)}
        for keyed in practice.keys.keyed
    }
    data = {"quiz": f"{course}/{practice.sheet.id}", "items": items}
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _key(key: Key) -> dict[str, Any]:
    match key:
        case ChoiceKey(correct=correct, rule=rule):
            return {"kind": "choice", "correct": sorted(correct), "rule": rule}
        case PanelKey(shares=shares):
            by_id = {id_: [share.numerator, share.denominator] for id_, share in shares}
            return {"kind": "choice", "correct": sorted(key.correct), "rule": "panel", "shares": by_id}
        case MatchKey(pairs=pairs):
            return {"kind": "match", "pairs": dict(pairs)}
        case OrderKey(order=order):
            return {"kind": "order", "order": list(order)}
        case NumericKey(value=value, tolerance=tolerance):
            return {"kind": "numeric", "value": f"{value:f}", "tolerance": f"{tolerance:f}"}
        case TextKey(accepted=accepted):
            return {"kind": "text", "accepted": list(accepted)}
        case other:
            assert_never(other)
