"""An item analysis as a page to print, a page for the browser, and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coursewright.plan.analysis import Analysis, TestStatistics
from coursewright.plan.findings import LEVELS, Finding, find, flagged, listed, percent, reading, span, two
from coursewright.plan.item_statistics import ItemStatistics
from coursewright.plan.statistics import Estimate, Undefined, Value
from coursewright.write.accreditation import csv_bytes
from coursewright.write.analysis_charts import Drawn
from coursewright.write.packet import Packet, nowhere

WIDE = 3  # sets of items that get a column each; more get a row each

ITEMS = (
    *("number", "item", "version", "type", "module", "objective", "section", "key", "points", "n", "p", "p_low", "p_high", "p_pretest"),
    *("r_total", "r_rest", "r_rest_low", "r_rest_high", "d_27", "group_size", "options", "blank", "several_marked", "response_unknown", "not_defined", "findings"),
)
HISTORY = ("item", "version", "administration", "n", "p", "p_low", "p_high", "r_rest", "r_rest_low", "r_rest_high", "not_defined")
GAINS = ("name", "pre_percent", "post_percent", "gain_hake", "not_defined")


def report_page(packet: Packet, analysis: Analysis, drawings: Mapping[str, Drawn], screen: bool) -> str:
    """The report as HTML: for paper, or with `screen` as one file for the browser. drawings: by the id of the plot."""
    findings = find(analysis)
    marked = flagged(findings)
    plan: dict[str, Any] = {
        "analysis": analysis,
        "drawings": drawings,
        "screen": screen,
        "findings": {level: [finding for finding in findings if finding.level == level] for level in LEVELS},
        "by_item": {item.number: [f for f in findings if f.number == item.number] for item in analysis.items},
        "suspects": len({(f.number, f.item) for f in findings if f.level == LEVELS[0]}),
        "flagged": [item for item in analysis.items if item.number in marked],
        "tests": [(_name(test, n, analysis), facts(test)) for n, test in enumerate(analysis.tests[:WIDE], 1)] if len(analysis.tests) <= WIDE else [],
        "many": [(_name(test, n, analysis), test) for n, test in enumerate(analysis.tests, 1)] if len(analysis.tests) > WIDE else [],
        "reasons": reasons(analysis),
        **{function.__name__: function for function in (two, percent, span, reading, listed, why)},
    }
    return packet.html(f"analysis/{'screen' if screen else 'print'}.html.j2", nowhere, **plan)


def why(value: object) -> str:
    """Why there is no value, or no interval; empty where there are both."""
    return value.reason if isinstance(value, Undefined) else value.caveat if isinstance(value, Estimate) else ""


def facts(test: TestStatistics) -> list[tuple[str, str, str]]:
    """The statistics of a test: name, value, and what the value means or why there is none."""

    def told(name: str, value: Value, meaning: str) -> tuple[str, str, str]:
        return (name, span(value), f"not defined: {value.reason}" if isinstance(value, Undefined) else meaning + (f" No interval: {value.caveat}." if value.caveat else ""))

    made = [
        ("Learners", str(test.n), ""),
        ("Items, points", f"{test.k}, {two(test.points, 0) if test.points.denominator == 1 else two(test.points)}", ""),
        ("Mean, standard deviation", f"{two(test.mean)}, {two(test.spread)}", "In points; the deviation of these learners (÷ N)."),
        ("Passed", f"{test.passed} of {test.n} ({percent(test.passed / test.n)})", f"At {test.cut.needed} points or more."),
        told("Livingston’s k²", test.livingston, "How reliably scores tell who is above the cut score; 1 is perfect."),
    ]
    if isinstance(test.consistency, Undefined):
        made.append(("Decision consistency", "–", f"not defined: {test.consistency.reason}"))
    else:
        kappa = test.consistency.kappa
        words = "Would be judged alike by a second test (Huynh’s model)."
        made.append(("Decision consistency", percent(test.consistency.agreement), words + (f" Beyond chance, kappa: {two(kappa.value)}." if isinstance(kappa, Estimate) else f" Kappa is not defined: {kappa.reason}.")))
    made += [
        told("KR-20", test.kr20, "Whether the items rank learners alike; for right-or-wrong items."),
        told("KR-21", test.kr21, "The same, as if all items were equally hard."),
        told("Cronbach’s alpha", test.alpha, "The same, for items with partial credit too."),
        told("Standard error of measurement", test.standard_error, "In points: two scores nearer than this are hardly different."),
        told("Alpha if twice as long", test.doubled, "By Spearman and Brown, with more items like these."),
    ]
    needed = test.items_needed
    made.append(("Items for an alpha of 0.80", "–" if isinstance(needed, Undefined) else str(needed), f"not defined: {needed.reason}" if isinstance(needed, Undefined) else "Items like these, by Spearman and Brown."))
    return made


def _name(test: TestStatistics, n: int, analysis: Analysis) -> str:
    if len(analysis.tests) == 1 and not analysis.alone:
        return "All learners"
    forms = f"form {test.forms[0]}" if len(test.forms) == 1 else f"{len(test.forms)} forms"
    return f"Set {n} ({forms}; {listed(test.administrations)})"


def reasons(analysis: Analysis) -> list[str]:
    """What is not defined in the table of items, and why, alike ones in one sentence."""
    found: dict[tuple[str, str], list[int]] = {}
    for item in analysis.items:
        for name, value in (("p", item.p), ("r", item.r), ("D", item.d)):
            if isinstance(value, Undefined):
                found.setdefault((f"{name} is not defined", value.reason), []).append(item.number)
            elif value.caveat:
                found.setdefault((f"{name} has no interval", value.caveat), []).append(item.number)
    every = len(analysis.items)
    return [f"{what} for {'any item' if len(n) == every > 1 else ('item ' if len(n) == 1 else 'items ') + listed(n)}: {reason}." for (what, reason), n in found.items()]


# ---- tables ------------------------------------------------------------------------------------------------------


def tables(analysis: Analysis) -> dict[str, bytes]:
    """`items.csv` and `history.csv`, and `gains.csv` where there is a pre-test. Decimals have a point; nothing is an empty cell."""
    findings = find(analysis)
    items: list[tuple[str, ...]] = [_item_row(item, [finding for finding in findings if finding.number == item.number]) for item in analysis.items]
    history: list[tuple[str, ...]] = [
        (seen.item, seen.version, seen.administration, str(seen.n), *_cells(seen.p), *_cells(seen.r), _undefined({"p": seen.p, "r_rest": seen.r})) for seen in analysis.history
    ]
    made = {"items.csv": csv_bytes(ITEMS, items), "history.csv": csv_bytes(HISTORY, history)}
    if analysis.gains is not None:
        rows: list[tuple[str, ...]] = []
        for pair in analysis.gains.pairs:
            gain = pair.gain
            last = ("", gain.reason) if isinstance(gain, Undefined) else (_number(gain), "")
            rows.append((pair.name, _number(pair.pre), _number(pair.post), *last))
        alone: list[tuple[str, ...]] = [(name, "taken", "", "", "no post-test") for name in analysis.gains.unpaired_pre]
        alone += [(name, "", "taken", "", "no pre-test") for name in analysis.gains.unpaired_post]
        made["gains.csv"] = csv_bytes(GAINS, [*rows, *alone])
    return made


def _item_row(item: ItemStatistics, findings: list[Finding]) -> tuple[str, ...]:
    entry = item.item
    chosen = "; ".join(f"{option.letter}{'*' if option.credit == 1 else ''} {option.chosen}" for option in item.options)
    return (
        *(str(item.number), entry.id, entry.version, entry.type, entry.module, entry.objective, entry.section_text or entry.section, item.answer, _number(entry.points)),
        *(str(item.n), *_cells(item.p), _number(item.pre.value) if isinstance(item.pre, Estimate) else ""),
        *(_cells(item.r_total)[0], *_cells(item.r), _cells(item.d)[0], str(item.group_size), chosen, str(item.blank), str(item.several), str(item.unknown)),
        _undefined({"p": item.p, "r_total": item.r_total, "r_rest": item.r, "d_27": item.d}),
        "; ".join(finding.kind for finding in findings),
    )


def _cells(value: Value) -> tuple[str, str, str]:
    if isinstance(value, Undefined):
        return ("", "", "")
    return (_number(value.value), *("" if end is None else _number(end) for end in (value.low, value.high)))  # type: ignore[return-value]


def _number(value: Any) -> str:
    """Four decimals for those who compute on, with an ASCII sign."""
    return two(value, 4).replace("−", "-")


def _undefined(values: Mapping[str, Value]) -> str:
    return "; ".join(f"{name}: {value.reason}" for name, value in values.items() if isinstance(value, Undefined))
