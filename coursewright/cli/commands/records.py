"""`records`: learner records for others to take in."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("roster", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--format", "format_", type=click.Choice(["neutral", "ce-broker"]), default="neutral", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="the file to write (default: standard output)")
@click.pass_obj
def command(course: Path, roster: Path, format_: str, out: Path | None) -> int:
    """Write the records of the learners of ROSTER.csv who passed, as CSV.

    neutral: all that reporting systems ask for, to map from. ce-broker: the columns of CE Broker's upload, for learners
    who agreed to be reported and have a license; CE Broker takes it saved as .xls. No file here is an accreditor's own format.
    """
    from coursewright.build.certify import passed
    from coursewright.cli.course_file import load_course
    from coursewright.plan.certificate import CE_BROKER, NEUTRAL, ce_broker_rows, credit_hours, neutral_rows
    from coursewright.read.roster import read_roster
    from coursewright.source.report import report
    from coursewright.write.accreditation import csv_bytes

    read = load_course(course)
    learners = read_roster(str(roster), roster.read_bytes())
    kept, found = passed(read, learners)
    diagnostics = [*learners.diagnostics, *found]
    if diagnostics:
        click.echo(report("full", diagnostics, {learners.source.path: learners.source}) + "\n", err=True)
    if not read.info.provider.complete:
        click.echo("note: the provider is not filled in; these records are a sample and not valid for credit", err=True)
    if format_ == "ce-broker":
        rows = ce_broker_rows(read, kept)
        data = csv_bytes(CE_BROKER, rows)
        left = len(kept) - len(rows)
        if left:
            click.echo(f"left out, without consent or license: {left}", err=True)
    else:
        data = csv_bytes(NEUTRAL, neutral_rows(read, kept, credit_hours(read)))
    if out is None:
        sys.stdout.buffer.write(data)
    else:
        temporary = out.with_name(f".{out.name}.new")
        temporary.write_bytes(data)
        temporary.replace(out)
        click.echo(f"{out}: {data.count(bytes([10])) - 1} records")
    return int(any(d.severity == "error" for d in diagnostics))
