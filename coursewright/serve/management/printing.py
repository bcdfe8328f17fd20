"""Forms of a test printed for a cohort: asked for in the browser, made by a courier in a process of its own, taken away after some days."""

from __future__ import annotations

import json
import logging
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from flask import Flask
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session, undefer

import coursewright
from coursewright.build.dealing import Wanted
from coursewright.read.roster import Learner
from coursewright.serve.library import Library
from coursewright.serve.management.cohorts import Refused
from coursewright.serve.management.packets import cohort_learners
from coursewright.serve.security.access import Who
from coursewright.serve.store import audit
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import Cohort, Member, Person, PrintJob

log = logging.getLogger(__name__)
KEPT = timedelta(days=14)
PATIENCE = timedelta(minutes=15)  # for which one worker has a job in hand
MOST_TRIES, MOST_COPIES, MOST_FORMS, MOST_WAITING = 2, 1000, 1000, 5
PAPERS = ("a4", "letter")
FACTS, FILES = "facts.json", "forms.zip"


def ask(session: Session, library: Library, cohort: Cohort, test: str, paper: str, forms: int | None, who: Who, now: datetime) -> PrintJob:
    """Have forms printed for the learners of a cohort. forms: how many different ones; None for what the blueprint says. Raises Refused."""
    if test not in library.tests or paper not in PAPERS:
        raise Refused("test")
    if forms is not None and not 1 <= forms <= MOST_FORMS:
        raise Refused("forms")
    copies = len(cohort_learners(session, cohort.id))
    if not 1 <= copies <= MOST_COPIES:
        raise Refused("copies")
    waiting = session.execute(select(PrintJob.id).where(PrintJob.cohort_id == cohort.id, PrintJob.state == "asked")).all()
    if len(waiting) >= MOST_WAITING:
        raise Refused("printing")
    made = PrintJob(cohort_id=cohort.id, test=test, paper=paper, forms=forms, asked_at=now, copies=copies)
    session.add(made)
    session.flush()
    audit.append(session, now, who.id, "forms printed", f"cohort:{cohort.id}", after={"job": made.id, "test": test, "paper": paper, "forms": forms, "copies": copies})
    return made


def jobs_of(session: Session, cohorts: Collection[str]) -> list[PrintJob]:
    """The jobs of cohorts, the newest first, without their files."""
    return list(session.execute(select(PrintJob).where(PrintJob.cohort_id.in_(sorted(cohorts))).order_by(PrintJob.asked_at.desc(), PrintJob.id).limit(200)).scalars())


def file_of(session: Session, cohort: str, job: str) -> tuple[PrintJob, bytes] | None:
    """The files of a job, while they are kept."""
    found = session.execute(select(PrintJob).where(PrintJob.id == job, PrintJob.cohort_id == cohort).options(undefer(PrintJob.file))).scalar_one_or_none()
    return None if found is None or found.file is None else (found, found.file)


def forget_files(session: Session, person: str) -> None:
    """Take away the files that hold the name of a learner: those of the cohorts that he or she is in."""
    theirs = select(Member.cohort_id).where(Member.person_id == person)
    session.execute(update(PrintJob).where(PrintJob.cohort_id.in_(theirs), PrintJob.file.is_not(None)).values(file=None).execution_options(synchronize_session=False))


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return PrintJob.state == "asked", or_(PrintJob.again_at.is_(None), PrintJob.again_at <= now)


def _old(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return PrintJob.file.is_not(None), PrintJob.made_at < now - KEPT


def is_due(app: Flask) -> bool:
    """Whether there is something to make or to take away, and nobody has a job in hand: one machine prints, one job at a time."""
    now: datetime = app.extensions["clock"]()
    with cast(Database, app.extensions["database"]).reading() as reading:
        in_hand, due, old = (reading.scalar(select(PrintJob.id).where(*where).limit(1)) for where in ((PrintJob.state == "asked", PrintJob.again_at > now), _due(now), _old(now)))
    return not in_hand and bool(due or old)


def work_off(app: Flask) -> int:
    """Take old files away, and make one job that was asked for. Returns how many were made."""
    database, library = cast(Database, app.extensions["database"]), cast(Library, app.extensions["library"])
    now: datetime = app.extensions["clock"]()
    database.write(lambda writing: writing.execute(update(PrintJob).where(*_old(now)).values(file=None).execution_options(synchronize_session=False)))

    def claim(writing: Session) -> tuple[PrintJob, tuple[Learner, ...]] | None:
        job = writing.execute(select(PrintJob).where(*_due(now)).order_by(PrintJob.asked_at).limit(1).with_for_update(skip_locked=True)).scalar_one_or_none()
        if job is None:
            return None
        job.tries, job.again_at = job.tries + 1, now + PATIENCE
        writing.flush()
        return job, cohort_learners(writing, job.cohort_id)

    claimed = database.write(claim)
    if claimed is None:
        return 0
    job, learners = claimed
    facts, file, problem = _print(library, job, learners)
    state = "made" if file is not None else "asked" if job.tries < MOST_TRIES else "failed"
    values = {"state": state, "file": file, "problem": problem, "again_at": None, "made_at": app.extensions["clock"](), **facts}
    database.write(lambda writing: writing.execute(update(PrintJob).where(PrintJob.id == job.id, PrintJob.state == "asked").values(values)))
    return int(file is not None)


def _print(library: Library, job: PrintJob, learners: tuple[Learner, ...]) -> tuple[dict[str, Any], bytes | None, str]:
    """The counts and the files of a job; or why there are none. Another process does it, so that answers are still saved meanwhile."""
    blueprint = library.tests.get(job.test)
    if blueprint is None or not learners:
        return {}, None, "the test or the learners are gone"
    wanted = Wanted(blueprint, len(learners), learners, f"{job.test}-{job.id}", job.paper, forms=job.forms)
    with tempfile.TemporaryDirectory(prefix="forms-") as folder:
        told = Path(folder) / "told"
        told.write_bytes(pickle.dumps((library.course, library.root, wanted)))
        environment = {**os.environ, "PYTHONPATH": str(Path(coursewright.__file__).parent.parent)}
        command = [sys.executable, "-m", "coursewright.serve.running.form_printer", folder]
        try:
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=PATIENCE.total_seconds() - 30, check=False)
        except subprocess.TimeoutExpired:
            return {}, None, "it took too long"
        if done.returncode != 0:
            kind = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1].partition(":")[0][:100]  # what follows may name a learner
            log.error("forms were not printed", extra={"job": job.id, "problem": kind})
            return {}, None, kind
        facts: dict[str, Any] = json.loads((Path(folder) / FACTS).read_text("utf-8"))
        return {"copies": facts["copies"], "sheets": facts["sheets"]}, (Path(folder) / FILES).read_bytes(), "\n".join(facts["complaints"])[:2000]


def without_number(session: Session, cohorts: Collection[str]) -> dict[str, int]:
    """How many learners of each cohort have no number: their sheets cannot be told whose they are by it."""
    rows = session.execute(select(Member.cohort_id, func.count()).join(Person, Person.id == Member.person_id).where(Member.cohort_id.in_(sorted(cohorts)), Person.role == "learner", Person.learner_id == "", Person.erased_at.is_(None)).group_by(Member.cohort_id))
    return dict(rows.all())
