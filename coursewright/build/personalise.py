"""Personal copies of a packet's PDF: a name and a code in each foot, hundreds a second."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from coursewright.build.administration import write_whole
from coursewright.build.forms import file_name, letters_missing
from coursewright.build.make import cache, template_folders, workers
from coursewright.build.places import work_fingerprint
from coursewright.build.schedule import Progress, Schedule, one_story
from coursewright.build.store import Store
from coursewright.model.course import Course
from coursewright.plan.sheet_code import sheet_id
from coursewright.read.roster import Learner
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.span import Span
from coursewright.write import Result, Task
from coursewright.write.accreditation import csv_bytes
from coursewright.write.assembly.personal import Base, make_base, update
from coursewright.write.html import Templates
from coursewright.write.packet import Options, Packet

FACE = "source-sans-3/roman/600"


class NoBase(Exception):
    """There is no PDF to personalise: why."""


@dataclass
class Personal:
    """What was written."""

    copies: int = 0
    diagnostics: list[Diagnostic] = field(default_factory=list)


def personalise(course: Course, root: Path, learners: list[Learner], pdf: Path, out: Path, progress: Progress = lambda *_: None) -> Personal:
    """Write a copy of `pdf` for each learner into `out`, and `copies.csv` with the codes. Raises NoBase, OSError."""
    base = _base(course, root, learners, pdf)
    out.mkdir(parents=True, exist_ok=True)
    made = Personal()
    rows = []
    source = out / f".base-{os.getpid()}"
    source.write_bytes(base.data)
    try:
        for number, learner in enumerate(learners, 1):
            code = "CWP:" + sheet_id(course.info.id, pdf.stem, *learner.identity)
            name = learner.name + (f" · {learner.learner_id}" if learner.learner_id else "")
            missing = base.face.missing(name)
            if missing:
                made.diagnostics.append(letters_missing(Span("roster", learner.line, 1, learner.line), learner.name, " ".join(missing)))
            file = f"{number:04d}-{file_name(learner.name)}.pdf"
            _copy(source, base, update(base, name, code), out / file)
            rows.append((file, learner.learner_id, learner.given_name, learner.family_name, code))
            if number % 100 == 0:
                progress("copies", number, len(learners))
    finally:
        source.unlink(missing_ok=True)
    write_whole(out / "copies.csv", csv_bytes(("file", "learner_id", "given_name", "family_name", "code"), rows), private=True)
    made.copies = len(learners)
    return made


def _base(course: Course, root: Path, learners: list[Learner], pdf: Path) -> Base:
    import pikepdf

    packet = Packet(course, Templates(template_folders(root)), Options(), texts=(course.info.title, *(learner.name for learner in learners)))
    fonts: list[Result] = []
    faces: list[Result] = []
    letters = "".join(sorted({c for learner in learners for c in f"{learner.name}{learner.learner_id}·"} | {"□"}))
    with workers(None) as executor, cache() as folder:
        schedule = Schedule(Store(folder, work_fingerprint()), executor)
        schedule.run({"fonts": one_story(packet.font_tasks(), fonts)})
        packet.take_fonts(fonts)
        cut = Task("face", "coursewright.write.assembly.library:cut_face", {"font": packet.fonts[FACE], "letters": letters})
        schedule.run({"face": one_story([cut], faces)})
        font = faces[0].blobs["face.ttf"].read()
    try:
        return make_base(pdf.read_bytes(), font)
    except FileNotFoundError:
        raise NoBase(f"there is no {pdf}; build the packet first, or name a PDF with --pdf") from None
    except pikepdf.PasswordError:
        raise NoBase(f"{pdf} is locked with a password") from None
    except pikepdf.PdfError as error:
        raise NoBase(f"{pdf} is no PDF that can be read ({error})") from None


def _copy(source: Path, base: Base, more: bytes, path: Path) -> None:
    """The base's bytes and what follows them, in one file: copied by the system where it can, whole or not at all."""
    temporary = path.with_name(f".new-{os.getpid()}-{path.name}")
    try:
        with source.open("rb") as whole, temporary.open("wb", buffering=0) as file:
            left = len(base.data)
            try:
                while left:
                    done = os.copy_file_range(whole.fileno(), file.fileno(), left)
                    if not done:
                        break
                    left -= done
            except (AttributeError, OSError):
                file.seek(0)
                file.truncate()
                left = len(base.data)
            if left:
                file.write(base.data[len(base.data) - left :])
            file.write(more)
        temporary.chmod(0o600)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
