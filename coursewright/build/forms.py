"""Print forms: plan them, lay their pieces out once, assemble the copies, and write all that a test needs into one folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from coursewright.build.administration import load_record, save_record, write_whole
from coursewright.build.make import cache, template_folders, workers
from coursewright.build.places import work_fingerprint
from coursewright.build.schedule import Progress, Schedule, one_story, worker_count
from coursewright.build.store import Store
from coursewright.model.course import Course
from coursewright.model.drawing import drawable
from coursewright.model.quiz import Blueprint
from coursewright.plan.answer_sheet import SIZES
from coursewright.plan.booklet import MM
from coursewright.plan.form import Form, plan_form
from coursewright.plan.record import Copy, Record, item_versions, record_form, record_items
from coursewright.plan.sheet import answer_in_words, plan_sheet
from coursewright.plan.sheet_code import form_code, sheet_id
from coursewright.read.roster import Learner
from coursewright.source.diagnostic import Diagnostic, fault
from coursewright.source.span import Span
from coursewright.write import Result
from coursewright.write.accreditation import csv_bytes
from coursewright.write.assembly.booklet import Cover
from coursewright.write.assembly.document import MOST_NUMBERS, Document, Leaf, Part
from coursewright.write.assembly.job import CopyPlan, Job, bare, draw_chunk, draw_files, one_file, stride_of
from coursewright.write.assembly.library import Library
from coursewright.write.assembly.lists import Column, draw_cover, draw_key, draw_table
from coursewright.write.assembly.pieces import face_tasks, library_of, plan_pieces
from coursewright.write.assembly.sheet import Heading
from coursewright.write.html import Templates, cut_in_words, points
from coursewright.write.packet import Options, Packet

AHEAD = 6  # chunks under way
CHUNK = 25  # copies a task: what sending a task costs is then lost in the work
Submit = Callable[[], Executor]


@dataclass(frozen=True)
class Wanted:
    """What is to be printed. learners: empty for copies without names. session: tells this administration from others.

    forms: how many different forms there are; None for one a copy, or what the blueprint says.
    """

    blueprint: Blueprint
    copies: int
    learners: tuple[Learner, ...] = ()
    session: str = ""
    paper: str = "a4"
    large: bool = False
    each: bool = False
    forms: int | None = None


@dataclass(frozen=True)
class Pools:
    """Executors: of this machine, for what needs the cache, and the one that draws copies, which may be many machines."""

    here: Submit
    draw: Submit


@dataclass
class Printed:
    """What was written: files with their pages, copies, forms, and complaints."""

    files: list[tuple[str, int]] = field(default_factory=list)
    copies: int = 0
    forms: int = 0
    sheets: int = 0
    diagnostics: list[Diagnostic] = field(default_factory=list)


@fault("W620")
def letters_missing(name: str, letters: str) -> tuple[str, str]:
    """A name has letters that the fonts of the pages lack; boxes stand for them on paper.

    Why: the course is set in Source Sans, which holds Latin, Greek and Cyrillic and no other script.
    Instead: write the name in Latin letters too, or give the learner a `learner_id`, which is printed beside it.
    """
    return f"the fonts lack letters of {name}: {letters}", "write the name in Latin letters, or add a learner_id"


def print_forms(course: Course, root: Path, wanted: Wanted, out: Path, pools: Pools, progress: Progress = lambda *_: None) -> Printed:
    """Write `print.pdf`, `seating.pdf`, `key.pdf`, `key.csv`, `record.jsonl` and, if asked, `copies/*.pdf` into `out`.

    Raises plan.form.CannotFill, DamagedRecord, OSError; files that stood
    in `out` stay whole.
    """
    if (out / "record.jsonl").exists():
        load_record(out)  # before anything is made
    packet = Packet(course, Templates(template_folders(root)), Options(paper=wanted.paper), texts=_texts(course, wanted))
    count = wanted.forms or wanted.blueprint.forms or wanted.copies
    plan_form(course, wanted.blueprint)  # raises where there can be none
    versions = item_versions(course)
    with ThreadPoolExecutor(1) as aside:  # the pieces are laid out while the forms are planned
        laid = aside.submit(lay_pieces, packet, wanted, versions, pools.here, progress)
        forms = [plan_form(course, wanted.blueprint, n) for n in range(1, min(count, wanted.copies) + 1)]
        copies = plan_copies(course, wanted, forms)
        library, complaints = laid.result()
    job = Job(library, wanted.paper, SIZES[wanted.paper], course.info.language)
    plans = copy_plans(packet, wanted, forms, versions, copies)
    made = Printed(copies=len(copies), forms=len({copy.form for copy in copies}), diagnostics=[*complaints, *_missing(course, library, copies)])
    out.mkdir(parents=True, exist_ok=True)
    record = record_of(packet, wanted, forms, copies, versions)
    save_record(out, record)  # before a sheet exists that could need it
    with ThreadPoolExecutor(1) as aside:  # while others draw the copies
        papers = aside.submit(_papers, packet, wanted, job, forms, copies, out)
        made.files, made.sheets = _print_files(packet, wanted, job, plans, out, pools.draw, progress)
        if wanted.each:
            _each(job, plans, out / "copies", pools.draw, progress)
            made.files.append((f"copies/ ({len(plans)} files)", 0))
        made.files += papers.result()
    return made


def plan_copies(course: Course, wanted: Wanted, forms: list[Form]) -> list[Copy]:
    """The copies, each with a form, dealt in turn, and the code of its sheet."""
    made = []
    for n in range(wanted.copies):
        form = forms[n % len(forms)]
        learner = wanted.learners[n] if wanted.learners else None
        identity = "\0".join(learner.identity) if learner else ""
        code = sheet_id(course.info.id, wanted.session, form.id, str(n + 1), identity)
        if learner is None:
            made.append(Copy(code, form.id, n + 1, large_print=wanted.large, paper=wanted.paper))
            continue
        rest = tuple((name, value) for name in ("credential", "profession", "license_state", "license_id", "npi", "board", "board_id") if (value := str(getattr(learner, name))))
        more = tuple((name, str(value)) for name in ("birth_month", "birth_day") if (value := getattr(learner, name)) is not None)
        consent = (("consent_to_report", "yes"),) if learner.consent_to_report else ()
        large = wanted.large or learner.large_print
        made.append(Copy(code, form.id, n + 1, learner.learner_id, learner.given_name, learner.family_name, learner.seat, large, learner.extra_minutes, (*rest, *more, *consent), wanted.paper))
    return made


def record_of(packet: Packet, wanted: Wanted, forms: list[Form], copies: list[Copy], versions: dict[str, str]) -> Record:
    """The record of these forms and copies."""
    items = record_items(packet.course, packet.numbering, *forms)
    kept = {form.id: record_form(packet.course, form, versions) for form in forms}
    return Record(packet.course.info.id, wanted.blueprint.id, wanted.blueprint.title, wanted.paper, items, kept, {copy.sheet: copy for copy in copies})


def lay_pieces(packet: Packet, wanted: Wanted, versions: dict[str, str], submit: Submit, progress: Progress) -> tuple[Library, list[Diagnostic]]:
    """Lay out every piece that forms of the blueprint may need, in the editions wanted. Pieces are kept in the cache."""
    width = SIZES[packet.options.paper][0]
    sheet = plan_sheet("", "", drawable(packet.course, wanted.blueprint))
    editions = sorted({wanted.large or learner.large_print for learner in wanted.learners} or {wanted.large})
    fonts: list[Result] = []
    faces: list[Result] = []
    with cache() as folder:
        schedule = Schedule(Store(folder, work_fingerprint()), submit, progress)
        schedule.run({"fonts": one_story(packet.font_tasks(), fonts)})
        packet.take_fonts(fonts)
        pieces = [plan_pieces(packet, wanted.blueprint, sheet, versions, large, width) for large in editions]
        results: list[list[Result]] = [[] for _ in pieces]
        letters = "".join(sorted({c for text in packet.texts for c in text}))
        stories = {str(i): one_story(part.tasks(packet), results[i]) for i, part in enumerate(pieces)}
        schedule.run({**stories, "faces": one_story(face_tasks(packet, letters), faces)})
        laid = [entry for part, found in zip(pieces, results, strict=True) for entry in part.laid(found)]
        library = library_of(laid, faces)
        complaints = [d for found in results for result in found for d in packet.complaints("forms", result)]
    return library, complaints


def copy_plans(packet: Packet, wanted: Wanted, forms: list[Form], versions: dict[str, str], copies: list[Copy]) -> list[CopyPlan]:
    """What is needed to draw each copy."""
    by_id = {form.id: (form, bare(form.sheet)) for form in forms}
    blueprint, info = wanted.blueprint, packet.course.info
    made = []
    for copy in copies:
        form, sheet = by_id[copy.form]
        mine = {asked.question.id: versions[asked.question.id] for asked in sheet.asked}
        time = f"{blueprint.minutes + copy.extra_minutes} minutes" if blueprint.minutes else "no limit"
        passing = "does not count toward passing" if blueprint.parallel_to else cut_in_words(form.cut)
        facts = [
            ("Name", copy.name),
            *([("Number", copy.learner_id)] if copy.learner_id else []),
            *([("Seat", copy.seat)] if copy.seat else []),
            ("Items", f"{len(sheet.asked)}, for {points(sheet.points)}"),
            ("Time", time),
            ("To pass", passing),
            ("Form", f"{form.id} · sheet {copy.sheet}"),
        ]
        footer = f"Form {form.id} · {copy.sheet}" + (f" · {copy.name}" if copy.name else "")
        cover = Cover(f"{info.title} · {blueprint.title}", tuple(facts), packet.notice.line or "", footer)
        who = " · ".join(filter(None, (copy.learner_id, f"seat {copy.seat}" if copy.seat else "", f"form {form.id}", f"sheet {copy.sheet}")))
        heading = Heading(blueprint.title, copy.name, who, packet.notice.line or "")
        title = f"{blueprint.title}: {copy.name or f'copy {copy.number}'}"
        made.append(CopyPlan(copy.number, sheet, mine, (form_code(form.id), copy.sheet), heading, cover, title, copy.large_print, not copy.name))
    return made


def assembled(job: Job, plans: list[CopyPlan], first: int, stride: int, submit: Submit, progress: Progress = lambda *_: None) -> Iterator[Part]:
    """The leaves of all copies in order, drawn by the executor; few are held at once, however many there are."""
    light = replace(job, library=job.library.light)
    executor = submit()
    waiting: list[Future[list[Part]]] = []
    done = 0
    for i in range(0, len(plans) + CHUNK * AHEAD, CHUNK):
        if i < len(plans):
            waiting.append(executor.submit(draw_chunk, light, plans[i : i + CHUNK], first + i, stride))
        if waiting and (i >= len(plans) or len(waiting) > AHEAD):
            for part in waiting.pop(0).result():
                done += 1
                yield part
            progress("copies", done, len(plans))


def _print_files(packet: Packet, wanted: Wanted, job: Job, plans: list[CopyPlan], out: Path, submit: Submit, progress: Progress) -> tuple[list[tuple[str, int]], int]:
    """Everything for the print shop: one file, or several where one would hold more than readers can number.

    Returns the names with their pages, and the sheets of paper of the copies.
    """
    stride = max(stride_of(plan.sheet) for plan in plans)
    most = MOST_NUMBERS // stride - 1
    runs = [plans[i : i + most] for i in range(0, len(plans), most)]
    files, sheets = [], 0
    for number, run in enumerate(runs, 1):
        name = "print.pdf" if len(runs) == 1 else f"print-{number}.pdf"
        pages, count = _print_file(packet, wanted, job, run, out / name, stride, submit, progress)
        files.append((name, pages))
        sheets += count
    return files, sheets


def _print_file(packet: Packet, wanted: Wanted, job: Job, plans: list[CopyPlan], path: Path, stride: int, submit: Submit, progress: Progress) -> tuple[int, int]:
    title = f"{wanted.blueprint.title}: {len(plans)} copies"
    with NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        try:
            document = Document(file, job.library, title, job.language)  # type: ignore[arg-type]
            pages: list[int] = []
            for part in assembled(job, plans, 1, stride, submit, progress):
                document.add(part)
                pages.append(part.pages)
            sheets = sum(pages) // 2
            cover = _cover(packet, wanted, job, plans, pages, sheets)
            # it counts the pages of all others: drawn last, it is put first by the page tree
            document.add_first(cover.part(*Document.numbers(job.library, 0, stride)))
            document.close()
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).chmod(0o600)
    Path(file.name).replace(path)
    return sum(pages) + len(cover.pages), sheets


def _cover(packet: Packet, wanted: Wanted, job: Job, plans: list[CopyPlan], pages: list[int], sheets: int) -> Leaf:
    leaf = Leaf(job.library, (job.size[0] * MM, job.size[1] * MM), title="For the print shop")
    each = sorted({count // 2 for count in pages})
    facts = (
        ("Copies", str(len(pages))),
        ("Sheets a copy", str(each[0]) if len(each) == 1 else f"{each[0]} to {each[-1]}"),
        ("Sheets in all", f"{sheets}, and this one"),
        ("Paper", {"a4": "A4", "letter": "US Letter"}[wanted.paper]),
        ("Print", "both sides, long edge, at 100% (do not scale)"),
        ("First and last copy", f"{plans[0].number} and {plans[-1].number}"),
    )
    notes = (
        "Each copy begins on a sheet of its own: first its answer sheet, then its booklet.",
        "Copies differ. Keep them in order, and do not mix the sheets of two.",
        "Staple the booklet alone; the answer sheet stays loose for the scanner.",
        "Count the sheets in the end against the number above.",
    )
    draw_cover(leaf, wanted.blueprint.title, packet.course.info.title, facts, notes, packet.notice.line or "")
    return leaf


def _each(job: Job, plans: list[CopyPlan], folder: Path, submit: Submit, progress: Progress) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    executor = submit()
    chunks = [plans[i : i + CHUNK] for i in range(0, len(plans), CHUNK)]
    done = 0
    for chunk, future in [(chunk, executor.submit(draw_files, job, chunk)) for chunk in chunks]:
        for plan, data in zip(chunk, future.result(), strict=True):
            write_whole(folder / f"{plan.number:04d}-{file_name(plan.heading.name)}-{plan.code[1]}.pdf", data, private=True)
        done += len(chunk)
        progress("files", done, len(plans))


def _papers(packet: Packet, wanted: Wanted, job: Job, forms: list[Form], copies: list[Copy], out: Path) -> list[tuple[str, int]]:
    """The seating list, and the key as PDF and CSV."""
    size = (job.size[0] * MM, job.size[1] * MM)
    course, title, notice = packet.course.info.title, wanted.blueprint.title, packet.notice.line or ""
    seating = Leaf(job.library, size, title="Seating list")
    columns = (Column("Copy", 0), Column("Seat", 11), Column("Name", 25), Column("Number", 82), Column("Sheet", 106), Column("Form", 125), Column("Signature", 150, True))
    rows = []
    for copy in copies:
        extra = "".join((", large print" if copy.large_print else "", f", +{copy.extra_minutes} min" if copy.extra_minutes else ""))
        rows.append((str(copy.number), copy.seat, copy.name + extra, copy.learner_id, copy.sheet, form_code(copy.form).lower(), ""))
    draw_table(seating, "FOR THE PROCTOR", f"{title}: seating list", course, columns, rows, notice)
    used = {copy.form for copy in copies}
    by_id = {single.id: single for single in packet.course.single_items}
    keys, table = [], []
    for form in forms:
        if form.id not in used:
            continue
        answers = [(asked, answer_in_words(asked.question, by_id[asked.question.id].key)) for asked in form.sheet.asked]
        passing = "" if wanted.blueprint.parallel_to else f"to pass: {form.cut.needed} of {points(form.cut.points)}"
        keys.append((form.id, passing, [f"{asked.number} {words}" for asked, words in answers]))
        table += [(form.id, str(asked.number), asked.question.id, words, str(asked.question.points)) for asked, words in answers]
    key = Leaf(job.library, size, title="Key")
    draw_key(key, f"{title}: key", course, keys, notice)
    files = []
    for name, leaf in (("seating.pdf", seating), ("key.pdf", key)):
        write_whole(out / name, one_file(job, leaf, f"{title}: {'seating list' if leaf is seating else 'key'}"), private=True)
        files.append((name, len(leaf.pages)))
    write_whole(out / "key.csv", csv_bytes(("form", "number", "item", "key", "points"), table), private=True)
    return [*files, ("key.csv", 0)]


def _texts(course: Course, wanted: Wanted) -> tuple[str, ...]:
    """All that may stand on the pages, for the letters that the fonts must have."""
    words = [text.source for _, _, text in course.texts()]
    names = [f"{learner.name} {learner.learner_id} {learner.seat}" for learner in wanted.learners]
    return (course.info.title, wanted.blueprint.title, wanted.session, "·−’“”–—…½⅓⅔±→×≥≤%□", *words, *names)


def _missing(course: Course, library: Library, copies: list[Copy]) -> list[Diagnostic]:
    found = []
    for copy in copies:
        missing = library.faces["bold"].missing(copy.name)
        if missing:
            found.append(letters_missing(Span("roster"), copy.name, " ".join(missing)))
    return found


def file_name(name: str) -> str:
    """A name as a file name: small Latin letters and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60] or "copy"


@contextmanager
def pools_at(address: str | None, jobs: int | None) -> Iterator[Pools]:
    """The pools to work with: our own processes, and for drawing perhaps a cluster at `dask://host:port`.

    Raises ValueError, ImportError, OSError.
    """
    with workers(worker_count(jobs), ("coursewright.write.assembly.job",)) as here:
        if address is None:
            yield Pools(here, here)
            return
        scheme, _, place = address.partition("://")
        if scheme != "dask" or not place:
            raise ValueError(f"{address!r} is no executor; write dask://HOST:PORT")
        from distributed import Client

        with Client(f"tcp://{place}", timeout="10s") as client:
            executor = client.get_executor()
            yield Pools(here, lambda: executor)
