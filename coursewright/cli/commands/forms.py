"""`forms`: question booklets and answer sheets for a test, each person's own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("blueprint")
@click.option("--copies", type=click.IntRange(1, 100_000), metavar="N", help="copies without names; learners fill in their numbers")
@click.option("--roster", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="a copy for each learner of this CSV: given_name, family_name, learner_id, seat, large_print, extra_minutes")
@click.option("--forms", "count", type=click.IntRange(1, 100_000), metavar="N", help="how many different forms (default: the blueprint's, else one for each copy)")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="the folder to write (default: forms/BLUEPRINT)")
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True)
@click.option("--large-print", is_flag=True, help="large print for everybody; for some, write yes in the roster's column large_print")
@click.option("--each", is_flag=True, help="also a PDF for each copy, in copies/")
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="processes to use (default: one a processor)")
@click.option("--executor", metavar="dask://HOST:PORT", help="draw the copies on a Dask cluster instead")
@click.pass_obj
def command(course: Path, blueprint: str, copies: int | None, roster: Path | None, count: int | None, out: Path | None, paper: str, large_print: bool, each: bool, jobs: int | None, executor: str | None) -> int:
    """Print forms of BLUEPRINT with answer sheets: print.pdf for the print shop, seating.pdf, key.pdf and key.csv.

    The folder also gets record.jsonl, which scan and grade score by: keep it, and keep it from learners, for it holds keys.
    The same seed gives the same forms. Running it again for other people adds to the record and forgets nothing.
    """
    from coursewright.build.dealing import Wanted
    from coursewright.build.forms import pools_at, print_forms
    from coursewright.cli.course_file import load_course
    from coursewright.cli.progress import progress_bar
    from coursewright.plan.form import CannotFill
    from coursewright.plan.record import DamagedRecord
    from coursewright.read.roster import read_roster
    from coursewright.source.report import report
    from coursewright.source.suggest import did_you_mean

    read = load_course(course)
    chosen = next((b for b in read.blueprints if b.id == blueprint), None)
    if chosen is None:
        raise click.UsageError(f"there is no blueprint {blueprint!r}; {did_you_mean(blueprint, [b.id for b in read.blueprints]) or 'this course has none'}")
    if copies is None and roster is None:
        raise click.UsageError("say how many: --copies N, or --roster FILE.csv")
    target = out or course / "forms" / chosen.id
    learners = read_roster(str(roster), roster.read_bytes(), ("given_name", "family_name")) if roster else None
    if learners is not None and learners.diagnostics:
        click.echo(report("full", learners.diagnostics, {learners.source.path: learners.source}) + "\n", err=True)
    faulty = learners is not None and any(d.severity == "error" for d in learners.diagnostics)
    if learners is not None and not learners.learners:
        click.echo("error: the roster holds no learner; nothing was printed", err=True)
        return 1
    people = tuple(learners.learners) if learners else ()
    runs = [Wanted(chosen, len(people), people, target.name, paper, large_print, each, count)] if people else []
    if copies:
        runs.append(Wanted(chosen, copies, (), target.name, paper, large_print, each, count))
    if len(runs) > 1:
        raise click.UsageError("print copies with names and copies without into folders of their own: one of --copies and --roster")
    try:
        with pools_at(executor, jobs) as pools, progress_bar() as progress:
            made = print_forms(read, course, runs[0], target, pools, progress)
    except (CannotFill, DamagedRecord) as error:
        click.echo(f"error: {error}", err=True)
        return 1
    except ImportError:
        raise click.UsageError("--executor needs the package distributed: install coursewright[dask]") from None
    except (ValueError, TimeoutError) as error:
        raise click.UsageError(str(error)) from None
    if made.diagnostics:
        click.echo(report("full", made.diagnostics, {}) + "\n", err=True)
    for name, pages in made.files:
        click.echo(f"{target / name}" + (f"  {pages} pages" if pages else ""))
    click.echo(f"{made.copies} copies of {made.forms} form{'s' if made.forms != 1 else ''} on {made.sheets} sheets of paper")
    return int(faulty)
