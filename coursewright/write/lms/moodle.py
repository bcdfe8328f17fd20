"""Moodle XML: a bank of questions in categories by module, pool and objective; the items of a form carry its tag.

Source: Moodle's own reader and question types (question/format/xml, question/type), as of Moodle 4.4.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from html import escape
from typing import assert_never

from lxml import etree

from coursewright.model.interaction import (
    Alternative,
    Choice,
    ChoiceKey,
    Match,
    MatchKey,
    NumericEntry,
    NumericKey,
    Order,
    OrderKey,
    PanelKey,
    TextEntry,
    TextKey,
)
from coursewright.model.prose import Inline
from coursewright.plan.lms import POOL_NAMES, Entry, LmsBank, LmsPlan, decimal, keeps_order, plain_number, stays_in_place
from coursewright.source.diagnostic import Diagnostic
from coursewright.write.lms import Exported, lms_format, losses
from coursewright.write.lms.markup import Element, Markup, clean, is_plain

#: the grades that Moodle takes, in parts of one (question_bank::fraction_options_full)
GRADES = tuple(
    Fraction(text)
    for text in ("1", "9/10", "5/6", "4/5", "3/4", "7/10", "2/3", "3/5", "1/2", "2/5", "1/3", "3/10", "1/4", "1/5", "1/6", "1/7", "1/8", "1/9", "1/10", "1/20", "0")
)
NAME_LENGTH = 250  # of a category or question; Moodle's columns hold 255


@lms_format("moodle")
def write_moodle(plan: LmsPlan) -> Exported:
    """One XML file for Question bank > Import."""
    root = etree.Element("quiz")
    found: list[Diagnostic] = []
    where: tuple[str, ...] = ()
    for bank in plan.banks:
        for group in bank.groups:
            if group[0].case:
                found.append(losses.case_repeated(group[0].item.at(), group[0].case_id, "Moodle", len(group)))
            for entry in group:
                category = _category(plan, bank, entry)
                if category != where:
                    _category_question(root, category)
                    where = category
                found += Question(plan, entry, root).write()
    for form in plan.forms:
        lost = "its order, its cut score and its time; its items carry the tag form:" + form.blueprint.id
        found.append(losses.form_not_held(form.blueprint.at("cut"), form.blueprint.id, "Moodle XML", lost))
    etree.indent(root)
    return Exported("moodle.xml", etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n", tuple(found))


def _category(plan: LmsPlan, bank: LmsBank, entry: Entry) -> tuple[str, ...]:
    objective = f"{entry.objective.id}: {entry.objective.text}" if entry.objective else "Without an objective"
    return (plan.info.title, f"{bank.number}. {bank.module.title}", POOL_NAMES[bank.pool], objective)


def _category_question(root: Element, names: tuple[str, ...]) -> None:
    made = _add(root, "question", type="category")
    path = "/".join(("$course$", "top", *(_short(name).replace("/", "//") for name in names)))
    _add(_add(made, "category"), "text", path)


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1].rstrip() + "…"


def _add(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    made = etree.SubElement(parent, tag, {key: clean(value) for key, value in attributes.items()})
    made.text = clean(text) or None
    return made


def percent(share: Fraction) -> str:
    """A grade as Moodle writes it: `100`, `33.33333`, `-16.66667`."""
    return f"{float(share * 100):.5f}".rstrip("0").rstrip(".")


def nearest_grade(share: Fraction) -> Fraction:
    """The grade of Moodle's list that is nearest to a share between 0 and 1."""
    return min(GRADES, key=lambda grade: abs(grade - share))


def full_mark(keys: int) -> list[Fraction]:
    """Grades of Moodle's list for so many right marks, which come to all of the credit: equal ones, or tenths and twentieths."""
    if Fraction(1, keys) in GRADES:
        return [Fraction(1, keys)] * keys
    tenths = 20 - keys
    return [Fraction(1, 10)] * tenths + [Fraction(1, 20)] * (keys - tenths)


class Question:
    """One question on its way into the file, with what is lost of it."""

    def __init__(self, plan: LmsPlan, entry: Entry, root: Element) -> None:
        self.entry, self.root = entry, root
        self.item = entry.item
        self.markup = Markup(plan.cited)
        self.lost: list[Diagnostic] = []

    def write(self) -> list[Diagnostic]:
        interaction, key = self.entry.question.interaction, self.entry.key
        match interaction:
            case Choice() if {a.id for a in interaction.alternatives} == {"true", "false"}:
                self._true_false(interaction)
            case Choice():
                self._choice(interaction)
            case Match():
                assert isinstance(key, MatchKey)
                self._match(interaction, key)
            case Order():
                assert isinstance(key, OrderKey)
                self._order(interaction, key)
            case NumericEntry():
                assert isinstance(key, NumericKey)
                self._numeric(key)
            case TextEntry():
                assert isinstance(key, TextKey)
                self._text(key)
            case other:
                assert_never(other)
        if "link" in self.markup.lost:
            self.lost.append(losses.course_link_lost(self.item.at(), self.item.id))
        return self.lost

    def _start(self, type_: str, instruction: str = "") -> Element:
        """What all questions begin with. No penalty: the points of an item do not shrink with tries."""
        entry, question = self.entry, self.entry.question
        made = _add(self.root, "question", type=type_)
        _add(_add(made, "name"), "text", entry.name)
        stem = self.markup.html((*(entry.case.blocks if entry.case else ()), *question.stem.blocks))
        self._html(made, "questiontext", stem + self._note(instruction or question.instruction))
        self._html(made, "generalfeedback", self.markup.html(entry.general))
        _add(made, "defaultgrade", decimal(question.points))
        _add(made, "penalty", "0")
        _add(made, "hidden", "0")
        _add(made, "idnumber", self.item.id)
        return made

    def _note(self, instruction: str) -> str:
        root = etree.Element("p")
        etree.SubElement(root, "em").text = clean(instruction)
        return etree.tostring(root, method="html", encoding="unicode")

    def _html(self, parent: Element, tag: str, html: str) -> Element:
        made = _add(parent, tag, format="html")
        _add(made, "text", html)
        return made

    def _tags(self, made: Element) -> None:
        tags = [*(f"form:{form}" for form in self.entry.forms), *([f"moore:{self.item.moore}"] if self.item.moore else [])]
        tags += [f"case:{self.entry.case_id}"] if self.entry.case_id else []
        if tags:
            listed = _add(made, "tags")
            for tag in tags:
                _add(_add(listed, "tag"), "text", tag)

    def _answer(self, made: Element, fraction: str, text: str, feedback: tuple[Inline, ...], *, plain: bool = False) -> Element:
        answer = _add(made, "answer", fraction=fraction, format="plain_text" if plain else "html")
        _add(answer, "text", text)
        self._html(answer, "feedback", self.markup.html_line(feedback))
        return answer

    def _true_false(self, choice: Choice) -> None:
        made = self._start("truefalse")
        assert isinstance(self.entry.key, ChoiceKey)
        for alternative in choice.alternatives:
            right = alternative.id in self.entry.key.correct
            self._answer(made, "100" if right else "0", alternative.id, self.entry.feedback(alternative.id), plain=True)
        self._tags(made)

    def _choice(self, choice: Choice) -> None:
        shares, instruction = self._shares(choice)
        made = self._start("multichoice", instruction)
        _add(made, "single", "false" if choice.multiple else "true")
        _add(made, "shuffleanswers", "false" if keeps_order(choice) or any(map(stays_in_place, choice.alternatives)) else "true")
        _add(made, "answernumbering", "abc")
        _add(made, "showstandardinstruction", "0")
        for alternative in choice.alternatives:
            html = self.markup.html_line(alternative.text.children)
            self._answer(made, percent(shares[alternative.id]), html, self.entry.feedback(alternative.id))
        self._tags(made)

    def _shares(self, choice: Choice) -> tuple[dict[str, Fraction], str]:
        """What each mark earns, from Moodle's list, and the instruction where the rule is not the course's own."""
        ids = [alternative.id for alternative in choice.alternatives]
        key = self.entry.key
        if isinstance(key, PanelKey):
            wanted = dict(key.shares)
            return {id_: self._grade(wanted.get(id_, Fraction(0)), "panel") for id_ in ids}, ""
        assert isinstance(key, ChoiceKey)
        if not choice.multiple:
            return {id_: Fraction(id_ in key.correct) for id_ in ids}, ""
        wrong = -self._grade(Fraction(1, len(key.correct)), "options")
        right = dict(zip(sorted(key.correct), full_mark(len(key.correct)), strict=True))
        if key.rule != "all-or-nothing":
            return {id_: right.get(id_, wrong) for id_ in ids}, ""
        if len(key.correct) == 1:  # the key alone earns all, and a wrong mark beside it takes all away
            return {id_: right.get(id_, Fraction(-1)) for id_ in ids}, ""
        rule = "a right mark adds a share of the credit, and one wrong mark takes all of it away"
        self.lost.append(losses.all_or_nothing_softened(self.item.at("scoring"), self.item.id, "Moodle", rule))
        return {id_: right.get(id_, Fraction(-1)) for id_ in ids}, f"Select all that apply. {rule[0].upper()}{rule[1:]}."

    def _grade(self, share: Fraction, field: str) -> Fraction:
        nearest = nearest_grade(share)
        if nearest != share:
            self.lost.append(losses.credit_rounded(self.item.at(field), self.item.id, percent(share), percent(nearest)))
        return nearest

    def _match(self, interaction: Match, key: MatchKey) -> None:
        made = self._start("match")
        _add(made, "shuffleanswers", "true")
        names = plain_names(interaction.choices)
        if not all(is_plain(choice.text.children) for choice in interaction.choices):
            self.lost.append(losses.choice_made_plain(self.item.at(), self.item.id, "Moodle"))
        belongs = dict(key.pairs)
        for prompt in interaction.prompts:
            self._pair(made, self.markup.html_line(prompt.text.children), names[belongs[prompt.id]])
        for choice in interaction.choices:
            if choice.id not in belongs.values():
                self._pair(made, "", names[choice.id])  # a choice without a prompt is a distractor
        self._tags(made)

    def _pair(self, made: Element, prompt: str, choice: str) -> None:
        pair = self._html(made, "subquestion", prompt)
        _add(_add(pair, "answer"), "text", escape(choice, quote=False))  # it is shown as HTML, where `<5 mg` would vanish

    def _order(self, interaction: Order, key: OrderKey) -> None:
        made = self._start("ordering")
        for tag, text in (
            ("layouttype", "VERTICAL"),
            ("selecttype", "ALL"),
            ("selectcount", "0"),
            ("gradingtype", "RELATIVE_NEXT_EXCLUDE_LAST"),
            ("showgrading", "HIDE"),
            ("numberingstyle", "none"),
        ):
            _add(made, tag, text)
        texts = {alternative.id: alternative.text for alternative in interaction.alternatives}
        for place, id_ in enumerate(key.order, 1):
            rationale = self.item.explanation.of(id_)
            self._answer(made, str(place), self.markup.html_line(texts[id_].children), rationale.children if rationale else ())
        self._tags(made)
        self.lost.append(losses.untouched_order_graded(self.item.at("steps"), self.item.id))

    def _numeric(self, key: NumericKey) -> None:
        made = self._start("numerical")
        right = self._answer(made, "100", plain_number(key.value), (), plain=True)
        _add(right, "tolerance", plain_number(key.tolerance))
        for value, rationale in self.item.explanation.by_alternative:
            if abs(Decimal(value) - key.value) > key.tolerance:
                wrong = self._answer(made, "0", plain_number(Decimal(value)), rationale.children, plain=True)
                _add(wrong, "tolerance", "0")
        for tag, text in (("unitgradingtype", "0"), ("unitpenalty", "0"), ("showunits", "3"), ("unitsleft", "0")):
            _add(made, tag, text)  # the unit stands in the instruction; only the number is typed
        self._tags(made)

    def _text(self, key: TextKey) -> None:
        made = self._start("shortanswer")
        _add(made, "usecase", "0")
        for answer in key.accepted:
            self._answer(made, "100", answer.strip().replace("*", r"\*"), (), plain=True)
        self._tags(made)
        if any(" " in answer.strip() for answer in key.accepted):
            self.lost.append(losses.spaces_count(self.item.at(), self.item.id, "Moodle"))


def plain_names(choices: tuple[Alternative, ...]) -> dict[str, str]:
    """The choices as plain text by id; two that read the same are told apart by a number."""
    names: dict[str, str] = {}
    for choice in choices:
        name, n = choice.text.plain, 2
        while name in names.values():
            name, n = f"{choice.text.plain} ({n})", n + 1
        names[choice.id] = name
    return names
