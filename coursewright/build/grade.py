"""Grading an administration: gather what learners gave, score it against the record, lay the results down."""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from coursewright.build.administration import (
    READS,
    RECORD,
    SITTINGS,
    load_adjustments,
    load_record,
    save_record,
    save_sittings,
    write_whole,
)
from coursewright.build.make import laid_out, template_folders
from coursewright.build.schedule import Progress
from coursewright.model.course import Course
from coursewright.plan.adjusting import Move, moves
from coursewright.plan.answer_faults import answered_twice
from coursewright.plan.answer_table import Answers, read_answers
from coursewright.plan.attempts import DEFAULT, counting
from coursewright.plan.canvas_results import read_canvas
from coursewright.plan.form import plan_form
from coursewright.plan.gradebook import Adjustment, Gradebook, Graded, Sitting, decision_on, grade
from coursewright.plan.gradebook_table import MOVED, gradebook_header, gradebook_rows, moved_rows
from coursewright.plan.lms_results import Wish
from coursewright.plan.moodle_results import read_moodle
from coursewright.plan.numbering import plan_numbering
from coursewright.plan.record import DamagedRecord, Record, record_form, record_items
from coursewright.plan.score_report import plan_closed_report, plan_report, words_of
from coursewright.plan.sittings import read_sittings
from coursewright.read.roster import Learner, read_roster
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.span import Source, Span
from coursewright.write import Task
from coursewright.write.accreditation import csv_bytes
from coursewright.write.html import Templates
from coursewright.write.packet import Options, Packet
from coursewright.write.score_reports import closed_report_task, report_task

PLAIN = str.maketrans({"Ł": "L", "ł": "l", "Ø": "O", "ø": "o", "Æ": "Ae", "æ": "ae", "Œ": "Oe", "œ": "oe", "ß": "ss", "Đ": "D", "đ": "d", "Þ": "Th", "þ": "th", "ı": "i"})
GRADEBOOK, MOVES, REPORTS, JOINED = "gradebook.csv", "moved.csv", "reports", "reports.pdf"


class NothingToGrade(Exception):
    """A folder without scans and without results of any other kind."""


@dataclass(frozen=True)
class Sources:
    """Where answers come from, besides the scans of the folder; how they are read.

    day: of paper tests, YYYY-MM-DD. fixed_day: it was asked for, and replaces the day of an earlier grading.
    """

    responses: tuple[Path, ...] = ()
    moodle: tuple[Path, ...] = ()
    canvas: tuple[Path, ...] = ()
    roster: Path | None = None
    form: str = ""
    in_order: bool = False
    attempt: str = DEFAULT
    day: str = ""
    fixed_day: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        return (*self.responses, *self.moodle, *self.canvas)


@dataclass
class Gathered:
    """What was gathered: sittings, what is wrong with the tables, their texts for showing it, and notes for the coordinator."""

    sittings: tuple[Sitting, ...] = ()
    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # tables of which nothing could be read


def record_of(course: Course, blueprint: str) -> Record:
    """The record of a test that was taken elsewhere: its first form. Raises KeyError, CannotFill."""
    found = {b.id: b for b in course.blueprints}[blueprint]
    form = plan_form(course, found)
    numbering = plan_numbering(course)
    made = record_form(course, form)
    return Record(course.info.id, found.id, found.title, items=record_items(course, numbering, form), forms={made.id: made})


def record_for(folder: Path, course: Course | None, blueprint: str) -> Record:
    """The record of a folder; where it has none, one is made of `blueprint` and laid down. Raises DamagedRecord, KeyError."""
    if course is not None and blueprint and not (folder / RECORD).exists():
        save_record(folder, record_of(course, blueprint))
    return load_record(folder)


def gather(folder: Path, record: Record, wanted: Sources, decisions: tuple[Adjustment, ...] = ()) -> Gathered:
    """All sittings of a folder: its scans, and the tables named, which replace what tables gave before; and keep them.

    decisions: those about to be made, so that an item withdrawn now is not missed.

    Raises NothingToGrade, DamagedRecord, OSError.
    """
    made = Gathered()
    before = read_sittings((folder / SITTINGS).read_text("utf-8")) if (folder / SITTINGS).exists() else ()
    scanned: tuple[Sitting, ...] = ()
    if (folder / READS).exists():
        from coursewright.build.scan.store import DamagedStore

        try:
            scanned = importlib.import_module("coursewright.build.scan.gather").sittings(folder, record)  # loads OpenCV: only where there are scans
        except DamagedStore as error:
            raise DamagedRecord(f"the scans of {folder} cannot be used: {error}") from None
    if not wanted.files and not scanned and not before:
        raise NothingToGrade(f"{folder} holds no scans and no results: read scans with scan, or name a table with --responses, --moodle or --canvas")
    earlier = [sitting for sitting in before if not sitting.sheet]
    typed = _tables(record, wanted, made, (*load_adjustments(folder), *decisions)) if wanted.files else earlier
    if made.unread and earlier:
        made.notes.append(f"{', '.join(made.unread)} could not be read: the results of earlier tables stand as they were")
        typed = earlier
    elif wanted.files:
        _tell_dropped(before, typed, made)
    sittings = _with_roster([*scanned, *typed], wanted, made)
    sittings = _told_apart(sittings, made)
    days = {(b.sheet, b.identity, b.form): b.completed_at for b in before if b.completed_at}
    made.sittings = tuple(_dated(sitting, days, wanted) for sitting in sittings)
    save_sittings(folder, made.sittings)
    return made


def graded_book(folder: Path, record: Record, sittings: tuple[Sitting, ...]) -> Gradebook:
    """The results, with all adjustments made so far. Raises DamagedRecord."""
    return grade(folder.resolve().name, record, sittings, load_adjustments(folder))


def write_results(out: Path, book: Gradebook) -> tuple[Move, ...]:
    """Lay down the gradebook and the log of who moved, each whole."""
    write_whole(out / GRADEBOOK, csv_bytes(gradebook_header(book), gradebook_rows(book)), private=True)
    found = moves(book.name, book.record, tuple(graded.sitting for graded in book.graded), book.adjustments)
    if book.adjustments or (out / MOVES).exists():
        write_whole(out / MOVES, csv_bytes(MOVED, moved_rows(found)), private=True)
    return found


def write_reports(
    course: Course, root: Path, book: Gradebook, out: Path, paper: str, closed: bool, joined: bool, jobs: int | None = None, progress: Progress = lambda *_: None
) -> tuple[list[str], list[Diagnostic]]:
    """Write a PDF a learner into `reports/`, or all of them into one; their names, and what the pages complain about."""
    if not book.graded:
        return [], []
    texts = (*words_of(book.record), *(" ".join((g.sitting.name, g.sitting.learner_id, *g.sitting.pending, *map(str, g.sitting.responses.values()))) for g in book.graded))
    packet = Packet(course, Templates(template_folders(root)), Options(paper=paper), texts=texts)

    def tasks() -> list[Task]:
        groups = [book.graded] if joined else [(graded,) for graded in book.graded]
        if closed:
            return [closed_report_task(packet, [plan_closed_report(book, graded) for graded in group]) for group in groups]
        return [report_task(packet, [plan_report(book, graded) for graded in group]) for group in groups]

    pages = laid_out(packet, tasks, jobs, progress)
    names = [JOINED] if joined else [f"{REPORTS}/{name}.pdf" for name in file_names(book.graded)]
    found: list[Diagnostic] = []
    for name, (data, result) in zip(names, pages, strict=True):
        write_whole(out / name, data, private=True)
        found += packet.complaints(name, result)
    return names, found


def file_names(graded: Iterable[Graded]) -> list[str]:
    """A name for each report, none twice: family and given name, then the id or the sheet."""
    names: list[str] = []
    for result in graded:
        sitting = result.sitting
        words = f"{sitting.family_name} {sitting.given_name} {sitting.learner_id or sitting.sheet}"
        plain = unicodedata.normalize("NFKD", words.translate(PLAIN)).encode("ascii", "ignore").decode()
        base = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80] or "learner"
        name, count = base, 1
        while name in names:
            count += 1
            name = f"{base}-{count}"
        names.append(name)
    return names


def _tables(record: Record, wanted: Sources, made: Gathered, adjustments: tuple[Adjustment, ...]) -> list[Sitting]:
    withdrawn = frozenset(item.id for item in record.items.values() if (now := decision_on(adjustments, item)) is not None and now.action == "withdraw")
    wish = Wish(wanted.form, wanted.in_order, withdrawn)

    def earned(sitting: Sitting) -> Fraction:
        return grade("", record, [sitting], adjustments).graded[0].earned

    found: list[Sitting] = []
    kinds: tuple[tuple[tuple[Path, ...], Callable[[str, bytes], Answers]], ...] = (
        (wanted.responses, lambda path, data: read_answers(path, data, record, wanted.form, withdrawn)),
        (wanted.moodle, lambda path, data: read_moodle(path, data, record, wish)),
        (wanted.canvas, lambda path, data: read_canvas(path, data, record, wish)),
    )
    for paths, read in kinds:
        for path in paths:
            answers = read(str(path), path.read_bytes())
            sittings, said = counting(answers.attempts, wanted.attempt, earned, answers.grid.span)
            made.sources[answers.grid.source.path] = answers.grid.source
            made.diagnostics += [*answers.diagnostics, *said]
            if not answers.attempts and any(d.severity == "error" for d in answers.diagnostics):
                made.unread.append(path.name)
            found += sittings
    return found


def _tell_dropped(before: tuple[Sitting, ...], typed: list[Sitting], made: Gathered) -> None:
    now = {(sitting.identity, sitting.form) for sitting in typed}
    gone = [sitting.name for sitting in before if not sitting.sheet and (sitting.identity, sitting.form) not in now]
    if gone:
        names = ", ".join(gone[:5]) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
        made.notes.append(f"no longer in the gradebook, because the tables named now take the place of the earlier ones: {names}")


def _with_roster(sittings: list[Sitting], wanted: Sources, made: Gathered) -> list[Sitting]:
    """Names and columns of the roster named, by learner's id."""
    if wanted.roster is None:
        return sittings
    roster = read_roster(str(wanted.roster), wanted.roster.read_bytes(), ("learner_id", "given_name", "family_name"))
    made.sources[roster.source.path] = roster.source
    made.diagnostics += roster.diagnostics
    known = {learner.learner_id: learner for learner in roster.learners if learner.learner_id}
    strangers = [sitting.name for sitting in sittings if sitting.learner_id not in known]
    if strangers:
        made.notes.append(f"not on the roster: {', '.join(strangers[:5])}" + (f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""))
    return [_named(sitting, known[sitting.learner_id]) if sitting.learner_id in known else sitting for sitting in sittings]


def _named(sitting: Sitting, learner: Learner) -> Sitting:
    columns = ("credential", "profession", "license_state", "license_id", "npi", "board", "board_id", "birth_month", "birth_day")
    about = {name: str(value) for name in columns if (value := getattr(learner, name))}
    if learner.consent_to_report:
        about["consent_to_report"] = "yes"
    return replace(sitting, given_name=learner.given_name, family_name=learner.family_name, roster=tuple({**dict(sitting.roster), **about}.items()))


def _told_apart(sittings: list[Sitting], made: Gathered) -> list[Sitting]:
    """Sittings of one learner from several sources, or on several sheets, wait for somebody to say which counts."""
    count: dict[str, int] = {}
    for sitting in sittings:
        if sitting.learner_id:
            count[sitting.identity] = count.get(sitting.identity, 0) + 1
    twice = {identity for identity, n in count.items() if n > 1}
    first = {sitting.identity: sitting for sitting in reversed(sittings)}
    where = next(iter(made.sources), "the scans")
    for identity in sorted(twice):
        made.diagnostics.append(answered_twice(Span(where), first[identity].name, f"has {count[identity]} sittings, on paper or in several tables"))
    reason = "the learner has another sitting in this folder"
    return [replace(s, pending=(*s.pending, reason)) if s.learner_id and s.identity in twice and reason not in s.pending else s for s in sittings]


def _dated(sitting: Sitting, days: dict[tuple[str, str, str], str], wanted: Sources) -> Sitting:
    """A sitting with its day: its own, else that of an earlier grading, so that a second one changes nothing, else `day`."""
    if sitting.completed_at and not (wanted.fixed_day and sitting.sheet):
        return sitting
    known = "" if wanted.fixed_day else days.get((sitting.sheet, sitting.identity, sitting.form), "")
    return replace(sitting, completed_at=known or wanted.day)
