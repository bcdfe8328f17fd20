"""What `forms`, `scan` and `grade` left of a test on paper, read from an upload that nobody vouches for.

Both files of the folder, or a ZIP of it. Everything is bounded before it is read: sizes, names, numbers, nesting; what is
wrong is named by file and line.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Any

from coursewright.build.administration import ADJUSTMENTS, RECORD, SITTINGS
from coursewright.model.interaction import (
    Choice,
    ChoiceKey,
    Interaction,
    Match,
    MatchKey,
    NumericEntry,
    NumericKey,
    Order,
    OrderKey,
    PanelKey,
    Response,
    TextEntry,
    TextKey,
)
from coursewright.plan.gradebook import Sitting, grade
from coursewright.plan.record import ITEM_WORDS, DamagedRecord, ItemRecord, Record, read_record
from coursewright.plan.sittings import read_sittings

MOST_BYTES = 10_000_000  # of one file, unpacked
MOST_ENTRIES = 10_000  # of a ZIP: a folder holds its scans too
MOST_LINES = 200_000
MOST_TEXT = 50_000  # characters of one text
MOST_ITEMS = 500  # of one form
DEEP = 12
NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?")
SHARE = re.compile(r"\d{1,6}(\.\d{1,6}|/[1-9]\d{0,3})?")
LONGEST_SUM = 60  # characters of points earned, as a fraction
ID = re.compile(r"[^\s\x00-\x1f\x7f/\\]{1,150}")


@dataclass(frozen=True)
class Upload:
    """The two files as text, and whether decisions lie beside them, which are not taken over."""

    record: str
    sittings: str
    decisions: bool = False


def unpack(files: Iterable[tuple[str, bytes]]) -> Upload:
    """The two files among those sent: by their names, or in a ZIP. Raises DamagedRecord."""
    found: dict[str, bytes] = {}
    for name, data in files:
        parts = _zipped(name, data) if data[:2] == b"PK" else [(name.replace("\\", "/").rpartition("/")[2], data)]
        for part, content in parts:
            if part not in (RECORD, SITTINGS, ADJUSTMENTS):
                raise DamagedRecord(f"{_shown(name)} is neither {RECORD} nor {SITTINGS}, nor a ZIP of them")
            if part in found:
                raise DamagedRecord(f"{part} was sent twice")
            if len(content) > MOST_BYTES:
                raise DamagedRecord(f"{part} is larger than {MOST_BYTES // 1_000_000} MB")
            found[part] = content
    for name in (RECORD, SITTINGS):
        if name not in found:
            raise DamagedRecord(f"{name} is missing: send both files of the folder, or a ZIP of them")
    return Upload(_text(RECORD, found[RECORD]), _text(SITTINGS, found[SITTINGS]), bool(found.get(ADJUSTMENTS, b"").strip()))


def _zipped(name: str, data: bytes) -> list[tuple[str, bytes]]:
    """The files of a ZIP that are wanted. Names lead nowhere: nothing is written to the disk."""
    made = []
    try:
        with zipfile.ZipFile(BytesIO(data)) as pack:
            entries = pack.infolist()
            if len(entries) > MOST_ENTRIES:
                raise DamagedRecord(f"{_shown(name)} holds more than {MOST_ENTRIES:,} files")
            for entry in entries:
                path = entry.filename.replace("\\", "/")
                if path.startswith("/") or ".." in path.split("/") or ":" in path:
                    raise DamagedRecord(f"{_shown(name)} holds a file with a path that leads out of it: {_shown(entry.filename)}")
                base = path.rpartition("/")[2]
                if base not in (RECORD, SITTINGS, ADJUSTMENTS) or path.startswith("__MACOSX/"):
                    continue
                if entry.flag_bits & 1:
                    raise DamagedRecord(f"{base} in {_shown(name)} is encrypted")
                with pack.open(entry) as file:
                    content = file.read(MOST_BYTES + 1)  # what the ZIP says of its sizes is not trusted
                if len(content) > MOST_BYTES:
                    raise DamagedRecord(f"{base} in {_shown(name)} is larger than {MOST_BYTES // 1_000_000} MB when unpacked")
                made.append((base, content))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DamagedRecord(f"{_shown(name)} is not a ZIP that can be read ({type(error).__name__})") from None
    if not made:
        raise DamagedRecord(f"{_shown(name)} holds neither {RECORD} nor {SITTINGS}")
    return made


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name[:80]) or "the file"


def _text(name: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DamagedRecord(f"{name}, line {line}: this is not UTF-8 text") from None
    if text.count("\n") > MOST_LINES:
        raise DamagedRecord(f"{name} has more than {MOST_LINES:,} lines")
    return text


def read_upload(upload: Upload) -> tuple[Record, tuple[Sitting, ...]]:
    """What was printed and what was given, each sound: every answer fits its item. Raises DamagedRecord."""
    _look(RECORD, upload.record, _sound_record_line)
    _look(SITTINGS, upload.sittings, _sound_sittings_line)
    try:
        record, sittings = read_record(upload.record), read_sittings(upload.sittings)
    except (RecursionError, OverflowError):
        raise DamagedRecord("the files are damaged") from None
    for item in record.items.values():
        if not _key_fits(item):
            raise DamagedRecord(f"{RECORD}: item {item.id} has a key of another kind than its question")
    for form in record.forms.values():
        items = [record.items[version] for version in form.versions]
        if not items or len(items) > MOST_ITEMS or len({item.id for item in items}) != len(items):
            raise DamagedRecord(f"form {form.id} of {RECORD} has no items, too many, or one twice")
        for item, (_, order) in zip(items, form.items, strict=True):
            if sorted(order) != sorted(_ordered(item.interaction)):
                raise DamagedRecord(f"form {form.id} of {RECORD} shows options of {item.id} that it does not have")
    for number, sitting in enumerate(sittings, 1):
        _fits(number, sitting, record)
    _gradable(record, sittings)
    return record, sittings


def _gradable(record: Record, sittings: tuple[Sitting, ...]) -> None:
    """Every form and sitting can be graded: keys are of the kinds of their items, judges have judged every item."""
    for number, sitting in ((0, Sitting(form)) for form in record.forms):
        _grade(number, record, sitting)
    for number, sitting in enumerate(sittings, 1):
        _grade(number, record, sitting)


def _grade(number: int, record: Record, sitting: Sitting) -> None:
    place = f"{SITTINGS}, line {number}" if number else f"{RECORD}, form {sitting.form}"
    try:
        graded = grade("", record, [sitting]).graded[0]
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError, AssertionError) as error:
        raise DamagedRecord(f"{place}: it cannot be graded ({type(error).__name__})") from None
    if max(len(str(graded.earned)), len(str(graded.possible))) > LONGEST_SUM:
        raise DamagedRecord(f"{place}: the points make no sense")


def _look(name: str, text: str, sound: Any) -> None:
    """Look over every line before anything is made of it."""
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), 1):
        try:
            data = json.loads(line, parse_int=_int, parse_float=_no, parse_constant=_no)
            _plain(data)
            sound(data)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedRecord(f"{name}, line {number} is damaged ({type(error).__name__})") from None


def _int(text: str) -> int:
    if len(text) > 12:
        raise ValueError(text[:20])
    return int(text)


def _no(text: str) -> Any:
    raise ValueError(text[:20])


def _plain(value: Any, depth: int = 0) -> None:
    """Texts without NUL and half characters, which no database takes; nothing endless, nothing deep."""
    if depth > DEEP:
        raise ValueError("too deep")
    if isinstance(value, str):
        if len(value) > MOST_TEXT or "\0" in value:
            raise ValueError("text")
        value.encode()
    elif isinstance(value, dict):
        for name, part in value.items():
            _plain(name, depth + 1)
            _plain(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            _plain(part, depth + 1)


def _number(value: Any) -> None:
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise ValueError("number")


def _share(value: Any, most: int = 1) -> None:
    if not isinstance(value, str) or not SHARE.fullmatch(value) or Fraction(value) > most:
        raise ValueError("number")


def _id(value: Any) -> None:
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise ValueError("id")


def _sound_record_line(data: dict[str, Any]) -> None:
    if "item" in data:
        item, key = data["item"], data["item"]["key"]
        for name in ITEM_WORDS:
            if not isinstance(item[name], str):
                raise TypeError(name)
        for name in ("id", "version"):
            _id(item[name])
        _share(item["points"], most=1000)
        if key["kind"] == "panel" and not key["shares"]:
            raise ValueError("panel")
        for name in ("value", "tolerance"):
            if name in key:
                _number(key[name])
        for _, share in key.get("shares", ()):
            _share(share)
    elif "form" in data:
        form = data["form"]
        _id(form["id"])
        cut = form["cut"]
        if not isinstance(cut["method"], str):
            raise TypeError("method")
        if cut["percent"] is not None:
            _share(cut["percent"], most=100)
        for chances in cut["chances"].values():
            for chance in chances.values():
                _share(chance)
    elif "copy" in data:
        for name in ("sheet", "form", "learner_id", "given_name", "family_name"):
            if not isinstance(data["copy"][name], str):
                raise TypeError(name)
    else:
        for name in ("course", "test", "title", "paper"):
            if not isinstance(data[name], str):
                raise TypeError(name)


def _sound_sittings_line(data: dict[str, Any]) -> None:
    for name in ("form", "sheet", "learner_id", "given_name", "family_name", "completed_at"):
        if not isinstance(data[name], str) or len(data[name]) > 300:
            raise TypeError(name)
    if data["completed_at"] and not re.fullmatch(r"\d{4}-\d\d-\d\d", data["completed_at"]):
        raise ValueError("completed_at")
    if len(data["sheet"]) > 64 or len(data["responses"]) > MOST_ITEMS:
        raise ValueError("sheet")
    for share in data["shares"].values():
        _share(share)
    if not all(isinstance(reason, str) for reason in data["pending"]):
        raise TypeError("pending")


def _key_fits(item: ItemRecord) -> bool:
    match item.interaction, item.key:
        case (Choice(alternatives=things), ChoiceKey(correct=named)) | (Choice(alternatives=things), PanelKey(correct=named)):
            return frozenset(named) <= {thing.id for thing in things}
        case Match(prompts=prompts, choices=choices), MatchKey(pairs=pairs):
            return {p for p, _ in pairs} <= {p.id for p in prompts} and {c for _, c in pairs} <= {c.id for c in choices}
        case Order(alternatives=things), OrderKey(order=order):
            return sorted(order) == sorted(thing.id for thing in things)
        case (NumericEntry(), NumericKey()) | (TextEntry(), TextKey()):
            return True
    return False


def _ordered(interaction: Interaction) -> list[str]:
    """The ids that a form shows in an order of its own."""
    match interaction:
        case Choice(alternatives=things) | Order(alternatives=things) | Match(choices=things):
            return [thing.id for thing in things]
        case _:
            return []


def _fits(number: int, sitting: Sitting, record: Record) -> None:
    if sitting.form not in record.forms:
        raise DamagedRecord(f"{SITTINGS}, line {number}: form {_shown(sitting.form)} is not in {RECORD}")
    items = {item.id: item for item in record.form_items(sitting.form)}
    for id_, response in sitting.responses.items():
        if id_ not in items or not fits(items[id_], response):
            raise DamagedRecord(f"{SITTINGS}, line {number}: the answer to {_shown(id_)} does not fit the form")
    if not set(sitting.shares) <= set(items):
        raise DamagedRecord(f"{SITTINGS}, line {number}: an item is not on the form")


def fits(item: ItemRecord, response: Response) -> bool:
    """Whether a response is one that the item takes; several marks where one was asked for are one, which earns nothing."""
    if response is None:
        return True
    match item.interaction:
        case Choice(alternatives=alternatives):
            return isinstance(response, frozenset) and response <= {a.id for a in alternatives}
        case Match(prompts=prompts, choices=choices):
            return isinstance(response, dict) and set(response) <= {p.id for p in prompts} and set(response.values()) <= {c.id for c in choices}
        case Order(alternatives=alternatives):
            return isinstance(response, tuple) and set(response) <= {a.id for a in alternatives} and len(set(response)) == len(response)
        case NumericEntry() | TextEntry():
            return isinstance(response, str) and len(response) <= 500
