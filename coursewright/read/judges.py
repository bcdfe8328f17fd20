"""Judges' ratings of items: `judge,item,chance[,round]` for Angoff, `judge,item,relevance,difficulty[,round]` for Ebel."""

from __future__ import annotations

import re
from fractions import Fraction

from coursewright.model.judgement import DIFFICULTY, RELEVANCE, Judgements, Rating
from coursewright.read.table import read_table
from coursewright.source.diagnostic import Diagnostic, fault
from coursewright.source.span import Source, Span
from coursewright.source.suggest import did_you_mean


@fault("E403")
def judges_columns(problem: str, hint: str) -> tuple[str, str]:
    """A file of judges' ratings lacks a column, or cannot be read as CSV.

    Example: a first line of `item,J1,J2`
    Instead: a row for each judge and item: `judge,item,chance` for Angoff, `judge,item,relevance,difficulty` for Ebel;
    `round` too, where judges rated twice.
    """
    return problem, hint


@fault("E404")
def judges_value(problem: str, hint: str) -> tuple[str, str]:
    """A judge's rating is not what its column takes.

    Example: a `chance` of 120
    Instead: a chance from 0 to 1 (0.65) or in percent (65%); relevance and difficulty by the words of Ebel's grid.
    """
    return problem, hint


def read_judges(path: str, data: bytes) -> tuple[Judgements, list[Diagnostic], Source]:
    """The ratings of a file, with every fault at its row. Rows at fault are left out."""
    table = read_table(path, data)
    found = list(table.diagnostics)
    if table.problem:
        found.append(judges_columns(Span(path), table.problem, table.hint))
    if found:
        return Judgements(path), found, table.source
    angoff = "chance" in table.header
    needed = ("judge", "item", "chance") if angoff else ("judge", "item", "relevance", "difficulty")
    missing = table.missing(*needed)
    if missing:
        hint = did_you_mean(missing, table.header) or "the first line must name judge,item,chance or judge,item,relevance,difficulty"
        return Judgements(path), [judges_columns(Span(path), f"the column {missing} is missing", hint)], table.source
    ratings: list[Rating] = []
    seen: dict[tuple[str, str, int], int] = {}
    for line, values in table.rows:
        before = len(found)

        def wrong(name: str, problem: str, hint: str, line: int = line, values: dict[str, str] = values) -> None:
            found.append(judges_value(table.span(line, values.get(name, "")), problem, hint))

        for name in needed:
            if not values.get(name):
                wrong(name, f"there is no {name}", f"fill in {name}, or remove the row")
        if len(found) > before:
            continue
        round_ = int(values["round"]) if re.fullmatch(r"[1-9]", values.get("round", "") or "1") and values.get("round") else 1
        if values.get("round") and not re.fullmatch(r"[1-9]", values["round"]):
            wrong("round", f"the round {values['round']!r} is no number from 1 to 9", "write 1 for the first round, 2 for the second")
        chance = _chance(values["chance"]) if angoff else None
        if angoff and chance is None:
            wrong("chance", f"{values['chance']!r} is no chance", "write a number from 0 to 1, or a percentage such as 65%")
        for name, known in (("relevance", RELEVANCE), ("difficulty", DIFFICULTY)) if not angoff else ():
            if values[name].lower() not in known:
                wrong(name, f"{values[name]!r} is no {name}", did_you_mean(values[name].lower(), known) or f"write one of {', '.join(known)}")
        key = (values["judge"], values["item"], round_)
        if key in seen:
            wrong("item", f"{values['judge']} rated {values['item']} in line {seen[key]} already", "remove a row, or name its round")
        seen.setdefault(key, line)
        if len(found) == before:
            words = ("", "") if angoff else (values["relevance"].lower(), values["difficulty"].lower())
            ratings.append(Rating(values["judge"], values["item"], line, round_, chance, *words))
    return Judgements(path, tuple(ratings)), found, table.source


def _chance(text: str) -> Fraction | None:
    cleaned = text.replace(",", ".").replace(" ", "")
    if not re.fullmatch(r"(\d+(\.\d+)?|\.\d+)%?", cleaned):
        return None
    value = Fraction(cleaned.removesuffix("%")) / (100 if cleaned.endswith("%") else 1)
    return value if value <= 1 else None
