"""Canvas's Student analysis of a classic quiz: a pair of columns for each question, its answer in words and its points."""

from __future__ import annotations

import re
from fractions import Fraction

from coursewright.model.interaction import read_number, score
from coursewright.plan.answer_faults import Complaints, answer_columns, no_date, other_points, split_name, unknown_learner
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
from coursewright.plan.record import Record
from coursewright.read.grid import Grid

NEAR = Fraction(6, 1000)  # of an item's points: what rounding may make of thirds


def read_canvas(path: str, data: bytes, record: Record, wish: Wish) -> Answers:
    """Read a Student analysis against the record. The attempts of a learner stand in the order that Canvas counts."""
    made, found = open_table(path, data)
    if not (made.grid.problem or made.grid.diagnostics):
        made.attempts = _Canvas(made.grid, record, wish, found).attempts()
        tell_problem(made.grid, found)
    made.diagnostics = [*made.grid.diagnostics, *found.all()]
    return made


class _Canvas:
    def __init__(self, grid: Grid, record: Record, wish: Wish, found: Complaints) -> None:
        self.grid, self.record, self.wish, self.found = grid, record, wish, found
        self.at = {name: grid.column(name) for name in ("name", "id", "sis_id", "submitted", "attempt")}
        self.copies = {copy.learner_id: copy for copy in record.copies.values() if copy.learner_id}
        self.columns: dict[int, str] = {}
        for at, name in enumerate(grid.header[:-1]):
            question = re.match(r"\d+: ?(.*)", name, re.DOTALL)
            if question and read_number(grid.header[at + 1]) is not None:
                self.columns[at] = question[1].strip()

    def attempts(self) -> list[Attempt]:
        if self.at["name"] is None or not self.columns:
            lacking = "the column name is missing" if self.at["name"] is None else 'no column is a question such as "4711: Which …" with its points beside it'
            self.found.add(answer_columns(self.grid.span(1), lacking, "download the Student analysis of a classic quiz that is not anonymous"))
            return []
        rows = list(self.grid.rows())
        asked = self._asked(rows)
        if asked is None:
            return []
        for at, words in self.columns.items():
            if words in asked.problems:
                tell_unmatched(self.grid, self.found, asked, words, 1, at)
        strange = [at for at, words in self.columns.items() if words in asked.problems]
        made, missed, differing = [], [], dict.fromkeys(self.columns, 0)
        form_items = self.record.form_items(asked.form)
        for line, cells in rows:
            given = Given()
            for at, words in self.columns.items():
                if not cells[at] and not cells[at + 1]:  # the question was not in this attempt
                    continue
                if at in strange:
                    given.pending.append(f'the question "{words[:40]}" is no item of the form')
                    continue
                item = asked.items[words]
                if item.id in given.met:
                    given.pending.append(f"item {item.id} stands in two columns")
                    continue
                take_words(given, self.found, item, cells[at], lambda line=line, at=at: self.grid.span(line, at), f"column {at + 1}")  # type: ignore[misc]
                differing[at] += self._differs(asked, at, given, cells)
            missed.append(wait_for_missing(given, form_items, self.wish))
            attempt = self._attempt(asked.form, given, line, cells)
            if attempt is not None:
                made.append(attempt)
        tell_missing(self.grid, self.found, set.intersection(*missed) if missed else ())
        for at, cells_differing in differing.items():
            if cells_differing:
                self.found.add(other_points(self.grid.span(1, at), asked.items[self.columns[at]].id, cells_differing))
        return made

    def _asked(self, rows: list[tuple[int, list[str]]]) -> Asked | None:
        questions = {words: list(dict.fromkeys(cells[at] for _, cells in rows))[:300] for at, words in self.columns.items()}
        if len(questions) < len(self.columns):  # several questions in the same words: only their columns tell them apart
            twice = next(at for at, words in self.columns.items() if list(self.columns.values()).count(words) > 1)
            self.found.add(answer_columns(self.grid.span(1, twice), "two questions have the same words", "put the item's id in brackets before each question, in Canvas or in this first line"))
            return None
        try:
            asked = match_questions(self.record, questions, self.wish)
        except LookupError:
            self.found.add(answer_columns(*several_forms(self.grid, self.record)))
            return None
        return asked

    def _differs(self, asked: Asked, at: int, given: Given, cells: list[str]) -> bool:
        """Whether Canvas gave other points than the key on record: the sign of a key that differs."""
        item = asked.items[self.columns[at]]
        earned, possible = read_number(cells[at + 1]), read_number(self.grid.header[at + 1])
        if earned is None or not possible or (item.id not in given.responses and cells[at]):
            return False
        return abs(Fraction(earned) / Fraction(possible) - score(item.key, given.responses.get(item.id))) > NEAR

    def _cell(self, cells: list[str], what: str) -> str:
        at = self.at[what]
        return cells[at] if at is not None else ""

    def _attempt(self, form: str, given: Given, line: int, cells: list[str]) -> Attempt | None:
        name, learner = self._cell(cells, "name"), self._cell(cells, "sis_id") or self._cell(cells, "id")
        if not name and not learner:
            self.found.add(unknown_learner(self.grid.span(line), "this row does not say whose it is", "a learner who was not logged in cannot be graded"))
            return None
        if spoiled(name) or spoiled(learner):
            self.found.add(unknown_learner(self.grid.span(line), "this row holds what a spreadsheet made of a name or id", "download the table again"))
            return None
        copy = self.copies.get(learner)
        parts = [part.strip() for part in name.split(",", 1)][::-1] if "," in name else name.rsplit(" ", 1)
        first, last = (parts[0], parts[1]) if len(parts) == 2 else ("", name)
        if copy is None and (len(name.split()) != 2) and "," not in name:
            self.found.add(split_name(self.grid.span(line, self.at["name"]), name, first, last))
        day = self._cell(cells, "submitted")[:10]
        if day and not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
            self.found.add(no_date(self.grid.span(line, self.at["submitted"]), name, self._cell(cells, "submitted")))
            day = ""
        number = self._cell(cells, "attempt")
        first, last, roster = with_copy({}, copy, first, last)
        count = int(number) if number.isdigit() else 0
        return Attempt(as_sitting(form, given, learner, (first, last), day, roster), count or -line, line)  # the newest stands first
