"""A diagnostic: what is wrong, where, and what to try."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from coursewright.source.span import Span

SEVERITIES = {"E": "error", "W": "warning", "I": "info"}


@dataclass(frozen=True, order=True)
class Diagnostic:
    """One fault. `code` is a letter (E stops the build, W under --strict, I informs) and three digits."""

    span: Span
    code: str
    message: str
    help: str = ""

    @property
    def severity(self) -> str:
        return SEVERITIES[self.code[0]]


@dataclass(frozen=True)
class Code:
    """A registered diagnostic code: its name is that of the function that finds the fault, its page the docstring."""

    code: str
    name: str
    page: str


CODES: dict[str, Code] = {}
F = TypeVar("F", bound=Callable[..., object])


def register_code(code: str, function: Callable[..., object]) -> None:
    """Enter `function` as what finds `code`. A code belongs to one function, and is never reused."""
    name = f"{function.__module__}.{function.__name__}"
    known = CODES.get(code)
    if known and known.name != name:
        raise ValueError(f"{code} belongs to {known.name} already, {name} needs another")
    CODES[code] = Code(code, name, function.__doc__ or "")


def fault(code: str) -> Callable[[Callable[..., tuple[str, str]]], Callable[..., Diagnostic]]:
    """Make a diagnostic of a function that returns (message, help); its docstring is the page of `code`.

    The function made takes the span first, then the arguments of the one decorated.
    """

    def decorate(function: Callable[..., tuple[str, str]]) -> Callable[..., Diagnostic]:
        register_code(code, function)

        def at(span: Span, *arguments: object) -> Diagnostic:
            message, help_ = function(*arguments)
            return Diagnostic(span, code, message, help_)

        at.__doc__, at.__name__ = function.__doc__, function.__name__
        return at

    return decorate


def count(diagnostics: Iterable[Diagnostic]) -> dict[str, int]:
    """How many of each severity, in the order error, warning, info."""
    found = list(diagnostics)
    return {name: sum(d.severity == name for d in found) for name in SEVERITIES.values()}
