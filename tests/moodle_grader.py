"""Moodle's reading and grading of Moodle XML, for tests: the rules of question/format/xml and question/type, restated.

It knows the XML and Moodle's rules, and nothing of Coursewright. Grades are in parts of one.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from lxml import etree, html

#: question_bank::fraction_options, and 0
GRADES = (1, 0.9, 0.8333333, 0.8, 0.75, 0.7, 0.6666667, 0.6, 0.5, 0.4, 0.3333333, 0.3, 0.25, 0.2, 0.1666667, 0.1428571, 0.125, 0.1111111, 0.1, 0.05, 0)


class CannotGive(Exception):
    """A response that the question cannot give."""


def questions(data: bytes) -> list[Question]:
    """The questions of a file, each with the category that stands before it."""
    root = etree.fromstring(data)
    assert root.tag == "quiz"
    made, category = [], ""
    for element in root:
        assert element.tag == "question"
        if element.get("type") == "category":
            category = element.findtext("category/text") or ""
        else:
            made.append(Question(element, category))
    return made


def words(text: str) -> str:
    """The text that a browser shows of HTML."""
    return " ".join(html.fromstring(f"<div>{text}</div>").itertext())


class Question:
    """A question as Moodle's importer keeps it. Raises AssertionError where Moodle would refuse it or warn."""

    def __init__(self, element: Any, category: str) -> None:
        self.element, self.category = element, category
        self.type = element.get("type")
        self.name = element.findtext("name/text") or ""
        self.id = element.findtext("idnumber") or ""
        assert self.name and len(self.name) <= 255 and len(self.id) <= 100
        assert element.findtext("questiontext/text")
        assert element.find("questiontext").get("format") == "html"
        self.points = float(element.findtext("defaultgrade"))
        assert float(element.findtext("penalty")) == 0
        self.answers = element.findall("answer")
        getattr(self, f"_check_{self.type}")()

    def fractions(self) -> list[float]:
        return [float(answer.get("fraction")) / 100 for answer in self.answers]

    def _known(self) -> None:
        for fraction in self.fractions():
            assert any(abs(abs(fraction) - grade) < 0.00001 for grade in GRADES), f"{self.name}: Moodle refuses the grade {fraction}"

    def _check_truefalse(self) -> None:
        assert [answer.findtext("text") for answer in self.answers] == ["true", "false"]
        assert sorted(self.fractions()) == [0, 1]

    def _check_multichoice(self) -> None:
        self._known()
        assert len(self.answers) >= 2 and all(answer.findtext("text") for answer in self.answers)
        assert all(answer.findtext("feedback/text") for answer in self.answers)
        self.single = self.element.findtext("single") == "true"
        if self.single:
            assert max(self.fractions()) == 1
        else:
            assert abs(sum(f for f in self.fractions() if f > 0) - 1) < 0.01

    def _check_match(self) -> None:
        """Moodle shows the text of an answer by format_string, which takes it for HTML and strips what looks like a tag."""
        pairs = [(e.findtext("text") or "", words(e.findtext("answer/text") or "").strip()) for e in self.element.findall("subquestion")]
        assert all(answer for _, answer in pairs)
        self.pairs = [pair for pair in pairs if pair[0]]
        self.choices = sorted({answer for _, answer in pairs})
        assert len(self.pairs) >= 2 and len(self.choices) >= 2

    def _check_ordering(self) -> None:
        assert self.element.findtext("gradingtype") == "RELATIVE_NEXT_EXCLUDE_LAST"
        assert self.element.findtext("selecttype") == "ALL" and self.element.findtext("layouttype") == "VERTICAL"
        self.order = [answer.findtext("text") for answer in self.answers]
        assert self.fractions() == [place / 100 for place in range(1, len(self.order) + 1)]
        assert len(set(self.order)) == len(self.order) >= 2  # answers are known by a hash of their text

    def _check_numerical(self) -> None:
        assert max(self.fractions()) == 1
        assert all(re.fullmatch(r"-?\d+(\.\d+)?", answer.findtext("text")) for answer in self.answers)
        assert self.element.findtext("showunits") == "3"

    def _check_shortanswer(self) -> None:
        assert max(self.fractions()) == 1

    def grade(self, response: object) -> float:
        """The share that a response earns. Responses: places of options, place → choice, places of steps, text."""
        return float(getattr(self, f"_grade_{self.type}")(response))

    def _grade_truefalse(self, response: Any) -> float:
        return 0 if response is None else self.fractions()[self._one(response)]

    def _one(self, response: Any) -> int:
        if len(response) != 1:
            raise CannotGive
        return int(next(iter(response)))

    def _grade_multichoice(self, response: Any) -> float:
        if response is None:
            return 0
        if self.single:
            return self.fractions()[self._one(response)]
        return min(max(sum(self.fractions()[n] for n in response), 0), 1)

    def _grade_match(self, response: Any) -> float:
        given = response or {}
        return sum(given.get(n) == answer for n, (_, answer) in enumerate(self.pairs)) / len(self.pairs)

    def _grade_ordering(self, response: Any) -> float:
        """As it stands: without an answer, the order that was shown. Here: the right one, the worst case of W706."""
        places = list(range(len(self.order))) if response is None else list(response)
        if sorted(places) != list(range(len(self.order))):
            raise CannotGive
        return sum(b == a + 1 for a, b in pairwise(places)) / (len(places) - 1)

    def _grade_numerical(self, response: Any) -> float:
        value = number(response)
        if value is None:
            return 0
        for answer, fraction in zip(self.answers, self.fractions(), strict=True):
            right = float(answer.findtext("text"))
            tolerance = float(answer.findtext("tolerance")) + 1e-14 * max(1, abs(right))
            if right - tolerance <= value <= right + tolerance:
                return fraction
        return 0

    def _grade_shortanswer(self, response: Any) -> float:
        """Trimmed, without regard to case; `*` stands for anything unless escaped."""
        for answer, fraction in zip(self.answers, self.fractions(), strict=True):
            bits = [re.escape(bit.replace(r"\*", "*")) for bit in re.split(r"(?<!\\)\*+", answer.findtext("text"))]
            if response is not None and re.fullmatch(".*".join(bits), response.strip(), re.IGNORECASE):
                return fraction
        return 0


def number(text: object) -> float | None:
    """What qtype_numerical_answer_processor makes of a typed number, where the point is a point."""
    if not isinstance(text, str):
        return None
    cleaned = "".join(text.split()).replace("−", "-")
    cleaned = cleaned.replace(",", "") if "." in cleaned or cleaned.count(",") > 1 else cleaned.replace(",", ".")
    return float(cleaned) if re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", cleaned) else None
