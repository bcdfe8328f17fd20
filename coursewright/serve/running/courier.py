"""The courier: what is due without anybody asking. A thread of each worker; those of all workers may run at once.

It hands in attempts whose time is over, takes away small values that have ended, delivers what waits to be sent elsewhere,
makes the certificates that nobody has asked for yet, and prints the forms that were. Each errand finds for itself what is due, and finds nothing where another courier was there first.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from coursewright.serve import here
from coursewright.serve.security.rates import UPSERT
from coursewright.serve.store.tables import Kept, moment_text

LOG = logging.getLogger("coursewright")
EVERY, PATIENCE = 5.0, 10.0
PRINTER = "printer of forms"
LEASE = timedelta(seconds=4)  # for which one worker alone makes certificates


class Courier:
    """The thread and its errands. every: seconds between two rounds, more or less, so that couriers spread out."""

    def __init__(self, app: Flask, every: float = EVERY, errands: tuple[Callable[[], Any], ...] | None = None) -> None:
        self.app, self.every = app, every
        self.errands = (hand_in_overdue, clear_kept, remind, deliver, make_certificates, print_forms) if errands is None else errands
        self._ended = threading.Event()
        self._failing: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin. Only in a process that will not be forked."""
        self._thread.start()

    def stop(self) -> None:
        """End after the errand that is under way."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        while not self._ended.wait(self.every * random.uniform(0.7, 1.3)):
            self.round()

    def round(self) -> None:
        """Run each errand once. What goes wrong is told once, until it goes right again."""
        for errand in self.errands:
            if self._ended.is_set():
                return
            name = getattr(errand, "__name__", "errand")
            try:
                with self.app.app_context():
                    errand()
            except Exception as error:
                if name not in self._failing:
                    LOG.error("an errand failed", extra={"errand": name, "problem": type(error).__name__}, exc_info=True)
                self._failing.add(name)
            else:
                if name in self._failing:
                    LOG.info("an errand works again", extra={"errand": name})
                self._failing.discard(name)


def hand_in_overdue() -> int:
    """Submit the attempts whose time is over."""
    from coursewright.serve.pages.tests import sweep

    return sweep(here.now)


def clear_kept() -> int:
    """Take away small values that have ended; without a write where there are none."""
    now = here.now()
    with here.database().reading() as reading:
        if not reading.scalar(select(exists().where(Kept.ends_at < now))):
            return 0

    def work(writing: Session) -> int:
        return int(writing.execute(delete(Kept).where(Kept.ends_at < now)).rowcount)  # type: ignore[attr-defined]

    return here.database().write(work)


def deliver() -> int:
    """Send what waits to be sent elsewhere, where anything is connected."""
    from coursewright.serve.connections import outbox

    return outbox.deliver(here.app(), here.now())


def remind() -> int:
    """Queue mails whose day has come: once an hour, in one worker."""
    from coursewright.serve.connections.mail import lay_out

    if here.settings().mail is None or not _alone("reminders", timedelta(hours=1)):
        return 0
    return lay_out(here.app(), here.now())


def _alone(errand: str, span: timedelta) -> bool:
    """Whether this worker is the one that does an errand for a while."""
    now = here.now()
    lease = {"name": f"lease:{errand}", "value": "{}", "amount": 1, "now": moment_text(now), "ends": moment_text(now + span)}
    return here.database().write(lambda writing: int(writing.execute(UPSERT, lease).scalar_one())) == 1


def print_forms() -> bool:
    """Print forms that were asked for in the browser, in a thread of their own: it takes minutes, and other errands do not wait. Whether it began."""
    from coursewright.serve.management.printing import is_due, work_off

    app = here.app()
    if any(thread.name == PRINTER for thread in threading.enumerate()) or not is_due(app):
        return False

    def work() -> None:
        try:
            work_off(app)
        except Exception as error:
            LOG.error("an errand failed", extra={"errand": PRINTER, "problem": type(error).__name__}, exc_info=True)

    threading.Thread(target=work, name=PRINTER, daemon=True).start()
    return True


def make_certificates() -> int:
    """Issue what is due, and make the PDF of a certificate that nobody has asked for yet: one a round, in one worker at a time."""
    from coursewright.serve.credit.issuing import due
    from coursewright.serve.credit.printing import make_pending, pending

    with here.database().reading() as reading:
        if not due(reading, here.library(), 1) and not pending(here.database(), 1):
            return 0
    return make_pending(here.app(), 1) if _alone("certificates", LEASE) else 0
