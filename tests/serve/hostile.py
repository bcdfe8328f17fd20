"""What an attacker sends: the forms that pages hold, taken apart and put together wrongly; and what must not change by it."""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from coursewright.serve.store.tables import Attempt, Cohort, Member, Person, Table

from .ground import Browser, Service

TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\x1b[2Ja",
    "a\r\nSet-Cookie: stolen=1\r\n\r\n",
    "x" * 70_000,
    "-1",
    "0",
    "2",
    "²",
    "٣٣٣٣٣٣",
    "9" * 30,
    "9" * 5000,
    "2147483648",
    "9223372036854775808",
    "-9223372036854775809",
    "1e309",
    "NaN",
    "0001-01-01T00:00",
    "9999-12-31T23:59",
    "2026-02-30T25:61",
    "\ud800",
    "\ufffe\u202e\u0000",
    "é",
    "<script>alert(1)</script>",
    "{{7*7}}%s%(x)s{0.__class__}",
    "=HYPERLINK(\"http://evil.example\")",
    "' OR '1'='1' --",
    "../../../etc/passwd",
    "//evil.example",
    '{"a": [1]}',
    "[" * 2000,
    "null",
    "UEsDBA==",
)
BYTES = (b"\xff\xfe\xfa", b"\xed\xa0\x80", b"\xc0\xaf", b"%00%zz%")
FILES = (b"", b"\0" * 2000, b"PK\x03\x04" + b"\0" * 60, b"\xff\xfegiven_name,family_name", b"given_name,family_name\n" + b'"' * 3000, b"given_name,family_name\n" + b"," * 20_000, b"{" * 3000, b"given_name,family_name\nAda,=1+1\n")
NAMES = ("../../etc/passwd", "a\r\nX-Evil: 1.csv", 'a".csv', "x" * 5000 + ".zip", "\u202egpj.exe", "record.jsonl", "<img src=x>.zip")


@dataclass(frozen=True)
class Form:
    """A form of a page. fields: each with the values that a browser could send. files: the fields that take files."""

    method: str
    action: str
    fields: tuple[tuple[str, tuple[str, ...]], ...]
    files: tuple[str, ...] = ()


@dataclass
class _Open:
    method: str
    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)
    alone: dict[str, _Open] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Every form, also as the buttons with a `formaction` of their own send it."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.found, self.forms = address, [], {}
        self.open: _Open | None = None
        self.select = ""

    found: list[_Open]
    forms: dict[str, _Open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = _Open(given.get("method", "get").upper(), given.get("action") or self.address)
            self.found.append(self.open)
            self.forms[given.get("id", "")] = self.open
            return
        form = self.forms.get(given.get("form", "")) if "form" in given else self.open
        if form is None or tag not in ("input", "button", "select", "textarea", "option"):
            return
        if "formaction" in given:
            self.found.append(_Open(form.method, given["formaction"], form.fields, form.files))
        if tag == "option":
            if self.select:
                form.fields[self.select].append(given.get("value", ""))
            return
        name = given.get("name", "")
        self.select = name if tag == "select" else self.select
        if not name:
            return
        if given.get("type") == "file":
            form.files[name] = None
        else:
            form.fields.setdefault(name, [])
            if tag != "select":
                form.fields[name].append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        if tag == "select":
            self.select = ""


def forms_in(html: str, address: str) -> list[Form]:
    """The forms of a page, without the token against forgery."""
    parser = _Forms(address)
    parser.feed(html)
    return [Form(o.method, o.action, tuple((n, tuple(v)) for n, v in o.fields.items() if n != "csrf_token"), tuple(o.files)) for o in parser.found]


def pages_of(browser: Browser, starts: tuple[str, ...]) -> dict[str, str]:
    """Every page that somebody can come to by links, by its address; of a page that can be sorted and filtered, two ways."""
    found: dict[str, str] = {}
    seen: Counter[str] = Counter()
    waiting = list(starts)
    while waiting:
        address = waiting.pop(0).partition("#")[0]
        path = address.partition("?")[0]
        if address in found or not path.startswith("/") or path.startswith(("//", "/static/", "/s/")) or re.search(r"\.\w+$", path) or seen[path] > 1:
            continue
        seen[path] += 1
        answer = browser.client.get(address)
        if answer.location:
            waiting.append(answer.location)
        if answer.mimetype == "text/html" and answer.status_code == 200:
            found[address] = answer.get_data(as_text=True)
            waiting += [unescape(link) for link in re.findall(r'href="([^"]*)"', found[address])]
    return found


def forms_of(service: Service, pages: dict[str, str]) -> dict[str, list[tuple[dict[str, Any], Form]]]:
    """The forms of pages, by method and rule of where they lead, with what stands in the address."""
    routes = service.app.url_map.bind("localhost")
    made: dict[str, list[tuple[dict[str, Any], Form]]] = {}
    for address, html in pages.items():
        for form in forms_in(html, address):
            try:
                rule, values = routes.match(form.action.partition("?")[0], method=form.method, return_rule=True)
            except HTTPException:
                raise AssertionError(f"{address} has a form that leads nowhere: {form.action}") from None
            made.setdefault(f"{form.method} {rule.rule}", []).append((dict(values), form))
    return made


@dataclass(frozen=True)
class Sent:
    """A body, ready to be sent."""

    body: bytes
    kind: str


@st.composite
def bodies(draw: Any, fields: dict[str, tuple[str, ...]], files: tuple[str, ...], ids: tuple[str, ...]) -> Sent:
    """A form with some of its fields missing, doubled, or holding what they should not."""
    pairs: list[tuple[str, bytes]] = []
    names = list(fields) or ["q"]
    bad = draw(st.sets(st.sampled_from(names), max_size=3))
    for name, values in fields.items():
        keep = (draw(st.sampled_from(values)) if values else "1").encode("utf-8", "surrogatepass")
        if name not in bad:
            pairs.append((name, keep or b"Because of a fault"))
            continue
        match draw(st.sampled_from(("missing", "doubled", "text", "text", "bytes", "id"))):
            case "doubled":
                pairs += [(name, keep), (name, draw(st.sampled_from(TEXTS[:12])).encode("utf-8", "surrogatepass"))]
            case "text":
                pairs.append((name, draw(st.sampled_from(TEXTS)).encode("utf-8", "surrogatepass")))
            case "bytes":
                pairs.append((name, draw(st.sampled_from(BYTES))))
            case "id":
                pairs.append((name, draw(st.sampled_from(ids)).encode()))
    shape = draw(st.sampled_from(("form", "form", "form", "multipart", "json", "noise")))
    if shape == "json":
        return Sent(b'{"csrf_token": ["x"], "given_name": {"$ne": null}, "reason": 1e999}', "application/json")
    if shape == "noise":
        return Sent(draw(st.sampled_from((b"", b"--x\r\n", b"\xff" * 50, b"&&&===%%%"))), draw(st.sampled_from(("multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "application/x-www-form-urlencoded; charset=utf-7"))))
    if shape == "multipart" or files:
        return Sent(_multipart(pairs, [(name, draw(st.sampled_from(NAMES)), draw(st.sampled_from(FILES))) for name in files or draw(st.sampled_from(((), ("roster",))))]), "multipart/form-data; boundary=edge")
    return Sent(b"&".join(quote_from_bytes(name.encode()).encode() + b"=" + quote_from_bytes(value).encode() for name, value in pairs), "application/x-www-form-urlencoded")


def _multipart(pairs: Iterable[tuple[str, bytes]], files: Iterable[tuple[str, str, bytes]]) -> bytes:
    parts = [b'--edge\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n" for name, value in pairs]
    parts += [b'--edge\r\nContent-Disposition: form-data; name="' + name.encode() + b'"; filename="' + called.encode() + b'"\r\nContent-Type: text/html\r\n\r\n' + data + b"\r\n" for name, called, data in files]
    return b"".join(parts) + b"--edge--\r\n"


MOVES = {"seen_at", "used_at", "second_factor_step"}
OWNED = ("person", "access_code", "identity", "signed_in", "cohort", "member", "attempt", "answer", "result", "allowance", "adjustment", "place", "writing", "certificate")


def rows(service: Service, keep: Callable[[str, Any], bool]) -> dict[str, str]:
    """A hash over each table's rows of which `keep` says (by table and row) that they may not change."""
    made = {}
    with service.database.reading() as reading:
        for name in OWNED:
            table = Table.metadata.tables[name]
            columns = [column for column in table.columns if column.name not in MOVES]
            kept = sorted(repr(tuple(row)) for row in reading.execute(select(*columns)) if keep(name, row))
            made[name] = hashlib.sha256("\n".join(kept).encode()).hexdigest()
    return made


def of_others(service: Service, own: str, role: str) -> Callable[[str, Any], bool]:
    """Which rows somebody may not change: for coordinators what is of no cohort of theirs, for others all that is not their own."""
    with service.database.reading() as reading:
        members = [(row.cohort_id, row.person_id) for row in reading.execute(select(Member)).scalars()]
        attempts = {row.id: (row.person_id, row.cohort_id) for row in reading.execute(select(Attempt)).scalars()}
        everyone = set(reading.execute(select(Person.id)).scalars())
        cohorts = set(reading.execute(select(Cohort.id)).scalars())
    reach = {cohort for cohort, person in members if person == own} if role == "coordinator" else set()
    people = everyone - {own} - {person for cohort, person in members if cohort in reach}
    decides = role == "coordinator" and all(cohort in reach for _, cohort in attempts.values())

    def keep(table: str, row: Any) -> bool:
        values = row._mapping
        if table == "adjustment":
            return not decides
        if table in ("cohort", "member"):
            return values["id" if table == "cohort" else "cohort_id"] in cohorts - reach
        if table == "person":
            return values["id"] in people
        owner = values["person_id"] if "person_id" in values else attempts.get(values["attempt_id"], ("", ""))[0]
        return owner in people

    return (lambda table, row: False) if role == "administrator" else keep


class Faults(logging.Handler):
    """The exceptions that the application did not expect, with where they came from."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.seen.append(logging.Formatter().format(record)[-900:])
