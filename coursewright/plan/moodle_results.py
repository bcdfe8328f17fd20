"""Moodle's quiz reports as CSV: Responses, with the words of questions and answers, and Grades, with points alone."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from coursewright.model.interaction import read_number
from coursewright.plan.answer_faults import (
    Complaints,
    answer_columns,
    answered_twice,
    no_date,
    not_an_answer,
    not_finished,
    unknown_learner,
)
from coursewright.plan.answer_table import Answers, spoiled
from coursewright.plan.attempts import Attempt
from coursewright.plan.lms_results import (
    Asked,
    Given,
    Wish,
    as_sitting,
    match_questions,
    open_table,
    several_forms,
    take_words,
    tell_missing,
    tell_problem,
    tell_unmatched,
    wait_for_missing,
    with_copy,
)
from coursewright.plan.lms_text import nearest_share
from coursewright.plan.record import ItemRecord, Record
from coursewright.read.grid import Grid

NAMES = {
    "family": ("last name", "surname", "family name"),
    "given": ("first name", "given name"),
    "id": ("id number", "idnumber"),
    "mail": ("email address", "email"),
    "user": ("username",),
    "state": ("status", "state"),
    "start": ("started", "started on"),
    "end": ("completed", "time completed", "finished"),
}
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
MANY = 300  # answers to look at where items share a stem


def read_moodle(path: str, data: bytes, record: Record, wish: Wish) -> Answers:
    """Read a quiz's Responses or Grades report against the record. Attempts stand in the order of their ends."""
    made, found = open_table(path, data)
    if not (made.grid.problem or made.diagnostics or made.grid.diagnostics):
        made.attempts = _Moodle(made.grid, record, wish, found).attempts()
        tell_problem(made.grid, found)
    made.diagnostics = [*made.grid.diagnostics, *found.all()]
    return made


class _Moodle:
    def __init__(self, grid: Grid, record: Record, wish: Wish, found: Complaints) -> None:
        self.grid, self.record, self.wish, self.found = grid, record, wish, found
        self.at = {what: grid.column(*names) for what, names in NAMES.items()}
        self.copies = {copy.learner_id: copy for copy in record.copies.values() if copy.learner_id}
        self.slots = {m[1]: at for at, name in enumerate(grid.names) if (m := re.fullmatch(r"response (\w+)", name))}
        self.questions = {m[1]: at for at, name in enumerate(grid.names) if (m := re.fullmatch(r"question (\w+)", name))}
        self.marks = {m[1]: (at, m[2]) for at, name in enumerate(grid.names) if (m := re.fullmatch(r"q\. ?(\w+) ?/ ?([\d.,]+)", name))}

    def attempts(self) -> list[Attempt]:
        if self.at["family"] is None or self.at["given"] is None:
            self._columns("the columns Last name and First name are missing", "download the report as CSV, with the site's language set to English")
            return []
        if not self.slots and not self.marks:
            self._columns("there is no column Response 1 and no column Q. 1", "download the quiz's Responses report, with responses ticked")
            return []
        rows = list(self.grid.rows())
        asked, items = self._items(rows)
        if asked is None:
            return []
        made = []
        missed: list[set[str]] = []
        form_items = self.record.form_items(asked.form)
        for line, cells in rows:
            if not self._is_attempt(line, cells):
                continue
            given = Given()
            for slot, at in sorted(self.slots.items() if self.slots else [(slot, at) for slot, (at, _) in self.marks.items()], key=lambda entry: entry[1]):
                item = items.get(slot) if not self.questions else self._asked_here(asked, slot, line, cells, given)
                if item is None:
                    continue
                if item.id in given.met:
                    self.found.add(answered_twice(self.grid.span(line, at), self._name(cells), f"has item {item.id} in two columns"))
                    given.pending.append(f"item {item.id} stands in two columns")
                    continue
                if self.slots:
                    take_words(given, self.found, item, cells[at], lambda line=line, at=at: self.grid.span(line, at), f"Response {slot}")  # type: ignore[misc]
                else:
                    self._take_marks(given, item, cells[at], self.marks[slot][1], line, at)
            missed.append(wait_for_missing(given, form_items, self.wish))
            made.append(self._attempt(asked.form, given, line, cells))
        tell_missing(self.grid, self.found, set.intersection(*missed) if missed else ())
        cells_of = dict(rows)
        in_time = sorted(made, key=lambda attempt: self._moment(cells_of[attempt.line]))
        number = {attempt.line: n for n, attempt in enumerate(in_time)}
        return [replace(attempt, number=number[attempt.line]) for attempt in made]

    def _columns(self, problem: str, hint: str) -> None:
        self.found.add(answer_columns(self.grid.span(1), problem, hint))

    def _items(self, rows: list[tuple[int, list[str]]]) -> tuple[Asked | None, dict[str, ItemRecord]]:
        """The form, and the items by slot where the table does not name its questions."""
        if self.questions and self.slots:
            answers: dict[str, dict[str, None]] = {}
            for _, cells in rows:
                for slot, at in self.questions.items():
                    if cells[at] not in ("", "-") and slot in self.slots and len(seen := answers.setdefault(cells[at], {})) < MANY:
                        seen[cells[self.slots[slot]]] = None
            try:
                return match_questions(self.record, answers, self.wish), {}
            except LookupError:
                self.found.add(answer_columns(*several_forms(self.grid, self.record)))
                return None, {}
        self.questions = {}
        form = self.wish.form or (next(iter(self.record.forms)) if len(self.record.forms) == 1 else "")
        slots = sorted(self.slots or {slot: at for slot, (at, _) in self.marks.items()}, key=lambda slot: self.slots.get(slot) or self.marks[slot][0])
        if not self.wish.in_order:
            self._columns("this report does not name its questions", "download the Responses report with question text ticked; or, if the quiz has the form's items in the form's order, say --in-order")
        elif not form:
            self.found.add(answer_columns(*several_forms(self.grid, self.record)))
        elif len(slots) != len(self.record.forms[form].items):
            self._columns(f"this report has {len(slots)} questions, and form {form} {len(self.record.forms[form].items)} items", "download the Responses report with question text ticked")
        else:
            return Asked(form), dict(zip(slots, self.record.form_items(form), strict=True))
        return None, {}

    def _asked_here(self, asked: Asked, slot: str, line: int, cells: list[str], given: Given) -> ItemRecord | None:
        at = self.questions.get(slot)
        words = cells[at] if at is not None else ""
        if words in ("", "-"):
            return None
        if words in asked.problems:
            tell_unmatched(self.grid, self.found, asked, words, line, at or 0)
            given.pending.append(f"question {slot} of the quiz is no item of the form")
            return None
        return asked.items[words]

    def _take_marks(self, given: Given, item: ItemRecord, text: str, most: str, line: int, at: int) -> None:
        given.met.add(item.id)
        if text in ("", "-"):
            return
        earned, possible = read_number(text), read_number(most)
        if spoiled(text) or earned is None or not possible or not 0 <= earned <= possible:
            waits = "requires grading" in text.lower()
            self.found.add(not_an_answer(self.grid.span(line, at), self.grid.header[at], text, "" if waits else f"points from 0 to {most}"))
            given.pending.append(f"item {item.id}: {text}" if waits else f"item {item.id}: the points are not understood")
            return
        digits = -int(earned.as_tuple().exponent)
        given.shares[item.id] = nearest_share(item, Fraction(earned) / Fraction(possible), Fraction(11, 20) / 10**digits / Fraction(possible))

    def _cell(self, cells: list[str], what: str) -> str:
        at = self.at[what]
        return cells[at] if at is not None and cells[at] != "-" else ""

    def _name(self, cells: list[str]) -> str:
        return f"{self._cell(cells, 'given')} {self._cell(cells, 'family')}".strip()

    def _is_attempt(self, line: int, cells: list[str]) -> bool:
        """Whether a row is an attempt: not an average at the end of the table, and not a learner who never began."""
        start, state = self._cell(cells, "start"), self._cell(cells, "state")
        told = self.at["start"] is not None or self.at["state"] is not None
        if not told or start or state:
            if any(spoiled(cells[at]) for what in ("given", "family", "id") if (at := self.at[what]) is not None):
                self.found.add(unknown_learner(self.grid.span(line), "this row holds what a spreadsheet made of a name or id", "download the report again"))
                return False
            return True
        if self._cell(cells, "given") or self._cell(cells, "mail") or self._cell(cells, "id"):
            self.found.add(not_finished(self.grid.span(line), self._name(cells), "no attempt"))
        return False

    def _attempt(self, form: str, given: Given, line: int, cells: list[str]) -> Attempt:
        learner = self._cell(cells, "id") or self._cell(cells, "mail") or self._cell(cells, "user")
        end, state = self._cell(cells, "end"), self._cell(cells, "state")
        finished = bool(end) if self.at["end"] is not None else state.lower() in ("finished", "")
        if not finished:
            given.pending.append(f"the attempt is not handed in ({state.lower() or 'no end'})")
            self.found.add(not_finished(self.grid.span(line), self._name(cells), f"the attempt is not handed in ({state.lower() or 'no end'})"))
        day = moodle_moment(end)[:10]
        if end and not day:
            self.found.add(no_date(self.grid.span(line, self.at["end"]), self._name(cells), end))
        if not learner and not self._name(cells):
            self.found.add(unknown_learner(self.grid.span(line), "this row does not say whose it is", "download the report again, with names"))
            given.pending.append("the row names no learner")
        names = (self._cell(cells, "given"), self._cell(cells, "family"))
        first, last, roster = with_copy({}, self.copies.get(learner), *names)
        return Attempt(as_sitting(form, given, learner, (first, last), day, roster), line, line, finished)

    def _moment(self, cells: list[str]) -> str:
        return moodle_moment(self._cell(cells, "end")) or moodle_moment(self._cell(cells, "start"))


def moodle_moment(text: str) -> str:
    """`20 November 2026  10:14 AM` as `2026-11-20 10:14`; a date as ISO writes it stays; empty where it is neither."""
    iso = re.match(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?", text)
    if iso:
        return f"{iso[1]} {iso[2] or '00:00'}"
    found = re.match(r"(?:\w+,? +)?(\d{1,2}) +([A-Za-z]+)\.? +(\d{4})(?:[ ,]+(\d{1,2}):(\d\d)(?::\d\d)? *([AaPp][Mm])?)?", text)
    month = next((n for n, name in enumerate(MONTHS, 1) if found and len(found[2]) >= 3 and name.startswith(found[2].lower())), 0)
    if not found or not month or not 1 <= int(found[1]) <= 31:
        return ""
    hour = int(found[4] or 0)
    if found[6]:
        hour = hour % 12 + (12 if found[6].lower() == "pm" else 0)
    return f"{found[3]}-{month:02}-{int(found[1]):02} {hour:02}:{found[5] or '00'}"
