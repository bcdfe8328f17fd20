"""Read scanned files: every page to what it is, every row to what it says, in worker processes, into the store."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from coursewright import __version__
from coursewright.build.administration import RECORD
from coursewright.build.make import workers
from coursewright.build.scan import images
from coursewright.build.scan.pages import read_pages
from coursewright.build.scan.store import PageRead, Reads
from coursewright.build.schedule import worker_count
from coursewright.source.diagnostic import Diagnostic, fault
from coursewright.source.span import Span

AHEAD = 8  # tasks under way: many small files are read side by side too
BATCH = 4  # pages a task


@fault("W550")
def scan_unreadable(reason: str) -> tuple[str, str]:
    """A scanned file cannot be read; the others are.

    Instead: scan it again as PDF, TIFF, PNG or JPEG, and put it into the folder.
    """
    return reason, "scan it again as PDF, TIFF, PNG or JPEG"


@dataclass
class Scanned:
    """What a run did: pages read now and before, by kind; and the files that could not be read."""

    read: int = 0
    known: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def scan(folder: Path, place: Path, reads: Reads, now: Callable[[], str], jobs: int | None = None, progress: Callable[[str, int, int], None] = lambda *_: None) -> Scanned:
    """Read every page of `place` that the store does not hold yet, by the record of `folder`. Raises OSError."""
    done = Scanned()
    files = images.scan_files(place)
    waiting: deque[tuple[Path, str, Future[list[PageRead]]]] = deque()

    def enter() -> None:
        path, digest, future = waiting.popleft()
        pages = future.result()
        reads.enter(str(path.resolve()), digest, pages, now(), __version__)
        done.read += len(pages)
        for page in pages:
            done.kinds[page.kind] = done.kinds.get(page.kind, 0) + 1

    with workers(worker_count(jobs), ("coursewright.build.scan.pages",)) as executor:
        for count, path in enumerate(files, 1):
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                total = images.page_count(path)
            except images.UnreadableScan as error:
                done.diagnostics.append(scan_unreadable(Span(str(path)), str(error)))
                continue
            seen = reads.known(digest)
            left = [number for number in range(total) if number not in seen]
            done.known += total - len(left)
            for i in range(0, len(left), BATCH):
                waiting.append((path, digest, executor().submit(read_pages, str(path), left[i : i + BATCH], str(folder / RECORD))))
                if len(waiting) > AHEAD:
                    enter()
            progress(path.name, count, len(files))
        while waiting:
            enter()
    return done
