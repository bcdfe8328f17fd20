"""`personalise`: a copy of the workbook for each learner, with name and code in every foot."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("roster", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--pdf", type=click.Path(path_type=Path, dir_okay=False), help="the PDF to copy (default: dist/workbook/workbook.pdf)")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("personal"), show_default=True)
@click.pass_obj
def command(course: Path, roster: Path, pdf: Path | None, out: Path) -> int:
    """Write a copy of the workbook for each learner of ROSTER.csv, with the name and a QR code in each foot.

    Nothing is laid out again: a copy is the built file with a small update at its end. copies.csv lists the codes; no
    name and no number is in a code.
    """
    from coursewright.build.personalise import NoBase, personalise
    from coursewright.cli.course_file import load_course
    from coursewright.cli.progress import progress_bar
    from coursewright.read.roster import read_roster
    from coursewright.source.report import report

    read = load_course(course)
    learners = read_roster(str(roster), roster.read_bytes(), ("given_name", "family_name"))
    sources = {learners.source.path: learners.source}
    if learners.diagnostics:
        click.echo(report("full", learners.diagnostics, sources) + "\n", err=True)
    if not learners.learners:
        click.echo("error: the roster holds no learner; nothing was written", err=True)
        return 1
    try:
        with progress_bar() as progress:
            made = personalise(read, course, learners.learners, pdf or course / "dist" / "workbook" / "workbook.pdf", out, progress)
    except NoBase as error:
        click.echo(f"error: {error}", err=True)
        return 1
    if made.diagnostics:
        click.echo(report("full", made.diagnostics, {}) + "\n", err=True)
    click.echo(f"{out}: {made.copies} copies")
    return int(any(d.severity == "error" for d in learners.diagnostics))
