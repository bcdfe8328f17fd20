"""Score reports as pages: one a learner, or all of them in one file for the printer."""

from __future__ import annotations

from collections.abc import Sequence

from coursewright.plan.score_report import ClosedReport, ScoreReport
from coursewright.write import Task
from coursewright.write.packet import Packet, nowhere


def report_task(packet: Packet, reports: Sequence[ScoreReport]) -> Task:
    """The task of laying out reports, each on a page of its own. Nothing here can hold a key."""
    return _task(packet, [(report, ()) for report in reports])


def closed_report_task(packet: Packet, reports: Sequence[ClosedReport]) -> Task:
    """As `report_task`, with every item's answer and key: for a test that is closed."""
    return _task(packet, [(closed.report, closed.items) for closed in reports])


def _task(packet: Packet, reports: Sequence[tuple[ScoreReport, tuple[object, ...]]]) -> Task:
    first = reports[0][0]
    title = f"{first.test}: {first.name}" if len(reports) == 1 else f"{first.test}: {len(reports)} score reports"
    return packet.lay_out(f"report, {first.name}", packet.html("reports/report.html.j2", nowhere, reports=reports, title=title))
