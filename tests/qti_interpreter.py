"""A reader of QTI response processing, for tests: it knows the specification and the XML, and nothing of Coursewright.

QTI 2.1 and 3.0 alike: names are brought to the spelling of 2.1 first. NULL is None, containers are tuples.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lxml import etree

FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class CannotGive(Exception):
    """A response that the interaction cannot give, such as two marks where one is asked for."""


def name(element: Any) -> str:
    """The name of an element as in QTI 2.1."""
    local = etree.QName(element).localname
    return re.sub(r"-([a-z])", lambda found: found[1].upper(), local.removeprefix("qti-")) if local.startswith("qti-") else local


def attribute(element: Any, key: str) -> str | None:
    """An attribute in either spelling."""
    kebab = re.sub(r"([A-Z])", lambda found: "-" + found[1].lower(), key)
    return element.get(key, element.get(kebab))


def children(element: Any, *names: str) -> list[Any]:
    return [child for child in element if not names or name(child) in names]


class Item:
    """An assessmentItem that can be answered."""

    def __init__(self, data: bytes) -> None:
        self.root = etree.fromstring(data)
        assert name(self.root) == "assessmentItem"
        self.declarations = {attribute(d, "identifier"): d for d in children(self.root, "responseDeclaration", "outcomeDeclaration")}
        (self.processing,) = children(self.root, "responseProcessing")
        (self.interaction,) = [e for e in self.root.iter() if isinstance(e.tag, str) and name(e).endswith("Interaction")]

    def score(self, response: object) -> float:
        return float(self.outcomes(response)["SCORE"])

    def outcomes(self, response: object) -> dict[str, Any]:
        """The outcome variables after an attempt. Raises CannotGive."""
        self.values: dict[str, Any] = {}
        for identifier, declaration in self.declarations.items():
            default = children(declaration, "defaultValue")
            self.values[identifier] = self._values(declaration, default[0]) if default else None
        self.values["RESPONSE"] = self._given(response)
        for rule in self.processing:
            self._rule(rule)
        return self.values

    def shown(self, response: object) -> list[str]:
        """The words of each feedback that is shown."""
        values = self.outcomes(response)
        made = []
        for feedback in [e for e in self.root.iter() if isinstance(e.tag, str) and name(e) in ("feedbackBlock", "modalFeedback")]:
            value = values[attribute(feedback, "outcomeIdentifier")]
            held = value if isinstance(value, tuple) else (value,)
            if (attribute(feedback, "identifier") in held) == (attribute(feedback, "showHide") == "show"):
                made.append(" ".join("".join(feedback.itertext()).split()))
        return made

    def _given(self, response: object) -> Any:
        declaration = self.declarations["RESPONSE"]
        cardinality, type_ = attribute(declaration, "cardinality"), attribute(declaration, "baseType")
        if response is None:
            return None
        if cardinality == "single":
            if not isinstance(response, str):
                raise CannotGive
            if type_ == "float":
                text = response.strip()
                return float(text) if FLOAT.fullmatch(text) else None  # a player lets nobody send what is no float
            if type_ == "identifier":
                assert response in self._identifiers()
            return response
        assert isinstance(response, tuple)
        parts = {part for value in response for part in value.split(" ")}
        assert parts <= self._identifiers(), parts
        most = attribute(self.interaction, "maxAssociations")
        if most and int(most) and len(response) > int(most):
            raise CannotGive
        return response or None

    def _identifiers(self) -> set[str]:
        return {attribute(e, "identifier") for e in self.interaction.iter() if isinstance(e.tag, str) and attribute(e, "identifier")}

    def _values(self, declaration: Any, holder: Any) -> Any:
        texts = tuple(self._typed(attribute(declaration, "baseType"), "".join(value.itertext())) for value in children(holder, "value"))
        return texts[0] if attribute(declaration, "cardinality") == "single" else texts

    @staticmethod
    def _typed(type_: str | None, text: str) -> Any:
        return float(text) if type_ in ("float", "integer") else text == "true" if type_ == "boolean" else text

    def _rule(self, rule: Any) -> None:
        match name(rule):
            case "setOutcomeValue":
                (expression,) = rule
                self.values[attribute(rule, "identifier")] = self.evaluate(expression)
            case "responseCondition":
                for branch in rule:
                    kind = name(branch)
                    rules = list(branch) if kind == "responseElse" else list(branch)[1:]
                    if kind == "responseElse" or self.evaluate(branch[0]) is True:
                        for inner in rules:
                            self._rule(inner)
                        return
            case other:
                raise AssertionError(f"no rule {other}")

    def evaluate(self, element: Any) -> Any:
        """The value of an expression, by the specification's words on each operator."""
        kind = name(element)
        if kind == "variable":
            return self.values[attribute(element, "identifier")]
        if kind == "correct":
            declaration = self.declarations[attribute(element, "identifier")]
            held = children(declaration, "correctResponse")
            return self._values(declaration, held[0]) if held else None
        if kind == "baseValue":
            return self._typed(attribute(element, "baseType"), element.text or "")
        if kind == "mapResponse":
            return self._mapped(attribute(element, "identifier"))
        arguments = [self.evaluate(child) for child in element]
        if kind == "isNull":
            return arguments[0] is None
        if kind == "or":
            return True if True in arguments else None if None in arguments else False
        if kind == "and":
            return False if False in arguments else None if None in arguments else True
        if None in arguments:
            return None
        if kind == "index":
            place = int(attribute(element, "n"))
            return arguments[0][place - 1] if place <= len(arguments[0]) else None
        if kind == "match":
            multiple = attribute(self.declarations["RESPONSE"], "cardinality") == "multiple"
            return sorted(arguments[0]) == sorted(arguments[1]) if multiple else arguments[0] == arguments[1]
        if kind == "stringMatch":
            a, b = arguments
            return a == b if attribute(element, "caseSensitive") == "true" else a.casefold() == b.casefold()
        plain: dict[str, Callable[..., Any]] = {
            "not": lambda a: not a,
            "gte": lambda a, b: a >= b,
            "lte": lambda a, b: a <= b,
            "sum": lambda *all_: sum(all_),
            "product": lambda a, b: a * b,
            "divide": lambda a, b: a / b if b else None,
        }
        return plain[kind](*arguments)

    def _mapped(self, identifier: str | None) -> float:
        (mapping,) = children(self.declarations[identifier], "mapping")
        marks = {attribute(entry, "mapKey"): float(attribute(entry, "mappedValue") or "nan") for entry in mapping}
        value = self.values[identifier or ""]
        given = set() if value is None else set(value) if isinstance(value, tuple) else {value}
        total = sum(marks.get(one, float(attribute(mapping, "defaultValue") or 0)) for one in given)
        lower = attribute(mapping, "lowerBound")
        return max(total, float(lower)) if lower is not None else total
