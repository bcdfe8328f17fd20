"""Floor 3: the rules, one file each, in folders by the hundreds of their codes.

A rule is a generator decorated with `@check("E301")`. It takes the course and yields (span, message, help) for each
place at fault; its docstring is the page that `explain` prints: what, why, example, instead, source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from coursewright.model.base import Sourced
from coursewright.model.course import Course
from coursewright.source.diagnostic import Diagnostic, register_code
from coursewright.source.siblings import import_siblings
from coursewright.source.span import Span

Fault = tuple[Span, str, str]
Rule = Callable[[Course], Iterator[Fault]]
RULES: dict[str, Rule] = {}


def check(code: str) -> Callable[[Rule], Rule]:
    """Enter a rule under its code."""
    if not re.fullmatch(r"[EWI]\d{3}", code):
        raise ValueError(f"{code} is not a diagnostic code")

    def decorate(rule: Rule) -> Rule:
        register_code(code, rule)
        RULES[code] = rule
        return rule

    return decorate


def check_course(course: Course) -> list[Diagnostic]:
    """Every fault that the rules find in a course, waivers applied, sorted by place."""
    import_siblings(__name__)
    found = [Diagnostic(span, code, message, help_) for code, rule in sorted(RULES.items()) for span, message, help_ in rule(course)]
    return _waive(course, sorted(set(found)))


def _waive(course: Course, found: list[Diagnostic]) -> list[Diagnostic]:
    """Take out what is waived, and report each waiver that took out nothing. Errors cannot be waived."""
    from coursewright.check.shape.waiver_matches_nothing import waiver_matches_nothing

    waivers = [(owner, code) for owner in course.objects for code in owner.waive]
    used: set[tuple[int, str]] = set()
    kept = []
    for diagnostic in found:
        owners = [o for o, code in waivers if code == diagnostic.code and _covers(o, diagnostic)]
        if owners and diagnostic.code[0] in "WI":
            used.update((id(owner), diagnostic.code) for owner in owners)
        else:
            kept.append(diagnostic)
    for owner, code in waivers:
        if (id(owner), code) not in used:
            kept.append(waiver_matches_nothing(owner.at("waive", code), code))
    return sorted(kept)


def _covers(owner: Sourced, diagnostic: Diagnostic) -> bool:
    return owner.span.contains(diagnostic.span)
