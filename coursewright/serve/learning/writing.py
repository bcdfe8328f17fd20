"""What learners write: notes beside the text of a unit, and forms that are kept as drafts until they are submitted.

A page sends along a digest of what it showed (`base`). What was changed elsewhere since then is not overwritten unseen:
both are shown, and saving once more decides. Every function works within one transaction, and may be run again.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.model.blocks.base import BlockBase
from coursewright.model.blocks.checklist import Checklist
from coursewright.model.blocks.reflection import Reflection
from coursewright.model.blocks.vignette import Vignette
from coursewright.model.module import Unit
from coursewright.serve.language import _
from coursewright.serve.learning.responses import NotPossible
from coursewright.serve.store.tables import Person, Writing

LONGEST = 10_000  # characters of one text
SHORT = 300  # characters of a text of one line
Content = dict[str, Any]


class Fields(Protocol):
    """Form data."""

    def getlist(self, key: str) -> list[str]: ...
    def __contains__(self, key: object) -> bool: ...


class Submitted(Exception):
    """A form that was submitted already: it stays as it is."""


class Changed(Exception):
    """A draft that was changed elsewhere since the page was shown: what is kept now."""

    def __init__(self, kept: Content) -> None:
        super().__init__("changed elsewhere")
        self.kept = kept


def digest(content: Content) -> str:
    """What a page sends back as `base`."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def one(fields: Fields, name: str) -> str:
    """A field's single value; empty where it is missing. Raises NotPossible."""
    values = fields.getlist(name)
    if len(values) > 1:
        raise NotPossible("several values where one belongs")
    return values[0] if values else ""


def text_of(value: str, longest: int = LONGEST) -> tuple[str, str]:
    """A text as it is kept, and why it cannot be: `long`, `control`, or nothing. What is refused comes back to be put right."""
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    allowed = "\n\t" if longest > SHORT else ""
    clean = "".join(c for c in text if c in allowed or unicodedata.category(c) not in ("Cc", "Cs"))
    if clean != text:
        return clean, "control"
    return text, "long" if len(text) > longest else ""


def fault_in_words(fault: str) -> str:
    """Why a text was not kept, for its writer."""
    return {
        "long": _("Not saved: this is longer than can be kept. Shorten it."),
        "control": _("Not saved: it held characters that cannot be kept. Look over the text without them, then save it."),
        "changed": _("Not saved: this was changed in another tab or on another device. Press Save to see both; saving again keeps what stands in the field."),
        "elsewhere": _("Not saved: this was changed in another tab or on another device. Load the page again to see it, or save again to keep what stands here."),
        "number": _("Not saved: give a whole number."),
        "missing": _("Please answer this."),
        "lonely": _("Say what you will do, or clear the rest of this change."),
    }[fault]


def lock(session: Session, person: str) -> None:
    """Let nobody else write for this person until the transaction ends."""
    session.execute(select(Person.id).where(Person.id == person).with_for_update())


def keep(session: Session, person: str, kind: str, content: Content, base: str, empty: Content, now: datetime) -> Writing:
    """Keep a draft. Raises Submitted, Changed."""
    lock(session, person)
    row = session.get(Writing, (person, kind))
    if row is not None and row.submitted_at is not None:
        raise Submitted
    before = row.content if row else empty
    if content != before and base != digest(before):
        raise Changed(before)
    if row is None:
        row = Writing(person_id=person, kind=kind, content=content, at=now)
        session.add(row)
    elif content != before:
        row.content, row.at = content, now
    session.flush()
    return row


def writings_of(session: Session, person: str) -> dict[str, Writing]:
    """Everything that a person wrote, by its kind."""
    return {row.kind: row for row in session.execute(select(Writing).where(Writing.person_id == person)).scalars()}


# Notes of a unit: reflections, ticks of checklists, decisions in cases.

NOTED: dict[type[BlockBase], tuple[str, Content]] = {Reflection: ("reflection", {"text": ""}), Checklist: ("checklist", {"ticked": []}), Vignette: ("decision", {"chosen": {}})}


@dataclass
class Notes:
    """What a page of notes holds: by block, what is shown, the digest it is based on, why it was not kept, and what is kept elsewhere."""

    shown: dict[str, Content] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    kept: dict[str, Content] = field(default_factory=dict)
    at: dict[str, datetime] = field(default_factory=dict)


def noted_blocks(unit: Unit) -> list[Any]:
    """The blocks of a unit that learners write in."""
    return [block for block in unit.blocks() if type(block) in NOTED]


def kind_of(block: Any) -> str:
    """The kind under which a block's note is kept: `reflection:ID`."""
    return f"{NOTED[type(block)][0]}:{block.id}"


def notes_of(session: Session, person: str, unit: Unit) -> Notes:
    """The notes of a person in a unit."""
    made, rows = Notes(), writings_of(session, person)
    for block in noted_blocks(unit):
        row = rows.get(kind_of(block))
        _show(made, block, row.content if row else NOTED[type(block)][1], row)
    return made


def _show(notes: Notes, block: Any, content: Mapping[str, Any], row: Writing | None) -> None:
    notes.shown[block.id] = dict(content)
    notes.bases[block.id] = digest(row.content if row else NOTED[type(block)][1])
    if row is not None:
        notes.at[block.id] = row.at


def save_notes(session: Session, person: str, unit: Unit, fields: Fields, now: datetime) -> Notes:
    """Keep what a page sends; a note that it left as it was is left as it is. Raises NotPossible."""
    lock(session, person)
    made, rows = Notes(), writings_of(session, person)
    for block in noted_blocks(unit):
        row, empty = rows.get(kind_of(block)), NOTED[type(block)][1]
        before = row.content if row else empty
        if f"base-{block.id}" not in fields:
            _show(made, block, before, row)
            continue
        base, (content, fault) = one(fields, f"base-{block.id}"), read_note(block, fields)
        if fault:
            made.faults[block.id] = fault
        elif content != before and digest(content) != base:
            if base != digest(before) and isinstance(block, Reflection):
                made.faults[block.id], made.kept[block.id] = "changed", before
            elif row is None:
                row = Writing(person_id=person, kind=kind_of(block), content=content, at=now)
                session.add(row)
            else:
                row.content, row.at = content, now
        _show(made, block, content if fault or block.id in made.kept else row.content if row else empty, row)
    session.flush()
    return made


def read_note(block: BlockBase, fields: Fields) -> tuple[Content, str]:
    """What the fields hold of a block, and why it cannot be kept. Raises NotPossible for what no page of ours sends."""
    if isinstance(block, Reflection):
        text, fault = text_of(one(fields, f"note-{block.id}"))
        return {"text": text}, fault
    if isinstance(block, Checklist):
        count = len(block.items or ()) + sum(len(group.items) for group in block.groups or ())
        ticked = sorted({_number(value, count) for value in fields.getlist(f"note-{block.id}")})
        return {"ticked": ticked}, ""
    assert isinstance(block, Vignette)
    chosen = {}
    for number, decision in enumerate(block.decisions, 1):
        if value := one(fields, f"note-{block.id}-{number}"):
            chosen[str(number)] = _number(value, len(decision.choices))
    return {"chosen": chosen}, ""


def _number(value: str, most: int) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 4 and 1 <= int(value) <= most):
        raise NotPossible("no such entry")
    return int(value)
