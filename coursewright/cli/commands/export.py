"""`export`: the items and forms for a learning management system."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("format_", metavar="FORMAT", type=click.Choice(["moodle", "qti21", "qti30", "canvas"]))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("export"), show_default=True, help="the folder to write into")
@click.option("--pool", type=click.Choice(["practice", "exam", "all"]), default="all", show_default=True, help="the items of knowledge checks, those of summative forms, or both")
@click.option("--module", "modules", multiple=True, metavar="ID", help="only the items of this module, without forms (repeatable)")
@click.option("--strict", is_flag=True, help="write nothing where something would be lost")
@click.pass_obj
def command(course: Path, format_: str, out: Path, pool: str, modules: tuple[str, ...], strict: bool) -> int:
    """Write the items and forms as one file for an LMS: moodle, qti21, qti30 or canvas.

    The file holds the keys and rationales: it is for educators, never for learners. What the system cannot hold, or would
    score otherwise, is reported at the item's place (W7xx).

    moodle: Moodle XML, for the question bank (ordering needs Moodle 4.4). qti21, qti30: a content package with a test for
    each knowledge check and form. canvas: QTI 1.2 for classic quizzes.
    """
    from coursewright.cli.course_file import load_course
    from coursewright.plan.lms import plan_lms
    from coursewright.plan.numbering import plan_numbering
    from coursewright.source.report import report
    from coursewright.source.suggest import did_you_mean
    from coursewright.write.lms import export

    read = load_course(course)
    known = [module.id for module in read.modules]
    for name in modules:
        if name not in known:
            raise click.UsageError(f"there is no module {name!r}; {did_you_mean(name, known)}".rstrip("; "))
    plan = plan_lms(read, plan_numbering(read), pool, modules)
    if not plan.banks:
        click.echo("there are no items to export", err=True)
        return 1
    made = export(plan, format_)
    if made.losses:
        click.echo(report("concise", sorted(set(made.losses)), {}), err=True)
    if strict and any(loss.severity == "warning" for loss in made.losses):
        return 1
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{read.info.id}-{made.ending}"
    temporary = target.with_name(f".{target.name}.new")
    temporary.write_bytes(made.data)
    temporary.replace(target)
    forms = f", {len(plan.forms)} forms" if plan.forms else ""
    click.echo(f"{target}: {len(plan.entries)} items{forms}. It holds the keys: keep it from learners.")
    return 0
