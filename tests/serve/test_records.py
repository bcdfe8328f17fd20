"""What is taken out: the same files that the commands write, audited, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import pypdfium2
from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.build.certify import passed
from coursewright.build.grade import write_results
from coursewright.plan.certificate import CE_BROKER, NEUTRAL, ce_broker_rows, credit_hours, neutral_rows, plan_certificate
from coursewright.read.roster import read_roster
from coursewright.serve.management.results import gradebook_of
from coursewright.serve.store.tables import Attempt, CertificateRow, LogEntry, Person
from coursewright.write.accreditation import csv_bytes

from .ground import Service
from .test_results import TEST, coordinator, sit

ABOUT = (
    {"profession": "RN", "license_state": "CA", "license_id": "X1", "consent_to_report": True, "birth_month": 4},
    {"profession": "MD", "license_state": "NY", "license_id": "X2"},
    {"profession": "RN", "consent_to_report": True},
)


def holders(service: Service) -> str:
    """Three who passed and hold certificates, the first of whom has a name like a formula. Returns their cohort."""
    cohort = service.cohort()
    for n, about in enumerate(ABOUT, 1):
        given = "=HYPERLINK(1)" if n == 1 else f"Given{n}"
        sit(service, service.person(cohort=cohort, given_name=given, family_name=f"Family{n}", learner_id=f"L{n}", roster=about), "11")

    def issue(session: Session) -> None:
        book = gradebook_of(session, service.library, TEST, None, "best")
        roster = read_roster("book.csv", csv_of(book))
        learners = {learner.learner_id: learner for learner in roster.learners}
        for person, attempt in session.execute(select(Person, Attempt).join(Attempt, Attempt.person_id == Person.id)):
            made = plan_certificate(service.library.course, learners[person.learner_id], credit_hours(service.library.course))
            session.add(CertificateRow(serial=made.serial, person_id=person.id, attempt_id=attempt.id, statement=made.statement, token="t", issued_at=service.clock(), pdf=b"%PDF-" + made.serial.encode()))

    service.database.write(issue)
    return cohort


def csv_of(book: object) -> bytes:
    from coursewright.serve.management.records import gradebook_csv

    return gradebook_csv(book)  # type: ignore[arg-type]


def exports(service: Service) -> list[tuple[str, dict[str, object]]]:
    with service.database.reading() as reading:
        entries = reading.execute(select(LogEntry).where(LogEntry.action == "exported").order_by(LogEntry.number)).scalars()
        return [(entry.subject, entry.after or {}) for entry in entries]


def test_learner_records_say_what_the_certificate_says_whatever_became_of_the_course(service: Service) -> None:
    holders(service)

    def designated_otherwise(session: Session) -> None:
        for row in session.execute(select(CertificateRow)).scalars():
            row.statement = {**row.statement, "h": "9.5", "t": "As it was called", "c": "another kind"}

    service.database.write(designated_otherwise)
    browser = service.browser(service.person("administrator"))
    rows = list(csv.DictReader(io.StringIO(browser.get("/manage/records/all.csv").data.decode("utf-8-sig"))))
    assert len(rows) == 3 and {(row["credits"], row["activity_title"], row["credit_type"]) for row in rows} == {("9.50", "As it was called", "another kind")}


def test_the_gradebook_is_the_one_that_grade_writes_and_certify_reads(service: Service, tmp_path: Path) -> None:
    holders(service)
    answer = service.browser(service.person("administrator")).get(f"/manage/results/{TEST}/gradebook.csv")
    with service.database.reading() as reading:
        book = gradebook_of(reading, service.library, TEST, None, "best")
    write_results(tmp_path, book)
    assert answer.data == (tmp_path / "gradebook.csv").read_bytes()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="gradebook-posttest.csv"'
    kept, found = passed(service.library.course, read_roster("g.csv", answer.data))
    assert (len(kept), found) == (3, [])
    assert b"'=HYPERLINK" in answer.data


def test_learner_records_are_those_of_the_records_command(service: Service) -> None:
    holders(service)
    browser, course = service.browser(service.person("administrator")), service.library.course
    roster = read_roster("g.csv", browser.get(f"/manage/results/{TEST}/gradebook.csv").data)
    kept, _ = passed(course, roster)
    everyone = browser.get("/manage/records/all.csv").data

    def comparable(data: bytes) -> list[dict[str, str]]:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
        return [{**row, "attempts": "", "score_percent": str(Decimal(row["score_percent"]).normalize())} for row in rows]

    told = csv_bytes(NEUTRAL, neutral_rows(course, kept, credit_hours(course)))
    assert comparable(everyone) == comparable(told)
    assert browser.get("/manage/records/ce-broker.csv").data == csv_bytes(CE_BROKER, ce_broker_rows(course, kept))
    consenting = comparable(browser.get("/manage/records/neutral.csv").data)
    assert [row["family_name"] for row in consenting] == ["Family1", "Family3"]


def test_withdrawn_and_erased_holders_are_in_no_list(service: Service) -> None:
    holders(service)

    def work(session: Session) -> None:
        rows = session.execute(select(CertificateRow, Person).join(Person, Person.id == CertificateRow.person_id).order_by(Person.family_name)).all()
        rows[0].CertificateRow.withdrawn_at = service.clock()
        rows[1].Person.erased_at = service.clock()

    service.database.write(work)
    data = service.browser(service.person("administrator")).get("/manage/records/all.csv").get_data(as_text=True)
    assert [word in data for word in ("Family1", "Family2", "Family3")] == [False, False, True]


def test_every_download_is_in_the_log_without_a_name(service: Service) -> None:
    cohort = holders(service)
    browser = service.browser(coordinator(service, cohort))
    addresses = (f"/manage/results/{TEST}/gradebook.csv", f"/manage/results/{TEST}/tables/items.csv", "/manage/records/neutral.csv", "/manage/records/all.csv", "/manage/records/ce-broker.csv", "/manage/records/certificates.zip")
    for address in addresses:
        assert browser.get(address).status_code == 200
    found = exports(service)
    assert [subject for subject, _ in found] == [f"export:{what}" for what in ("gradebook", "items", "learner-records", "learner-records-all", "ce-broker", "certificates")]
    assert [after["rows"] for _, after in found] == [3, 3, 2, 3, 1, 3]
    assert all(after["cohort"] == cohort for _, after in found)
    assert "Family" not in str(found)
    assert "L1" not in str(found)


def test_certificates_come_in_one_zip_each_as_it_is_kept(service: Service) -> None:
    holders(service)
    browser = service.browser(service.person("administrator"))
    assert "3 certificates stand" in browser.get("/manage/records").get_data(as_text=True)
    with zipfile.ZipFile(io.BytesIO(browser.get("/manage/records/certificates.zip").data)) as pack:
        assert pack.testzip() is None
        files = {name: pack.read(name) for name in pack.namelist()}
    with service.database.reading() as reading:
        kept = set(reading.execute(select(CertificateRow.pdf)).scalars())
    assert set(files.values()) == kept
    assert len(files) == 3


def test_without_certificates_there_is_a_word_and_no_empty_zip(service: Service) -> None:
    browser = service.browser(service.person("administrator"))
    answer = browser.get("/manage/records/certificates.zip")
    assert answer.status_code == 303
    assert "no certificate yet" in browser.follow(answer).get_data(as_text=True)


def test_score_reports_come_in_one_file_without_keys(service: Service) -> None:
    holders(service)
    answer = service.browser(service.person("administrator")).get(f"/manage/results/{TEST}/reports.pdf")
    assert answer.mimetype == "application/pdf"
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(answer.data)]
    assert len(pages) == 3
    assert all("Passed" in text for text in pages)
    assert not any("Key" in text for text in pages)
    assert exports(service)[-1][0] == "export:score-reports"


def test_gains_are_a_table_only_where_there_is_a_pre_test(service: Service) -> None:
    holders(service)
    browser = service.browser(service.person("administrator"))
    assert browser.get(f"/manage/results/{TEST}/tables/gains.csv").status_code == 404
    assert browser.get(f"/manage/results/{TEST}/tables/../../x").status_code == 404
    assert browser.get(f"/manage/results/{TEST}/tables/history.csv").status_code == 200
