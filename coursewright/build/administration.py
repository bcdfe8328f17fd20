"""The folder of an administration: what was printed, what was given, what was decided. One place knows its files.

    record.jsonl        the forms printed, with keys: for graders alone
    sittings.jsonl      what learners gave, as last gathered by `grade`
    adjustments.jsonl   items withdrawn or given another key, oldest first; only ever appended to
    reads.sqlite        what the scanner read, with its evidence and the decisions of people
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from coursewright.plan.gradebook import Adjustment, Gradebook, Sitting, grade
from coursewright.plan.record import DamagedRecord, Record, read_record, record_json
from coursewright.plan.sittings import adjustment_json, read_adjustments, read_sittings, sittings_json

RECORD, SITTINGS, ADJUSTMENTS, READS = "record.jsonl", "sittings.jsonl", "adjustments.jsonl", "reads.sqlite"


def load_record(folder: Path) -> Record:
    """What was printed. Raises DamagedRecord, also where there is no record."""
    return read_record(_text(folder / RECORD, "this folder holds no printed forms: run forms, or name the folder that it wrote"))


def save_record(folder: Path, record: Record) -> None:
    """Lay down the record; what an earlier run printed into the same folder stays in it. Raises DamagedRecord, OSError."""
    if (folder / RECORD).exists():
        before = load_record(folder)
        if (before.course, before.test) != (record.course, record.test):
            raise DamagedRecord(f"{folder} holds forms of another test ({before.title}); name another folder with --out")
        record = before.merged(record)
    write_whole(folder / RECORD, record_json(record).encode(), private=True)


def load_gradebook(folder: Path) -> Gradebook:
    """The results of an administration, graded anew from what was given and decided. Raises DamagedRecord."""
    sittings = read_sittings(_text(folder / SITTINGS, "nothing was graded here yet: run grade first"))
    return grade(folder.resolve().name, load_record(folder), sittings, load_adjustments(folder))


def save_sittings(folder: Path, sittings: tuple[Sitting, ...]) -> None:
    """Lay down what learners gave."""
    write_whole(folder / SITTINGS, sittings_json(sittings).encode(), private=True)


def load_adjustments(folder: Path) -> tuple[Adjustment, ...]:
    """The adjustments made so far, oldest first; one that was cut off while it was written was never made. Raises DamagedRecord."""
    text = _text(folder / ADJUSTMENTS, "") if (folder / ADJUSTMENTS).exists() else ""
    return read_adjustments(text[: text.rfind("\n") + 1])


def add_adjustment(folder: Path, adjustment: Adjustment) -> None:
    """Append to the log, on disk before this returns. What a crash left of an earlier line is taken away first."""
    with (folder / ADJUSTMENTS).open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(adjustment_json(adjustment).encode())
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, data: bytes, private: bool = False) -> None:
    """Write to a temporary file, then replace: a file is there whole, or as it was. private: for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).chmod(0o600 if private else 0o644)
    Path(file.name).replace(path)


def _text(path: Path, absent: str) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise DamagedRecord(absent) from None
    except UnicodeDecodeError:
        raise DamagedRecord(f"{path.name} is damaged: it is not text") from None
