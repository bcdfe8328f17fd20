"""`check`: every diagnostic, and no packet."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from coursewright.cli.day import Day


@click.command()
@click.option("--format", "format_", type=click.Choice(["full", "concise", "json", "github"]), default="full", show_default=True)
@click.option("--strict", is_flag=True, help="let warnings count as faults")
@click.option("--date", "today", type=Day(), help="the day for rules about dates, YYYY-MM-DD (default: today)")
@click.option("--release", is_flag=True, help="add the rules for a release: everything verified, signed and dated")
@click.pass_obj
def command(course: Path, format_: str, strict: bool, today: datetime.date | None, release: bool) -> int:
    """Report every fault of the course, each at its file, line and column."""
    from coursewright.build.check import examine
    from coursewright.build.inputs import read_inputs
    from coursewright.build.make import draw_charts
    from coursewright.source.diagnostic import count
    from coursewright.source.report import report, summary

    inputs = read_inputs(course)
    reading = examine(inputs, today or datetime.date.today(), release)
    reading.diagnostics += draw_charts(inputs, reading)
    text = report(format_, reading.diagnostics, reading.sources)
    if text:
        click.echo(text)
    if format_ in ("full", "concise"):
        click.echo(("\n" if text and format_ == "full" else "") + summary(reading.diagnostics), err=True)
    counted = count(reading.diagnostics)
    return int(bool(counted["error"] or (strict and counted["warning"])))
