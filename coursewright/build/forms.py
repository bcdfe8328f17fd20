"""Print forms: plan them, lay their pieces out once, assemble the copies, and write all that a test needs into one folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile

from coursewright.build.administration import load_record, save_record, write_whole
from coursewright.build.dealing import Dealer, Wanted
from coursewright.build.make import cache, template_folders, workers
from coursewright.build.places import work_fingerprint
from coursewright.build.schedule import Progress, Schedule, one_story, worker_count
from coursewright.build.store import Store
from coursewright.model.course import Course
from coursewright.model.drawing import drawable
from coursewright.plan.answer_sheet import SIZES
from coursewright.plan.booklet import MM
from coursewright.plan.record import Copy
from coursewright.plan.sheet import answer_in_words, plan_sheet
from coursewright.plan.sheet_code import form_code
from coursewright.source.diagnostic import Diagnostic, fault
from coursewright.source.span import Span
from coursewright.write import Result
from coursewright.write.accreditation import csv_bytes
from coursewright.write.assembly.document import MOST_NUMBERS, Document, Leaf, Part
from coursewright.write.assembly.job import CopyPlan, Job, draw_chunk, draw_files, draw_paper, lines_of, stride_of
from coursewright.write.assembly.library import Library
from coursewright.write.assembly.lists import Column, draw_cover, draw_key, draw_table
from coursewright.write.assembly.pieces import face_tasks, library_of, plan_pieces
from coursewright.write.html import Templates, points
from coursewright.write.packet import Options, Packet

AHEAD = 6  # chunks under way
CHUNK = 25  # copies a task: what sending a task costs is then lost in the work
Submit = Callable[[], Executor]


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
    packet = Packet(course, Templates(template_folders(root)), Options(paper=wanted.paper), texts=texts_of(course, wanted))
    dealer = Dealer(packet, wanted)
    with ThreadPoolExecutor(1) as aside:  # forms are drawn while the pieces are laid out
        laid = aside.submit(lay_pieces, packet, wanted, dealer.versions, pools.here, progress)
        dealer.draw_until(laid.done)
        library, complaints = laid.result()
    job = Job(library, wanted.paper, SIZES[wanted.paper], course.info.language)
    out.mkdir(parents=True, exist_ok=True)
    made = Printed(diagnostics=complaints)
    made.files, made.sheets = _print_files(dealer, job, out, pools.draw, progress)
    made.copies, made.forms = len(dealer.copies), len({copy.form for copy in dealer.copies})
    made.diagnostics += _missing(library, dealer.copies)
    if wanted.each:
        _each(job, list(dealer.deal()), out / "copies", pools.draw, progress)
        made.files.append((f"copies/ ({made.copies} files)", 0))
    made.files += _papers(dealer, job, out, pools.here)
    return made


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


def assembled(job: Job, plans: Iterable[CopyPlan], first: int, stride: int, submit: Submit) -> Iterator[Part]:
    """The leaves of all copies in order, drawn by the executor; few are held at once, however many there are."""
    light = replace(job, library=job.library.light)
    executor = submit()
    waiting: list[Future[list[Part]]] = []
    left = iter(plans)
    while True:
        chunk = list(islice(left, CHUNK))
        if chunk:
            waiting.append(executor.submit(draw_chunk, light, chunk, first, stride))
            first += len(chunk)
        if not waiting:
            return
        if not chunk or len(waiting) > AHEAD:
            yield from waiting.pop(0).result()


def _print_files(dealer: Dealer, job: Job, out: Path, submit: Submit, progress: Progress) -> tuple[list[tuple[str, int]], int]:
    """Everything for the print shop: one file, or several where one would hold more than readers can number.

    Returns the names with their pages, and the sheets of paper of the copies.
    """
    stride = _stride(dealer)
    most = MOST_NUMBERS // stride - 1
    runs = -(-dealer.wanted.copies // most)
    plans = dealer.deal()
    files, sheets = [], 0
    for number in range(1, runs + 1):
        name = "print.pdf" if runs == 1 else f"print-{number}.pdf"
        pages, count = _print_file(dealer, job, islice(plans, most), out / name, stride, submit, progress)
        files.append((name, pages))
        sheets += count
    return files, sheets


def _stride(dealer: Dealer) -> int:
    """More object numbers than any copy can need: as many of the largest items as a form has."""
    course, blueprint = dealer.packet.course, dealer.wanted.blueprint
    every = sorted((lines_of(single.interaction) for item in drawable(course, blueprint) for single in item.singles()), reverse=True)
    return stride_of(every[: len(dealer.forms[0].sheet.asked)])


def _print_file(dealer: Dealer, job: Job, plans: Iterable[CopyPlan], path: Path, stride: int, submit: Submit, progress: Progress) -> tuple[int, int]:
    wanted = dealer.wanted
    before = len(dealer.copies)
    with NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        try:
            document = Document(file, job.library, f"{wanted.blueprint.title}: {wanted.copies} copies", job.language)  # type: ignore[arg-type]
            pages: list[int] = []
            for part in assembled(job, plans, 1, stride, submit):
                document.add(part)
                pages.append(part.pages)
                if len(pages) % CHUNK == 0:
                    progress("copies", before + len(pages), wanted.copies)
            sheets = sum(pages) // 2
            cover = _cover(dealer, job, dealer.copies[before:], pages, sheets)
            # it counts the pages of all others: drawn last, it is put first by the page tree
            document.add_first(cover.part(*Document.numbers(job.library, 0, stride)))
            document.close()
            save_record(path.parent, dealer.record())  # before a sheet is there that could need it
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).chmod(0o600)
    Path(file.name).replace(path)
    return sum(pages) + len(cover.pages), sheets


def _cover(dealer: Dealer, job: Job, copies: list[Copy], pages: list[int], sheets: int) -> Leaf:
    wanted, packet = dealer.wanted, dealer.packet
    leaf = Leaf(job.library, (job.size[0] * MM, job.size[1] * MM), title="For the print shop")
    each = sorted({count // 2 for count in pages})
    facts = (
        ("Copies", str(len(pages))),
        ("Sheets a copy", str(each[0]) if len(each) == 1 else f"{each[0]} to {each[-1]}"),
        ("Sheets in all", f"{sheets}, and this one"),
        ("Paper", {"a4": "A4", "letter": "US Letter"}[wanted.paper]),
        ("Print", "both sides, long edge, at 100% (do not scale)"),
        ("First and last copy", f"{copies[0].number} and {copies[-1].number}"),
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


def _papers(dealer: Dealer, job: Job, out: Path, submit: Submit) -> list[tuple[str, int]]:
    """The seating list, and the key as PDF and CSV."""
    packet, wanted = dealer.packet, dealer.wanted
    course, title, notice = packet.course.info.title, wanted.blueprint.title, packet.notice.line or ""
    columns = (Column("Copy", 0), Column("Seat", 11), Column("Name", 25), Column("Number", 82), Column("Sheet", 106), Column("Form", 125), Column("Signature", 150, True))
    rows = []
    for copy in dealer.copies:
        extra = "".join((", large print" if copy.large_print else "", f", +{copy.extra_minutes} min" if copy.extra_minutes else ""))
        rows.append((str(copy.number), copy.seat, copy.name + extra, copy.learner_id, copy.sheet, form_code(copy.form).lower(), ""))
    names = (f"{title}: seating list", f"{title}: key")
    keys, table = _keys(dealer)
    drawn = (
        ("seating.pdf", submit().submit(draw_paper, job, names[0], draw_table, ("FOR THE PROCTOR", names[0], course, columns, rows, notice))),
        ("key.pdf", submit().submit(draw_paper, job, names[1], draw_key, (names[1], course, keys, notice))),
    )
    write_whole(out / "key.csv", csv_bytes(("form", "number", "item", "key", "points"), table), private=True)
    files = [("key.csv", 0)]
    for name, future in drawn:
        data, pages = future.result()
        write_whole(out / name, data, private=True)
        files.append((name, pages))
    return files


def _keys(dealer: Dealer) -> tuple[list[tuple[str, str, list[str]]], list[tuple[str, str, str, str, str]]]:
    """The keys of the forms that were dealt: for paper (id, what it takes to pass, answers), and as rows of a table."""
    used = {copy.form for copy in dealer.copies}
    key_of = {single.id: single.key for single in dealer.packet.course.single_items}
    keys, table = [], []
    for form in dealer.forms:
        if form.id in used:
            answers = [(asked, answer_in_words(asked.question, key_of[asked.question.id])) for asked in form.sheet.asked]
            passing = "" if dealer.wanted.blueprint.parallel_to else f"to pass: {form.cut.needed} of {points(form.cut.points)}"
            keys.append((form.id, passing, [f"{asked.number} {words}" for asked, words in answers]))
            table += [(form.id, str(asked.number), asked.question.id, words, str(asked.question.points)) for asked, words in answers]
    return keys, table


def texts_of(course: Course, wanted: Wanted) -> tuple[str, ...]:
    """All that may stand on the pages, for the letters that the fonts must have."""
    words = [text.source for _, _, text in course.texts()]
    names = [f"{learner.name} {learner.learner_id} {learner.seat}" for learner in wanted.learners]
    return (course.info.title, wanted.blueprint.title, wanted.session, "·−’“”–—…½±→×≥≤%□", *words, *names)


def _missing(library: Library, copies: list[Copy]) -> list[Diagnostic]:
    found = []
    for copy in copies:
        missing = library.faces["bold"].missing(copy.name)
        if missing:
            found.append(letters_missing(Span("roster"), copy.name, " ".join(missing)))
    return found


def file_name(name: str, otherwise: str = "copy") -> str:
    """A name as a file name: small Latin letters and hyphens; `otherwise` where none is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60] or otherwise


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
