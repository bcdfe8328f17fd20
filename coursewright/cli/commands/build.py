"""`build`: the whole packet."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coursewright.cli.day import Day

if TYPE_CHECKING:
    from coursewright.build.inputs import Inputs


@click.command()
@click.option("--only", type=click.Choice(["accreditation", "guide", "handouts", "large-print", "quizzes", "slides", "workbook"]), multiple=True, help="build these alone; repeatable")
@click.option("--module", "modules", multiple=True, metavar="ID", help="build the files of this module alone; repeatable")
@click.option("--out", type=click.Path(path_type=Path), help="the folder to build into (default: dist)")
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True)
@click.option("--up", type=click.Choice(["1", "2", "3", "4", "6"]), default="3", show_default=True, help="slides a page of the handouts")
@click.option("--notes", is_flag=True, help="put the speaker notes into the handouts")
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="processes to use (default: one a processor)")
@click.option("--strict", is_flag=True, help="let warnings stop the build too")
@click.option("--date", "today", type=Day(), help="the day for rules about dates (default: today with --release, else they do not run)")
@click.option("--release", is_flag=True, help="add the rules for a release: everything verified, signed and dated")
@click.pass_obj
def command(
    course: Path,
    only: tuple[str, ...],
    modules: tuple[str, ...],
    out: Path | None,
    paper: str,
    up: str,
    notes: bool,
    jobs: int | None,
    strict: bool,
    today: datetime.date | None,
    release: bool,
) -> int:
    """Build the packet into dist/ (this is what runs without a command)."""
    from coursewright.build import state
    from coursewright.build.inputs import problems, read_inputs
    from coursewright.build.places import cache_folder, engine_fingerprint

    out = out or course / "dist"
    if not (course / "course").is_dir():
        raise click.UsageError(f"there is no course/ in {course.resolve()}; name a course with --course, or start one with: new DIR")
    if release and today is None:
        today = datetime.date.today()
    inputs = read_inputs(course)
    record = {"paper": paper, "up": int(up), "notes": notes, "only": sorted(set(only)), "modules": list(modules)}
    folder = cache_folder()
    if folder is not None and today is None and not release:
        key = state.build_key(engine_fingerprint(), inputs.hashes(), record, problems(inputs))
        last = state.load(state.state_path(folder, out), key, out)
        if last is not None and not last["counts"]["warning"]:
            if last["report"]:
                click.echo(last["report"] + "\n", err=True)
            click.echo(f"{out}: nothing has changed ({last['summary']})")
            return 0
    return _build(out, record, inputs, jobs, strict, today, release)


def _build(out: Path, record: dict[str, Any], inputs: Inputs, jobs: int | None, strict: bool, today: datetime.date | None, release: bool) -> int:
    from coursewright.build.make import UnknownModule, make
    from coursewright.build.publish import CannotPublish
    from coursewright.cli.progress import progress_bar
    from coursewright.source.report import report, summary
    from coursewright.source.suggest import did_you_mean
    from coursewright.write.packet import Options

    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
    options = Options(**fields)
    try:
        with progress_bar() as progress:
            built = make(inputs, out, options, strict=strict, today=today, release=release, jobs=jobs, progress=progress)
    except UnknownModule as error:
        name, known = error.args
        raise click.UsageError(f"there is no module {name!r}; {did_you_mean(name, known)}") from None
    except CannotPublish as error:
        click.echo(f"error: {error}", err=True)
        return 1
    if built.diagnostics:
        click.echo(report("full", built.diagnostics, built.sources) + "\n", err=True)
    if not built.published:
        click.echo(f"{out}: not built: {summary(built.diagnostics)}", err=True)
        return 1
    click.echo(f"{out}: {built.files} files, {len(built.made)} parts made anew ({summary(built.diagnostics)}); open {out / 'index.html'}")
    return 0
