"""What waits to be sent: claimed by one courier at a time, tried less and less often, never lost, never the older for the newer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from coursewright.serve.connections import outbox
from coursewright.serve.connections.outbox import LEASE, SENDERS, Parcel, Sender, claim, deliver, post, renew, settle, wait
from coursewright.serve.store.tables import Outgoing

from .ground import Service, make_service


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[Service]:
    made = make_service(tmp_path, database_url)
    yield made
    made.database.close()


class Post:
    """A sender that notes what it was given. problem: why it takes nothing."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.problem: str | None = None
        self.error: Exception | None = None
        self.pause = threading.Event()
        self.pause.set()
        self.lock = threading.Lock()

    def send(self, app: Flask, parcels: Sequence[Parcel], now: Any) -> list[str | None]:
        assert self.pause.wait(10)
        if self.error is not None:
            raise self.error
        with self.lock:
            self.taken += [parcel.content for parcel in parcels]
        return [self.problem] * len(parcels)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Post:
    made = Post()
    monkeypatch.setitem(SENDERS, "test", Sender(made.send, most=3))
    return made


def lay(service: Service, *ids: str, **content: Any) -> None:
    service.database.write(lambda s: [post(s, "test", id_, {"n": id_, **content}, service.clock()) for id_ in ids])


def row(service: Service, id_: str) -> Outgoing:
    with service.database.reading() as reading:
        return reading.execute(select(Outgoing).where(Outgoing.id == id_)).scalar_one()


def test_what_is_laid_out_is_delivered_once_in_order(both: Service, office: Post) -> None:
    for id_ in "abcdefg":
        lay(both, id_)
        both.clock.turn(seconds=1)
    lay(both, "a", n="again")
    assert deliver(both.app, both.clock()) == 7
    assert [content["n"] for content in office.taken] == list("abcdefg")
    assert deliver(both.app, both.clock()) == 0


def test_couriers_at_once_share_the_work_and_send_nothing_twice(both: Service, office: Post) -> None:
    lay(both, *(f"p{n}" for n in range(40)))
    threads = [threading.Thread(target=deliver, args=(both.app, both.clock())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(content["n"] for content in office.taken) == sorted(f"p{n}" for n in range(40))


def test_a_courier_that_died_in_mid_sending_leaves_its_parcels_to_another_after_the_lease(both: Service, office: Post) -> None:
    lay(both, "a")
    assert [parcel.id for parcel in claim(both.database, "test", both.clock(), 3)] == ["a"]
    assert deliver(both.app, both.clock()) == 0
    both.clock.turn(seconds=LEASE.total_seconds())
    assert deliver(both.app, both.clock()) == 1


def test_what_is_not_taken_waits_twice_as_long_each_time_up_to_an_hour() -> None:
    waits = [max(wait(tries) for _ in range(50)) for tries in range(1, 15)]
    assert waits[0] <= timedelta(seconds=10)
    assert waits[-1] <= timedelta(hours=1)
    assert min(wait(30) for _ in range(50)) >= timedelta(minutes=48)
    assert waits[:8] == sorted(waits[:8])


def test_a_problem_is_noted_and_gone_once_delivered(both: Service, office: Post) -> None:
    lay(both, "a")
    office.problem = "answered 500"
    assert deliver(both.app, both.clock()) == 0
    assert (row(both, "a").problem, row(both, "a").tries, row(both, "a").sent_at) == ("answered 500", 1, None)
    office.problem = None
    both.clock.turn(minutes=1)
    assert deliver(both.app, both.clock()) == 1
    assert row(both, "a").problem == ""


def test_a_sender_that_fails_tells_no_addresses_and_holds_no_other_kind_up(both: Service, office: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Post()
    monkeypatch.setitem(SENDERS, "zeta", Sender(other.send, most=3))
    lay(both, "a")
    both.database.write(lambda s: post(s, "zeta", "z", {}, both.clock()))
    office.error = requests.ConnectionError("https://secret.example/person/ana@clinic.test")
    assert deliver(both.app, both.clock()) == 1
    assert row(both, "a").problem == "cannot be reached"


def test_a_newer_state_takes_the_place_of_an_older_and_the_same_is_not_sent_again(both: Service, office: Post) -> None:
    def state(value: int) -> None:
        both.database.write(lambda s: renew(s, "test", "grade", {"value": value}, both.clock()))

    state(1)
    state(2)
    assert deliver(both.app, both.clock()) == 1
    state(2)
    assert deliver(both.app, both.clock()) == 0
    state(3)
    assert deliver(both.app, both.clock()) == 1
    assert [content["value"] for content in office.taken] == [2, 3]


def test_a_state_that_changes_while_the_older_is_being_sent_is_sent_too(both: Service, office: Post) -> None:
    both.database.write(lambda s: renew(s, "test", "grade", {"value": 1}, both.clock()))
    parcels = claim(both.database, "test", both.clock(), 3)
    both.database.write(lambda s: renew(s, "test", "grade", {"value": 2}, both.clock()))
    settle(both.database, parcels, [None], both.clock())
    assert deliver(both.app, both.clock()) == 1
    assert office.taken == [{"value": 2}]


def test_what_was_delivered_a_month_ago_is_no_longer_kept(both: Service, office: Post) -> None:
    lay(both, "a")
    deliver(both.app, both.clock())
    both.clock.turn(days=31)
    lay(both, "b")
    deliver(both.app, both.clock())
    with both.database.reading() as reading:
        assert reading.execute(select(Outgoing.id)).scalars().all() == ["b"]


def test_a_round_ends_in_time_for_the_couriers_other_errands(both: Service, office: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "ROUND", -1.0)
    lay(both, "a")
    assert deliver(both.app, both.clock()) == 0
