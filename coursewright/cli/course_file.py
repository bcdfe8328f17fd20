"""What commands share that work on a course without building it."""

from __future__ import annotations

from pathlib import Path

import click

from coursewright.model.course import Course


def load_course(folder: Path) -> Course:
    """The course of a folder, for commands that need it sound. Shows the faults and ends the command where it is not."""
    from coursewright.build.check import examine
    from coursewright.build.inputs import read_inputs
    from coursewright.source.report import report, summary

    if not (folder / "course").is_dir():
        raise click.UsageError(f"there is no course/ in {folder.resolve()}; name a course with --course")
    reading = examine(read_inputs(folder))
    errors = [d for d in reading.diagnostics if d.severity == "error"]
    if reading.course is None or errors:
        click.echo(report("full", errors, reading.sources), err=True)
        click.echo(summary(errors), err=True)
        raise click.exceptions.Exit(1)
    return reading.course
