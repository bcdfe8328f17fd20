"""Reporters: one file a format, each a function from diagnostics and sources to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from coursewright.source.diagnostic import Diagnostic, count
from coursewright.source.siblings import import_siblings
from coursewright.source.span import Source

Reporter = Callable[[Sequence[Diagnostic], Mapping[str, Source]], str]
REPORTERS: dict[str, Reporter] = {}


def reporter(name: str) -> Callable[[Reporter], Reporter]:
    """Enter a reporter under the name that `--format` takes."""

    def decorate(function: Reporter) -> Reporter:
        REPORTERS[name] = function
        return function

    return decorate


def report(name: str, diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source]) -> str:
    """The diagnostics as text, sorted by file, line and column. Raises KeyError for an unknown format."""
    import_siblings(__name__)
    return REPORTERS[name](sorted(diagnostics), sources)


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`, or `no faults found`."""
    parts = [f"{n} {name}{'s' if n != 1 and name != 'info' else ''}" for name, n in count(diagnostics).items() if n]
    return ", ".join(parts) or "no faults found"
