"""Sittings and adjustments as text, and responses as people write them in a table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, assert_never

from coursewright.model.interaction import Choice, Interaction, Match, NumericEntry, Order, Response, TextEntry
from coursewright.plan.gradebook import Adjustment, Sitting
from coursewright.plan.record import DamagedRecord, key_json, key_of

WORDS = ("form", "sheet", "learner_id", "given_name", "family_name", "completed_at")


class NotAResponse(ValueError):
    """Words that are no response to an item: what was expected."""


def response_json(response: Response) -> Any:
    """A response as JSON values, its kind with it."""
    if response is None:
        return None
    if isinstance(response, frozenset | set):
        return {"choice": sorted(response)}
    if isinstance(response, dict):
        return {"match": dict(sorted(response.items()))}
    if isinstance(response, tuple):
        return {"order": list(response)}
    return {"text": response}


def response_of(data: Any) -> Response:
    """The inverse of `response_json`."""
    if data is None:
        return None
    ((kind, value),) = data.items()
    match kind:
        case "choice":
            return frozenset(str(id_) for id_ in value)
        case "match":
            return {str(k): str(v) for k, v in value.items()}
        case "order":
            return tuple(str(id_) for id_ in value)
        case "text":
            return str(value)
        case _:
            raise DamagedRecord(f"no such kind of response: {kind}")


def sittings_json(sittings: Iterable[Sitting]) -> str:
    """Sittings as text, a line of JSON each."""
    lines = []
    for sitting in sittings:
        data: dict[str, Any] = {name: getattr(sitting, name) for name in WORDS}
        data["responses"] = {item: response_json(response) for item, response in sorted(sitting.responses.items())}
        data["roster"], data["pending"] = sitting.roster, sitting.pending
        data["shares"] = {item: str(share) for item, share in sorted(sitting.shares.items())}
        lines.append(json.dumps(data, ensure_ascii=False))
    return "".join(line + "\n" for line in lines)


def read_sittings(text: str) -> tuple[Sitting, ...]:
    """The inverse of `sittings_json`. Raises DamagedRecord, naming the line."""
    made = []
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), 1):  # other breaks of lines stand in texts
        try:
            data = json.loads(line)
            made.append(
                Sitting(
                    **{name: str(data[name]) for name in WORDS},
                    responses={item: response_of(response) for item, response in data["responses"].items()},
                    roster=tuple((str(n), str(v)) for n, v in data["roster"]),
                    shares={item: Fraction(share) for item, share in data["shares"].items()},
                    pending=tuple(data["pending"]),
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamagedRecord(f"line {number} of the sittings is damaged ({type(error).__name__})") from None
    return tuple(made)


def adjustment_json(adjustment: Adjustment) -> str:
    """A line of the log of adjustments."""
    data = {name: getattr(adjustment, name) for name in ("item", "action", "reason", "by", "at")}
    return json.dumps({**data, "key": None if adjustment.key is None else key_json(adjustment.key), "versions": sorted(adjustment.versions)}, ensure_ascii=False) + "\n"


def read_adjustments(text: str) -> tuple[Adjustment, ...]:
    """The adjustments of a log, oldest first. Raises DamagedRecord, naming the line."""
    made = []
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), 1):  # other breaks of lines stand in texts
        try:
            data = json.loads(line)
            key = None if data["key"] is None else key_of(data["key"])
            made.append(Adjustment(data["item"], data["action"], data["reason"], data["by"], data["at"], key, frozenset(data.get("versions", ()))))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamagedRecord(f"line {number} of the adjustments is damaged ({type(error).__name__})") from None
    return tuple(made)


def response_text(response: Response) -> str:
    """A response for a table: `b`, `a c`, `a=x b=y`, `c > a > b`, or what was typed; empty where there is none."""
    if response is None:
        return ""
    if isinstance(response, frozenset | set):
        return " ".join(sorted(response))
    if isinstance(response, dict):
        return " ".join(f"{prompt}={choice}" for prompt, choice in sorted(response.items()))
    if isinstance(response, tuple):
        return " > ".join(response)
    return response


def read_response(interaction: Interaction, text: str) -> Response:
    """The inverse of `response_text`, for an item. Raises NotAResponse with what was expected; empty text is no response."""
    text = text.strip()
    if not text:
        return None
    words = text.replace(";", " ").replace(",", " ").split()
    match interaction:
        case Choice(alternatives=alternatives, multiple=multiple):
            ids = [a.id for a in alternatives]
            found = frozenset(word.lower() for word in words)
            if not found <= set(ids) or (len(found) > 1 and not multiple):
                raise NotAResponse(f"{'some' if multiple else 'one'} of {', '.join(ids)}")
            return found
        case Match(prompts=prompts, choices=choices):
            pairs = [word.partition("=") for word in words]
            known, chosen = {p.id for p in prompts}, {c.id for c in choices}
            if any(p not in known or c not in chosen for p, _, c in pairs) or len({p for p, _, _ in pairs}) != len(pairs):
                raise NotAResponse(f"pairs such as {prompts[0].id}={choices[0].id}")
            return {prompt: choice for prompt, _, choice in pairs}
        case Order(alternatives=alternatives):
            order = tuple(word.lower() for word in text.replace(">", " ").replace(",", " ").replace(";", " ").split())
            if sorted(order) != sorted(a.id for a in alternatives):
                raise NotAResponse("every step once, such as " + " > ".join(a.id for a in alternatives))
            return order
        case NumericEntry() | TextEntry():
            return text
        case other:
            assert_never(other)
