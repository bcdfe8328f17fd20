"""The record of what was printed: every form with the items, orders, keys and cut score that its learners met.

An answer sheet is scored against the record, never against the bank of today: so an old sheet keeps its score when an
item is rewritten. Items stand in it once each version, and forms refer to them. The record holds keys: it is the
grader's, and no learner's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, assert_never

from coursewright.model.course import Course
from coursewright.model.cut import cut_rule
from coursewright.model.interaction import (
    Alternative,
    Choice,
    ChoiceKey,
    Interaction,
    Key,
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
from coursewright.model.judgement import CutRule
from coursewright.model.prose import Line
from coursewright.model.version import interaction_json
from coursewright.plan.answer_sheet import Asked
from coursewright.plan.form import Form, shown_order
from coursewright.plan.numbering import Numbering


class DamagedRecord(Exception):
    """A record that cannot be read, or whose forms are not what their ids say."""


@dataclass(frozen=True)
class ItemRecord:
    """One version of an item: what was asked and what was right. `version` is a hash of what learners saw of it.

    objective, section and module are for reports: ids, and the words that were printed. stem: plain text.
    """

    id: str
    version: str
    type: str
    stem: str
    interaction: Interaction
    key: Key
    points: Fraction
    module: str = ""
    objective: str = ""
    objective_text: str = ""
    section: str = ""
    section_text: str = ""
    moore: str = ""


    @property
    def fingerprint(self) -> str:
        """A hash of what is asked and what is right: the same for versions that differ in rationales or in name alone."""
        content = [self.stem, interaction_json(self.interaction), key_json(self.key), str(self.points)]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class FormRecord:
    """One form: its items in order, each with the order in which it showed alternatives (or choices of a match)."""

    id: str
    blueprint: str
    items: tuple[tuple[str, tuple[str, ...]], ...]
    rule: CutRule

    @property
    def versions(self) -> tuple[str, ...]:
        return tuple(version for version, _ in self.items)


@dataclass(frozen=True)
class Copy:
    """One printed copy: the code of its sheet, its form and, where it was printed for somebody, for whom."""

    sheet: str
    form: str
    number: int
    learner_id: str = ""
    given_name: str = ""
    family_name: str = ""
    seat: str = ""
    large_print: bool = False
    extra_minutes: int = 0
    roster: tuple[tuple[str, str], ...] = ()
    paper: str = ""

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def called(self) -> str:
        """The copy for a coordinator, who may have two people of one name: `Anna Smith (1003)`, or `sheet K7M2QX4`."""
        return f"{self.name} ({self.learner_id})" if self.name and self.learner_id else self.name or f"sheet {self.sheet}"


@dataclass(frozen=True)
class Record:
    """All that was printed for one administration of a test, or was taken elsewhere and is graded here.

    test: the blueprint's id. title: its words. paper: `a4` or `letter`. items by version, forms by id, copies by sheet.
    """

    course: str
    test: str
    title: str
    paper: str = "a4"
    items: Mapping[str, ItemRecord] = field(default_factory=dict)
    forms: Mapping[str, FormRecord] = field(default_factory=dict)
    copies: Mapping[str, Copy] = field(default_factory=dict)

    def merged(self, other: Record) -> Record:
        """This record with another's forms and copies added: what was printed before is never forgotten."""
        return Record(
            other.course, other.test, other.title, other.paper, {**self.items, **other.items}, {**self.forms, **other.forms}, {**self.copies, **other.copies}
        )

    def form_items(self, form: str) -> tuple[ItemRecord, ...]:
        """The items of a form, in its order."""
        return tuple(self.items[version] for version in self.forms[form].versions)


def item_versions(course: Course) -> dict[str, str]:
    """The version of every item that asks one thing, by its id."""
    return {item.id: item.question.version for item in course.single_items}


def asked_of(record: Record, form: str) -> tuple[Asked, ...]:
    """The questions of a form as its answer sheet asked them, alternatives in the order shown."""
    made = []
    for number, (version, order) in enumerate(record.forms[form].items, 1):
        item = record.items[version]
        made.append(Asked(number, item.id, as_shown(item.interaction, order)))
    return tuple(made)


def as_shown(interaction: Interaction, order: tuple[str, ...]) -> Interaction:
    """An interaction with its alternatives (or the choices of a match) in the order that a form showed."""
    match interaction:
        case Choice(alternatives=things) | Order(alternatives=things):
            by_id = {thing.id: thing for thing in things}
            return replace(interaction, alternatives=tuple(by_id[id_] for id_ in order))
        case Match(choices=things):
            by_id = {thing.id: thing for thing in things}
            return replace(interaction, choices=tuple(by_id[id_] for id_ in order))
        case _:
            return interaction


def record_items(course: Course, numbering: Numbering, *forms: Form) -> dict[str, ItemRecord]:
    """The items of forms by version."""
    wanted = {asked.question.id for form in forms for asked in form.sheet.asked}
    made = {}
    for item in course.single_items:
        if item.id not in wanted:
            continue
        objective = course.objectives.get(item.objective or "")
        section = course.sections.get(item.section or "")
        question = item.question
        version = question.version
        made[version] = ItemRecord(
            item.id,
            version,
            getattr(item, "type", ""),
            question.stem.plain,
            question.interaction,
            item.key,
            question.points,
            course.module_of[item.id],
            item.objective or "",
            objective.text if objective else "",
            item.section or "",
            f"{numbering.sections[section.id]} {section.title}" if section else "",
            item.moore or "",
        )
    return made


def record_form(course: Course, form: Form, versions: Mapping[str, str] | None = None) -> FormRecord:
    """A form as the record keeps it. versions: of `item_versions`, where there are many forms."""
    versions = versions or item_versions(course)
    rule = cut_rule(course, form.blueprint)
    mine = {asked.question.id for asked in form.sheet.asked}
    chances = {judge: {item: chance for item, chance in by_item.items() if item in mine} for judge, by_item in rule.chances.items()}
    items = tuple((versions[asked.question.id], shown_order(asked.question.interaction)) for asked in form.sheet.asked)
    return FormRecord(form.id, form.blueprint.id, items, CutRule(rule.method, rule.percent, chances))


# ---- as JSON ----------------------------------------------------------------------------------------------------


def interaction_of(data: Mapping[str, Any]) -> Interaction:
    """The inverse of `interaction_json`."""

    def listed(name: str) -> tuple[Alternative, ...]:
        return tuple(Alternative(id_, Line.parse(text)) for id_, text in data[name])

    match data["kind"]:
        case "choice":
            return Choice(listed("alternatives"), data["multiple"], data["ordered"])
        case "match":
            return Match(listed("prompts"), listed("choices"))
        case "order":
            return Order(listed("alternatives"))
        case "numeric":
            return NumericEntry(data["unit"])
        case "text":
            return TextEntry(data["length"])
        case other:
            raise DamagedRecord(f"no such interaction: {other}")


def key_json(key: Key) -> dict[str, Any]:
    """A key as JSON values."""
    match key:
        case ChoiceKey(correct, rule):
            return {"kind": "choice", "correct": sorted(correct), "rule": rule}
        case PanelKey(shares):
            return {"kind": "panel", "shares": [[id_, str(share)] for id_, share in shares]}
        case MatchKey(pairs):
            return {"kind": "match", "pairs": [list(pair) for pair in pairs]}
        case OrderKey(order):
            return {"kind": "order", "order": list(order)}
        case NumericKey(value, tolerance):
            return {"kind": "numeric", "value": format(value, "f"), "tolerance": format(tolerance, "f")}
        case TextKey(accepted):
            return {"kind": "text", "accepted": list(accepted)}
        case other:
            assert_never(other)


def key_of(data: Mapping[str, Any]) -> Key:
    """The inverse of `key_json`."""
    match data["kind"]:
        case "choice":
            return ChoiceKey(frozenset(data["correct"]), data["rule"])
        case "panel":
            return PanelKey(tuple((id_, Fraction(share)) for id_, share in data["shares"]))
        case "match":
            return MatchKey(tuple((p, c) for p, c in data["pairs"]))
        case "order":
            return OrderKey(tuple(data["order"]))
        case "numeric":
            return NumericKey(Decimal(data["value"]), Decimal(data["tolerance"]))
        case "text":
            return TextKey(tuple(data["accepted"]))
        case other:
            raise DamagedRecord(f"no such key: {other}")


ITEM_WORDS = ("id", "version", "type", "stem", "module", "objective", "objective_text", "section", "section_text", "moore")
COPY_FIELDS = ("sheet", "form", "number", "learner_id", "given_name", "family_name", "seat", "large_print", "extra_minutes", "paper")


def record_json(record: Record) -> str:
    """The record as text: JSON, a line for each item, form and copy, in a fixed order."""
    lines = [json.dumps({"coursewright": 1, "course": record.course, "test": record.test, "title": record.title, "paper": record.paper}, ensure_ascii=False)]
    for _, item in sorted(record.items.items()):
        data = {name: getattr(item, name) for name in ITEM_WORDS}
        data |= {"interaction": interaction_json(item.interaction), "key": key_json(item.key), "points": str(item.points)}
        lines.append(json.dumps({"item": data}, ensure_ascii=False))
    for _, form in sorted(record.forms.items()):
        rule = {
            "method": form.rule.method,
            "percent": None if form.rule.percent is None else format(form.rule.percent, "f"),
            "chances": {judge: {i: str(c) for i, c in chances.items()} for judge, chances in form.rule.chances.items()},
        }
        lines.append(json.dumps({"form": {"id": form.id, "blueprint": form.blueprint, "items": form.items, "cut": rule}}, ensure_ascii=False))
    for copy in sorted(record.copies.values(), key=lambda copy: (copy.number, copy.sheet)):
        lines.append(json.dumps({"copy": {**{name: getattr(copy, name) for name in COPY_FIELDS}, "roster": copy.roster}}, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def read_record(text: str) -> Record:
    """The inverse of `record_json`. Raises DamagedRecord, naming the line."""
    items: dict[str, ItemRecord] = {}
    forms: dict[str, FormRecord] = {}
    copies: dict[str, Copy] = {}
    head: dict[str, Any] = {}
    number = 0
    try:
        for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):  # other breaks of lines stand in texts
            data = json.loads(line)
            if number == 1:
                head = data
                if head["coursewright"] != 1:
                    raise DamagedRecord("this record was written by a newer Coursewright")
            elif "item" in data:
                entry = data["item"]
                words = {name: entry[name] for name in ITEM_WORDS}
                made = ItemRecord(interaction=interaction_of(entry["interaction"]), key=key_of(entry["key"]), points=Fraction(entry["points"]), **words)
                items[made.version] = made
            elif "form" in data:
                entry = data["form"]
                cut = entry["cut"]
                rule = CutRule(
                    cut["method"],
                    None if cut["percent"] is None else Decimal(cut["percent"]),
                    {judge: {i: Fraction(c) for i, c in chances.items()} for judge, chances in cut["chances"].items()},
                )
                forms[entry["id"]] = FormRecord(entry["id"], entry["blueprint"], tuple((v, tuple(order)) for v, order in entry["items"]), rule)
            else:
                entry = data["copy"]
                copy = Copy(**{name: entry[name] for name in COPY_FIELDS}, roster=tuple((n, v) for n, v in entry["roster"]))
                copies[copy.sheet] = copy
        made_record = Record(head["course"], head["test"], head["title"], head["paper"], items, forms, copies)
        for form in forms.values():
            missing = [version for version in form.versions if version not in items]
            if missing:
                raise DamagedRecord(f"form {form.id} refers to {missing[0]}, which is not there")
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise DamagedRecord(f"line {number} of the record is damaged ({type(error).__name__})") from None
    return made_record
