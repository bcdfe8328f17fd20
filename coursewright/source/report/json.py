"""A JSON list of diagnostics, for other programs."""

from __future__ import annotations

import json as json_
from collections.abc import Mapping, Sequence

from coursewright.source.diagnostic import Diagnostic
from coursewright.source.report import reporter
from coursewright.source.span import Source


@reporter("json")
def json(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source]) -> str:
    """An array of objects: code, severity, message, help, path, line, column, end_line, end_column."""
    rows = [
        {
            "code": d.code,
            "severity": d.severity,
            "message": d.message,
            "help": d.help,
            "path": d.span.path,
            "line": d.span.line,
            "column": d.span.column,
            "end_line": d.span.end_line,
            "end_column": d.span.end_column,
        }
        for d in diagnostics
    ]
    return json_.dumps(rows, indent=2, ensure_ascii=False)
