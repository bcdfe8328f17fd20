"""Writers on SQLite take turns: those that wait together are written together, each for itself all the same."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from coursewright.serve.store.database import Database, migrate
from coursewright.serve.store.tables import Counter

from .ground import Service


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'service.sqlite'}")
    migrate(made)
    yield made
    made.close()


COUNTING = """
import sys
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import Counter
database = Database(sys.argv[1])
for _ in range(15):
    database.write(lambda session: setattr(session.get(Counter, "n"), "value", session.get(Counter, "n").value + 1))
"""


def adding(name: str) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        session.add(Counter(name=name, value=1))
        return name

    return work


def kept(database: Database) -> set[str]:
    with database.reading() as reading:
        return set(reading.execute(select(Counter.name)).scalars())


def all_waiting(database: Database, works: list[Callable[[Session], Any]]) -> list[Any]:
    """What each of several works returns or raises, where all were brought while another was being written."""
    ready, outcomes = threading.Event(), [None] * len(works)

    def bring(at: int) -> None:
        try:
            outcomes[at] = database.write(works[at])
        except Exception as error:
            outcomes[at] = error

    threads = [threading.Thread(target=bring, args=(at,)) for at in range(len(works))]

    def first(_: Session) -> None:
        for thread in threads:
            thread.start()
        while len(database._turns._waiting) < len(works):
            ready.wait(0.01)

    database.write(first)
    for thread in threads:
        thread.join()
    return outcomes


def commits(database: Database) -> list[str]:
    found: list[str] = []
    event.listen(database.engine, "commit", lambda _: found.append("commit"))
    return found


def test_works_that_wait_together_are_on_disk_by_one_commit(database: Database) -> None:
    counted = commits(database)
    assert all_waiting(database, [adding(name) for name in "abcdef"]) == list("abcdef")
    assert kept(database) == set("abcdef")
    assert len(counted) == 1


def test_a_work_that_is_under_way_while_the_service_ends_is_brought_to_its_end(database: Database) -> None:
    closing = threading.Thread(target=database.close)

    def work(session: Session) -> None:
        session.add(Counter(name="a", value=1))
        session.flush()
        closing.start()
        closing.join(0.2)

    database.write(work)
    closing.join()
    database.write(adding("b"))
    assert kept(database) == {"a", "b"}


def test_a_work_that_is_refused_is_undone_alone(database: Database) -> None:
    def refused(session: Session) -> None:
        session.add(Counter(name="half", value=1))
        session.flush()
        raise LookupError("not now")

    outcomes = all_waiting(database, [adding("a"), refused, adding("b")])
    assert outcomes[0] == "a" and outcomes[2] == "b"
    assert isinstance(outcomes[1], LookupError)
    assert kept(database) == {"a", "b"}


def test_a_work_that_the_database_refuses_takes_no_other_with_it(database: Database) -> None:
    database.write(adding("there"))
    outcomes = all_waiting(database, [adding("a"), adding("there"), adding("b")])
    assert (outcomes[0], outcomes[2]) == ("a", "b") and isinstance(outcomes[1], IntegrityError)
    assert kept(database) == {"a", "b", "there"}


def test_a_work_that_another_thread_runs_still_knows_who_brought_it(service: Service) -> None:
    from flask import g

    asked: list[Any] = [None, None, None]

    def request(at: int) -> None:
        with service.app.test_request_context("/"):
            g.who = f"person {at}"
            asked[at] = service.database.write(lambda _: str(g.who))

    threads = [threading.Thread(target=request, args=(at,)) for at in range(3)]

    def first(_: Session) -> None:
        for thread in threads:
            thread.start()
        while len(service.database._turns._waiting) < 3:
            threading.Event().wait(0.01)

    service.database.write(first)
    for thread in threads:
        thread.join()
    assert asked == ["person 0", "person 1", "person 2"]


def test_processes_take_turns_too_and_count_to_the_same_end(database: Database) -> None:
    database.write(adding("n"))

    def count(session: Session) -> None:
        counter = session.get(Counter, "n")
        assert counter is not None
        counter.value += 1

    children = [subprocess.Popen([sys.executable, "-c", COUNTING, database.url], cwd=ROOT) for _ in range(2)]
    for _ in range(15):
        database.write(count)
    assert [child.wait(60) for child in children] == [0, 0]
    with database.reading() as reading:
        assert reading.get(Counter, "n").value == 46
