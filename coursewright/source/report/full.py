"""The format for people: the source line, what is wrong, what to try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coursewright.source.diagnostic import Diagnostic
from coursewright.source.report import reporter
from coursewright.source.span import Source

WIDTH = 120


@reporter("full")
def full(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source]) -> str:
    """Each diagnostic as a paragraph with its line of YAML."""
    return "\n\n".join(_paragraph(d, sources.get(d.span.path)) for d in diagnostics)


def _paragraph(diagnostic: Diagnostic, source: Source | None) -> str:
    span = diagnostic.span
    number = str(span.line)
    gutter = " " * len(number)
    rows = [f"{diagnostic.code} {diagnostic.message}", f"{gutter}--> {span.start}"]
    if source is not None and source.line(span.line):
        line, column = _window(source.line(span.line), span.column)
        end = span.end_column - (span.column - column) if span.end_line == span.line else len(line) + 1
        width = max(1, min(end, len(line.rstrip()) + 1) - column)
        pad = "".join("\t" if c == "\t" else " " for c in line[: column - 1])
        rows += [f"{gutter} |", f"{number} | {line}", f"{gutter} | {pad}{'^' * width}"]
    if diagnostic.help:
        rows.append(f"{gutter} = help: {diagnostic.help}")
    rows.append(f"{gutter} = more: build.py explain {diagnostic.code}")
    return "\n".join(rows)


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of a long line that holds `column`, and the column in that part. Control characters become dots."""
    line = "".join("·" if ord(c) < 32 and c != "\t" else c for c in line)
    if len(line) <= WIDTH:
        return line, column
    start = max(0, column - 1 - WIDTH // 3)
    part = line[start : start + WIDTH]
    head = "…" if start else ""
    return head + part + ("…" if start + WIDTH < len(line) else ""), column - start + len(head)
