"""Certificates of the service: one a person whatever happens at once, the same bytes each time, and judged by other programs."""

from __future__ import annotations

import dataclasses
import datetime
import re
import subprocess
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from conftest import needs, run_command
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from coursewright.build.pdf_signature import check_pdf
from coursewright.build.signing import public_pem
from coursewright.serve.credit import issuing, printing
from coursewright.serve.credit.badges import public_facts
from coursewright.serve.credit.keys import identity, signing_key
from coursewright.serve.learning import events
from coursewright.serve.learning.taking import start
from coursewright.serve.library import Library
from coursewright.serve.store.tables import Attempt, CertificateRow, LogEntry, Person, ResultRow, Writing

from .ground import Clock, Service, library_of, make_service

SAMPLE = "SAMPLE: NOT VALID FOR CREDIT"
URL = "https://learn.example.org/courses"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """At this day, since the identities that tests make are not valid before it."""
    return of_today(make_service(tmp_path, url=URL))


def of_today(service: Service) -> Service:
    service.clock.moment = datetime.datetime.now(datetime.UTC)
    return service


def accredited() -> Library:
    """The course with a provider whose data are complete."""
    library = library_of()
    provider = library.course.info.provider.model_copy(update={"name": "A Provider", "number": "P-1", "approval_date": datetime.date(2026, 1, 1)})
    info = library.course.info.model_copy(update={"provider": provider})
    course = dataclasses.replace(library.course, info=info) if dataclasses.is_dataclass(library.course) else library.course.model_copy(update={"info": info})
    return dataclasses.replace(library, course=course, packet=dataclasses.replace(library.packet, course=course))


def submit(session: Session, service: Service, person: str, passed: bool = True) -> None:
    """The final test, submitted and graded, as pages do it."""
    final = service.library.final
    found = session.get(Person, person)
    assert final is not None and found is not None
    attempt = start(session, service.settings, service.library, found, final.id, service.clock())
    attempt.state, attempt.submitted_at = "submitted", service.clock()
    result = ResultRow(attempt_id=attempt.id, earned="9" if passed else "1", possible="10", needed=8, passed=passed, graded_at=service.clock())
    session.add(result)
    session.flush()
    events.submitted(session, service.settings, service.library, attempt, result, service.clock())


def evaluate(session: Session, service: Service, person: str) -> None:
    """The evaluation, handed in, as its page does it."""
    session.add(Writing(person_id=person, kind="evaluation", content={}, at=service.clock(), submitted_at=service.clock()))
    session.flush()
    events.happened(session, service.settings, service.library, "evaluated", person, "", service.clock())


def done(service: Service, **values: Any) -> tuple[str, str]:
    """A learner who has done all, and the serial."""
    person = service.person(**values)
    service.database.write(lambda s: submit(s, service, person))
    service.database.write(lambda s: evaluate(s, service, person))
    with service.database.reading() as reading:
        return person, reading.execute(select(CertificateRow.serial).where(CertificateRow.person_id == person)).scalar_one()


def held(service: Service, person: str) -> CertificateRow | None:
    with service.database.reading() as reading:
        return reading.execute(select(CertificateRow).where(CertificateRow.person_id == person)).scalar_one_or_none()


def at_next_minute(service: Service, name: str) -> str:
    """The serial of a learner who is done a minute later than the one before."""
    service.clock.turn(minutes=1)
    return done(service, given_name=name)[1]


def at_once(*works: Callable[[], Any]) -> None:
    """All of them at the same moment, each in a thread; whatever one raises is raised here."""
    barrier, raised = threading.Barrier(len(works)), []

    def run(work: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def test_the_certificate_comes_with_the_last_of_test_and_evaluation_and_not_before(service: Service) -> None:
    first, second = service.person(), service.person()
    service.database.write(lambda s: submit(s, service, first))
    service.database.write(lambda s: evaluate(s, service, second))
    assert held(service, first) is None and held(service, second) is None
    service.clock.turn(days=3)
    service.database.write(lambda s: evaluate(s, service, first))
    service.database.write(lambda s: submit(s, service, second, passed=False))
    row = held(service, first)
    assert row is not None and row.statement["d"] == service.clock().date().isoformat(), "completed on the day of the later step"
    assert held(service, second) is None, "a test that was not passed"
    service.database.write(lambda s: submit(s, service, second))
    assert held(service, second) is not None


def test_the_last_two_steps_at_once_give_one_certificate(tmp_path: Path, database_url: str) -> None:
    service = of_today(make_service(tmp_path, database_url))
    people = [service.person() for _ in range(4)]
    for person in people:
        at_once(lambda p=person: service.database.write(lambda s: submit(s, service, p)), lambda p=person: service.database.write(lambda s: evaluate(s, service, p)))  # type: ignore[misc]
    consider = [lambda p=person: service.database.write(lambda s: issuing.consider(s, service.settings, service.library, p, service.clock())) for person in people for _ in range(3)]
    at_once(*consider)
    with service.database.reading() as reading:
        assert sorted(reading.execute(select(CertificateRow.person_id)).scalars()) == sorted(people)
        assert reading.scalar(select(func.count()).where(LogEntry.action == "certificate issued")) == len(people)
    service.database.close()


def test_many_who_consider_the_same_person_at_once_all_get_the_one_certificate(tmp_path: Path, database_url: str) -> None:
    service = of_today(make_service(tmp_path, database_url))
    person, serials = service.person(), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(issuing, "consider", lambda *_: None)
        service.database.write(lambda s: submit(s, service, person))
        service.database.write(lambda s: evaluate(s, service, person))
    assert held(service, person) is None

    def consider() -> None:
        row = service.database.write(lambda s: issuing.consider(s, service.settings, service.library, person, service.clock()))
        assert row is not None
        serials.append(row.serial)

    at_once(*[consider] * 6)
    assert len(serials) == 6 and len(set(serials)) == 1
    service.database.close()


def test_a_serial_cannot_be_worked_out_from_what_a_roster_says(service: Service) -> None:
    _, one = done(service, learner_id="1042")
    other = make_service(Path(str(service.settings.data) + "-other"))
    of_today(other)
    _, two = done(other, learner_id="1042")
    assert one != two and re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){2}", one)
    other.database.close()


def test_everyone_downloads_the_same_bytes_whoever_had_them_made(service: Service) -> None:
    person, serial = done(service)
    made: list[bytes] = []
    at_once(*[lambda: made.append(printing.pdf_of(service.app, serial))] * 2)
    browser = service.browser(person)
    made += [browser.get("/certificate.pdf").data for _ in range(2)]
    assert len(made) == 4 and len(set(made)) == 1 and made[0].startswith(b"%PDF-")
    badges = {browser.get("/badge.jwt").data for _ in range(2)}
    assert len(badges) == 1


def test_somebody_else_gets_no_certificate_of_another(service: Service) -> None:
    done(service)
    other = service.browser(service.person())
    for address in ("/certificate.pdf", "/badge.jwt", "/badge.json"):
        assert other.get(address).status_code == 404, address
    assert "as soon as these steps are done" in other.get("/certificate").get_data(as_text=True)
    coordinator = service.browser()
    assert coordinator.get("/certificate").status_code == 303, "to sign in"


def test_the_page_lists_what_is_missing_and_then_gives_the_downloads(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    before = browser.get("/certificate").get_data(as_text=True)
    assert before.count('class="to-do"') == 2 and "/evaluation" in before and "/tests/" in before
    service.database.write(lambda s: submit(s, service, person))
    assert browser.get("/certificate").get_data(as_text=True).count('class="done"') == 1
    service.database.write(lambda s: evaluate(s, service, person))
    after = browser.get("/certificate").get_data(as_text=True)
    row = held(service, person)
    assert row is not None and row.serial in after and "/certificate.pdf" in after and f"{URL}/verify/{row.serial}" in after


def test_what_has_no_provider_says_that_it_is_a_sample_everywhere(service: Service) -> None:
    person, serial = done(service)
    browser = service.browser(person)
    assert SAMPLE in browser.get("/certificate").get_data(as_text=True)
    badge = browser.get("/badge.json").json
    assert badge is not None
    for text in (badge["name"], badge["description"], badge["issuer"]["name"], badge["credentialSubject"]["achievement"]["name"], badge["credentialSubject"]["achievement"]["criteria"]["narrative"]):
        assert SAMPLE in text
    assert "not valid for credit" in browser.get(f"/verify/{serial}").get_data(as_text=True)
    assert SAMPLE in identity(service.settings, service.library.course.info).certificate.subject.rfc4514_string()
    for name in ("achievement", "issuer"):
        assert SAMPLE in public_facts(service.app, name)["name"]
    document = pypdfium2.PdfDocument(browser.get("/certificate.pdf").data)
    assert SAMPLE in document[0].get_textpage().get_text_range()


def test_with_a_provider_nothing_says_sample_and_another_identity_signs(tmp_path: Path) -> None:
    service = of_today(make_service(tmp_path, library=accredited(), url=URL))
    person, serial = done(service)
    browser = service.browser(person)
    pdf = browser.get("/certificate.pdf").data
    text = pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()
    assert "SAMPLE" not in text and "A Provider" in text and "P-1" in text
    page = browser.get(f"/verify/{serial}").get_data(as_text=True)
    assert "Valid certificate" in page and "not valid" not in page
    signer = identity(service.settings, service.library.course.info)
    assert "A Provider" in signer.certificate.subject.rfc4514_string() and check_pdf(pdf, signer.certificate)
    assert "SAMPLE" not in browser.get("/badge.json").get_data(as_text=True)
    service.database.close()


def test_the_code_on_the_paper_leads_to_its_page_and_holds_what_is_checked_without_a_network(service: Service, tmp_path: Path) -> None:
    person, serial = done(service, given_name="Zoë", family_name="O’Brien-Łukasz", roster={"credential": "RN", "license_id": "RN1", "license_state": "FL"})
    browser = service.browser(person)
    (tmp_path / "c.pdf").write_bytes(browser.get("/certificate.pdf").data)
    image = pypdfium2.PdfDocument(tmp_path / "c.pdf")[0].render(scale=150 / 72).to_pil()
    (code,) = zxingcpp.read_barcodes(image)
    address, _, token = code.text.partition("#")
    assert address == f"{URL}/verify/{serial}" and token.startswith("CW1.")
    (tmp_path / "public-key.pem").write_bytes(public_pem(signing_key(service.settings)))
    for what in (tmp_path / "c.pdf", code.text, token):
        checked = run_command("verify", what, "--key", tmp_path / "public-key.pem")
        assert checked.returncode == 1 and "SAMPLE, NOT VALID FOR CREDIT (the signature is good)" in checked.stdout, "a sample is never valid"
        assert "Zoë O’Brien-Łukasz" in checked.stdout and serial in checked.stdout
    assert run_command("verify", code.text[:-4] + "AAAA", "--key", tmp_path / "public-key.pem").stdout.startswith("NOT VALID")
    text = pypdfium2.PdfDocument(tmp_path / "c.pdf")[0].get_textpage().get_text_range()
    assert "Zoë O’Brien-Łukasz, RN" in text and "RN1, FL" in text and "90%" in text


@needs("pdfsig")
def test_another_program_finds_the_signature_valid_and_one_changed_byte_breaks_it(service: Service, tmp_path: Path) -> None:
    _, serial = done(service)
    data = printing.pdf_of(service.app, serial)
    for name, content in (("good", data), ("bad", data[:900] + bytes([data[900] ^ 1]) + data[901:])):
        (tmp_path / f"{name}.pdf").write_bytes(content)
    said = {name: subprocess.run(["pdfsig", "-nocert", tmp_path / f"{name}.pdf"], capture_output=True, text=True, check=False).stdout for name in ("good", "bad")}
    assert "Signature is Valid" in said["good"] and "Total document signed" in said["good"] and "Signature is Valid" not in said["bad"]
    with pikepdf.open(BytesIO(data)) as pdf:
        assert len(pdf.pages) == 1 and b"pdfuaid" in bytes(pdf.Root.Metadata.read_bytes())


def test_what_is_printed_is_what_was_so_on_the_day_of_issue(service: Service) -> None:
    person, serial = done(service)

    def rename(session: Session) -> None:
        found = session.get(Person, person)
        assert found is not None
        found.family_name = "Renamed"

    service.database.write(rename)
    text = pypdfium2.PdfDocument(printing.pdf_of(service.app, serial))[0].get_textpage().get_text_range()
    assert "Ana Ray" in text and "Renamed" not in text


def test_a_name_in_letters_that_the_course_does_not_use_is_printed(service: Service) -> None:
    _, serial = done(service, given_name="Ђорђе", family_name="Љубић")
    pdf = printing.pdf_of(service.app, serial)
    assert "Ђорђе Љубић" in pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()


def test_a_withdrawal_closes_the_downloads_is_logged_and_is_not_undone_by_the_next_step(service: Service) -> None:
    person, serial = done(service)
    browser = service.browser(person)
    assert browser.get("/certificate.pdf").status_code == 200
    service.database.write(lambda s: issuing.withdraw(s, serial, "given in error", "coordinator-id", service.clock()))
    service.database.write(lambda s: issuing.withdraw(s, serial, "again", "coordinator-id", service.clock()))
    assert [browser.get(address).status_code for address in ("/certificate.pdf", "/badge.jwt", "/badge.json")] == [404] * 3
    assert "withdrawn" in browser.get("/certificate").get_data(as_text=True)
    again = service.database.write(lambda s: issuing.consider(s, service.settings, service.library, person, service.clock()))
    assert again is not None and again.serial == serial and again.withdrawn_at is not None
    service.database.write(lambda s: issuing.reinstate(s, serial, "it was right", "coordinator-id", service.clock()))
    assert browser.get("/certificate.pdf").status_code == 200
    with service.database.reading() as reading:
        log = reading.execute(select(LogEntry.actor, LogEntry.action).where(LogEntry.subject == f"certificate:{serial}").order_by(LogEntry.number)).all()
    assert [tuple(entry) for entry in log] == [("service", "certificate issued"), ("coordinator-id", "certificate withdrawn"), ("coordinator-id", "certificate reinstated")]


def test_a_key_that_cannot_be_used_stops_no_submission_and_the_certificate_follows(service: Service) -> None:
    path = service.settings.data / "signing-key.pem"
    path.write_text("not a key")
    path.chmod(0o600)
    person = service.person()
    service.database.write(lambda s: submit(s, service, person))
    service.database.write(lambda s: evaluate(s, service, person))
    assert held(service, person) is None
    assert "being issued" in service.browser(person).get("/certificate").get_data(as_text=True)
    path.unlink()
    assert printing.make_pending(service.app, limit=5) == 1
    row = held(service, person)
    assert row is not None and printing.pending(service.database) == []


def test_the_courier_makes_what_is_missing_and_a_zip_leaves_out_what_was_withdrawn(service: Service) -> None:
    first, second, third = (at_next_minute(service, name) for name in ("Ann", "Bo", "Cy"))
    service.database.write(lambda s: issuing.withdraw(s, second, "", "x", service.clock()))
    assert printing.pending(service.database) == [first, third]
    assert printing.make_pending(service.app, limit=1) == 1 and printing.pending(service.database) == [third]
    files = dict(printing.bulk(service.database, [first, second, third, "none"], service.app))
    assert sorted(files) == sorted([f"ray-ann-{first}.pdf", f"ray-cy-{third}.pdf"]) and all(data.startswith(b"%PDF-") for data in files.values())


def test_the_clock_of_tests_is_the_only_clock(service: Service) -> None:
    assert isinstance(service.clock, Clock)
    person, _ = done(service)
    row = held(service, person)
    assert row is not None and abs(row.issued_at - service.clock()) < datetime.timedelta(milliseconds=1)
    with service.database.reading() as reading:
        assert reading.scalar(select(Attempt.state).where(Attempt.id == row.attempt_id)) == "submitted"
