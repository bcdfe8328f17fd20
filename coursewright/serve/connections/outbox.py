"""What waits to be sent elsewhere, and its sending: at least once, and such that the other side can tell a repetition.

A row is written in the transaction of what it tells of. Couriers of all workers look for rows that are due; whoever
moves the time of a row forward has it for the length of a lease, so that no two send it at once. What cannot be
delivered waits longer each time, up to an hour, and is never given up.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from flask import Flask
from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from coursewright.serve.connections.web import problem_of
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import Outgoing

LEASE, FIRST, LONGEST = timedelta(minutes=5), 10, 3600  # seconds of the first and the longest wait
ROUND = 20.0  # seconds after which a courier goes back to its other errands
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Parcel:
    """A row that was claimed."""

    id: str
    content: dict[str, Any]
    created_at: datetime
    tries: int


@dataclass(frozen=True)
class Sender:
    """How rows of a kind are sent. send: gives what became of each parcel, None for delivered, else why not. most: at once."""

    send: Callable[[Flask, Sequence[Parcel], datetime], Sequence[str | None]]
    most: int


SENDERS: dict[str, Sender] = {}


def sender(kind: str, most: int) -> Callable[[Callable[[Flask, Sequence[Parcel], datetime], Sequence[str | None]]], Callable[..., Any]]:
    """Declare how rows of a kind are sent."""

    def declare(send: Callable[[Flask, Sequence[Parcel], datetime], Sequence[str | None]]) -> Callable[..., Any]:
        SENDERS[kind] = Sender(send, most)
        return send

    return declare


def post(session: Session, kind: str, id_: str, content: dict[str, Any], now: datetime) -> None:
    """Lay something out to be sent, once for each id."""
    if session.get(Outgoing, id_) is None:
        session.add(Outgoing(id=id_, kind=kind, content=content, due_at=now, tries=0, created_at=now))
        session.flush()


def renew(session: Session, kind: str, id_: str, content: dict[str, Any], now: datetime) -> None:
    """Lay out the present state of something: it takes the place of an older one, and what is the same is not sent again."""
    row = session.get(Outgoing, id_, with_for_update=True)
    if row is None:
        post(session, kind, id_, content, now)
        return
    if row.content == content:
        return
    row.content = content
    row.created_at = max(now, row.created_at + timedelta(milliseconds=1))
    row.due_at, row.tries, row.problem, row.sent_at = now, 0, "", None
    session.flush()


def deliver(app: Flask, now: datetime) -> int:
    """Send what is due. Returns how many were delivered."""
    database: Database = app.extensions["database"]
    delivered, started = 0, time.monotonic()
    for kind, how in SENDERS.items():
        while time.monotonic() - started < ROUND:
            parcels = claim(database, kind, now, how.most)
            if not parcels:
                break
            try:
                outcomes = how.send(app, parcels, now)
            except Exception as error:
                expected = isinstance(error, requests.RequestException)
                app.logger.log(logging.WARNING if expected else logging.ERROR, "not delivered", extra={"kind": kind, "count": len(parcels), "problem": problem_of(error)}, exc_info=not expected)
                outcomes = [problem_of(error)] * len(parcels)
            settle(database, parcels, outcomes, now)
            delivered += sum(outcome is None for outcome in outcomes)
    return delivered


def claim(database: Database, kind: str, now: datetime, most: int) -> list[Parcel]:
    """The rows of a kind that are due, which are now this courier's until the lease ends."""
    due = (Outgoing.kind == kind, Outgoing.sent_at.is_(None), Outgoing.due_at <= now)
    with database.reading() as reading:
        if not reading.scalar(select(exists().where(*due))):  # without a write where nothing waits
            return []

    def work(writing: Session) -> list[Parcel]:
        found = select(Outgoing.id).where(*due).order_by(Outgoing.due_at).limit(most).with_for_update(skip_locked=True)
        claimed = update(Outgoing).where(Outgoing.id.in_(found.scalar_subquery()), *due).values(due_at=now + LEASE, tries=Outgoing.tries + 1)
        rows = writing.execute(claimed.returning(Outgoing.id, Outgoing.content, Outgoing.created_at, Outgoing.tries), execution_options={"synchronize_session": False})
        return sorted((Parcel(row.id, dict(row.content), row.created_at, row.tries) for row in rows), key=lambda parcel: (parcel.created_at, parcel.id))

    return database.write(work)


def settle(database: Database, parcels: Sequence[Parcel], outcomes: Sequence[str | None], now: datetime) -> None:
    """Note what became of parcels. One whose content was renewed meanwhile stays due."""

    def work(writing: Session) -> None:
        for parcel, problem in zip(parcels, outcomes, strict=True):
            values: dict[str, Any] = {"sent_at": now, "problem": ""} if problem is None else {"due_at": now + wait(parcel.tries), "problem": problem[:200]}
            writing.execute(update(Outgoing).where(Outgoing.id == parcel.id, Outgoing.created_at == parcel.created_at, Outgoing.sent_at.is_(None)).values(**values))
        writing.execute(delete(Outgoing).where(Outgoing.sent_at < now - KEPT, Outgoing.kind != "ags"))

    database.write(work)


def wait(tries: int) -> timedelta:
    """How long to wait after so many tries: twice as long each time, up to an hour, and not all at the same moment."""
    return timedelta(seconds=min(LONGEST, FIRST * 2 ** min(tries - 1, 20)) * random.uniform(0.8, 1.0))
