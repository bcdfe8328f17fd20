"""One item as Canvas takes it: its type as metadata, its presentation, its rules and its feedback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from lxml import etree

from coursewright.model.interaction import (
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
from coursewright.plan.lms import Entry, LmsPlan, decimal, plain_number
from coursewright.source.diagnostic import Diagnostic
from coursewright.write.lms import losses
from coursewright.write.lms.markup import Element, Markup, clean, is_plain
from coursewright.write.lms.moodle import plain_names

FIRST = 1000  # Canvas knows answers by whole numbers


def add(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
    """A new element at the end of `parent`; its namespace is given to all at the end."""
    made = etree.SubElement(parent, tag, {key: clean(value) for key, value in attributes.items()})
    made.text = clean(text) or None
    return made


class CanvasItem:
    """An item on its way into a quiz. `shown`: its interaction with the options in the order of a form, if it is drawn."""

    def __init__(self, plan: LmsPlan, entry: Entry, shown: Choice | Match | Order | None, quiz: str) -> None:
        self.entry, self.item, self.quiz = entry, entry.item, quiz
        self.interaction = shown or entry.question.interaction
        self.markup = Markup(plan.cited)
        self.lost: list[Diagnostic] = []

    def write(self, section: Element) -> list[Diagnostic]:
        key = self.entry.key
        made = add(section, "item", ident=f"{self.quiz}-{self.item.id}", title=self.entry.name)
        match self.interaction:
            case Choice() as choice:
                self._choice(made, choice)
            case Match() as match:
                assert isinstance(key, MatchKey)
                self._match(made, match, key)
            case Order() as order:
                assert isinstance(key, OrderKey)
                self._order(made, order, key)
            case NumericEntry():
                assert isinstance(key, NumericKey)
                self._numeric(made, key)
            case TextEntry():
                assert isinstance(key, TextKey)
                self._text(made, key)
            case other:
                assert_never(other)
        if self.entry.general:
            self._feedback(made, "general_fb", self.markup.html(self.entry.general))
        if "link" in self.markup.lost:
            self.lost.append(losses.course_link_lost(self.item.at(), self.item.id))
        return self.lost

    def _start(self, made: Element, type_: str, instruction: str = "") -> tuple[Element, Element]:
        """Metadata and question text; returns where the answers are presented, and where the rules go."""
        fields = add(add(made, "itemmetadata"), "qtimetadata")
        for label, value in (
            ("question_type", type_),
            ("points_possible", decimal(self.entry.question.points)),
            ("assessment_question_identifierref", f"item-{self.item.id}"),
        ):
            field = add(fields, "qtimetadatafield")
            add(field, "fieldlabel", label)
            add(field, "fieldentry", value)
        presentation = add(made, "presentation")
        case = self.entry.case.blocks if self.entry.case else ()
        stem = self.markup.html((*case, *self.entry.question.stem.blocks))
        note = etree.Element("p")
        etree.SubElement(note, "em").text = clean(instruction or self.entry.question.instruction)
        self._html(presentation, stem + etree.tostring(note, method="html", encoding="unicode"))
        processing = add(made, "resprocessing")
        add(add(processing, "outcomes"), "decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal")
        if self.entry.general:
            condition = add(processing, "respcondition", **{"continue": "Yes"})
            add(add(condition, "conditionvar"), "other")
            add(condition, "displayfeedback", feedbacktype="Response", linkrefid="general_fb")
        return presentation, processing

    def _html(self, parent: Element, html: str) -> None:
        add(add(parent, "material"), "mattext", html, texttype="text/html")

    def _plain(self, parent: Element, text: str) -> None:
        add(add(parent, "material"), "mattext", text, texttype="text/plain")

    def _feedback(self, made: Element, ident: str, html: str) -> None:
        self._html(add(add(made, "itemfeedback", ident=ident), "flow_mat"), html)

    def _scored(self, processing: Element) -> tuple[Element, Element]:
        """A rule that earns all of the points: the rule, and its condition."""
        rule = add(processing, "respcondition", **{"continue": "No"})
        return rule, add(rule, "conditionvar")

    def _choice(self, made: Element, choice: Choice) -> None:
        key = self.entry.key
        assert isinstance(key, ChoiceKey | PanelKey)
        number = {alternative.id: str(FIRST + n) for n, alternative in enumerate(choice.alternatives)}
        true_false = set(number) == {"true", "false"}
        type_ = "multiple_answers_question" if choice.multiple else "true_false_question" if true_false else "multiple_choice_question"
        presentation, processing = self._start(made, type_, self._rule(choice, key))
        asked = add(presentation, "response_lid", ident="response1", rcardinality="Multiple" if choice.multiple else "Single")
        offered = add(asked, "render_choice")
        for alternative in choice.alternatives:
            label = add(offered, "response_label", ident=number[alternative.id])
            if true_false:
                self._plain(label, alternative.text.plain)
            else:
                self._html(label, self.markup.html_line(alternative.text.children))
            condition = add(processing, "respcondition", **{"continue": "Yes"})
            add(add(condition, "conditionvar"), "varequal", number[alternative.id], respident="response1")
            add(condition, "displayfeedback", feedbacktype="Response", linkrefid=f"{number[alternative.id]}_fb")
        if choice.multiple:
            rule, condition = self._scored(processing)
            every = add(condition, "and")
            for alternative in choice.alternatives:
                parent = every if alternative.id in key.correct else add(every, "not")
                add(parent, "varequal", number[alternative.id], respident="response1")
            add(rule, "setvar", "100", action="Set", varname="SCORE")
        else:
            for alternative in choice.alternatives:
                if alternative.id in key.correct:
                    rule, condition = self._scored(processing)
                    add(condition, "varequal", number[alternative.id], respident="response1")
                    add(rule, "setvar", "100", action="Set", varname="SCORE")
        for alternative in choice.alternatives:
            self._feedback(made, f"{number[alternative.id]}_fb", self.markup.html_line(self.entry.feedback(alternative.id)))

    def _rule(self, choice: Choice, key: ChoiceKey | PanelKey) -> str:
        """The instruction where Canvas scores otherwise than the course; the loss is noted."""
        if isinstance(key, PanelKey):
            if len(key.shares) > len(key.correct):
                self.lost.append(losses.panel_credit_lost(self.item.at("panel"), self.item.id, "Canvas"))
                return "Choose one step. The answer that most of an expert panel gave earns the credit."
        elif choice.multiple and key.rule == "all-or-nothing" and len(key.correct) > 1:  # of one key, a wrong mark takes all
            rule = "a right mark adds a share of the credit, a wrong mark takes one away (never below zero)"
            self.lost.append(losses.all_or_nothing_softened(self.item.at("scoring"), self.item.id, "Canvas", rule))
            return f"Select all that apply. A{rule[1:]}."
        return ""

    def _match(self, made: Element, match: Match, key: MatchKey) -> None:
        if not all(is_plain(choice.text.children) for choice in match.choices):
            self.lost.append(losses.choice_made_plain(self.item.at(), self.item.id, "Canvas"))
        names = plain_names(match.choices)
        belongs = dict(key.pairs)
        rows = [(self.markup.html_line(prompt.text.children), belongs[prompt.id]) for prompt in match.prompts]
        self._pairs(made, rows, [(choice.id, names[choice.id]) for choice in match.choices], "")

    def _order(self, made: Element, order: Order, key: OrderKey) -> None:
        """Each step with its place: the nearest that a classic quiz has."""
        self.lost.append(losses.order_scored_by_place(self.item.at("steps"), self.item.id, "Canvas"))
        place = {id_: str(n) for n, id_ in enumerate(key.order, 1)}
        rows = [(self.markup.html_line(step.text.children), place[step.id]) for step in order.alternatives]
        places = [(str(n), str(n)) for n in range(1, len(key.order) + 1)]
        self._pairs(made, rows, places, "Give each step its place in the order, 1 for the first. Every right place earns its share of the credit.")

    def _pairs(self, made: Element, rows: Sequence[tuple[str, str]], choices: Sequence[tuple[str, str]], instruction: str) -> None:
        presentation, processing = self._start(made, "matching_question", instruction)
        number = {id_: str(FIRST + n) for n, (id_, _) in enumerate(choices)}
        share = f"{100 / len(rows):.2f}"
        for n, (prompt, right) in enumerate(rows):
            response = f"response_{FIRST + n}"
            asked = add(presentation, "response_lid", ident=response)
            self._html(asked, prompt)
            offered = add(asked, "render_choice")
            for id_, name in choices:
                self._plain(add(offered, "response_label", ident=number[id_]), name)
            rule = add(processing, "respcondition")
            add(add(rule, "conditionvar"), "varequal", number[right], respident=response)
            add(rule, "setvar", share, varname="SCORE", action="Add")

    def _numeric(self, made: Element, key: NumericKey) -> None:
        presentation, processing = self._start(made, "numerical_question")
        asked = add(presentation, "response_str", ident="response1", rcardinality="Single")
        add(add(asked, "render_fib", fibtype="Decimal"), "response_label", ident="answer1")
        rule, condition = self._scored(processing)
        either = add(condition, "or")
        add(either, "varequal", plain_number(key.value), respident="response1")
        between = add(either, "and")
        add(between, "vargte", plain_number(key.value - key.tolerance), respident="response1")
        add(between, "varlte", plain_number(key.value + key.tolerance), respident="response1")
        add(rule, "setvar", "100", action="Set", varname="SCORE")
        self.lost.append(losses.number_read_otherwise(self.item.at("answer"), self.item.id, "Canvas"))

    def _text(self, made: Element, key: TextKey) -> None:
        presentation, processing = self._start(made, "short_answer_question")
        asked = add(presentation, "response_str", ident="response1", rcardinality="Single")
        add(add(asked, "render_fib"), "response_label", ident="answer1", rshuffle="No")
        rule, condition = self._scored(processing)
        for answer in key.accepted:
            add(condition, "varequal", answer.strip(), respident="response1")
        add(rule, "setvar", "100", action="Set", varname="SCORE")
        if any(" " in answer.strip() for answer in key.accepted):
            self.lost.append(losses.spaces_count(self.item.at(), self.item.id, "Canvas"))
