"""Plain values to model objects. All faults of a file at once; what is sound is kept, so that checks can go on."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from coursewright.model.base import PlacedList, PlacedMap, PlainScalar, Sourced
from coursewright.read import faults
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.span import Source, Span

T = TypeVar("T", bound=Sourced)
ROUNDS = 40  # each round drops at least one broken entry; a file with more has said enough


def read_model(kind: type[T], value: Any, source: Source) -> tuple[T | None, list[Diagnostic], str]:
    """An object of `kind`, the faults, and the text of the entries that had to be left out.

    A broken entry of a list is dropped and the rest validated again, so that one bad item does not hide a bank;
    where a fault lies outside any list, there is no object.
    """
    found: list[Diagnostic] = []
    broken: list[str] = []
    if not isinstance(value, PlacedMap):
        span = Span(source.path)
        return None, [faults.wrong_value(span, "a course file must be a mapping: key, colon, value", "start with `id: …`")], ""
    for turn in range(ROUNDS):
        context: dict[str, Any] = {"unknown_keys": []}
        try:
            made = kind.model_validate(value, context=context)
        except ValidationError as error:
            entries = error.errors(include_url=False)
            unknown = {faults.unknown_key(span, key, known) for span, key, known in context["unknown_keys"]}
            found += unknown
            own = [e for e in entries if not _follows(e, entries)]
            found += [_diagnostic(value, e) for e in own if not (turn and e["type"] == "too_short") and not _misspelled(e, value, unknown)]
            paths = {tuple(_walk(value, e["loc"])[1]) for e in own}
            value = _without(value, paths, broken)
            if value is None:
                break
        else:
            found += [faults.unknown_key(span, key, known) for span, key, known in context["unknown_keys"]]
            return made, sorted(set(found)), "\n".join(broken)
    return None, sorted(set(found)), "\n".join(broken) + _texts(value) + source.text


def _follows(error: Any, others: list[Any]) -> bool:
    """Whether a list is too short only because a broken entry of it does not count."""
    place = error["loc"]
    return error["type"] == "too_short" and any(len(o["loc"]) > len(place) and o["loc"][: len(place)] == place for o in others)


def _misspelled(error: Any, root: Any, unknown: set[Diagnostic]) -> bool:
    """Whether a missing key is there under a name that was reported as unknown, with this key suggested."""
    if error["type"] != "missing":
        return False
    mapping, _, _ = _walk(root, error["loc"])
    spans = set(mapping.place.keys.values()) if isinstance(mapping, PlacedMap) else set()
    return any(d.span in spans and f'"{error["loc"][-1]}"' in d.help for d in unknown)


def _walk(value: Any, loc: tuple[Any, ...]) -> tuple[Any, list[Any], Span]:
    """Follow pydantic's location through the values: what is there, the steps that exist, and its span.

    Steps that are no key or index are tags of unions; they are passed over.
    """
    steps: list[Any] = []
    span = value.place.head
    for step in loc:
        if isinstance(value, PlacedMap) and step in value:
            span = value.place.values[step]
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            span = value.spans[step] if isinstance(value, PlacedList) else span
            value = value[step]
        else:
            continue
        steps.append(step)
        if isinstance(value, PlacedMap):
            span = value.place.head
    return value, steps, span


def _diagnostic(root: Any, error: Any) -> Diagnostic:
    value, _, span = _walk(root, error["loc"])
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        where = value.get("id") or value.get("type") if isinstance(value, PlacedMap) else None
        return faults.missing_key(span, str(error["loc"][-1]), f" in {where}" if where else "")
    if kind == "union_tag_not_found":
        return faults.missing_key(span, "type", "")
    if kind == "union_tag_invalid":
        known = [word.strip().strip("'") for word in str(context["expected_tags"]).split(",")]
        return faults.unknown_type(value.place.at("type"), str(context["tag"]), known)
    if kind == "literal_error":
        known = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
        return faults.unknown_type(span, str(value), known)
    return faults.wrong_value(span, *_problem(kind, context, error["msg"], value))


HINTS = {
    "string_type": ("this must be text", "write a word or a quoted text"),
    "prose": ("this must be text", "write a text, or a block scalar with |"),
    "prose_empty": ("this text is empty", "write it, or remove the key"),
    "tuple_type": ("this must be a list", "start each entry on a line of its own with a hyphen"),
    "list_type": ("this must be a list", "start each entry on a line of its own with a hyphen"),
    "dict_type": ("this must be a mapping", "write keys and values"),
    "model_type": ("this must be a mapping", "write keys and values"),
    "model_attributes_type": ("this must be a mapping", "write keys and values"),
    "date_from_datetime_parsing": ("this is not a date", "write it as YYYY-MM-DD, with a day that exists"),
    "date_parsing": ("this is not a date", "write it as YYYY-MM-DD, with a day that exists"),
    "line": ("this must be a single paragraph", "take out the blank line, list or heading"),
    "repeated": ("an entry of this list is repeated", "keep each once"),
    "decimal_type": ("this must be a number", "write digits, such as 35 or 0.5"),
    "int_type": ("this must be a whole number", "write digits"),
    "bool_type": ("this must be true or false", "write true or false"),
    "yes_no": ("", "write true or false"),
}


def _problem(kind: str, context: dict[str, Any], message: str, value: Any) -> tuple[str, str]:
    """Pydantic's fault in an author's words, and what to try."""
    if kind in HINTS:
        problem, hint = HINTS[kind]
        return problem or message, hint
    match kind:
        case "string_pattern_mismatch" if "a-z0-9" in context["pattern"] and "-[" in context["pattern"]:
            return f'"{value}" is not an id', "use lower-case letters and digits, joined by hyphens: lo-2-1"
        case "string_pattern_mismatch":
            return f'"{value}" is not of the form that this key takes', f"it must match {context['pattern']}"
        case "string_too_short" | "too_short" if isinstance(value, str):
            return "this text is too short" if value else "this text is empty", f"write at least {_many(context['min_length'], 'character')}"
        case "string_too_long" | "too_long" if isinstance(value, str):
            return f"this text has {len(value)} characters", f"keep it to {_many(context['max_length'], 'character')}"
        case "too_short":
            return f"this list has {_many(context['actual_length'], 'entry')}", f"at least {context['min_length']} are needed"
        case "too_long":
            return f"this list has {_many(context['actual_length'], 'entry')}", f"keep it to {context['max_length']}"
        case "greater_than_equal" | "greater_than":
            bound = context.get("ge", context.get("gt"))
            return f"{value} is too small", f"the smallest allowed is {bound}" if "ge" in context else f"it must be above {bound}"
        case "less_than_equal" | "less_than":
            bound = context.get("le", context.get("lt"))
            return f"{value} is too large", f"the largest allowed is {bound}" if "le" in context else f"it must be below {bound}"
        case _:
            return message[:1].lower() + message[1:], "see build.py schema for what belongs here"


def _many(n: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{n} {noun if n == 1 else plural}"


def _without(value: Any, paths: set[tuple[Any, ...]], broken: list[str]) -> Any:
    """A copy of `value` without the innermost list entries on the paths; None where a path meets no list."""
    cuts: set[tuple[Any, ...]] = set()
    for path in paths:
        at = max((i for i, step in enumerate(path) if isinstance(step, int)), default=None)
        if at is None:
            return None
        cuts.add(path[: at + 1])
    return _copy(value, (), cuts, broken)


def _copy(value: Any, path: tuple[Any, ...], cuts: set[tuple[Any, ...]], broken: list[str]) -> Any:
    if isinstance(value, PlacedMap):
        made = PlacedMap((key, _copy(entry, (*path, key), cuts, broken)) for key, entry in value.items())
        made.place = value.place
        return made
    if isinstance(value, PlacedList):
        kept = PlacedList()
        kept.spans = []
        for i, entry in enumerate(value):
            if (*path, i) in cuts:
                broken.append(_texts(entry))
            else:
                kept.append(_copy(entry, (*path, i), cuts, broken))
                kept.spans.append(value.spans[i])
        return kept
    return value


def _texts(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(_texts(entry) for entry in value.values())
    if isinstance(value, list):
        return "\n".join(_texts(entry) for entry in value)
    return str(value) if isinstance(value, str | PlainScalar) else ""
