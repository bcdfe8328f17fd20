"""What coordinators decide about certificates: withdrawn, reinstated, issued anew; of a learner's, one at most stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.serve.credit import issuing
from coursewright.serve.store.tables import CertificateRow, Person, ResultRow

from .ground import Service, make_service
from .managing import coordinator, logged
from .test_certificates import URL, at_once, done, of_today, submit


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """At this day, since the identities that tests make are not valid before it."""
    return of_today(make_service(tmp_path, url=URL))


def all_of(service: Service, person: str) -> list[CertificateRow]:
    """The certificates of a person, in the order of issue; of the same moment the one that stands last."""
    with service.database.reading() as reading:
        return list(reading.execute(select(CertificateRow).where(CertificateRow.person_id == person).order_by(CertificateRow.issued_at, CertificateRow.withdrawn_at.is_(None))).scalars())


def test_a_certificate_issued_anew_takes_the_name_of_today_and_the_earlier_one_is_withdrawn(service: Service) -> None:
    cohort = service.cohort()
    person, serial = done(service, cohort=cohort, given_name="Amy", family_name="Rey")
    _, coordinator_browser = coordinator(service, cohort)
    learner, anybody = service.browser(person), service.browser()
    old = learner.get("/certificate.pdf").get_data()

    def correct(session: Session) -> None:
        found = session.get(Person, person)
        assert found is not None
        found.family_name = "Ray"

    service.database.write(correct)
    assert "Issue the certificate anew" in coordinator_browser.get(f"/manage/people/{person}").get_data(as_text=True)
    assert coordinator_browser.post(f"/manage/people/{person}/certificate/anew", reason="spelled wrongly", serial=serial).status_code == 303
    assert coordinator_browser.post(f"/manage/people/{person}/certificate/anew", reason="pressed twice", serial=serial).status_code == 400
    rows = all_of(service, person)
    assert [row.withdrawn_at is None for row in rows] == [False, True]
    new = rows[1].serial
    assert new != serial and rows[1].statement["n"] == "Amy Ray" and rows[1].attempt_id == rows[0].attempt_id
    page = learner.get("/certificate").get_data(as_text=True)
    assert new in page and serial not in page
    assert learner.get("/certificate.pdf").get_data() != old
    assert "was withdrawn" in anybody.get(f"/verify/{serial}").get_data(as_text=True)
    assert "Amy Ray" in anybody.get(f"/verify/{new}").get_data(as_text=True)
    (issued,) = [entry for entry in logged(service, "certificate issued") if entry.subject == f"certificate:{new}"]
    assert issued.after is not None and issued.after["in place of"] == serial and issued.after["reason"] == "spelled wrongly"


def test_a_learner_withdrawn_after_a_regrade_gets_another_certificate_for_another_passed_attempt(service: Service) -> None:
    cohort = service.cohort()
    person, serial = done(service, cohort=cohort)
    _, browser = coordinator(service, cohort)
    act = f"/manage/people/{person}/certificate"

    def fail(session: Session) -> None:
        for row in session.execute(select(ResultRow)).scalars():
            row.passed = False

    service.database.write(fail)
    refused = browser.post(f"{act}/anew", reason="regraded", serial=serial)
    assert refused.status_code == 400 and "Nothing was changed" in refused.get_data(as_text=True)
    assert [row.withdrawn_at for row in all_of(service, person)] == [None]
    assert browser.post(f"{act}/withdraw", reason="regraded", serial=serial).status_code == 303
    assert browser.post(f"{act}/anew", reason="pressed late", serial=serial).status_code == 400
    service.clock.turn(days=1)
    service.database.write(lambda s: submit(s, service, person))
    assert [row.serial for row in all_of(service, person)] == [serial], "a coordinator decides, since a coordinator withdrew"
    _, browser = coordinator(service, cohort)  # another day, another session
    assert browser.post(f"{act}/anew", reason="passed at last").status_code == 303
    assert len(all_of(service, person)) == 2
    assert browser.post(f"{act}/reinstate", reason="both", serial=serial).status_code == 400
    assert [row.withdrawn_at is None for row in all_of(service, person)] == [False, True]


def test_a_coordinator_withdraws_and_reinstates_with_a_reason_and_only_a_certificate_of_that_learner(service: Service) -> None:
    cohort = service.cohort()
    person, serial = done(service, cohort=cohort)
    other, others = done(service, cohort=cohort)
    _, browser = coordinator(service, cohort)
    act = f"/manage/people/{person}/certificate"
    assert browser.post(f"{act}/withdraw", reason="", serial=serial).status_code == 400
    assert browser.post(f"{act}/withdraw", reason="why", serial=others).status_code == 400
    assert browser.post(f"{act}/withdraw", reason="why", serial=serial).status_code == 303
    assert service.browser(person).get("/certificate.pdf").status_code == 404
    assert "Reinstate" in browser.get(f"/manage/people/{person}").get_data(as_text=True)
    assert browser.post(f"{act}/reinstate", reason="a mistake", serial=serial).status_code == 303
    assert service.browser(person).get("/certificate.pdf").status_code == 200
    assert [row.withdrawn_at for row in all_of(service, other)] == [None]
    assert [entry.after["reason"] for entry in (*logged(service, "certificate withdrawn"), *logged(service, "certificate reinstated")) if entry.after] == ["why", "a mistake"]


def test_of_several_who_issue_anew_at_once_one_certificate_stands(tmp_path: Path, database_url: str) -> None:
    service = of_today(make_service(tmp_path, database_url))
    person, _ = done(service)

    def anew() -> None:
        service.database.write(lambda s: issuing.issue_anew(s, service.settings, service.library, person, "why", "x", service.clock()))

    at_once(anew, anew, anew)
    rows = all_of(service, person)
    assert sum(row.withdrawn_at is None for row in rows) == 1 and len({row.serial for row in rows}) == 4
    service.database.close()
