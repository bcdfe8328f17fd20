"""`credit`: how the contact hours were computed."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(course: Path, format_: str) -> int:
    """Show how the credit was computed: Mergener's formula beside a reading-rate estimate and the pilot log."""
    import json

    from coursewright.cli.course_file import load_course
    from coursewright.model.credit import plan_credit

    report = plan_credit(load_course(course))
    if format_ == "json":
        click.echo(
            json.dumps(
                {
                    "words": report.words,
                    "items": report.items,
                    "difficulty": f"{report.difficulty:f}",
                    "media_minutes": f"{report.media:f}",
                    "reflection_minutes": report.reflection,
                    "estimates": [{"name": e.name, "minutes": f"{e.minutes:.5f}", "working": e.working, "counts": e.counts} for e in report.estimates],
                    "item_share": f"{report.item_share:.4f}",
                    "difficulty_share": f"{report.difficulty_share:.4f}",
                    "hours": f"{report.hours:f}",
                    "designated": None if report.designated is None else f"{report.designated:f}",
                    "remarks": list(report.remarks),
                },
                indent=2,
                ensure_ascii=False,
            )
        )
        return 0
    width = max(len(part.title) for part in report.parts)
    click.echo(f"{'part':{width}}  {'words':>6}  {'reflection':>10}  {'stated':>6}")
    for part in report.parts:
        click.echo(f"{part.title:{width}}  {part.words:6}  {part.reflection:6} min  {part.stated:2} min")
    click.echo(f"{'all':{width}}  {report.words:6}  {report.reflection:6} min\n\nfinal examination: {report.form}, {report.items} items; difficulty {report.difficulty:.2f}\n")
    for estimate in report.estimates:
        note = "" if estimate.counts else "  (shown, does not count)"
        click.echo(f"{estimate.name:20} {estimate.minutes:8.2f} minutes  {estimate.hours:5.2f} hours  = {estimate.working}{note}")
    click.echo(f"\nof the formula's minutes, before its constant: {100 * report.item_share:.0f}% from items, {100 * report.difficulty_share:.0f}% from difficulty")
    for remark in report.remarks:
        click.echo(f"- {remark}")
    click.echo(f"\n{report.hours} contact hours at most: {report.smallest.name} rounded down to a quarter of an hour")
    return 0
