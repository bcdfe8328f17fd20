"""`certify`: a certificate for each learner of a roster who passed."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("roster", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("certificates"), show_default=True)
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False), help="the provider's private key (default: $COURSEWRIGHT_KEY, or one of yours, made when first needed)")
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True)
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="processes to use (default: one a processor)")
@click.pass_obj
def command(course: Path, roster: Path, out: Path, key: Path | None, paper: str, jobs: int | None) -> int:
    """Write one PDF certificate a learner of ROSTER.csv who reached the minimum performance level.

    Each has a serial number and a QR code with a signed statement, which `verify` checks offline. Without provider name,
    number and approval date in course.yaml it says SAMPLE: NOT VALID FOR CREDIT.
    """
    from coursewright.build.certify import PUBLIC, certify
    from coursewright.build.signing import KeyFault, default_key, load_or_make_key
    from coursewright.cli.course_file import load_course
    from coursewright.cli.progress import progress_bar
    from coursewright.read.roster import read_roster
    from coursewright.source.report import report

    read = load_course(course)
    path = key or default_key()
    learners = read_roster(str(roster), roster.read_bytes())
    try:
        private, new = load_or_make_key(path)
    except KeyFault as error:
        click.echo(f"error: {error}", err=True)
        return 1
    if new:
        click.echo(f"a new signing key was made: {path}. Keep a copy in a safe place; {out / PUBLIC} is for those who check certificates.", err=True)
    with progress_bar() as progress:
        made = certify(read, course, learners, private, out, paper, jobs, progress)
    if made.diagnostics:
        click.echo(report("full", made.diagnostics, {learners.source.path: learners.source}) + "\n", err=True)
    kind = "sample certificate" if not read.info.provider.complete else "certificate"
    click.echo(f"{out}: {len(made.certificates)} {kind}{'s' if len(made.certificates) != 1 else ''}")
    return int(any(d.severity == "error" for d in made.diagnostics))
