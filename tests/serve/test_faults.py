"""What is called saved stays, whatever is killed, filled up or cut off: the service as processes of its own, on both databases."""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from coursewright.serve.learning.responses import field

from .faults import Client, run, until, verify
from .flaky import FlakyProxy
from .ground import EVERYTHING, Service
from .postgres import Postgres
from .served import Item, Served, items_of
from .test_attempts import first_choice, form_at, give

SECONDS = float(os.environ.get("COURSEWRIGHT_FAULT_SECONDS", "15"))
SEED = int(os.environ.get("COURSEWRIGHT_FAULT_SEED", "5"))
POLICY = {"attempts": 0}


@pytest.fixture
def served(tmp_path: Path, database_url: str) -> Iterator[Served]:
    url = "" if database_url.startswith("sqlite") else database_url
    with Served(EVERYTHING, tmp_path / "served", url, policy=POLICY) as made:
        yield made


def clients_of(served: Served, number: int, url: str = "") -> list[Client]:
    """Learners who are signed in and have begun the post-test."""
    made = [Client(url or served.url, code, random.Random(at)) for at, code in enumerate(served.seed(number))]
    for client in made:
        client.enter()
        assert client.begin()
    return made


def faults_of(served: Served, clients: list[Client]) -> list[str]:
    database = served.database()
    try:
        acknowledged = {place: noted for client in clients for place, noted in client.acknowledged.items()}
        return verify(database, acknowledged, {attempt for client in clients for attempt in client.submitted})
    finally:
        database.close()


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_counts_twice_while_processes_are_killed(served: Served, request: pytest.FixtureRequest) -> None:
    postgres = request.getfixturevalue("postgres") if served.database_url.startswith("postgresql") else None
    happened = run(served, postgres, clients=40, seconds=SECONDS, seed=SEED)
    print(happened)
    assert happened.problems == []
    assert sum(happened.kills.values()) >= 1 and happened.saved >= 20, str(happened)  # so much is done on a crowded machine too


def test_the_proof_finds_what_is_lost_doubled_or_altered(served: Served) -> None:
    (client,) = clients_of(served, 1)
    for item in client.items:
        client.answer(item)
    attempt = client.attempt
    client.hand_in()
    assert faults_of(served, [client]) == []
    (place, (response, revision)) = next(iter(client.acknowledged.items()))
    database = served.database()
    client.acknowledged[place] = (response, revision + 1)
    assert len(faults_of(served, [client])) == 1
    client.acknowledged[place] = (response, revision)
    database.write(lambda s: s.execute(text("UPDATE answer SET response = 'null' WHERE item = :item"), {"item": place[1]}))
    found = faults_of(served, [client])
    assert len(found) == 2 and any("digest" in fault for fault in found) and any("acknowledged" in fault for fault in found)
    database.write(lambda s: s.execute(text("DELETE FROM result")))
    assert any(attempt in fault and "result" in fault for fault in faults_of(served, [client]))
    database.close()


def test_responses_that_never_arrive_are_asked_for_again_and_are_one_save(served: Served) -> None:
    with FlakyProxy(served.port) as proxy:
        clients = clients_of(served, 4, proxy.url)
        proxy.drop_responses(12, "POST /attempts/")

        def live(client: Client) -> None:
            for item in client.items * 2:
                client.answer(item)
            client.hand_in()

        threads = [threading.Thread(target=live, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert proxy.dropped == 12
        assert all(len(client.submitted) == 1 for client in clients)
        assert sum(client.told.unanswered for client in clients) >= 8
    assert faults_of(served, clients) == []  # the clients look at each revision: it counts saves, not tries


def test_an_answer_that_arrives_late_does_not_undo_one_that_was_called_saved_after_it(service: Service) -> None:
    browser = service.browser(service.person())
    address = browser.start("posttest")
    number, item, (first, second, *_) = first_choice(form_at(service, address))
    assert give(browser, address, number, item, 0, **{field(number): first}).json["answers"][item]["revision"] == 1
    back = give(browser, address, number, item, 1, **{field(number): first})  # changed to the second, which is under way, and back
    assert back.json["answers"][item]["revision"] == 2
    late = give(browser, address, number, item, 1, **{field(number): second})
    assert late.status_code == 409 and late.json["problems"] == {item: "conflict"}
    again = give(browser, address, number, item, 1, **{field(number): first})
    assert again.json["answers"][item] | {"saved_at": None} == back.json["answers"][item] | {"saved_at": None}


def test_an_answer_taken_back_before_it_arrived_stays_taken_back(service: Service) -> None:
    browser = service.browser(service.person())
    address = browser.start("posttest")
    number, item, options = first_choice(form_at(service, address))
    assert give(browser, address, number, item, 0).json["answers"][item]["response"] is None
    assert give(browser, address, number, item, 0, **{field(number): options[0]}).status_code == 409


def test_the_first_learners_of_all_can_begin_at_the_same_moment(served: Served) -> None:
    clients = [Client(served.url, code, random.Random(at)) for at, code in enumerate(served.seed(8))]
    for client in clients:
        client.enter()
    begun: list[bool] = []
    threads = [threading.Thread(target=lambda client=client: begun.append(client.begin())) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert begun == [True] * 8


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of a few megabytes. Skips where this process may mount none."""
    folder = Path(tempfile.mkdtemp(prefix="cw-small-", dir="/tmp"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m,mode=0711", "tmpfs", str(folder)], capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if mounted is None or mounted.returncode:
        folder.rmdir()
        pytest.skip("a small file system can be mounted by root alone" if mounted is None else f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    stuffing = folder / "stuffing"
    with stuffing.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return stuffing


def tried(client: Client, item: Item) -> tuple[int, Any]:
    """One try to save an answer: the status, and what was given."""
    fields, response = item.answer(client.rng)
    answer = client.session.post(client.url + client._save(item), timeout=60, **client._sent(item, fields))
    if answer.status_code == 200:
        client._acknowledge(item, response, answer.json()["answers"][item.id], 1)
    return answer.status_code, response


def go_on_until_refused(client: Client) -> set[int]:
    """Save, hand in and begin anew until something is refused: the room that a database has in hand is used up first. The statuses met."""
    met: set[int] = set()
    for _ in range(600):
        met |= {tried(client, item)[0] for item in client.items * 3}
        for address in (f"/attempts/{client.attempt}/submit", "/tests/posttest/start"):
            answer = client.session.post(client.url + address, data={"csrf_token": client.token}, timeout=60, allow_redirects=False)
            met.add(answer.status_code)
            if answer.status_code == 303 and address.endswith("/submit"):
                client.submitted.add(client.attempt)
        if met - {200, 303}:
            return met
        client.attempt = answer.headers["Location"].rpartition("/")[2]
        client.items = items_of(client.session.get(f"{client.url}/attempts/{client.attempt}", timeout=60).text)
    raise AssertionError("the disk is full, and nothing is refused")


def full_and_free(served: Served, folder: Path) -> None:
    """Fill the disk under a service, look at it, make room, look again."""
    clients = clients_of(served, 2)
    for item in clients[0].items:
        clients[0].answer(item)
    stuffing = fill(folder)
    assert go_on_until_refused(clients[0]) <= {200, 303, 409, 503}
    if served.database_url.startswith("sqlite"):
        assert {tried(clients[0], item)[0] for item in clients[0].items} == {503}
    assert until(lambda: served.ready() == 503, 10), "it calls itself ready with a full disk"
    assert clients[1].session.get(f"{served.url}/attempts/{clients[1].attempt}", timeout=60).status_code == 200
    assert faults_of(served, clients) == []
    started, workers = served.starts, served.workers
    stuffing.unlink()
    assert until(lambda: served.ready() == 200, 30)
    for client in clients:
        assert client.begin()
        for item in client.items:
            client.answer(item)
        client.hand_in()
    assert (served.starts, served.workers) == (started, workers)
    assert faults_of(served, clients) == []


def test_with_a_full_disk_sqlite_takes_no_answer_loses_none_and_goes_on_when_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    with Served(EVERYTHING, tmp_path / "served", data=str(small_disk / "data"), policy=POLICY) as served:
        full_and_free(served, small_disk)


def test_with_a_full_disk_postgresql_takes_no_answer_loses_none_and_goes_on_when_there_is_room(small_disk: Path, tmp_path: Path, postgres: Postgres) -> None:
    subprocess.run(["mount", "-o", "remount,size=24m", str(small_disk)], check=True)
    space = small_disk / "space"
    space.mkdir()
    os.chown(space, postgres.data.stat().st_uid, postgres.data.stat().st_gid)
    with postgres.connect() as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'".encode())
    try:
        with postgres.database() as url:
            name = url.partition("@/")[2].partition("?")[0]
            with postgres.connect() as connection:
                connection.execute(f'ALTER DATABASE "{name}" SET TABLESPACE small'.encode())
            with Served(EVERYTHING, tmp_path / "served", url, policy=POLICY) as served:
                full_and_free(served, small_disk)
    finally:
        with postgres.connect() as connection:
            connection.execute(b"DROP TABLESPACE small")


def test_when_the_journal_of_postgresql_has_no_room_nothing_acknowledged_is_lost(small_disk: Path, tmp_path: Path) -> None:
    """PostgreSQL ends itself then; it is started again when there is room, as an operator does. The service never is."""
    subprocess.run(["mount", "-o", "remount,size=72m", str(small_disk)], check=True)
    postgres = Postgres()
    try:
        postgres.stop()
        journal = postgres.data / "pg_wal"
        moved = small_disk / "journal"
        subprocess.run(["cp", "-a", str(journal), str(moved)], check=True)
        subprocess.run(["rm", "-r", str(journal)], check=True)
        journal.symlink_to(moved)
        postgres.start()
        with postgres.database() as url, Served(EVERYTHING, tmp_path / "served", url, policy=POLICY) as served:
            (client,) = clients_of(served, 1)
            for item in client.items:
                client.answer(item)
            stuffing = fill(small_disk)
            with pytest.raises((psycopg.Error, RuntimeError)):  # segments that it has in hand are used up first
                for _ in range(40):
                    with postgres.connect() as connection:
                        connection.execute(b"SELECT pg_switch_wal()")
                    tried(client, client.items[0])
            assert {tried(client, item)[0] for item in client.items * 2} <= {200, 503}
            assert "No space left on device" in postgres.log.read_text(errors="replace")
            stuffing.unlink()
            postgres.kill()
            postgres.start()
            assert until(lambda: served.ready() == 200)
            for item in client.items:
                client.answer(item)
            client.hand_in()
            assert served.starts == 1
            assert faults_of(served, [client]) == []
    finally:
        postgres.remove()
