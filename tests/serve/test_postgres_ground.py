"""The cluster that the service is tested on behaves as the tests rely on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from .postgres import Postgres, alive, processes, wait_until

HELD = "import serve.postgres as p, time; c = p.Postgres(); print(c.folder, c.process.pid, flush=True); time.sleep(600)"


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def answers(url: str) -> list[str]:
    with connected(url) as connection:
        return list(connection.scalars(text("SELECT answer FROM answers ORDER BY answer")))


def test_what_was_committed_survives_a_kill_and_what_was_not_does_not(postgres: Postgres) -> None:
    with postgres.database() as url:
        with connected(url) as connection:
            connection.execute(text("CREATE TABLE answers (answer text)"))
            connection.execute(text("INSERT INTO answers VALUES ('committed')"))
            connection.commit()
            connection.execute(text("INSERT INTO answers VALUES ('open')"))
            postgres.kill()
            with pytest.raises(OperationalError):
                connection.commit()
            with pytest.raises(OperationalError):
                answers(url)
        postgres.start()
        assert answers(url) == ["committed"]
        assert "database system was not properly shut down" in postgres.log.read_text()


def test_a_kill_leaves_no_process_of_the_cluster(postgres: Postgres) -> None:
    postgres.start()
    assert postgres.process is not None
    pid = postgres.process.pid
    members = {pid, *(child for child, (parent, _) in processes().items() if parent == pid)}
    assert len(members) > 3, "the postmaster and its children"
    postgres.kill()
    assert not members & alive()


def test_a_test_after_one_that_left_the_server_killed_gets_its_database(postgres: Postgres) -> None:
    postgres.kill()
    with postgres.database() as url, connected(url) as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_databases_are_apart_and_gone_afterwards(postgres: Postgres) -> None:
    with postgres.database() as one, postgres.database() as other:
        with connected(one) as connection:
            connection.execute(text("CREATE TABLE answers (answer text)"))
            connection.commit()
        assert answers(one) == []
        with connected(other) as connection:
            assert connection.scalar(text("SELECT to_regclass('answers')")) is None
    with pytest.raises(OperationalError, match="does not exist"):
        answers(one)


def test_a_template_is_filled_once_and_its_copies_are_apart(postgres: Postgres) -> None:
    filled: list[str] = []

    def fill(url: str) -> None:
        filled.append(url)
        with connected(url) as connection:
            connection.execute(text("CREATE TABLE answers (answer text)"))
            connection.commit()

    for _ in range(2):
        with postgres.database(postgres.template("with_answers", fill)) as url, connected(url) as connection:
            assert connection.scalar(text("SELECT count(*) FROM answers")) == 0
            connection.execute(text("INSERT INTO answers VALUES ('one')"))
            connection.commit()
    assert len(filled) == 1


def test_commits_wait_for_the_disk_and_no_port_is_open(postgres: Postgres) -> None:
    with postgres.database() as url, connected(url) as connection:
        for setting, value in {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "listen_addresses": ""}.items():
            assert connection.scalar(text(f"SHOW {setting}")) == value
        assert connection.scalar(text("SHOW server_encoding")) == "UTF8"


@pytest.mark.usefixtures("postgres")
def test_the_cluster_ends_with_a_test_run_that_is_killed() -> None:
    tests = Path(__file__).resolve().parent.parent
    run = subprocess.Popen([sys.executable, "-c", HELD], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(tests)})
    with run:
        assert run.stdout is not None
        folder, server = run.stdout.readline().split()
        assert int(server) in alive()
        run.send_signal(signal.SIGKILL)
    wait_until(lambda: int(server) not in alive() and not Path(folder).exists(), "the cluster outlives its run")


def test_each_kind_of_database_is_fresh(database_url: str) -> None:
    with connected(database_url) as connection:
        connection.execute(text("CREATE TABLE answers (answer text)"))
        connection.execute(text("INSERT INTO answers VALUES ('only')"))
        connection.commit()
    assert answers(database_url) == ["only"]
