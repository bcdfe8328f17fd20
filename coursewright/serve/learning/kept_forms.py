"""Forms as they were drawn, kept in the database with keys and rationales.

An attempt is shown, scored and reviewed from what is kept here, so that an edit of the course while somebody is at a
test changes nothing for that person. Everything is named by a hash of its content: equal content is kept once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.model.course import Course
from coursewright.model.interaction import Key
from coursewright.model.items.base import Explanation, Question
from coursewright.model.items.case_cluster import CaseCluster
from coursewright.model.judgement import Cut, CutRule
from coursewright.model.prose import Line, Prose
from coursewright.model.quiz import Blueprint, CutScore
from coursewright.model.version import interaction_json
from coursewright.plan.form import Form, checksum, shown_order
from coursewright.plan.numbering import Numbering
from coursewright.plan.record import (
    DamagedRecord,
    FormRecord,
    ItemRecord,
    Record,
    as_shown,
    interaction_of,
    key_json,
    key_of,
    record_form,
    record_items,
)
from coursewright.plan.sheet import Asked, Group, Keyed, KeySheet, Pointer, Sheet
from coursewright.serve.store.tables import StoredForm, StoredItem


@dataclass(frozen=True)
class KeptForm:
    """A form read back: what learners see, what graders know."""

    id: str
    test: str
    title: str
    sheet: Sheet
    keys: KeySheet
    items: tuple[ItemRecord, ...]
    record: FormRecord

    @property
    def number_of(self) -> dict[str, int]:
        """The number of each item, by its id."""
        return {asked.question.id: asked.number for asked in self.sheet.asked}


def keep_form(session: Session, course: Course, numbering: Numbering, form: Form, test: str = "") -> str:
    """Keep a form and its items; the id that it is kept under. What is kept already is left as it is.

    test: what it is kept as, where that is not the blueprint.
    """
    rule = record_form(course, form).rule
    return _keep_sheet(session, course, numbering, form, rule, test or form.blueprint.id)


def keep_sheet(session: Session, course: Course, numbering: Numbering, sheet: Sheet, test: str) -> str:
    """Keep a sheet that no blueprint draws: a module's knowledge check. Nothing is needed to pass it."""
    form = Form(f"{sheet.id}-{checksum(sheet)}", Blueprint(id=sheet.id, title=sheet.title, cut=CutScore()), sheet, Cut("fixed", 0, sheet.points))
    return _keep_sheet(session, course, numbering, form, CutRule("fixed", Decimal(0), {}), test)


def _keep_sheet(session: Session, course: Course, numbering: Numbering, form: Form, rule: CutRule, test: str) -> str:
    items = record_items(course, numbering, form)
    singles = {item.id: item for item in course.single_items}
    versions: dict[str, str] = {}
    contents: dict[str, dict[str, Any]] = {}
    for asked in form.sheet.asked:
        item = next(found for found in items.values() if found.id == asked.question.id)
        content = _item_json(item, singles[item.id].question, singles[item.id].explanation)
        versions[item.id] = f"{item.version}-{_digest(content)}"
        contents[versions[item.id]] = content
    there = set(session.execute(select(StoredItem.version).where(StoredItem.version.in_(contents))).scalars())
    for version in sorted(contents.keys() - there):  # in order, so that two who keep the same do not wait for each other
        _keep(session, StoredItem, version=version, content=contents[version])
    content = {
        "title": form.sheet.title,
        "number": form.number,
        "groups": [
            {
                "case": group.case.source if group.case else None,
                "case_id": group.case_id,
                "items": [[versions[asked.question.id], list(shown_order(asked.question.interaction))] for asked in group.asked],
            }
            for group in form.sheet.groups
        ],
        "cut": _cut_json(rule),
    }
    id_ = f"{form.id}-{_digest(content)}"
    _keep_as_is(session, StoredForm, "id", id_, test=test, content=content)
    return id_


def keep_printed(session: Session, course: Course, numbering: Numbering, record: Record, form: str) -> str:
    """Keep a form that was printed, under the id that it would have on the web. Raises KeyError, DamagedRecord.

    What the record of the printing does not hold (emphasis, cases, rationales) is the course's, where its item still is
    the one that was printed; otherwise it is left out. Rationales of another key are left out too.
    """
    printed = record.forms[form]
    singles = {item.question.version: item for item in course.single_items}
    cases = {single.question.version: item for item in course.items if isinstance(item, CaseCluster) for single in item.singles()}
    groups: list[dict[str, Any]] = []
    for version, order in printed.items:
        item, single = record.items[version], singles.get(version)
        question = single.question if single else Question(item.id, Prose.parse(_literal(item.stem)), item.interaction, item.points, "", version)
        content = _item_json(item, question, single.explanation if single and single.key == item.key else Explanation())
        stored = f"{version}-{_digest(content)}"
        _keep_as_is(session, StoredItem, "version", stored, content=content)
        case = cases.get(version)
        if case is None or not groups or groups[-1]["case_id"] != case.id:
            groups.append({"case": case.case.source if case else None, "case_id": case.id if case else "", "items": []})
        groups[-1]["items"].append([stored, list(order)])
    content = {"title": record.title, "number": 0, "groups": groups, "cut": _cut_json(printed.rule)}
    id_ = f"{form}-{_digest(content)}"
    _keep_as_is(session, StoredForm, "id", id_, test=record.test, content=content)
    return id_


def _keep_as_is(session: Session, table: Any, key: str, id_: str, **values: Any) -> None:
    """Keep a row, unless another content stands under its name already. Raises DamagedRecord."""
    _keep(session, table, **{key: id_}, **values)
    if session.scalar(select(table.content).where(getattr(table, key) == id_)) != values["content"]:
        raise DamagedRecord(f"something else is kept as {id_} already")


def _literal(text: str) -> str:
    """A text as CommonMark that means the text itself."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def _cut_json(rule: CutRule) -> dict[str, Any]:
    return {
        "method": rule.method,
        "percent": None if rule.percent is None else format(rule.percent, "f"),
        "chances": {judge: {item: str(chance) for item, chance in chances.items()} for judge, chances in rule.chances.items()},
    }


def load_form(session: Session, id_: str) -> KeptForm:
    """A kept form. Raises KeyError."""
    stored = session.get(StoredForm, id_)
    if stored is None:
        raise KeyError(id_)
    return _form_of(id_, stored.test, stored.content, _parts_of(session, stored.content))


@dataclass(frozen=True)
class Part:
    """An item as it is kept, read back. Equal versions have equal content, so it is read once in each process."""

    record: ItemRecord
    stem: Prose
    instruction: str
    explanation: Explanation
    pointer: Pointer | None


PARTS: dict[str, Part] = {}
MOST_PARTS = 5000


def _parts_of(session: Session, content: dict[str, Any]) -> dict[str, Part]:
    """The items of a form's content by version."""
    versions = [version for group in content["groups"] for version, _ in group["items"]]
    found = {version: PARTS[version] for version in versions if version in PARTS}
    if missing := [version for version in versions if version not in found]:
        for version, entry in session.execute(select(StoredItem.version, StoredItem.content).where(StoredItem.version.in_(missing))):
            found[version] = Part(_item_of(version, entry), Prose.parse(entry["stem_source"]), entry["instruction"], _explanation_of(entry), _pointer(entry))
        if len(PARTS) > MOST_PARTS:
            PARTS.clear()
        PARTS.update(found)
    return found


def record_of(course: str, test: str, forms: list[KeptForm]) -> Record:
    """Forms as the record that grading works from."""
    title = forms[-1].title if forms else test
    return Record(course, test, title, items={item.version: item for form in forms for item in form.items}, forms={form.id: form.record for form in forms})


def load_record(session: Session, course: str, test: str, title: str, forms: set[str]) -> Record:
    """Many kept forms at once as a record: what grading needs of them, and no more. Raises KeyError for a form that is not kept."""
    contents: dict[str, Any] = {}
    for part in _parts(forms):
        contents.update((row.id, row.content) for row in session.execute(select(StoredForm.id, StoredForm.content).where(StoredForm.id.in_(part))))
    if missing := forms - contents.keys():
        raise KeyError(min(missing))
    orders = {id_: tuple((version, tuple(order)) for group in content["groups"] for version, order in group["items"]) for id_, content in contents.items()}
    items: dict[str, ItemRecord] = {}
    for part in _parts({version for order in orders.values() for version, _ in order}):
        rows = session.execute(select(StoredItem.version, StoredItem.content).where(StoredItem.version.in_(part)))
        items.update((row.version, _item_of(row.version, row.content)) for row in rows)
    return Record(course, test, title, items=items, forms={id_: FormRecord(id_, test, orders[id_], _rule_of(contents[id_])) for id_ in sorted(contents)})


def _parts(ids: set[str], size: int = 500) -> Iterator[list[str]]:
    ordered = sorted(ids)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))


def _rule_of(content: dict[str, Any]) -> CutRule:
    cut = content["cut"]
    chances = {judge: {item: Fraction(chance) for item, chance in by_item.items()} for judge, by_item in cut["chances"].items()}
    return CutRule(cut["method"], None if cut["percent"] is None else Decimal(cut["percent"]), chances)


def _form_of(id_: str, test: str, content: dict[str, Any], parts: dict[str, Part]) -> KeptForm:
    groups, keyed, items, order_of = [], [], [], []
    number = 0
    for group in content["groups"]:
        asked = []
        for version, order in group["items"]:
            number += 1
            part = parts[version]
            item = part.record
            shown = as_shown(item.interaction, tuple(order))
            question = Question(item.id, part.stem, shown, item.points, part.instruction, version)
            asked.append(Asked(number, question))
            keyed.append(Keyed(number, question, item.key, part.explanation, item.objective_text, part.pointer, item.moore))
            items.append(item)
            order_of.append((version, tuple(order)))
        groups.append(Group(tuple(asked), Prose.parse(group["case"]) if group["case"] is not None else None, group["case_id"]))
    rule, title = _rule_of(content), content["title"]
    return KeptForm(id_, test, title, Sheet(id_, title, tuple(groups)), KeySheet(id_, title, tuple(keyed)), tuple(items), FormRecord(id_, test, tuple(order_of), rule))


def _item_json(item: ItemRecord, question: Question, explanation: Explanation) -> dict[str, Any]:
    return {
        "id": item.id,
        "type": item.type,
        "stem": item.stem,
        "stem_source": question.stem.source,
        "instruction": question.instruction,
        "interaction": interaction_json(item.interaction),
        "points": str(item.points),
        "key": key_json(item.key),
        "why": [[id_, line.source] for id_, line in explanation.by_alternative],
        "overall": explanation.overall.source if explanation.overall else None,
        **{name: getattr(item, name) for name in WORDS},
    }


WORDS = ("module", "objective", "objective_text", "section", "section_text", "moore")


def _item_of(version: str, entry: dict[str, Any]) -> ItemRecord:
    key: Key = key_of(entry["key"])
    words = {name: entry[name] for name in WORDS}
    return ItemRecord(entry["id"], version, entry["type"], entry["stem"], interaction_of(entry["interaction"]), key, Fraction(entry["points"]), **words)


def _explanation_of(entry: dict[str, Any]) -> Explanation:
    overall = entry["overall"]
    return Explanation(tuple((id_, Line.parse(text)) for id_, text in entry["why"]), None if overall is None else Prose.parse(overall))


def _pointer(entry: dict[str, Any]) -> Pointer | None:
    number, _, title = entry["section_text"].partition(" ")
    return Pointer(number, title, entry["section"]) if entry["section"] else None


def _digest(content: Any) -> str:
    """96 bits: papers that are uploaded bring keys of their own, and nobody may find one that is kept under the name of another."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:24]


def _keep(session: Session, table: Any, **values: Any) -> None:
    """Insert a row where there is none of its key, whoever else does the same just now."""
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    session.execute(insert(table).values(**values).on_conflict_do_nothing())
