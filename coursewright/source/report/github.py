"""Workflow commands, which GitHub shows as annotations on the lines of a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coursewright.source.diagnostic import Diagnostic
from coursewright.source.report import reporter
from coursewright.source.span import Source

LEVEL = {"error": "error", "warning": "warning", "info": "notice"}


@reporter("github")
def github(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source]) -> str:
    """`::error file=…,line=…,col=…,title=CODE::message`, with the escapes that the runner asks for."""
    return "\n".join(
        f"::{LEVEL[d.severity]} file={_property(d.span.path)},line={d.span.line},col={d.span.column},"
        f"endLine={d.span.end_line},title={d.code}::{_data(d.message + (f' ({d.help})' if d.help else ''))}"
        for d in diagnostics
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
