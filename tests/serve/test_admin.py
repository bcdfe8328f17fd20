"""For administrators: staff and passwords, erasing a learner, the log."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
from conftest import ROOT
from sqlalchemy import JSON, LargeBinary, String, Text, inspect, select, text

from coursewright.serve.management import log
from coursewright.serve.management.adjusting import DONE
from coursewright.serve.management.erasure import erase
from coursewright.serve.management.slips import keep_codes, make_slips
from coursewright.serve.store import audit
from coursewright.serve.store.tables import (
    Answer,
    Attempt,
    CertificateRow,
    Identity,
    LogEntry,
    LtiLink,
    Outgoing,
    Person,
    ResultRow,
    Table,
    Writing,
)

from .ground import Browser, Service, make_service
from .managing import administrator, attempted, coordinator, logged, person_of

ADDED: dict[str, Any] = {"given_name": "Bea", "family_name": "Moss", "username": "Bea.Moss", "role": "coordinator"}


@pytest.fixture
def root(service: Service) -> Browser:
    return administrator(service)[1]


def link_in(page: str) -> str:
    found = re.search(r"http://[^<]*(/staff/password/[^<\s]+)", page)
    assert found, page
    return found[1]


def test_a_coordinator_and_a_learner_open_no_page_of_an_administrator(service: Service) -> None:
    cohort = service.cohort()
    learner = service.person(cohort=cohort)
    person, browser = coordinator(service, cohort)
    for each in (browser, service.browser(learner)):
        for address in ("/manage/staff", "/manage/log", f"/manage/people/{learner}/erase"):
            assert each.get(address).status_code == 404, address
        for address in ("/manage/staff", f"/manage/staff/{person}/role", f"/manage/staff/{person}/active", f"/manage/staff/{person}/link", f"/manage/people/{learner}/erase", "/manage/log/verify"):
            assert each.post(address, {**ADDED, "confirm": "Ana Ray", "active": "0"}).status_code == 404, address
    assert person_of(service, learner).erased_at is None and person_of(service, person).role == "coordinator"


def test_new_staff_set_a_password_by_a_link_that_works_once(service: Service, root: Browser) -> None:
    root.get("/manage/staff")
    link = link_in(root.post("/manage/staff", ADDED).get_data(as_text=True))
    assert "/staff/password/" not in root.get("/manage/staff").get_data(as_text=True), "shown once"
    browser = service.browser()
    assert "bea.moss" in browser.get(link).get_data(as_text=True)
    assert browser.post(link, password="short", again="short").status_code == 400
    assert browser.post(link, password="a long enough one", again="another long one").status_code == 400
    assert browser.post(link, password="bea.moss bea.moss", again="bea.moss bea.moss").status_code == 400
    assert browser.post(link, password="a long enough one", again="a long enough one").status_code == 303
    assert browser.get(link).status_code == 404
    browser.get("/staff")
    assert browser.post("/staff", username="Bea.Moss", password="a long enough one").status_code == 303
    assert browser.get("/manage").status_code == 200
    assert [row.after for row in logged(service, "staff added")] == [{"role": "coordinator"}]
    assert len(logged(service, "password set")) == 1
    assert "Moss" not in str([(row.before, row.after) for row in logged(service, "staff added")])


def test_a_link_ends_with_its_time_and_with_a_newer_one(service: Service, root: Browser) -> None:
    root.get("/manage/staff")
    first = link_in(root.post("/manage/staff", ADDED).get_data(as_text=True))
    with service.database.reading() as reading:
        person = reading.scalar(select(Person.id).where(Person.username == "bea.moss"))
    root.get("/manage/staff")
    second = link_in(root.post(f"/manage/staff/{person}/link").get_data(as_text=True))
    browser = service.browser()
    assert (browser.get(first).status_code, browser.get(second).status_code) == (404, 200)
    service.clock.turn(hours=73)
    assert browser.get(second).status_code == 404
    assert browser.post(second, password="a long enough one", again="a long enough one").status_code == 404


def test_a_user_name_is_given_once_and_a_role_is_one_that_there_is(service: Service, root: Browser) -> None:
    root.get("/manage/staff")
    root.post("/manage/staff", ADDED)
    for wrong in ({}, {"username": "x"}, {"username": "has space"}, {"username": "other", "role": "learner"}, {"username": "other", "given_name": ""}):
        assert root.post("/manage/staff", {**ADDED, **wrong}).status_code == 400, wrong


def test_the_last_administrator_can_be_neither_demoted_nor_closed(service: Service) -> None:
    person, root = administrator(service)
    root.get("/manage/staff")
    assert root.post(f"/manage/staff/{person}/role", role="coordinator").status_code == 400
    assert root.post(f"/manage/staff/{person}/active", active="0").status_code == 400
    other = service.person("administrator", username="second")
    assert root.post(f"/manage/staff/{other}/active", active="0").status_code == 303
    root.get("/manage/staff")
    assert root.post(f"/manage/staff/{person}/role", role="coordinator").status_code == 400, "the other is closed"


def test_who_changes_role_or_is_closed_is_signed_out_and_the_log_says_what_was_before(service: Service, root: Browser) -> None:
    person, browser = coordinator(service, service.cohort())
    root.get("/manage/staff")
    assert root.post(f"/manage/staff/{person}/role", role="administrator").status_code == 303
    assert browser.get("/manage").status_code == 303
    (row,) = logged(service, "role changed")
    assert (row.before, row.after) == ({"role": "coordinator"}, {"role": "administrator"})
    browser = service.browser(person)
    root.get("/manage/staff")
    root.post(f"/manage/staff/{person}/active", active="0")
    assert browser.get("/manage").status_code == 303
    assert logged(service, "staff deactivated")[0].before == {"active": True, "role": "administrator"}
    root.get("/manage/staff")
    root.post(f"/manage/staff/{person}/active", active="1")
    assert person_of(service, person).erased_at is None and person_of(service, person).password == ""


def test_a_second_factor_is_taken_off_for_somebody_whose_phone_is_lost(service: Service, root: Browser) -> None:
    person = service.person("coordinator", username="bea", second_factor="sealed")
    browser = service.browser(person)
    root.get("/manage/staff")
    assert root.post(f"/manage/staff/{person}/second-factor").status_code == 303
    assert person_of(service, person).second_factor == ""
    assert browser.get("/manage").status_code == 303
    (row,) = logged(service, "second factor taken off")
    assert (row.before, row.after) == ({"second_factor": True}, {"second_factor": False})


def test_no_learner_is_changed_by_the_pages_of_staff(service: Service, root: Browser) -> None:
    learner = service.person(cohort=service.cohort())
    root.get("/manage/staff")
    for action, fields in (("role", {"role": "administrator"}), ("active", {"active": "0"}), ("link", {})):
        assert root.post(f"/manage/staff/{learner}/{action}", fields).status_code == 404
    assert person_of(service, learner).role == "learner"


NAMES = ("Zoë-Xanthippe", "Quintessa", "RN-90210", "zoe.q@example.org", "subject-zq-1", "LIC-5577")


def known(service: Service) -> str:
    """A learner about whom there is something in every table."""
    cohort = service.cohort()
    given, family, number, email, subject, license_ = NAMES
    person = service.person(cohort=cohort, given_name=given, family_name=family, learner_id=number, email=email, roster={"license_id": license_, "npi": "1234567893"}, extra_percent=50)
    attempt = attempted(service, person)
    now = service.clock()

    def work(session: Any) -> None:
        found = session.get(Person, person)
        keep_codes(session, service.secret, make_slips([found], "https://quiz.example.org"), "someone", f"person:{person}", now, 90)
        session.add(Identity(issuer="https://id.example.org", subject=subject, person_id=person, created_at=now))
        session.add(LtiLink(issuer="https://lms.example.org", deployment="1", person_id=person, link="l", client="c", resource="course", subject=subject, at=now))
        texts: tuple[tuple[str, dict[str, Any]], ...] = (("reflection:r1", {"text": f"I am {given}"}), ("evaluation", {"q1": 4, "note": f"{family} says thanks"}), ("commitment", {"rows": [{"text": f"{given} will"}]}))
        for kind, content in texts:
            session.add(Writing(person_id=person, kind=kind, content=content, at=now, submitted_at=now))
        session.add(Writing(person_id=person, kind="erasure-request", content={"words": f"please, {given}"}, at=now, submitted_at=now))
        statement = {"s": "AAAA-BBBB-CCCC", "n": f"{given} {family}", "a": "a", "t": "t", "d": "2026-03-02", "h": "1", "c": "c", "p": "", "v": 1}
        certificate = session.scalar(select(CertificateRow).where(CertificateRow.person_id == person))
        if certificate is None:
            certificate = CertificateRow(serial="AAAA-BBBB-CCCC", person_id=person, attempt_id=attempt, statement={}, token="", issued_at=now)
            session.add(certificate)
        certificate.statement, certificate.facts, certificate.token, certificate.badge, certificate.pdf = statement, {"license_id": license_}, f"{given}.token", f"{family}.badge", f"%PDF {family}".encode()
        sent: tuple[dict[str, Any], ...]
        sent = ({"actor": {"account": {"name": person}, "name": f"{given} {family}"}}, {"to": email}, {"userId": subject})
        for content in sent:
            session.add(Outgoing(kind="xapi", content=content, due_at=now, created_at=now, problem=f"refused {email}"))
        session.add(Outgoing(kind="xapi", content={"of": "somebody else"}, due_at=now, created_at=now))
        answer = session.scalars(select(Answer).where(Answer.attempt_id == attempt)).first()
        answer.response = '{"text": "' + family + ' was here"}'

    service.database.write(work)
    service.browser(person)
    return person


def holding(service: Service, words: tuple[str, ...]) -> list[str]:
    """The columns of the database that hold any of these words."""
    found = []
    with service.database.reading() as reading:
        for table in Table.metadata.sorted_tables:
            for row in reading.execute(select(table)).mappings():
                for column in table.columns:
                    value = row[column.name]
                    shown = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    if isinstance(column.type, String | Text | JSON | LargeBinary) and any(word in shown for word in words):
                        found.append(f"{table.name}.{column.name}")
        names = set(inspect(reading.connection()).get_table_names())
    assert set(Table.metadata.tables) <= names
    return found


def test_erasing_leaves_no_name_in_any_column_of_the_database(tmp_path: Any, database_url: str) -> None:
    service = make_service(tmp_path, database_url)
    try:
        person = known(service)
        assert {"person.given_name", "writing.content", "certificate.pdf", "outgoing.content", "answer.response"} <= set(holding(service, NAMES))
        _, root = administrator(service)
        page = root.get(f"/manage/people/{person}/erase").get_data(as_text=True)
        assert "for 6 years" in page
        assert root.post(f"/manage/people/{person}/erase", confirm="somebody else").status_code == 400
        assert person_of(service, person).erased_at is None
        assert root.post(f"/manage/people/{person}/erase", confirm="zoë-xanthippe  quintessa").status_code == 303
        assert holding(service, NAMES) == []
        root.get(f"/manage/people/{person}")
        assert root.post(f"/manage/people/{person}/erase", confirm="").status_code == 303, "a second time does nothing"
        assert len(logged(service, "learner erased")) == 1
    finally:
        service.database.close()


def test_what_was_achieved_stays_as_numbers(service: Service, root: Browser) -> None:
    person = known(service)
    root.get(f"/manage/people/{person}/erase")
    root.post(f"/manage/people/{person}/erase", confirm=person)
    with service.database.reading() as reading:
        attempt = reading.scalar(select(Attempt).where(Attempt.person_id == person))
        assert attempt is not None and reading.get(ResultRow, attempt.id) is not None
        evaluation = reading.get(Writing, (person, "evaluation"))
        assert evaluation is not None and evaluation.content == {"q1": 4} and evaluation.submitted_at is not None
        certificate = reading.scalar(select(CertificateRow).where(CertificateRow.person_id == person))
        assert certificate is not None and certificate.statement["d"] == "2026-03-02" and "n" not in certificate.statement
        assert reading.execute(select(Outgoing.content)).scalars().all() == [{"of": "somebody else"}]
    assert root.get(f"/manage/people/{person}").status_code == 200
    assert root.get(f"/manage/attempts/{attempt.id}").status_code == 200


def test_nothing_of_an_erased_learner_is_left_in_the_file(service: Service) -> None:
    person = known(service)
    service.database.write(lambda session: erase(session, session.get_one(Person, person), "someone", service.clock()))
    with service.database.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    assert service.database.file is not None
    data = service.database.file.read_bytes()
    assert not [name for name in NAMES if name.encode() in data or name.encode("ascii", "backslashreplace") in data]


def test_a_wish_to_be_deleted_is_listed_until_it_is_done(service: Service, root: Browser) -> None:
    person = known(service)
    assert "Quintessa" in root.get("/manage/staff").get_data(as_text=True)
    root.get(f"/manage/people/{person}/erase")
    root.post(f"/manage/people/{person}/erase", confirm=person)
    assert "Nobody asks now" in root.get("/manage/staff").get_data(as_text=True)


def test_the_log_is_read_with_names_filtered_and_paged(service: Service, root: Browser) -> None:
    cohort = service.cohort()
    person = service.person(cohort=cohort, given_name="Zoe", family_name="Quint")
    attempt = attempted(service, person)
    service.database.write(lambda session: [audit.append(session, service.clock(), person, "signed in", f"person:{person}") for _ in range(110)])
    page = root.get("/manage/log").get_data(as_text=True)
    assert "Zoe Quint" in page and "Older rows" in page
    older = re.search(r'href="(/manage/log\?before=\d+)"', page)
    assert older and "attempt began" in root.get(older[1]).get_data(as_text=True)

    def rows(query: str) -> list[str]:
        return re.findall(r'<td class="action">([^<]+)</td>', root.get(f"/manage/log?{query}").get_data(as_text=True))

    assert set(rows("action=attempt+began")) == {"attempt began"}
    assert set(rows(f"subject=attempt:{attempt}")) == {"attempt submitted", "attempt began"}
    assert rows("person=nobody") == []
    assert len(rows(f"person={person}")) == 100


def test_the_log_says_whether_its_chain_holds(service: Service, root: Browser) -> None:
    service.browser(service.person())
    page = root.get("/manage/log").get_data(as_text=True)
    found = re.search(r'<code class="command">([0-9a-f]{64})</code>', page)
    assert found
    assert "The chain holds" in root.post("/manage/log/verify", noted=found[1]).get_data(as_text=True)
    assert "does not hold" in root.post("/manage/log/verify", noted="f" * 64).get_data(as_text=True)
    assert root.post("/manage/log/verify", noted="not a hash").status_code == 400

    def alter(session: Any) -> None:
        session.execute(text("DROP TRIGGER log_no_update"))
        row = session.scalar(select(LogEntry).order_by(LogEntry.number))
        row.actor = "somebody else"

    service.database.write(alter)
    assert "Row 1" in root.post("/manage/log/verify").get_data(as_text=True)


def test_every_action_that_the_log_is_told_has_words(service: Service) -> None:
    told = set(DONE.values())
    for path in sorted((ROOT / "coursewright" / "serve").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            place = {"audit.append": 3, "Form": 5}.get(ast.unparse(call.func))
            if place is not None and len(call.args) > place:
                found = {node.value for node in ast.walk(call.args[place]) if isinstance(node, ast.Constant)}
                assert found or ast.unparse(call.args[place]) in ("DONE[wish.action]", "action"), f"{path}: {call.lineno}"
                told |= found
    with service.app.test_request_context():
        assert told - set(log.words()) == set()
    assert len(told) > 50
