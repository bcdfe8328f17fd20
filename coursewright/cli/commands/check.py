"""`check`: every diagnostic, and no packet."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--format", "format_", type=click.Choice(["full", "concise", "json", "github"]), default="full", show_default=True)
@click.option("--strict", is_flag=True, help="let warnings count as faults")
@click.pass_obj
def command(course: Path, format_: str, strict: bool) -> int:
    """Report every fault of the course, each at its file, line and column."""
    from coursewright.build.check import examine
    from coursewright.build.inputs import read_inputs
    from coursewright.build.make import draw_charts
    from coursewright.source.diagnostic import count
    from coursewright.source.report import report, summary

    inputs = read_inputs(course)
    reading = examine(inputs)
    reading.diagnostics += draw_charts(inputs, reading)
    text = report(format_, reading.diagnostics, reading.sources)
    if text:
        click.echo(text)
    if format_ in ("full", "concise"):
        click.echo(("\n" if text and format_ == "full" else "") + summary(reading.diagnostics), err=True)
    counted = count(reading.diagnostics)
    return int(bool(counted["error"] or (strict and counted["warning"])))
