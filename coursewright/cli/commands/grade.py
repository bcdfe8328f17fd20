"""`grade`: results of a test from scans, typed answers, Moodle or Canvas; score reports; decisions after the test."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coursewright.cli.day import Day

if TYPE_CHECKING:
    from coursewright.build.grade import Gathered
    from coursewright.model.course import Course
    from coursewright.plan.adjusting import Move
    from coursewright.plan.gradebook import Adjustment, Gradebook
    from coursewright.plan.record import Record

CSV = click.Path(path_type=Path, exists=True, dir_okay=False)
SHOWN = 20


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--responses", type=CSV, multiple=True, metavar="FILE", help="answers as a table: a row for each answer, or a column for each item")
@click.option("--moodle", type=CSV, multiple=True, metavar="FILE", help="Moodle's Responses (or Grades) report of the quiz, as CSV")
@click.option("--canvas", type=CSV, multiple=True, metavar="FILE", help="Canvas's Student analysis of a classic quiz")
@click.option("--roster", type=CSV, metavar="FILE", help="names and licenses by learner_id, for tables that have none")
@click.option("--test", "blueprint", metavar="BLUEPRINT", help="the test, where the folder holds no printed forms")
@click.option("--form", default="", metavar="ID", help="the form of rows and tables that do not name theirs")
@click.option("--in-order", is_flag=True, help="a Moodle report without question text has the form's items in the form's order")
@click.option("--attempt", type=click.Choice(["best", "first", "last"]), default="last", show_default=True, help="which of several attempts counts")
@click.option("--day", type=Day(), help="when a paper test was taken (default: today)")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="where results go (default: FOLDER/results)")
@click.option("--reports", is_flag=True, help="a score report a learner, as PDF")
@click.option("--joined", is_flag=True, help="all score reports in one PDF, for the printer")
@click.option("--closed", is_flag=True, help="reports with answers and keys: the test will not be given again")
@click.option("--paper", type=click.Choice(["a4", "letter"]), help="of the reports (default: as the forms)")
@click.option("--withdraw", multiple=True, metavar="ITEM", help="do not count an item")
@click.option("--rekey", multiple=True, metavar="ITEM=KEY", help="another key: ITEM=b, ITEM=b,c (either), ITEM=42±1")
@click.option("--restore", multiple=True, metavar="ITEM", help="take back what was decided of an item")
@click.option("--reason", metavar="TEXT", help="why, for the log; needed with a decision")
@click.option("--by", metavar="NAME", help="who decided, for the log; needed with a decision")
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="processes to use (default: one a processor)")
@click.pass_obj
def command(
    course: Path,
    /,
    folder: Path,
    responses: tuple[Path, ...],
    moodle: tuple[Path, ...],
    canvas: tuple[Path, ...],
    roster: Path | None,
    blueprint: str | None,
    form: str,
    in_order: bool,
    attempt: str,
    day: datetime.date | None,
    out: Path | None,
    reports: bool,
    joined: bool,
    closed: bool,
    paper: str | None,
    withdraw: tuple[str, ...],
    rekey: tuple[str, ...],
    restore: tuple[str, ...],
    reason: str | None,
    by: str | None,
    jobs: int | None,
) -> int:
    """Grade the test whose forms FOLDER holds.

    Writes gradebook.csv into FOLDER/results; it is also the roster that certify and records take. Answers that are not
    understood are shown at their line and column, and the results that they touch wait. Decisions (--withdraw, --rekey,
    --restore) are appended to a log, and moved.csv tells who moved by each. Scans of the folder are read in any case.
    """
    from coursewright.build.administration import RECORD, add_adjustment
    from coursewright.build.grade import NothingToGrade, Sources, gather, graded_book, record_for, write_results
    from coursewright.cli.course_file import load_course
    from coursewright.plan.record import DamagedRecord

    pages = Pages(reports, joined, closed, paper, jobs)
    if closed and not pages.wanted:
        raise click.UsageError("--closed is for reports: add --reports or --joined")
    made = blueprint is not None and not (folder / RECORD).exists()
    read = load_course(course) if made or pages.wanted else None
    if made and read is not None:
        _known(blueprint or "", [b.id for b in read.blueprints], "blueprint")
    sources = Sources(responses, moodle, canvas, roster, form, in_order, attempt, (day or datetime.date.today()).isoformat(), day is not None)
    try:
        record = record_for(folder, read, blueprint or "")
        if blueprint and record.test != blueprint:
            raise click.UsageError(f"{folder} holds forms of {record.test}, not of {blueprint}")
        if form:
            _known(form, list(record.forms), "form")
        if read is not None and read.info.id != record.course:
            raise click.UsageError(f"these forms are of the course {record.course}; name its folder with --course before the command")
        decisions = _decisions(record, folder, Wanted(withdraw, rekey, restore, reason or "", by or ""))
        gathered = gather(folder, record, sources, decisions)
        for decision in decisions:
            add_adjustment(folder, decision)
        book = graded_book(folder, record, gathered.sittings)
        out = out or folder / "results"
        stale = not pages.wanted and _stale_reports(out, book)
        moves = write_results(out, book)
    except NothingToGrade as error:
        raise click.UsageError(str(error)) from None
    except DamagedRecord as error:
        click.echo(f"error: {error}", err=True)
        return 1
    names = _reports(read, course, book, out, gathered, pages) if read is not None and pages.wanted else []
    _tell(book, gathered, out, moves, decisions, names)
    if stale:
        click.echo("note: the score reports there are of an earlier grading; make them again with --reports or --joined", err=True)
    return int(any(d.severity == "error" for d in gathered.diagnostics))


@dataclass(frozen=True)
class Pages:
    """The reports asked for."""

    reports: bool
    joined: bool
    closed: bool
    paper: str | None
    jobs: int | None

    @property
    def wanted(self) -> bool:
        return self.reports or self.joined


@dataclass(frozen=True)
class Wanted:
    """The decisions asked for, as they were written."""

    withdraw: tuple[str, ...]
    rekey: tuple[str, ...]
    restore: tuple[str, ...]
    reason: str
    by: str


def _known(name: str, known: list[str], kind: str) -> None:
    from coursewright.source.suggest import did_you_mean

    if name not in known:
        hint = did_you_mean(name, known)
        raise click.UsageError(f"there is no {kind} {name!r}" + (f"; {hint}" if hint else ""))


def _decisions(record: Record, folder: Path, wanted: Wanted) -> tuple[Adjustment, ...]:
    """The decisions asked for, each valid for the record and changing something. Raises UsageError; nothing is written yet."""
    from coursewright.build.administration import load_adjustments
    from coursewright.plan.adjusting import NoSuchItem, changes_nothing, emptied, items_called, read_key
    from coursewright.plan.gradebook import Adjustment
    from coursewright.plan.sittings import NotAResponse

    asked = [(action, text) for action in ("withdraw", "rekey", "restore") for text in getattr(wanted, action)]
    if not asked:
        return ()
    for name in ("reason", "by"):
        if not getattr(wanted, name).strip():
            raise click.UsageError(f"say --{name} with a decision: it stands in the log")
    at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    before = list(load_adjustments(folder))
    made: list[Adjustment] = []
    for action, text in asked:
        item, equals, key = text.partition("=") if action == "rekey" else (text, "", "")
        try:
            versions = items_called(record, item.strip())
            if action == "rekey" and not equals:
                raise click.UsageError(f"--rekey {text}: write ITEM=KEY, such as {item}=b")
            keys = [read_key(version, key) for version in versions] if action == "rekey" else [None]
        except NoSuchItem as error:
            raise click.UsageError(str(error)) from None
        except NotAResponse as error:
            raise click.UsageError(f"--rekey {text}: the key must be {error}") from None
        new = Adjustment(item.strip(), action, wanted.reason.strip(), wanted.by.strip(), at, keys[0], frozenset(version.fingerprint for version in versions))
        if changes_nothing([*before, *made], new):
            click.echo(f"{new.item}: {'nothing was decided of it' if action == 'restore' else 'decided so already'}; nothing was added", err=True)
            continue
        made.append(new)
    form = emptied(record, [*before, *made])
    if form:
        raise click.UsageError(f"form {form} would have no item left")
    return tuple(made)


def _reports(read: Course, root: Path, book: Gradebook, out: Path, gathered: Gathered, pages: Pages) -> list[str]:
    from coursewright.build.grade import write_reports
    from coursewright.cli.progress import progress_bar

    names = []
    with progress_bar() as progress:
        for joined in [kind for kind, wanted in ((False, pages.reports), (True, pages.joined)) if wanted]:
            made, found = write_reports(read, root, book, out, pages.paper or book.record.paper, pages.closed, joined, pages.jobs, progress)
            names += made
            gathered.diagnostics += found
    return names


def _stale_reports(out: Path, book: Gradebook) -> bool:
    """Whether reports stand there that say what the gradebook will no longer say."""
    from coursewright.build.grade import GRADEBOOK, JOINED, REPORTS
    from coursewright.plan.gradebook_table import gradebook_header, gradebook_rows
    from coursewright.write.accreditation import csv_bytes

    there = (out / JOINED).exists() or (out / REPORTS).is_dir()
    return there and (not (out / GRADEBOOK).exists() or (out / GRADEBOOK).read_bytes() != csv_bytes(gradebook_header(book), gradebook_rows(book)))


def _tell(book: Gradebook, gathered: Gathered, out: Path, moves: tuple[Move, ...], added: Iterable[Adjustment], reports: list[str]) -> None:
    from coursewright.plan.gradebook_table import RESULT, key_text, number
    from coursewright.source.report import report

    if gathered.diagnostics:
        click.echo(report("full", gathered.diagnostics, gathered.sources) + "\n", err=True)
    for note in gathered.notes:
        click.echo(f"note: {note}", err=True)
    counts = {word: sum(graded.passed is result for graded in book.graded) for result, word in ((True, "passed"), (False, "failed"), (None, "pending"))}
    many = len(book.graded)
    click.echo(f"{out}: {many} learner{'' if many == 1 else 's'}: " + ", ".join(f"{n} {word}" for word, n in counts.items()))
    waiting = [graded for graded in book.graded if graded.passed is None]
    for graded in waiting[:SHOWN]:
        click.echo(f"  pending: {graded.sitting.name}: {'; '.join(graded.sitting.pending)}")
    if len(waiting) > SHOWN:
        click.echo(f"  … and {len(waiting) - SHOWN} more; see the column pending")
    for decision in added:
        mine = [move for move in moves if move.adjustment == decision]
        key = f" to {key_text(decision)}" if decision.key is not None else ""
        mine.sort(key=lambda move: move.before.passed == move.after.passed)  # those first whose result is another
        other = sum(move.before.passed != move.after.passed for move in mine)
        click.echo(f"{decision.action} {decision.item}{key}: {len(mine)} score{'' if len(mine) == 1 else 's'} moved, {other} result{'' if other == 1 else 's'} changed (moved.csv)")
        for move in mine[:SHOWN]:
            words = [f"{number(g.earned)}/{number(g.possible)} {RESULT[g.passed]}" for g in (move.before, move.after)]
            click.echo(f"  {move.after.sitting.name}: {words[0]} → {words[1]}")
        if len(mine) > SHOWN:
            click.echo(f"  … and {len(mine) - SHOWN} more")
    alone = [name for name in reports if "/" in name]
    if alone:
        click.echo(f"{len(alone)} score report{'' if len(alone) == 1 else 's'} in {out / alone[0].partition('/')[0]}")
    for name in set(reports) - set(alone):
        click.echo(f"all score reports in one file: {out / name}")
