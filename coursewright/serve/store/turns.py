"""Writing to SQLite, which takes one writer at a time: works that wait together are written together.

Whoever gets the turn writes what others brought meanwhile too, in one transaction: a disk that takes ten milliseconds to
sync is waited for once, not once a learner. Between processes the turn is a lock on a file beside the database, which
the system hands on at once; SQLite by itself only looks again after a while, and who looks at the wrong moment starves.
"""

from __future__ import annotations

import contextlib
import contextvars
import fcntl
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

MOST = 16  # works in one transaction


class Job:
    """A work that waits, in the context of who brought it: it may be run by another thread."""

    def __init__(self, work: Callable[[Session], Any]) -> None:
        self.work, self.context = work, contextvars.copy_context()
        self.done = False
        self.made: Any = None
        self.error: Exception | None = None


class Turns:
    """The writers of one database within this process. alone: writes one work by itself, in its own transaction."""

    def __init__(self, engine: Engine, file: Path | None, alone: Callable[[Callable[[Session], Any]], Any]) -> None:
        self.engine, self.alone = engine, alone
        self._lock = file.with_name(f"{file.name}-turn") if file is not None else None
        self._opened: tuple[int, int] | None = None  # process, descriptor: a lock is not shared with a process forked off
        self._turn = threading.Lock()
        self._waiting: deque[Job] = deque()

    def write(self, work: Callable[[Session], Any]) -> Any:
        """Run a work in a transaction, perhaps with others, and return once it is on disk."""
        job = Job(work)
        self._waiting.append(job)
        with self._turn:
            while not job.done:
                self._write_some()
        if job.error is not None:
            raise job.error
        return job.made

    def _write_some(self) -> None:
        with self._between_processes():
            jobs = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            try:
                if len(jobs) == 1 or not self._together(jobs):
                    for job in jobs:
                        self._by_itself(job)
            finally:  # interrupted: others see to what is left
                self._waiting.extendleft(job for job in reversed(jobs) if not job.done)

    def _together(self, jobs: list[Job]) -> bool:
        """Run works in one transaction, each undone alone where it ends in an exception; whether they are on disk."""
        try:
            with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
                for job in jobs:
                    job.context.run(self._part, job, connection)
        except DBAPIError:  # whosever fault it was: all of it is undone, and each is tried by itself
            return False
        for job in jobs:
            job.done = True
        return True

    @staticmethod
    def _part(job: Job, connection: Connection) -> None:
        job.made, job.error = None, None
        try:
            with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
                job.made = job.work(session)
                session.commit()
        except DBAPIError:
            raise
        except Exception as error:
            job.error = error

    def _by_itself(self, job: Job) -> None:
        job.made, job.error = None, None
        try:
            job.made = job.context.run(self.alone, job.work)
        except Exception as error:
            job.error = error
        job.done = True

    @contextlib.contextmanager
    def _between_processes(self) -> Iterator[None]:
        """Without a file to lock (a full disk, a database in memory) SQLite's own lock still keeps writers apart."""
        held = None
        with contextlib.suppress(OSError):
            descriptor = self._descriptor()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            held = descriptor
        try:
            yield
        finally:
            if held is not None:
                fcntl.flock(held, fcntl.LOCK_UN)

    def _descriptor(self) -> int:
        if self._lock is None:
            raise FileNotFoundError
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._opened[1]

    def close(self) -> None:
        """Let go of the file, once whoever has the turn is done."""
        with self._turn:
            if self._opened is not None and self._opened[0] == os.getpid():
                os.close(self._opened[1])
            self._opened = None
