"""A roster: learners as rows of a CSV, each value with its line, every fault at once."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from coursewright.read.table import read_table
from coursewright.source.diagnostic import Diagnostic, fault
from coursewright.source.span import Source, Span
from coursewright.source.suggest import did_you_mean

REQUIRED = ("given_name", "family_name", "completed_at")
OPTIONAL = (
    *("learner_id", "credential", "profession", "license_state", "license_id", "npi", "board", "board_id", "birth_month", "birth_day"),
    *("score_percent", "attempts", "consent_to_report", "action", "seat", "large_print", "extra_minutes", "extra_percent"),
    *("passed", "test", "email"),
)
MOST = 100_000  # rows
NO_DAY = datetime.date.min  # a learner who has not completed yet


@dataclass(frozen=True)
class Learner:
    """One row. `line` is where it stands; text fields are empty where the roster has none.

    passed: `yes`, `no` or `pending`, where the roster is a gradebook: forms may differ in what it takes to pass, which a
    percentage cannot tell. test: the blueprint that was sat, where the roster says so.
    """

    line: int
    given_name: str
    family_name: str
    completed_at: datetime.date = NO_DAY
    learner_id: str = ""
    credential: str = ""
    profession: str = ""
    license_state: str = ""
    license_id: str = ""
    npi: str = ""
    board: str = ""
    board_id: str = ""
    birth_month: int | None = None
    birth_day: int | None = None
    score_percent: Decimal | None = None
    attempts: int | None = None
    consent_to_report: bool = False
    action: str = "add"
    seat: str = ""
    large_print: bool = False
    extra_minutes: int = 0
    extra_percent: int = 0
    email: str = ""
    passed: str = ""
    test: str = ""

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells this learner from another: an id or license where there is one, else name and birthday."""
        if self.learner_id:
            return ("id", self.learner_id)
        if self.license_id:
            return ("license", self.license_state, self.license_id)
        return ("name", self.name.casefold(), str(self.birth_month or ""), str(self.birth_day or ""))


@dataclass
class Roster:
    """What came of reading: the columns that were understood, the sound rows, and the faults."""

    source: Source
    columns: frozenset[str] = frozenset()
    learners: list[Learner] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


@fault("E520")
def roster_columns(problem: str, hint: str) -> tuple[str, str]:
    """A roster lacks a column that is needed, or cannot be read as CSV.

    Example: a file with the columns `name, date`
    Instead: a first line with at least `given_name,family_name,completed_at`; a comma or semicolon between values, UTF-8.
    """
    return problem, hint


@fault("E521")
def roster_value(problem: str, hint: str) -> tuple[str, str]:
    """A value of a roster is not what its column takes; the row is left out.

    Example: `completed_at` of `13/31/2026`
    Instead: dates as YYYY-MM-DD, percentages between 0 and 100, `consent_to_report` as yes or no.
    """
    return problem, hint


@fault("W522")
def learner_repeated(name: str, line: int) -> tuple[str, str]:
    """A learner stands in the roster twice with the same completion date; the second row is left out.

    Why: nobody may hold two certificates for one activity. Two people of one name look the same.
    Instead: remove the row; or tell two people apart with `learner_id` or `license_id`.
    """
    return f"{name} stands in line {line} already", "remove the row, or tell two people of one name apart with learner_id"


def read_roster(path: str, data: bytes, required: tuple[str, ...] = REQUIRED) -> Roster:
    """Read a roster. Columns in any order; unknown columns are left alone, with a hint where one looks misspelled.

    required: the columns that must be there; a roster of those who will sit a test needs no `completed_at` yet.
    """
    table = read_table(path, data)
    roster = Roster(table.source, diagnostics=table.diagnostics)
    if table.problem:
        roster.diagnostics.append(roster_columns(Span(path), table.problem.replace("this table", "this roster"), table.hint))
    if roster.diagnostics:
        return roster
    missing = table.missing(*required)
    if missing:
        near = did_you_mean(missing, table.header)
        hint = near if near.startswith("did") else f"the first line must name {', '.join(required)}; it names {', '.join(table.header)}"
        roster.diagnostics.append(roster_columns(Span(path), f"the column {missing} is missing", hint))
        return roster
    roster.columns = frozenset(table.header) & {*REQUIRED, *OPTIONAL}
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in table.rows[:MOST]:
        values = {name: cell for name, cell in cells.items() if name in (*REQUIRED, *OPTIONAL)}
        learner = _learner(roster, line, values, required)
        if learner is None:
            continue
        key = (*learner.identity, learner.completed_at.isoformat() if "completed_at" in required else "")
        if key in seen:
            roster.diagnostics.append(learner_repeated(_span(roster.source, line), learner.name, seen[key]))
            continue
        seen[key] = line
        roster.learners.append(learner)
    return roster


def _learner(roster: Roster, line: int, values: dict[str, str], required: tuple[str, ...]) -> Learner | None:
    before = len(roster.diagnostics)

    def wrong(name: str, problem: str, hint: str) -> None:
        roster.diagnostics.append(roster_value(_span(roster.source, line, values.get(name, "")), f"{name}: {problem}", hint))

    for name in ("given_name", "family_name"):
        if not values.get(name):
            wrong(name, "this name is empty", "write the name as it shall stand on the certificate")
    made: dict[str, object] = {name: values[name] for name in values if name not in _TYPED and values[name]}
    for name, (read, hint) in _TYPED.items():
        if values.get(name):
            value = read(values[name])
            if value is None:
                wrong(name, f"{values[name]!r} is not understood", hint)
            else:
                made[name] = value
        elif name in required:
            wrong(name, "there is no date", hint)
    return None if len(roster.diagnostics) > before else Learner(line=line, **made)  # type: ignore[arg-type]


def _date(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text[:10]) if re.fullmatch(r"\d{4}-\d\d-\d\d([T ].*)?", text) else None
    except ValueError:
        return None


def _percent(text: str) -> Decimal | None:
    cleaned = text.removesuffix("%").strip()
    value = Decimal(cleaned) if re.fullmatch(r"\d{1,3}(\.\d+)?", cleaned) else None
    return value if value is not None and value <= 100 else None


def _count(low: int, high: int) -> Callable[[str], int | None]:
    return lambda text: int(text) if text.isascii() and text.isdigit() and low <= int(text) <= high else None


def _yes_no(text: str) -> bool | None:
    return {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}.get(text.lower())


_TYPED: dict[str, tuple[Callable[[str], Any], str]] = {
    "completed_at": (_date, "write a date as YYYY-MM-DD"),
    "score_percent": (_percent, "write a number from 0 to 100"),
    "attempts": (_count(1, 99), "write a count"),
    "birth_month": (_count(1, 12), "write a month from 1 to 12"),
    "birth_day": (_count(1, 31), "write a day from 1 to 31"),
    "consent_to_report": (_yes_no, "write yes or no"),
    "large_print": (_yes_no, "write yes or no"),
    "extra_minutes": (_count(0, 999), "write minutes as a whole number"),
    "extra_percent": (_count(0, 400), "write a percentage of the time as a whole number: 25, 50, 100"),
    "email": (lambda text: text if re.fullmatch(r"[^@\s<>\"']{1,64}@[^@\s<>\"']{1,250}", text) else None, "write an address such as name@example.org, or leave it empty"),
    "passed": (lambda text: "pending" if text.lower() == "pending" else {True: "yes", False: "no", None: None}[_yes_no(text)], "write yes, no or pending"),
    "action": (lambda text: text.lower() if text.lower() in ("add", "delete") else None, "write add or delete"),
}


def _span(source: Source, line: int, text: str = "") -> Span:
    row = Span(source.path, line, 1, line, max(2, len(source.line(line)) + 1))
    return source.find(text, row) if text else row
