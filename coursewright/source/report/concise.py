"""One line a diagnostic: `path:line:col: CODE message (help)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coursewright.source.diagnostic import Diagnostic
from coursewright.source.report import reporter
from coursewright.source.span import Source


@reporter("concise")
def concise(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source]) -> str:
    """The format for editors and for grep."""
    return "\n".join(f"{d.span.start}: {d.code} {d.message}" + (f" ({d.help})" if d.help else "") for d in diagnostics)
