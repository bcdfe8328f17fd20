"""Reminders by mail: one for each person and day, to whoever wants them, through a server that is configured; else none."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from coursewright.serve.connections import outbox
from coursewright.serve.connections.mail import lay_out
from coursewright.serve.store.tables import Outgoing, Person

from .ground import Service, make_service


@dataclass
class Box:
    """A mail server that keeps what it gets. `refusing`: it says no to every recipient. `leaving`: what it says in the end."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    refusing: bool = False
    leaving: str = "221 bye"


@pytest.fixture
def box() -> Iterator[Box]:
    made = Box()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 box")
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    self.say("354 go on")
                    data = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        data += part
                    made.letters.append(message_from_bytes(data, policy=policy.default))  # type: ignore[arg-type]
                    self.say("250 kept")
                elif word == b"RCPT" and made.refusing:
                    self.say("550 no")
                elif word == b"QUIT":
                    self.say(made.leaving)
                    return
                else:
                    self.say("250 ok")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        made.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


def with_mail(tmp_path: Path, box: Box) -> Service:
    return make_service(tmp_path, mail={"host": "127.0.0.1", "port": box.port, "sender": "quiz@example.org", "encrypted": False}, url="http://quiz.example.org")


def finish(service: Service, **values: Any) -> str:
    """A learner who has handed in the final test."""
    person = service.person(**{"email": "ana@example.org", "learner_id": "1", **values})
    browser = service.browser(person)
    address = browser.start("posttest")
    browser.get(f"{address}/submit")
    browser.post(f"{address}/submit")
    return person


def run(service: Service) -> int:
    laid = lay_out(service.app, service.clock())
    outbox.deliver(service.app, service.clock())
    return laid


def test_each_reminder_goes_out_once_on_its_day(tmp_path: Path, box: Box) -> None:
    service = with_mail(tmp_path, box)
    finish(service, language="en")
    assert run(service) == 0 and box.letters == []
    service.clock.turn(days=7)
    for _ in range(3):
        run(service)
    assert len(box.letters) == 1
    letter = box.letters[0]
    assert letter["To"] == "Ana Ray <ana@example.org>" and letter["From"] == "quiz@example.org" and "recall" in letter["Subject"]
    assert "http://quiz.example.org/recall" in letter.get_content() and "/account" in letter.get_content()
    service.clock.turn(days=23)
    run(service)
    assert len(box.letters) == 2
    service.clock.turn(days=60)
    run(service)
    assert len(box.letters) == 2
    service.database.close()


def test_a_reminder_that_is_long_past_is_not_sent(tmp_path: Path, box: Box) -> None:
    service = with_mail(tmp_path, box)
    finish(service)
    service.clock.turn(days=25)
    assert run(service) == 0
    service.database.close()


def test_whoever_said_no_has_no_address_or_is_erased_gets_none(tmp_path: Path, box: Box) -> None:
    service = with_mail(tmp_path, box)
    silent, erased = finish(service), finish(service, learner_id="2", email="ben@example.org")
    finish(service, learner_id="3", email="")
    browser = service.browser(silent)
    assert "No more reminders" in browser.get("/account").get_data(as_text=True)
    browser.post("/account/reminders", reminders="0")
    service.clock.turn(days=7)
    assert lay_out(service.app, service.clock()) == 1

    def erase(session: Any) -> None:
        person = session.get(Person, erased)
        person.erased_at, person.email = service.clock(), ""

    service.database.write(erase)
    outbox.deliver(service.app, service.clock())
    assert box.letters == []
    service.database.close()


def test_without_a_mail_server_nothing_is_ever_queued(service: Service) -> None:
    finish(service)
    service.clock.turn(days=7)
    assert run(service) == 0
    with service.database.reading() as reading:
        assert reading.scalar(select(func.count()).select_from(Outgoing)) == 0


@pytest.mark.parametrize("leaving", ["221 bye", "421 too busy to say goodbye"])
def test_an_address_that_can_be_none_and_a_rude_goodbye_send_nothing_twice(tmp_path: Path, box: Box, leaving: str) -> None:
    box.leaving = leaving
    service = with_mail(tmp_path, box)
    for n, address in enumerate(("one@example.org", "ana@[hospital.org", "two@example.org")):
        finish(service, email=address, learner_id=str(n))
    service.clock.turn(days=7)
    for _ in range(3):
        run(service)
        service.clock.turn(hours=2)
    assert sorted(letter["To"] for letter in box.letters) == ["Ana Ray <one@example.org>", "Ana Ray <two@example.org>"]
    with service.database.reading() as reading:
        assert None not in reading.execute(select(Outgoing.sent_at)).scalars().all()
    service.database.close()


def test_what_a_server_refuses_or_that_is_away_waits_and_goes_out_later(tmp_path: Path, box: Box) -> None:
    service = with_mail(tmp_path, box)
    finish(service)
    service.clock.turn(days=7)
    box.refusing = True
    run(service)
    with service.database.reading() as reading:
        row = reading.execute(select(Outgoing)).scalar_one()
    assert row.sent_at is None and "ana" not in row.problem and "ana" not in str(row.content)
    box.refusing = False
    service.clock.turn(hours=2)
    outbox.deliver(service.app, service.clock())
    assert len(box.letters) == 1
    service.database.close()
