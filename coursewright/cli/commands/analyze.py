"""`analyze`: what the results say of the items and of the test."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--pre", type=click.Path(path_type=Path, exists=True, file_okay=False), help="the folder of the pre-test, for the gain from it")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("analysis"), show_default=True)
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True)
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="processes to use (default: one a processor)")
@click.pass_obj
def command(course: Path, folders: tuple[Path, ...], pre: Path | None, out: Path, paper: str, jobs: int | None) -> int:
    """Write the item analysis of graded administrations: difficulty, discrimination, options, reliability, history.

    Each FOLDER is one administration, as grade leaves it; several are counted together, and told apart in the history.
    The report holds keys: it is for educators.
    """
    from coursewright.build.analyze import load_books, write_analysis
    from coursewright.cli.course_file import load_course
    from coursewright.cli.progress import progress_bar
    from coursewright.plan.record import DamagedRecord
    from coursewright.source.report import report

    read = load_course(course)
    try:
        books, before = load_books(folders, pre, read.info.id)
    except DamagedRecord as error:
        click.echo(f"error: {error}", err=True)
        return 1
    with progress_bar() as progress:
        made = write_analysis(read, course, books, before, out, paper, jobs, progress)
    if made.diagnostics:
        click.echo(report("full", made.diagnostics, {}) + "\n", err=True)
    _summarize(made.analysis)
    click.echo(f"{out}: {', '.join(made.files)} ({made.pages} pages). They contain keys: not for learners.")
    return 0


def _summarize(analysis: object) -> None:
    from coursewright.plan.analysis import Analysis
    from coursewright.plan.findings import CHECK, LOOK, find, percent, span
    from coursewright.plan.statistics import Estimate, Undefined

    assert isinstance(analysis, Analysis)
    pending = f"; {analysis.pending} pending, left out" if analysis.pending else ""
    click.echo(f"{analysis.title}: {analysis.n} learners, {len(analysis.items)} items{pending}")
    if analysis.n:
        click.echo(f"passed: {analysis.passed} of {analysis.n} ({percent(analysis.passed / analysis.n)})")
    for test in analysis.tests[:3]:
        alike = "" if isinstance(test.consistency, Undefined) else f", judged alike again {percent(test.consistency.agreement)}"
        name = "" if len(analysis.tests) == 1 and not analysis.alone else f" of {test.n} learners with the same {test.k} items"
        reliability = f"alpha {span(test.alpha)}" if isinstance(test.alpha, Estimate) else f"alpha is not defined: {test.alpha.reason}"
        click.echo(f"reliability{name}: {reliability}, Livingston’s k² {span(test.livingston)}{alike}")
    if analysis.gains:
        gains = analysis.gains
        click.echo(f"from {gains.pre_name}: {len(gains.pairs)} paired, gain {span(gains.group_gain)}, d_z {span(gains.d_z)}; unpaired: {len(gains.unpaired_pre)} before, {len(gains.unpaired_post)} after")
    findings = [finding for finding in find(analysis) if finding.level in (CHECK, LOOK)]
    for finding in findings[:10]:
        subject = f"item {finding.number} ({finding.item}): " if finding.number is not None else ""
        click.echo(f"{finding.level}: {subject}{finding.text}")
    if len(findings) > 10:
        click.echo(f"and {len(findings) - 10} more in the report")
