"""Canvas's reading of QTI 1.2 and its scoring of classic quizzes, for tests: the rules of its source, restated.

It knows the XML and Canvas's rules (gems/plugins/qti_exporter, app/models/quizzes/quiz_question), nothing of Coursewright.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from lxml import etree

QTI = "{http://www.imsglobal.org/xsd/ims_qtiasiv1p2}"
TYPES = {"multiple_choice_question", "true_false_question", "multiple_answers_question", "matching_question", "numerical_question", "short_answer_question"}


class CannotGive(Exception):
    """A response that the question cannot give."""


def items(data: bytes) -> list[Item]:
    """The items of an assessment, in order."""
    return [Item(element) for element in etree.fromstring(data).iter(QTI + "item")]



class Item:
    """An item as Canvas keeps it: answers with a weight, pairs, or ranges."""

    def __init__(self, element: Any) -> None:
        self.element = element
        self.ident = element.get("ident")
        self.fields = {f.findtext(QTI + "fieldlabel"): f.findtext(QTI + "fieldentry") for f in element.iter(QTI + "qtimetadatafield")}
        self.type = self.fields["question_type"]
        assert self.type in TYPES
        self.points = float(self.fields["points_possible"])
        self.text = element.findtext(f"{QTI}presentation/{QTI}material/{QTI}mattext")
        self.labels = {label.get("ident"): "".join(label.itertext()).strip() for label in element.iter(QTI + "response_label")}
        self.feedback = {f.get("ident"): "".join(f.itertext()).strip() for f in element.iter(QTI + "itemfeedback")}
        self.rules = [(r, r.find(QTI + "setvar")) for r in element.iter(QTI + "respcondition")]
        self.scoring = [(r.find(QTI + "conditionvar"), set_) for r, set_ in self.rules if set_ is not None]
        assert self.scoring and self.text
        for rule, _ in self.rules:
            for shown in rule.iter(QTI + "displayfeedback"):
                assert shown.get("linkrefid") in self.feedback
        if self.type in ("multiple_choice_question", "true_false_question", "multiple_answers_question"):
            self.keys = self._keys()
            assert self.keys
            assert all(f"{ident}_fb" in self.feedback for ident in self.labels)
        if self.type == "true_false_question":
            assert sorted(self.labels.values()) == ["False", "True"]
        if self.type == "matching_question":
            assert all(re.search(r"\d+", ident) for ident in self.labels)  # Canvas knows matches by the number in their ident
            self.rows = [row.get("ident") for row in element.iter(QTI + "response_lid")]
            pairs = [c.find(QTI + "varequal") for c, _ in self.scoring]
            self.right = {pair.get("respident"): pair.text for pair in pairs}
            assert set(self.right) == set(self.rows) and set(self.right.values()) <= set(self.labels)

    def _keys(self) -> set[str]:
        """Answers with weight 100: those of a rule that adds to the score, unless negated."""
        found = set()
        for condition, _ in self.scoring:
            for equal in condition.iter(QTI + "varequal"):
                assert equal.text in self.labels
                if equal.getparent().tag != QTI + "not":
                    found.add(equal.text)
        return found

    def score(self, response: object) -> float:
        """Points. Responses: idents marked, row → ident, or text."""
        if self.type == "numerical_question":
            return self.points * self._numeric(response)
        if self.type == "short_answer_question":
            accepted = {(e.text or "").strip().lower() for e in self.element.iter(QTI + "varequal")}
            return self.points * (isinstance(response, str) and response.strip().lower() in accepted)
        if response is None:
            return 0
        if self.type == "matching_question":
            assert isinstance(response, dict)
            right = sum(self.labels.get(response.get(row, "")) == self.labels[self.right[row]] for row in self.rows)
            return self.points * right / len(self.rows)
        assert isinstance(response, set)
        if self.type == "multiple_answers_question":
            right, wrong = len(response & self.keys), len(response - self.keys)
            return max(0.0, self.points * (right - wrong) / len(self.keys))
        if len(response) != 1:
            raise CannotGive
        return self.points * (response <= self.keys)

    def _numeric(self, response: object) -> bool:
        """Exact answer with a margin; the margin is the upper bound less the exact value. What is no decimal is wrong."""
        if not isinstance(response, str) or not re.fullmatch(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)\s*", response):
            return False
        ((condition, _),) = self.scoring
        (either,) = condition.iter(QTI + "or")
        exact = Decimal(either.findtext(QTI + "varequal"))
        upper, lower = Decimal(either.findtext(f"{QTI}and/{QTI}varlte")), Decimal(either.findtext(f"{QTI}and/{QTI}vargte"))
        assert upper - exact == exact - lower
        return abs(Decimal(response.strip()) - exact) <= upper - exact

    def literally(self, response: dict[str, set[str]]) -> float:
        """The score that a reader of QTI 1.2 gets who runs the rules one by one."""
        total = 0.0
        for rule, set_ in self.rules:
            if all(self._holds(test, response) for test in rule.find(QTI + "conditionvar")):
                if set_ is not None:
                    total = float(set_.text) + (total if set_.get("action") == "Add" else 0)
                if rule.get("continue") == "No":
                    break
        return total

    def _holds(self, test: Any, response: dict[str, set[str]]) -> bool:
        match etree.QName(test).localname:
            case "varequal":
                return test.text in response.get(test.get("respident"), set())
            case "and":
                return all(self._holds(t, response) for t in test)
            case "or":
                return any(self._holds(t, response) for t in test)
            case "not":
                return not any(self._holds(t, response) for t in test)
            case "other":
                return True
            case "vargte":
                return any(float(v) >= float(test.text) for v in response.get(test.get("respident"), ()))
            case "varlte":
                return any(float(v) <= float(test.text) for v in response.get(test.get("respident"), ()))
            case unknown:
                raise AssertionError(unknown)
