"""`audit`: each claim with its evidence, and what became of the claims of the source document."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import click

from coursewright.cli.day import Day


@click.command()
@click.option("--format", "format_", type=click.Choice(["text", "csv", "pdf"]), default="text", show_default=True)
@click.option("--source", is_flag=True, help="the claims of the source document instead of the course's own")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="the file to write (csv: standard output by default)")
@click.option("--date", "today", type=Day(), help="the day that checks are counted to (default: today)")
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True)
@click.pass_obj
def command(course: Path, format_: str, source: bool, out: Path | None, today: datetime.date | None, paper: str) -> int:
    """Print the evidence ledger. --format pdf writes the appendix "Where this course differs from its source, and why"."""
    from coursewright.cli.course_file import load_course
    from coursewright.plan import ledger as ledgers
    from coursewright.plan.numbering import plan_numbering

    read = load_course(course)
    if format_ == "pdf":
        from coursewright.build.appendix import write_appendix

        target = out or Path("differences.pdf")
        click.echo(f"{target}: {write_appendix(read, course, target, paper)} pages")
        return 0
    ledger = ledgers.plan_ledger(read, plan_numbering(read))
    if format_ == "csv":
        from coursewright.write.accreditation import csv_bytes

        data = csv_bytes(*((ledgers.SOURCE_HEADER, ledgers.source_rows(ledger)) if source else (ledgers.HEADER, ledgers.ledger_rows(ledger))))
        if out is None:
            sys.stdout.buffer.write(data)
        else:
            out.write_bytes(data)
            click.echo(f"{out}: {data.count(bytes([10])) - 1} rows")
        return 0
    _print(ledger, source, today or datetime.date.today())
    return 0


def _print(ledger: object, source: bool, today: datetime.date) -> None:
    from coursewright.plan.ledger import PlannedLedger

    assert isinstance(ledger, PlannedLedger)
    if source:
        for treated in ledger.treated:
            click.echo(f"{treated.claim.id}  {treated.does:12} {treated.claim.text.plain}")
            if treated.handling:
                click.echo(f"       {'':12} {treated.handling.reason.plain}")
        click.echo()
    else:
        for entry in ledger.stated:
            references = ", ".join(entry.claim.references) or "no source"
            click.echo(f"{', '.join(entry.sections)}  {entry.claim.id}  [{entry.claim.level}; {entry.claim.certainty}; checked {entry.claim.checked}]")
            click.echo(f"    {entry.claim.statement.plain}\n    {references}")
        click.echo()
        for title, grade in ledger.grades:
            click.echo(f"reading grade {grade.level:4.1f}, {grade.sentence_length:4.1f} words a sentence: {title}")
        old = sum((today - entry.claim.checked).days > 365 for entry in ledger.stated)
        click.echo(f"\n{len(ledger.stated)} statements, {sum(not entry.claim.references for entry in ledger.stated)} without a source, {old} checked more than a year before {today}")
    if ledger.treated:
        counts = ", ".join(f"{ledger.count(does)} {does}" for does in ("taught", "corrected", "declined", "not yet decided"))
        click.echo(f"{len(ledger.treated)} claims of the source document: {counts}")
