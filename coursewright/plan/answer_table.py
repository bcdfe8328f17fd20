"""Answers typed into a table: a row for each answer (long), or a row for each learner and a column for each item (wide)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coursewright.model.interaction import Response
from coursewright.plan.answer_faults import (
    SPOILED,
    Complaints,
    answer_columns,
    answered_twice,
    column_left_alone,
    item_without_answers,
    not_an_answer,
    unknown_item,
    unknown_learner,
)
from coursewright.plan.attempts import Attempt
from coursewright.plan.gradebook import Sitting
from coursewright.plan.record import ItemRecord, Record
from coursewright.plan.sittings import NotAResponse, read_response
from coursewright.read.grid import Grid, read_grid
from coursewright.read.roster import OPTIONAL, REQUIRED
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.suggest import did_you_mean

OWN = ("form", "item", "response")
CARRIED = tuple(name for name in OPTIONAL if name not in ("learner_id", "score_percent", "passed", "test", "action"))


@dataclass
class Answers:
    """What a table gave: attempts in its order, and its faults."""

    grid: Grid
    attempts: list[Attempt] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


@dataclass
class _Paper:
    """One learner's answers while they are gathered."""

    line: int
    values: dict[str, str]
    form: str
    responses: dict[str, Response] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)


def read_answers(path: str, data: bytes, record: Record, wanted: str = "", withdrawn: frozenset[str] = frozenset()) -> Answers:
    """Read a table of answers against the record. wanted: the form of rows that name none. withdrawn: items not missed."""
    grid = read_grid(path, data)
    found = Complaints()
    made = Answers(grid)
    if grid.problem or grid.diagnostics:
        return _unreadable(made, found)
    reader = _Reader(record, grid, found, wanted, withdrawn)
    if grid.column("item") is not None or grid.column("response") is not None:
        made.attempts = reader.long()
    else:
        made.attempts = reader.wide()
    return _unreadable(made, found)


def _unreadable(made: Answers, found: Complaints) -> Answers:
    grid = made.grid
    if grid.problem:
        found.add(answer_columns(grid.span(grid.problem_line), grid.problem, grid.hint))
    made.diagnostics = [*grid.diagnostics, *found.all()]
    return made


class _Reader:
    def __init__(self, record: Record, grid: Grid, found: Complaints, wanted: str, withdrawn: frozenset[str]) -> None:
        self.record, self.grid, self.found, self.withdrawn = record, grid, found, withdrawn
        self.form = wanted or (next(iter(record.forms)) if len(record.forms) == 1 else "")
        self.items: dict[str, dict[str, ItemRecord]] = {form: {item.id: item for item in record.form_items(form)} for form in record.forms}
        self.every = {item.id for item in record.items.values()}
        self.copies = {copy.learner_id: copy for copy in record.copies.values() if copy.learner_id}
        known = (*REQUIRED, *OPTIONAL)
        self.about = {name: at for name in known if (at := grid.column(name)) is not None and (name not in self.every or name in REQUIRED)}
        self.places = {name: grid.column(name) for name in OWN}

    def long(self) -> list[Attempt]:
        for name in ("item", "response"):
            if self.places[name] is None:
                self._missing(name)
                return []
        item_at, response_at = self.places["item"], self.places["response"]
        assert item_at is not None and response_at is not None
        papers: dict[tuple[str, str], _Paper] = {}
        for line, cells in self.grid.rows():
            paper = self._paper(line, cells)
            if paper is None:
                continue
            paper = papers.setdefault((_identity(paper.values), paper.form), paper)
            self._take(paper, cells[item_at], line, item_at, cells[response_at], response_at)
        return self._attempts(list(papers.values()))

    def wide(self) -> list[Attempt]:
        columns: dict[str, int] = {}
        for at, name in enumerate(self.grid.header):
            if name in self.every and name not in columns:
                columns[name] = at
            elif name in self.every:
                self.found.add(answer_columns(self.grid.span(1, at), f"the column {name} stands here twice", "remove one"))
            elif name and self.grid.names[at] not in (*REQUIRED, *OPTIONAL, *OWN):
                self.found.add(column_left_alone(self.grid.span(1, at), name, did_you_mean(name, self.every) if len(self.every) > 12 or _near(name, self.every) else ""))
        if not columns:
            hint = "the first line must name learner_id,given_name,family_name,form,item,response, or the ids of items"
            self.found.add(answer_columns(self.grid.span(1), "no column is an item of this test", hint))
            return []
        papers = []
        forms: dict[str, None] = {}
        for line, cells in self.grid.rows():
            paper = self._paper(line, cells)
            if paper is None:
                continue
            papers.append(paper)
            forms[paper.form] = None
            for name, at in columns.items():
                if cells[at] and name not in self.items[paper.form]:
                    paper.pending.append(f"item {name} is not on form {paper.form} (line {line})")
                    self.found.add(unknown_item(self.grid.span(line, at), f"item {name}", f"form {paper.form} has no such item: is it the right form?"))
                elif cells[at]:
                    self._take(paper, name, line, at, cells[at], at)
        for form in forms:
            lacking = [item for item in self.items[form] if item not in columns and item not in self.withdrawn]
            for item in lacking:
                self.found.add(item_without_answers(self.grid.span(1), item))
            for paper in papers:
                if paper.form == form:
                    paper.pending += [f"item {item} has no column in {self.grid.source.path}" for item in lacking]
        return self._attempts(papers)

    def _missing(self, name: str) -> None:
        hint = did_you_mean(name, self.grid.names) or "the first line must name learner_id,given_name,family_name,form,item,response"
        self.found.add(answer_columns(self.grid.span(1), f"the column {name} is missing", hint))

    def _paper(self, line: int, cells: list[str]) -> _Paper | None:
        """Whose row this is, on which form; None where it does not say."""
        values = {name: cells[at] for name, at in self.about.items() if cells[at]}
        for name in ("learner_id", "given_name", "family_name"):
            if spoiled(values.get(name, "")):
                self.found.add(unknown_learner(self.grid.span(line, self.about[name]), f"{name}: {values[name]!r} is what a spreadsheet made of something", "write it again, as text"))
                return None
        if not (values.get("learner_id") or values.get("given_name") or values.get("family_name")):
            self.found.add(unknown_learner(self.grid.span(line), "this row does not say whose it is", "fill in learner_id, or given_name and family_name"))
            return None
        form_at = self.places["form"]
        named = cells[form_at] if form_at is not None else ""
        copy = self.copies.get(values.get("learner_id", ""))
        form = named or (copy.form if copy is not None else self.form)
        if form not in self.items:
            at = form_at if named else None
            problem = f"no form {form} was printed" if form else "this row names no form, and there are several"
            hint = did_you_mean(form, self.items) if form else "fill in form, or name it for all rows with --form"
            self.found.add(unknown_learner(self.grid.span(line, at), problem, hint))
            return None
        return _Paper(line, values, form)

    def _take(self, paper: _Paper, name: str, line: int, name_at: int, text: str, at: int) -> None:
        item = self.items[paper.form].get(name)
        if item is None:
            known = list(self.items[paper.form])
            self.found.add(unknown_item(self.grid.span(line, name_at), f'"{name}"' if name else "a row without an item", did_you_mean(name, known) or f"form {paper.form} has {len(known)} items"))
            paper.pending.append(f'an answer to "{name}", which is no item of the form (line {line})')
            return
        try:
            if spoiled(text):
                raise NotAResponse("what the learner gave, as text: a spreadsheet has made something else of it")
            response = read_response(item.interaction, text)
        except NotAResponse as expected:
            self.found.add(not_an_answer(self.grid.span(line, at), name, text, str(expected)))
            paper.pending.append(f"item {name}: {text!r} is no answer to it (line {line})")
            return
        if name in paper.told and response != paper.responses.get(name):
            who = _name(paper.values)
            self.found.add(answered_twice(self.grid.span(line, at), who, f"answered item {name} in line {paper.told[name]} already, and otherwise"))
            paper.pending.append(f"item {name} is answered twice (lines {paper.told[name]} and {line})")
            return
        paper.told[name] = line
        if response is not None:
            paper.responses[name] = response

    def _attempts(self, papers: list[_Paper]) -> list[Attempt]:
        counted: dict[str, list[_Paper]] = {}
        for paper in papers:
            counted.setdefault(_identity(paper.values), []).append(paper)
        for identity, same in counted.items():
            if len(same) > 1 and identity.startswith("name:"):
                for paper in same:
                    paper.pending.append("two rows carry this name, without a learner_id (lines " + ", ".join(str(p.line) for p in same) + ")")
                self.found.add(answered_twice(self.grid.span(same[1].line), _name(same[1].values), f"stands in line {same[0].line} already, without a learner_id"))
        return [Attempt(self._sitting(paper), number, paper.line) for number, paper in enumerate(papers)]

    def _sitting(self, paper: _Paper) -> Sitting:
        values = dict(paper.values)
        copy = self.copies.get(values.get("learner_id", ""))
        roster: Mapping[str, str] = {**dict(copy.roster if copy else ()), **{name: values[name] for name in CARRIED if name in values}}
        more: dict[str, Any] = {"given_name": copy.given_name, "family_name": copy.family_name} if copy else {}
        more |= {name: values[name] for name in ("learner_id", "given_name", "family_name") if name in values}
        day = values.get("completed_at", "")[:10]
        return Sitting(
            paper.form,
            paper.responses,
            completed_at=day if re.fullmatch(r"\d{4}-\d\d-\d\d", day) else "",
            roster=tuple(roster.items()),
            pending=tuple(paper.pending),
            **more,
        )


def spoiled(text: str) -> bool:
    """Whether a cell holds a spreadsheet's error or formula instead of what was meant."""
    return text.upper() in SPOILED or bool(re.match(r"=\s*[A-Za-z]+\s*\(|=[A-Za-z]+\d+\b|=\s*[\d.]+\s*[-+*/]", text))


def _near(name: str, known: set[str]) -> bool:
    return did_you_mean(name, known).startswith("did you mean")


def _identity(values: Mapping[str, str]) -> str:
    return f"id:{values['learner_id']}" if values.get("learner_id") else f"name:{_name(values).casefold()}"


def _name(values: Mapping[str, str]) -> str:
    return f"{values.get('given_name', '')} {values.get('family_name', '')}".strip() or values.get("learner_id", "")
