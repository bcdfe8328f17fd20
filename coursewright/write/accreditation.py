"""What an accreditor asks for: a binder of tabs, the appendix on the source document, forms, and tables as CSV.

Every tab counts its own pages, as a binder's do, so that all are laid out side by side and joined without a second
layout.
"""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

from coursewright.model.credit import plan_credit
from coursewright.model.items.case_cluster import CaseCluster
from coursewright.plan import ledger as ledgers
from coursewright.plan import matrix as matrices
from coursewright.plan.sheet import KeySheet, plan_keys, plan_sheet
from coursewright.write import Output, Result, Story, Task, Written, writer
from coursewright.write.packet import Packet, nowhere

TABS = {
    "activity": "The activity, as learners are told",
    "matrix": "Gaps, needs, objectives, sections and items",
    "assessment": "Assessment: blueprints and minimum performance level",
    "credit": "How the credit was computed",
    "ledger": "Evidence ledger",
    "differences": "Where this course differs from its source, and why",
    "disclosures": "Disclosures and mitigation",
    "references": "References and their currency",
    "items": "Item bank with keys",
    "evaluation": "Evaluation form",
    "commitment": "Commitment to change",
}
GROUP = "Accreditation"


@writer("accreditation")
def write_accreditation(packet: Packet) -> Story:
    """`accreditation/binder.pdf`, `differences.pdf`, `evaluation.pdf`, `commitment-to-change.pdf`, and the tables as CSV."""
    written = Written()
    if packet.options.modules:
        return written
    tabs = [name for name in TABS if _wanted(packet, name)]
    plans = _plans(packet)
    alone = [name for name in ("differences", "evaluation", "commitment") if name in tabs]
    results = yield [_tab(packet, name, f"Tab {n}", plans) for n, name in enumerate(tabs, 1)] + [_tab(packet, name, "", plans) for name in alone]
    parts, apart = results[: len(tabs)], results[len(tabs) :]
    shown = [{"title": TABS[name], "pages": part.facts["pages"]} for name, part in zip(tabs, parts, strict=True)]
    contents = yield [packet.lay_out("binder, contents", packet.html("accreditation/contents.html.j2", nowhere, tabs=shown))]
    title = f"{packet.course.info.title}: accreditation binder"
    blobs = [result.blobs["plain.pdf"] for result in (*contents, *parts)]
    arguments: dict[str, Any] = {"parts": blobs, "title": title, "language": packet.course.info.language, "labels": []}
    joined = yield [Task("joining the binder", "coursewright.write.pdf.join:join", arguments)]
    made = [*joined, *apart]
    thumbs = yield [packet.thumbnail(_blob(result), 200) for result in made]
    for name, result in zip((*tabs, *alone), results, strict=True):
        written.diagnostics += packet.complaints(f"accreditation, {TABS[name]}", result)
    files = [("binder", "Accreditation binder", "all that an accreditor asks for, item bank with keys"), *(_alone(name) for name in alone)]
    for (stem, name, note), result, thumb in zip(files, made, thumbs, strict=True):
        audience = "educator" if stem == "binder" else "learner"
        written.outputs.append(
            Output(f"accreditation/{stem}.pdf", _blob(result), name, GROUP, audience, result.facts["pages"], packet.paper, thumb.blobs["page.png"], note)
        )
    for stem, name, data in _tables(packet, plans):
        written.outputs.append(Output(f"accreditation/{stem}.csv", data, name, GROUP, "educator", note="table"))
    return written


def _wanted(packet: Packet, name: str) -> bool:
    if name in ("ledger", "differences"):
        return bool(packet.course.claims if name == "ledger" else packet.course.document)
    return bool(packet.course.info.gaps) if name == "matrix" else True


def _blob(result: Result) -> Any:
    return result.blobs.get("joined.pdf") or result.blobs["plain.pdf"]


def _alone(name: str) -> tuple[str, str, str]:
    return {
        "differences": ("differences", "Where this course differs from its source, and why", "every claim of the source document"),
        "evaluation": ("evaluation", "Evaluation form", "to print"),
        "commitment": ("commitment-to-change", "Commitment to change", "to print"),
    }[name]


def _plans(packet: Packet) -> dict[str, Any]:
    course = packet.course
    clusters = {single.id: item.case for item in course.items if isinstance(item, CaseCluster) for single in item.singles()}
    items = course.single_items
    checked: dict[str, datetime.date] = {}
    for claim in course.claims.values():
        for key in claim.references:
            checked[key] = min(claim.checked, checked.get(key, claim.checked))
    return {
        "book": packet.workbook,
        "credit": plan_credit(course),
        "matrix": matrices.plan_matrix(course),
        "ledger": ledgers.plan_ledger(course, packet.numbering),
        "document": course.document,
        "bank": _bank(packet),
        "pools": {item.id: "knowledge check" if item.pool == "practice" else "tests" for item in items},
        "claims": {item.id: item.claim for item in items},
        "cases": {item.id: clusters.get(item.id) for item in items},
        "objectives": {item.id: getattr(course.objectives.get(item.objective or ""), "text", "") for item in items},
        "levels": {item.id: item.moore or "not given" for item in items},
        "high": sum(item.moore in ("3b", "4") for item in items),
        "all_items": len(items),
        "checked": {reference.id: checked.get(reference.id) for reference in course.references},
    }


def _bank(packet: Packet) -> list[KeySheet]:
    return [
        plan_keys(packet.course, packet.numbering, plan_sheet(bank.id, next((m.title for m in packet.course.modules if m.id == bank.module), bank.id), bank.items))
        for bank in packet.course.banks
    ]


def _tab(packet: Packet, name: str, part: str, plans: dict[str, Any]) -> Task:
    html = packet.html(f"accreditation/{name}.html.j2", nowhere, part=part, **plans)
    return packet.lay_out(f"binder, {TABS[name].lower()}" if part else TABS[name], html)


def _tables(packet: Packet, plans: dict[str, Any]) -> list[tuple[str, str, bytes]]:
    """The tables of the binder for spreadsheets."""
    made = []
    if packet.course.info.gaps:
        made.append(("matrix", "Gap, need, objective, section, item", csv_bytes(matrices.HEADER, matrices.matrix_rows(plans["matrix"]))))
    if packet.course.claims:
        made.append(("ledger", "Evidence ledger", csv_bytes(ledgers.HEADER, ledgers.ledger_rows(plans["ledger"]))))
    if packet.course.document:
        made.append(("differences", "Claims of the source document", csv_bytes(ledgers.SOURCE_HEADER, ledgers.source_rows(plans["ledger"]))))
    return made


def csv_bytes(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> bytes:
    """A table as CSV (RFC 4180), in UTF-8 with a byte order mark, as spreadsheets need it. A cell that a spreadsheet
    would take for a formula gets an apostrophe."""
    text = StringIO()
    writer_ = csv.writer(text, lineterminator="\r\n")
    writer_.writerow(header)
    writer_.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


NUMBER = re.compile(r"-[0-9]+([.,][0-9]+)?")


def _harmless(cell: str) -> str:
    return "'" + cell if cell[:1] in ("=", "+", "@", "\t", "\r", "\n") or (cell[:1] == "-" and not NUMBER.fullmatch(cell)) else cell
