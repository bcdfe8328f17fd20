"""`build.py serve` as a process of its own: it answers, stops gently, loses no worker for good, and says what is wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
import requests
from click.testing import CliRunner, Result
from conftest import ROOT
from gunicorn.config import Config
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, update

from coursewright.cli.root import root
from coursewright.serve.running.server import Quiet, Worker
from coursewright.serve.store.tables import Answer, Attempt, LogEntry, Person

from .ground import EVERYTHING
from .postgres import Postgres, wait_until
from .served import Item, Served, items_of, multipart, token_of

WORD = "correct horse battery"


class Learner:
    """A learner at an attempt, over HTTP."""

    def __init__(self, served: Served, code: str, test: str = "posttest") -> None:
        self.url, self.web = served.url, requests.Session()
        token = token_of(self.web.get(f"{self.url}/sign-in").text)
        page = self.web.post(f"{self.url}/sign-in", data={"csrf_token": token, "code": code})
        assert page.status_code == 200
        started = self.web.post(f"{self.url}/tests/{test}/start", data={"csrf_token": token_of(page.text)})
        self.address, self.token = started.url, token_of(started.text)
        self.items = items_of(started.text)

    def fields(self, item: Item) -> tuple[dict[str, list[str]], object]:
        fields, kept = item.answer(Random(7))
        return {"csrf_token": [self.token], f"i{item.number}-base": [str(item.revision)], **fields}, kept

    def save(self, item: Item) -> object:
        """Save an answer; what the service says that it keeps."""
        fields, kept = self.fields(item)
        body, kind = multipart(fields)
        answer = self.web.post(f"{self.address}/save?item={item.id}", data=body, headers={"Content-Type": kind, "Accept": "application/json"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["answers"][item.id]["response"] == kept
        return kept

    def kept(self) -> dict[str, object]:
        """What the service has of the attempt now."""
        answers = self.web.get(f"{self.address}/state", headers={"Accept": "application/json"}).json()["answers"]
        return {item: answer["response"] for item, answer in answers.items()}

    def begin_save(self, item: Item) -> tuple[socket.socket, bytes]:
        """Send the half of a save; the connection, and the other half."""
        fields, _ = self.fields(item)
        body, kind = multipart(fields)
        host, port = self.url.removeprefix("http://").split(":")
        cookies = "; ".join(f"{name}={value}" for name, value in self.web.cookies.items())
        head = f"POST {self.address.removeprefix(self.url)}/save?item={item.id} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\nAccept: application/json\r\n"
        connection = socket.create_connection((host, int(port)), timeout=30)
        connection.sendall(f"{head}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:40])
        return connection, body[40:]


def lines_of(served: Served) -> list[dict[str, object]]:
    """The lines of the log that are JSON."""
    return [json.loads(line) for line in served.said().splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(EVERYTHING, tmp_path_factory.mktemp("served"), workers=2) as served:
        yield served


def restarted(served: Served) -> Served:
    """The same service, started if an earlier test left it stopped."""
    if served.ready() != 200:
        served.start()
    return served


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_finishes_the_request_that_is_under_way_and_after_a_restart_every_answer_is_there(served: Served, how: signal.Signals) -> None:
    restarted(served)
    learner = Learner(served, served.seed(1)[0])
    first, second = learner.items[:2]
    given = {first.id: learner.save(first)}
    connection, rest = learner.begin_save(second)
    with connection:
        assert served.ready() == 200 and served.process is not None
        if how == signal.SIGINT:
            os.killpg(served.process.pid, how)  # as Ctrl-C does: the workers have it too
        else:
            served.process.send_signal(how)
        wait_until(lambda: served.ready() == 0, "new connections are still taken")
        connection.sendall(rest)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert served.process.wait(20) == 0
    served.start()
    assert learner.kept() == {**given, second.id: learner.fields(second)[1]}, "the session goes on too"


def test_a_worker_that_is_killed_is_replaced_and_its_acknowledged_answers_are_there(served: Served) -> None:
    learner = Learner(restarted(served), served.seed(1)[0])
    before = set(served.workers)
    assert len(before) == 2
    given = {learner.items[0].id: learner.save(learner.items[0])}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(served.workers) == 2 and not before & set(served.workers) and served.ready() == 200, "the workers are not replaced")
    assert learner.kept() == given


def test_workers_end_with_a_parent_that_is_killed(served: Served) -> None:
    workers = restarted(served).workers
    served.kill()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "workers outlive their parent")


def test_a_hang_up_is_not_the_end_of_it(served: Served) -> None:
    before = set(restarted(served).workers)
    assert served.process is not None
    served.process.send_signal(signal.SIGHUP)
    wait_until(lambda: any(line["event"] == "HUP is not served" for line in lines_of(served)) or served.process.poll() is not None, "it says nothing")
    assert served.process.poll() is None and set(served.workers) == before and served.ready() == 200


def test_a_request_that_ends_after_its_worker_has_stopped_writes_into_no_file_that_was_opened_meanwhile(tmp_path: Path) -> None:
    queue = Worker(0, 0, [], None, 30, Config(), Quiet(Config())).method_queue
    queue.init()
    queue.close()  # as a worker does when it stops, while requests still run
    opened = [os.open(tmp_path / f"database-{n}", os.O_RDWR | os.O_CREAT) for n in range(4)]  # the system gives the lowest numbers that are free
    queue.defer(lambda: None)  # as a request does when it ends
    assert [os.fstat(number).st_size for number in opened] == [0] * 4
    for number in (*opened, queue._read_fd, queue._write_fd):
        os.close(number)


def test_its_numbers_are_those_of_all_workers_and_survive_them(served: Served) -> None:
    restarted(served)

    def requests_() -> float:
        families = text_string_to_metric_families(requests.get(f"{served.url}/metrics").text)
        return sum(s.value for family in families for s in family.samples if s.name == "coursewright_requests_total" and s.labels["endpoint"] == "health.healthz")

    before = requests_()
    threads = [threading.Thread(target=lambda: [requests.get(f"{served.url}/healthz") for _ in range(25)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert requests_() == before + 100
    old = set(served.workers)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(served.workers) == 2 and not old & set(served.workers) and served.ready() == 200, "the workers are not replaced")
    assert requests_() == before + 100


def test_the_log_is_lines_of_json_without_names_paths_addresses_or_codes(served: Served) -> None:
    code = restarted(served).seed(1)[0]
    learner = Learner(served, code)
    learner.save(learner.items[0])
    requests.get(f"{served.url}/s/{code}?who=ana@example.org")
    requests.get(f"{served.url}/no-such-page-of-ana")
    bad = socket.create_connection(("127.0.0.1", served.port))
    with bad:
        bad.sendall(b"GET /secret-path HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n")
        assert b" 400 " in bad.makefile("rb").readline()
    lines = lines_of(served)
    saved = next(line for line in lines if line.get("endpoint") == "tests.save_answers")
    assert {"time", "level", "event", "request", "endpoint", "route", "status", "ms", "person"} <= saved.keys()
    assert saved["route"] == "/attempts/<attempt>/save"
    said = "\n".join(line for line in served.said().splitlines() if line.startswith("{"))
    attempt = learner.address.rpartition("/")[2]
    with served.database().reading() as reading:
        people = list(reading.scalars(select(Person.id)))
    for secret in (code, "Ray", "example.org", "127.0.0.1", "no-such-page", "secret-path", attempt, *people):
        assert secret not in said, secret
    assert all(line.startswith("{") for line in served.said().splitlines() if "http://" not in line and line.strip() and not line.startswith(("Nobody", "    "))), "nothing but JSON after the address"


def test_headers_beyond_the_limits_and_forged_ones_are_refused(served: Served) -> None:
    restarted(served)
    assert requests.get(f"{served.url}/", headers={"X-Long": "a" * 9000}).status_code == 431
    assert requests.get(f"{served.url}/", headers={f"X-{n}": "a" for n in range(80)}).status_code == 431
    assert requests.get(f"{served.url}/?{'a' * 9000}").status_code == 414
    page = requests.get(f"{served.url}/sign-in", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "Script-Name": "/evil", "SCRIPT_NAME": "/evil"})
    assert "evil" not in page.text


def test_the_courier_hands_in_what_is_overdue_with_nobody_there(served: Served) -> None:
    learner = Learner(restarted(served), served.seed(1)[0])
    learner.save(learner.items[0])
    attempt = learner.address.rpartition("/")[2]
    database = served.database()
    database.write(lambda writing: writing.execute(update(Attempt).where(Attempt.id == attempt).values(ends_at=datetime.now(UTC) - timedelta(hours=1))))

    def actors() -> list[str]:
        with database.reading() as reading:
            return list(reading.scalars(select(LogEntry.actor).where(LogEntry.action == "attempt submitted", LogEntry.subject == f"attempt:{attempt}")))

    wait_until(actors, "nobody hands it in")
    assert actors() == ["service"], "two workers' couriers hand it in once"
    database.close()


def test_it_serves_on_postgresql_and_is_unready_while_that_is_down(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as url, Served(EVERYTHING, tmp_path, url, workers=2) as served:
        learner = Learner(served, served.seed(1)[0])
        given = {item.id: learner.save(item) for item in learner.items}
        postgres.kill()
        assert served.ready() == 503
        assert requests.get(f"{served.url}/healthz").status_code == 200
        assert requests.get(f"{served.url}/metrics").text.count("coursewright_database_up 0.0") == 1
        assert requests.get(f"{served.url}/state", headers={"Accept": "application/json"}).status_code in (404, 503)
        postgres.start()
        wait_until(lambda: served.ready() == 200, "it does not find the database again")
        assert learner.kept() == given
        with served.database().reading() as reading:
            assert len(list(reading.scalars(select(Answer.item)))) == len(given)


# what is said when it cannot start


def command(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(root, ["--course", str(EVERYTHING), "serve", *arguments], input=given, standalone_mode=False)


def complaint(*arguments: str, course: Path = EVERYTHING, **environment: str) -> tuple[int, str]:
    """The status and what is said on stderr, of a start that fails."""
    done = subprocess.run([sys.executable, ROOT / "build.py", "--course", course, "serve", *arguments], capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--config", "{tmp}/none.toml"), 2, r"error: there is no .*none.toml"),
        (("--config", "{tmp}/bad.toml"), 2, r"error: .*bad.toml: wrokers: extra inputs are not permitted"),
        (("--database", "mysql://x"), 1, r"error: mysql is not a kind of database that the service knows; use .*"),
        (("--database", "postgresql+psycopg://x@127.0.0.1:9/x"), 1, r"error: the database does not answer: .*refused"),
        (("--database", "sqlite:///{tmp}/bad.toml"), 1, r"error: the database cannot be used: file is not a database"),
        (("--data", "{tmp}/bad.toml"), 1, r"error: the data folder .* cannot be written: file exists"),
        (("--host", "no-such-host.invalid"), 1, r"error: there is no address no-such-host.invalid: .*"),
    ],
)
def test_a_fault_of_the_operator_is_one_line(tmp_path: Path, arguments: tuple[str, ...], status: int, words: str) -> None:
    (tmp_path / "bad.toml").write_text("wrokers = 2\n# " + "x" * 2000)
    told = ["--port", "0", *(word.format(tmp=tmp_path) for word in arguments)]
    if "--data" not in told:
        told += ["--data", str(tmp_path / "data")]
    assert (found := complaint(*told))[0] == status
    assert re.fullmatch(words + r"\n", found[1]), found[1]


def test_a_port_that_is_taken_is_said_before_the_course_is_read(served: Served, tmp_path: Path) -> None:
    restarted(served)
    status, said = complaint("--port", str(served.port), "--data", str(tmp_path))
    assert (status, said) == (1, f"error: port {served.port} of 127.0.0.1 cannot be had: address already in use; choose another with --port, or stop what uses it\n")
    assert not (tmp_path / "service.sqlite").exists()


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "service.sqlite") as made:
        made.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        made.execute("INSERT INTO alembic_version VALUES ('9999')")
    made.close()
    for arguments in ((), ("migrate",)):
        status, said = complaint("--port", "0", "--data", str(tmp_path), *arguments)
        assert status == 1 and said == "error: this database was made by a newer version of Coursewright; use that version, or restore a backup\n"


def test_a_course_with_errors_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "course.yaml").write_text("title: No more than that\n")
    status, said = complaint("--port", "0", "--data", str(tmp_path / "data"), course=tmp_path)
    assert status == 1 and re.search(r"^E\d+ ", said, re.MULTILINE) and "Traceback" not in said


def test_files_of_the_service_are_for_its_user_alone(served: Served) -> None:
    assert {path.stat().st_mode & 0o077 for path in served.data.iterdir()} == {0}


def test_the_first_start_says_how_to_make_an_administrator_and_that_way_works(served: Served) -> None:
    found = re.search(r"^    build.py (--course .* staff add )USERNAME --role administrator$", restarted(served).said(), re.MULTILINE)
    assert found
    words = [*found[1].split(), "Boss", "--role", "administrator", "--given-name", "Bo", "--password-stdin"]
    done = subprocess.run([sys.executable, ROOT / "build.py", *words], input=f"{WORD}\n", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"database: sqlite {served.data / 'service.sqlite'}\nboss is an administrator\n"), done.stderr
    web = requests.Session()
    page = web.get(f"{served.url}/staff")
    entered = web.post(page.url, data={"csrf_token": token_of(page.text), "username": "boss", "password": WORD})
    assert [answer.status_code for answer in entered.history][:1] == [303] and "/staff" not in entered.url
    said = served.said().count("Nobody can manage it yet")
    assert served.stop() == 0
    served.start()
    assert served.said().count("Nobody can manage it yet") == said, "not said again"


def test_passwords_that_will_not_do_are_explained(tmp_path: Path) -> None:
    for password, words in (("short", "too short: at least 12"), ("x" * 201, "too long: at most 200"), ("ana-ana-ana-ana", "too easy to guess")):
        done = command("--data", str(tmp_path), "staff", "add", "ana", "--password-stdin", given=f"{password}\n")
        assert done.return_value == 1 and words in done.output
    done = command("--data", str(tmp_path), "staff", "add", "ana", given=f"{WORD}\n{WORD}\n")
    assert done.output.endswith("ana is a coordinator\n")
    done = command("--data", str(tmp_path), "staff", "add", "ANA ", "--password-stdin", given=f"{WORD}\n")
    assert done.return_value == 1 and "there is a 'ana' already" in done.output


def test_the_kind_of_database_is_said_without_who_and_where(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as url:
        (tmp_path / "database").write_text(url.replace("postgres@", "postgres:SECRET@") + "\n")
        (tmp_path / "database").chmod(0o600)
        (tmp_path / "serve.toml").write_text('data = "data"\ndatabase_file = "database"\n')
        config = ("--config", str(tmp_path / "serve.toml"))
        for words in (("staff", "add", "ana", "--password-stdin"), ("backup", str(tmp_path / "backup")), ("verify-log",)):
            done = command(*config, *words, given=f"{WORD}\n")
            assert done.output.startswith("database: postgresql\n") and not done.return_value, done.output
            assert "SECRET" not in done.output and str(postgres.folder) not in done.output
    assert not (tmp_path / "data").exists(), "no second database is made"
