"""Health, numbers, logs and the courier, within one process."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from gunicorn.http.errors import (
    ForbiddenProxyRequest,
    InvalidChunkSize,
    InvalidHeader,
    InvalidHeaderName,
    InvalidHTTPVersion,
    InvalidRequestLine,
    LimitRequestLine,
)
from prometheus_client.parser import text_string_to_metric_families

from coursewright.serve.running.courier import Courier, clear_kept, deliver, hand_in_overdue
from coursewright.serve.running.logs import JsonLines
from coursewright.serve.store.database import Database, Unavailable
from coursewright.serve.store.tables import Attempt, Kept, LogEntry, Outgoing

from .ground import Browser, Service, make_service
from .served import items_of


def numbers(browser: Browser, **options: Any) -> dict[str, float]:
    """The numbers of /metrics, by name and labels."""
    answer = browser.client.get("/metrics", **options)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.get_data(as_text=True))
    return {f"{s.name}{json.dumps(s.labels, sort_keys=True) if s.labels else ''}": s.value for family in families for s in family.samples}


def test_a_process_lives_without_its_database_and_is_ready_only_with_it(service: Service) -> None:
    browser = service.browser()
    assert [browser.client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    with service.database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'older'"))
    assert [browser.client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 503]
    with service.database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sa.text("DROP TABLE alembic_version"))
    assert browser.client.get("/readyz").status_code == 503


def test_workers_that_ask_whether_the_database_takes_writes_do_not_get_in_each_others_way(tmp_path: Path, database_url: str) -> None:
    service = make_service(tmp_path, database_url)
    other = Database(database_url)
    assert service.database.takes_writes() and other.takes_writes()
    tomorrow = datetime.now(UTC) + timedelta(hours=12)
    with service.database.reading() as reading:
        rows = list(reading.scalars(sa.select(Kept).where(Kept.name.like("room%"))))
    assert len(rows) == 2, "each has a row of its own"
    assert all(row.ends_at > tomorrow for row in rows), "no courier takes it away meanwhile"
    other._tried = 0.0
    service.database.write(lambda session: session.execute(sa.delete(Kept)))
    assert other.takes_writes()
    other.close()
    service.database.close()


def test_a_fault_of_the_statement_is_not_told_as_a_full_disk(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def race(_: Any) -> None:
        raise sa.exc.IntegrityError("", {}, Exception())

    monkeypatch.setattr(service.database, "write", race)
    with pytest.raises(sa.exc.IntegrityError):
        service.database.takes_writes()


def test_saves_are_counted_by_what_became_of_them(service: Service) -> None:
    browser = service.browser(service.person())
    address = browser.start("posttest")
    item = items_of(browser.get(address).get_data(as_text=True))[0]
    fields = {f"i{item.number}": item.options[f"i{item.number}"][0], f"i{item.number}-base": "0"}
    for status in (200, 409):
        assert browser.post(f"{address}/save?item={item.id}", json=True, data=fields).status_code == status
        fields = {**fields, f"i{item.number}": item.options[f"i{item.number}"][1], f"i{item.number}-base": "5"}
    assert browser.post("/attempts/nobodys/save", json=True, data=fields).status_code == 404
    found = numbers(browser)
    assert [found[f'coursewright_saves_total{{"outcome": "{outcome}"}}'] for outcome in ("saved", "conflict", "refused", "failed")] == [1, 1, 1, 0]
    assert found['coursewright_attempts{"kind": "test", "state": "open"}'] == 1
    assert found['coursewright_requests_total{"endpoint": "tests.save_answers", "method": "POST", "status": "4xx"}'] == 2
    assert found['coursewright_request_seconds_count{"endpoint": "tests.save_answers"}'] == 3
    assert found['coursewright_request_seconds_bucket{"endpoint": "tests.save_answers", "le": "+Inf"}'] == 3
    with service.database.reading() as reading:
        assert found["coursewright_log_rows_total"] == reading.scalar(sa.select(sa.func.count()).select_from(LogEntry))


def test_what_waits_to_be_sent_is_counted_with_its_age(service: Service) -> None:
    now = service.clock()
    rows = [
        Outgoing(kind="xapi", content={}, due_at=now - timedelta(hours=1), created_at=now - timedelta(hours=2), tries=3),
        Outgoing(kind="xapi", content={}, due_at=now + timedelta(hours=1), created_at=now - timedelta(hours=9)),
        Outgoing(kind="ags", content={}, due_at=now, created_at=now, sent_at=now),
    ]
    service.database.write(lambda session: session.add_all(rows))
    found = numbers(service.browser())
    assert found['coursewright_outgoing_waiting{"kind": "xapi"}'] == 2 and 'coursewright_outgoing_waiting{"kind": "ags"}' not in found
    assert found['coursewright_outgoing_failing{"kind": "xapi"}'] == 1
    assert found["coursewright_outgoing_oldest_seconds"] == 9 * 3600, "what failed and waits for its next try is counted too"


@pytest.mark.parametrize("proxies", [0, 1])
def test_numbers_are_for_this_machine_and_who_has_the_token(tmp_path: Path, proxies: int) -> None:
    token = tmp_path / "token"
    token.write_text("a-long-token\n")
    token.chmod(0o600)
    service = make_service(tmp_path, proxies=proxies, metrics_token_file=token)
    client = service.browser().client

    def status(address: str, **headers: str) -> int:
        return client.get("/metrics", environ_base={"REMOTE_ADDR": address}, headers={name.replace("_", "-"): value for name, value in headers.items()}).status_code

    assert [status(address) for address in ("127.0.0.1", "::1", "127.9.9.9")] == [200] * 3
    assert [status(address) for address in ("10.0.0.7", "203.0.113.9", "")] == [404] * 3
    assert status("127.0.0.1", X_Forwarded_For="203.0.113.9") == 404, "a proxy on this machine asks for somebody else"
    assert status("127.0.0.1", X_Forwarded_For="127.0.0.1") == 404
    assert status("203.0.113.9", X_Forwarded_For="127.0.0.1") == 404
    assert status("203.0.113.9", Authorization="Bearer a-long-token") == 200
    assert status("203.0.113.9", Authorization="bearer a-long-token", X_Forwarded_For="10.0.0.1") == 200
    for wrong in ("Bearer a-long-toke", "Bearer ", "Basic a-long-token", "a-long-token", "Bearer ä"):
        assert status("203.0.113.9", Authorization=wrong) == 404, wrong
    token.chmod(0o644)
    assert status("203.0.113.9", Authorization="Bearer a-long-token") == 404, "others could have read it"
    token.chmod(0o600)
    token.write_text("\n")
    assert status("203.0.113.9", Authorization="Bearer ") == 404, "an empty token opens nothing"
    service.database.close()


def test_no_number_names_a_person_a_path_or_a_stranger_word(service: Service) -> None:
    person = service.person(family_name="Quux")
    browser = service.browser(person)
    address = browser.start("posttest")
    browser.client.get("/quux-page")
    browser.client.open("/", method="QUUX")
    text = browser.client.get("/metrics").get_data(as_text=True)
    for word in ("quux", "Quux", "QUUX", person, address):
        assert word not in text


def test_every_response_carries_an_id_of_its_own(service: Service) -> None:
    client = service.browser().client
    ids = {client.get(path, headers={"X-Request-Id": "mine"}).headers["X-Request-Id"] for path in ("/", "/sign-in", "/nothing", "/healthz") for _ in range(3)}
    assert len(ids) == 12 and "mine" not in ids


def logged(record: logging.LogRecord) -> dict[str, Any]:
    made = json.loads(JsonLines().format(record))
    assert isinstance(made, dict)
    return made


def test_a_line_of_the_log_holds_no_word_of_an_exception_or_of_what_others_filled_in() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    for name in ("coursewright", "gunicorn.error", "urllib3"):
        log = logging.getLogger(name)
        log.addHandler(handler)
        try:
            try:
                try:
                    int("Ana Ray")
                except ValueError as cause:
                    raise RuntimeError("of Ana Ray") from cause
            except RuntimeError:
                log.error("it went wrong", exc_info=True, extra={"endpoint": "x"})
            if name != "coursewright":
                log.error("for %s of %s", "Ana Ray", 3)
                log.error("Invalid request from ip=203.0.113.9: bad\nAna Ray")
        finally:
            log.removeHandler(handler)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 7 and "Ana" not in stream.getvalue() and "203.0.113" not in stream.getvalue()
    assert [found["kind"] for found in lines[0]["exception"]] == ["RuntimeError", "ValueError"]
    assert "test_running_health.py" in lines[0]["exception"][0]["at"][-1]


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (InvalidHeader("Cookie session=SECRET"), "Invalid request: Invalid HTTP Header"),
        (InvalidHeaderName("X-SECRET: x"), "Invalid request: Invalid HTTP header name"),
        (InvalidRequestLine("GET /s/SECRET it's ANA HTTP/1.1"), "Invalid request: Invalid HTTP request line"),
        (InvalidHTTPVersion("SECRET"), "Invalid request: Invalid HTTP Version"),
        (InvalidChunkSize(b"SECRET"), "Invalid request: Invalid chunk size"),
        (ForbiddenProxyRequest("203.0.113.9"), "Invalid request: Proxy request from"),
        (LimitRequestLine(9000, 8190), "Invalid request: Request Line is too large (9000 > 8190)"),
    ],
)
@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::203.0.113.9", "::1", ""])
def test_of_a_request_that_cannot_be_read_the_log_says_the_kind_of_fault_alone(error: Exception, event: str, address: str) -> None:
    said = f"Invalid request from ip={address}: {error}"
    assert logged(logging.LogRecord("gunicorn.error", logging.WARNING, "", 0, said, (), None))["event"] == event


def test_gunicorn_says_which_worker_was_killed() -> None:
    line = logged(logging.LogRecord("gunicorn.error", logging.ERROR, "", 0, "Worker (pid:%s) was sent %s!", (12, "SIGKILL"), None))
    assert line["event"] == "Worker (pid:12) was sent SIGKILL!"


# the courier


def test_an_errand_that_fails_is_told_once_and_stops_no_other(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "coursewright")
    turns: list[str] = []
    broken = [True]

    def first() -> None:
        turns.append("first")
        if broken[0]:
            raise RuntimeError

    def second() -> None:
        turns.append("second")

    courier = Courier(service.app, errands=(first, second))
    for _ in range(3):
        courier.round()
    broken[0] = False
    courier.round()
    assert turns == ["first", "second"] * 4
    assert [record.message for record in caplog.records if record.name == "coursewright"] == ["an errand failed", "an errand works again"]


def test_the_thread_goes_on_after_failures_and_ends_when_told(service: Service) -> None:
    many = threading.Event()
    turns: list[int] = []

    def errand() -> None:
        turns.append(1)
        if len(turns) >= 3:
            many.set()
        raise RuntimeError

    courier = Courier(service.app, every=0.01, errands=(errand,))
    courier.start()
    assert many.wait(10)
    courier.stop()
    assert not courier._thread.is_alive()
    done = len(turns)
    threading.Event().wait(0.05)
    assert len(turns) == done


def within(service: Service, errand: Callable[[], int]) -> int:
    with service.app.app_context():
        return errand()


def test_small_values_that_ended_are_taken_away_and_no_others(service: Service) -> None:
    now = service.clock()
    service.database.write(lambda session: session.add_all([Kept(name="old", value={}, ends_at=now - timedelta(seconds=1)), Kept(name="new", value={}, ends_at=now + timedelta(seconds=1))]))
    assert within(service, clear_kept) == 1 and within(service, clear_kept) == 0
    with service.database.reading() as reading:
        assert list(reading.scalars(sa.select(Kept.name))) == ["new"]


def test_overdue_attempts_are_handed_in_and_others_left(service: Service) -> None:
    attempts = [service.browser(service.person()).start("posttest").rpartition("/")[2]]
    service.clock.turn(minutes=8)
    attempts.append(service.browser(service.person()).start("posttest").rpartition("/")[2])
    service.clock.turn(minutes=3)
    assert within(service, hand_in_overdue) == 1 and within(service, hand_in_overdue) == 0
    with service.database.reading() as reading:
        states = [reading.get_one(Attempt, id_).state for id_ in attempts]
    assert states == ["submitted", "open"]


def test_delivering_with_nothing_connected_sends_nothing(service: Service) -> None:
    assert within(service, deliver) == 0


def test_a_courier_outlives_its_database(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    service = make_service(tmp_path)
    service.database.close()
    service.app.extensions["database"] = Database(f"sqlite:///{tmp_path}/no/such.sqlite")
    (tmp_path / "no").rmdir()
    with service.app.app_context(), pytest.raises(Unavailable):
        clear_kept()
    Courier(service.app).round()
    assert "an errand failed" in caplog.messages
