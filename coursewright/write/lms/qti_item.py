"""One item as a QTI assessmentItem: body, response processing and feedback, in either dialect."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

from coursewright.model.interaction import Choice, Match, NumericEntry, Order, TextEntry, TextKey
from coursewright.model.prose import Paragraph
from coursewright.plan.lms import Entry, LmsPlan, decimal, keeps_order, stays_in_place
from coursewright.source.diagnostic import Diagnostic
from coursewright.write.lms import losses
from coursewright.write.lms.markup import Element, Markup, add_text
from coursewright.write.lms.package import document, identifier
from coursewright.write.lms.qti import Dialect
from coursewright.write.lms.qti_scoring import CHOICE, PROMPT, declare, needs_count, score_rules, within


def write_item(dialect: Dialect, plan: LmsPlan, entry: Entry) -> tuple[bytes, list[Diagnostic]]:
    """The file of one item, and what QTI could not hold of it."""
    markup = Markup(plan.cited, dialect.namespace, any_start=False)
    question, interaction = entry.question, entry.question.interaction
    item = dialect.root(
        "assessmentItem",
        plan.info.language,
        identifier=identifier(entry.item.id),
        title=entry.name,
        adaptive="false",
        timeDependent="false",
    )
    declare(dialect, item, entry.key, multiple=isinstance(interaction, Choice) and interaction.multiple)
    told = list(_told(entry))
    _outcome(dialect, item, "SCORE", "0", normalMaximum=decimal(question.points))
    _outcome(dialect, item, "MAXSCORE", decimal(question.points))
    if needs_count(entry.key):
        _outcome(dialect, item, "COUNT", "0")
    several = isinstance(interaction, Choice) and interaction.multiple
    if told:
        dialect.add(item, "outcomeDeclaration", identifier="FEEDBACK", cardinality="multiple" if several else "single", baseType="identifier")
    if entry.general:
        dialect.add(item, "outcomeDeclaration", identifier="GENERAL", cardinality="single", baseType="identifier")
    body = dialect.add(item, "itemBody")
    if entry.case:
        markup.blocks(markup.element(body, "div", **{"class": "case"}), entry.case.blocks)
    markup.blocks(markup.element(body, "div", **{"class": "stem"}), question.stem.blocks)
    _interaction(dialect, markup, body, entry)
    if entry.general:
        markup.blocks(_shown(dialect, body, "feedbackBlock", "GENERAL", "all"), entry.general)
    processing = dialect.add(item, "responseProcessing")
    score_rules(dialect, processing, entry.key, question.points)
    _feedback(dialect, markup, item, processing, entry, told)
    return document(item), list(_losses(dialect, markup, entry))


def _outcome(dialect: Dialect, item: Element, name: str, default: str, **attributes: str) -> None:
    made = dialect.add(item, "outcomeDeclaration", identifier=name, cardinality="single", baseType="float", **attributes)
    dialect.add(dialect.add(made, "defaultValue"), "value", default)


def _told(entry: Entry) -> Iterator[str]:
    """The answers that are met with words of their own: alternatives of a choice, typical errors of a number."""
    match entry.question.interaction:
        case Choice(alternatives=alternatives):
            yield from (alternative.id for alternative in alternatives)
        case NumericEntry():
            yield from (value for value, _ in entry.item.explanation.by_alternative)


def _interaction(dialect: Dialect, markup: Markup, body: Element, entry: Entry) -> None:
    question = entry.question
    match question.interaction:
        case Choice(alternatives=alternatives, multiple=multiple) as choice:
            asked = dialect.add(
                body,
                "choiceInteraction",
                responseIdentifier="RESPONSE",
                shuffle="false" if keeps_order(choice) else "true",
                maxChoices="0" if multiple else "1",
            )
            dialect.add(asked, "prompt", question.instruction)
            for alternative in alternatives:
                option = dialect.add(asked, "simpleChoice", identifier=alternative.id)
                if stays_in_place(alternative):
                    option.set("fixed", "true")
                markup.inlines(option, alternative.text.children)
        case Match(prompts=prompts, choices=choices):
            asked = dialect.add(body, "matchInteraction", responseIdentifier="RESPONSE", shuffle="true", maxAssociations=str(len(prompts)))
            dialect.add(asked, "prompt", question.instruction)
            for prefix, side, most in ((PROMPT, prompts, "1"), (CHOICE, choices, str(len(prompts)))):
                listed = dialect.add(asked, "simpleMatchSet")
                for thing in side:
                    one = dialect.add(listed, "simpleAssociableChoice", identifier=prefix + thing.id, matchMax=most)
                    if side is prompts:
                        one.set("fixed", "true")
                    markup.inlines(one, thing.text.children)
        case Order(alternatives=alternatives):
            asked = dialect.add(body, "orderInteraction", responseIdentifier="RESPONSE", shuffle="true")
            dialect.add(asked, "prompt", question.instruction)
            for alternative in alternatives:
                markup.inlines(dialect.add(asked, "simpleChoice", identifier=alternative.id), alternative.text.children)
        case NumericEntry(unit=unit):
            _entry_field(dialect, markup, body, question.instruction, 12, unit)
        case TextEntry(length=length):
            _entry_field(dialect, markup, body, question.instruction, length, "")
        case other:
            assert_never(other)


def _entry_field(dialect: Dialect, markup: Markup, body: Element, instruction: str, length: int, unit: str) -> None:
    line = markup.element(body, "p")
    add_text(line, instruction + " ")
    dialect.add(line, "textEntryInteraction", responseIdentifier="RESPONSE", expectedLength=str(length))
    add_text(line, f" {unit}" if unit else "")


def _feedback(dialect: Dialect, markup: Markup, item: Element, processing: Element, entry: Entry, told: list[str]) -> None:
    """Rules that choose the feedback, then what is said of the answer given. What is said to all stands below the question."""
    if told and isinstance(entry.question.interaction, Choice):
        made = dialect.add(processing, "setOutcomeValue", identifier="FEEDBACK")
        dialect.add(made, "variable", identifier="RESPONSE")
    elif told:
        condition = dialect.add(processing, "responseCondition")
        for n, value in enumerate(told):
            found = dialect.add(condition, "responseIf" if n == 0 else "responseElseIf")
            within(dialect, found, Decimal(value), Decimal(value))
            made = dialect.add(found, "setOutcomeValue", identifier="FEEDBACK")
            dialect.add(made, "baseValue", _error_name(n), baseType="identifier")
    if entry.general:
        made = dialect.add(processing, "setOutcomeValue", identifier="GENERAL")
        dialect.add(made, "baseValue", "all", baseType="identifier")
    for n, answer in enumerate(told):
        if isinstance(entry.question.interaction, Choice):
            shown, words = answer, entry.feedback(answer)
        else:
            rationale = entry.item.explanation.of(answer)
            shown, words = _error_name(n), rationale.children if rationale else ()
        markup.blocks(_shown(dialect, item, "modalFeedback", "FEEDBACK", shown), (Paragraph(words),))


def _error_name(number: int) -> str:
    return f"error-{number + 1}"


def _shown(dialect: Dialect, parent: Element, kind: str, outcome: str, name: str) -> Element:
    return dialect.content(dialect.add(parent, kind, outcomeIdentifier=outcome, showHide="show", identifier=name))


def _losses(dialect: Dialect, markup: Markup, entry: Entry) -> Iterator[Diagnostic]:
    item = entry.item
    if isinstance(entry.question.interaction, NumericEntry):
        yield losses.number_read_otherwise(item.at("answer"), item.id, dialect.name)
    if isinstance(entry.key, TextKey) and any(" " in answer.strip() for answer in entry.key.accepted):
        yield losses.spaces_count(item.at(), item.id, dialect.name)
    if "start" in markup.lost:
        yield losses.list_starts_at_one(item.at(), item.id)
    if "link" in markup.lost:
        yield losses.course_link_lost(item.at(), item.id)
