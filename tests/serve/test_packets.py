"""The packet for printing: only what its manifest lists, only for staff; and rosters that `forms` reads."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from coursewright.plan.gradebook import Sitting
from coursewright.plan.record import read_record
from coursewright.plan.sittings import sittings_json
from coursewright.read.roster import read_roster
from coursewright.serve.library import Library
from coursewright.serve.management import printing
from coursewright.serve.management.erasure import erase
from coursewright.serve.running import courier
from coursewright.serve.store.tables import Attempt, Person, PrintJob

from .ground import Browser, Service, library_of, make_service
from .managing import logged
from .test_paper import send, zipped
from .test_results import coordinator


@pytest.fixture
def printed(tmp_path: Path) -> Iterator[Service]:
    """A service whose course has a packet beside it."""
    dist = tmp_path / "root" / "dist"
    (dist / "quizzes").mkdir(parents=True)
    (dist / "quizzes" / "test.pdf").write_bytes(b"%PDF-1.7 questions")
    (dist / "quizzes" / "key.pdf").write_bytes(b"%PDF-1.7 keys")
    (dist / "private.txt").write_text("not listed")
    (tmp_path / "root" / "secret").write_text("outside")
    (dist / "link.pdf").symlink_to(tmp_path / "root" / "secret")
    library = library_of()

    def entry(path: str, audience: str) -> dict[str, object]:
        return {"path": path, "size": 1_400_000, "pages": 12, "title": "Post-test", "group": "Quizzes", "audience": audience, "paper": "A4", "note": "", "preview": ""}

    files = [entry("quizzes/test.pdf", "learner"), entry("quizzes/key.pdf", "educator"), entry("link.pdf", "learner"), entry("../secret", "learner")]
    (dist / "manifest.json").write_text(json.dumps({"course": library.course.info.id, "files": files, "inputs": {}}))
    made = make_service(tmp_path, library=_rooted(library, tmp_path / "root"))
    yield made
    made.database.close()


def _rooted(library: Library, root: Path) -> Library:
    return replace(library, root=root)


def staff(service: Service) -> Browser:
    return service.browser(service.person("administrator"))


def test_files_of_learners_and_educators_stand_apart_and_are_downloaded(printed: Service) -> None:
    browser = staff(printed)
    page = browser.get("/manage/packets").get_data(as_text=True)
    assert page.index("For learners") < page.index("quizzes/test.pdf") < page.index("For educators") < page.index("quizzes/key.pdf")
    assert "1.4 MB" in page
    answer = browser.get("/manage/packets/files/quizzes/key.pdf")
    assert answer.data == b"%PDF-1.7 keys"
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["private.txt", "link.pdf", "../secret", "%2e%2e/secret", "quizzes/../private.txt", "/etc/passwd", "manifest.json", "quizzes", "quizzes%5ckey.pdf", "quizzes/key.pdf%00"])
def test_no_other_file_is_to_be_had(printed: Service, name: str) -> None:
    answer = staff(printed).get(f"/manage/packets/files/{name}")
    assert answer.status_code in (404, 308)
    assert b"outside" not in answer.data


def test_learners_get_no_file_not_even_their_own(printed: Service) -> None:
    browser = printed.browser(printed.person())
    assert browser.get("/manage/packets/files/quizzes/test.pdf").status_code == 404
    assert browser.get("/manage/packets/files/quizzes/key.pdf").status_code == 404


@pytest.mark.parametrize("manifest", ["", "{}", "[]", '{"course": "another", "files": []}', '{"course": 1, "files": [1]}', "\ud7ff"])
def test_a_manifest_that_makes_no_sense_is_as_if_none_was_built(printed: Service, manifest: str) -> None:
    (printed.library.root / "dist" / "manifest.json").write_text(manifest)
    browser = staff(printed)
    assert "No packet was built" in browser.get("/manage/packets").get_data(as_text=True)
    assert browser.get("/manage/packets/files/quizzes/key.pdf").status_code == 404


def test_forms_that_a_coordinator_asks_for_are_printed_by_the_courier_and_their_sheets_come_back_as_results(service: Service) -> None:
    cohort = service.cohort()
    for n, name in enumerate(("Ann", "Bo"), 1):
        service.person(cohort=cohort, given_name=name, family_name="Ray", learner_id=f"L{n}")
    for _ in range(2):  # namesakes without numbers
        service.person(cohort=cohort, given_name="Cy", family_name="Ray")
    browser = service.browser(coordinator(service, cohort))
    browser.get("/manage/packets")
    assert browser.post(f"/manage/packets/forms/{cohort}", test="posttest", paper="letter", forms="").status_code == 303
    assert "being made" in browser.get("/manage/packets").get_data(as_text=True)
    with service.app.app_context():
        assert courier.print_forms() is True
        (thread,) = [thread for thread in threading.enumerate() if thread.name == courier.PRINTER]
        assert courier.print_forms() is False, "one at a time"
        thread.join()
        assert courier.print_forms() is False, "nothing is left to do"
    page = browser.get("/manage/packets").get_data(as_text=True)
    address = re.search(rf'href="(/manage/packets/forms/{cohort}/[a-z0-9]+\.zip)"', page)
    assert address is not None, page
    pack = zipfile.ZipFile(io.BytesIO(browser.get(address[1]).data))
    files = {name.partition("/")[2]: name for name in pack.namelist()}
    assert {"print.pdf", "seating.pdf", "key.pdf", "key.csv", "record.jsonl"} <= set(files)
    printed = pypdfium2.PdfDocument(pack.read(files["print.pdf"]))
    assert round(printed[0].get_width()) == 612
    text = "".join(each.get_textpage().get_text_range() for each in printed)
    assert "Ann Ray" in text and "Bo Ray" in text
    record = read_record(pack.read(files["record.jsonl"]).decode())
    sheets = [Sitting(copy.form, {}, sheet=code, learner_id=copy.learner_id, completed_at="2026-03-01") for code, copy in record.copies.items()]
    assert sorted(sheet.learner_id for sheet in sheets) == ["", "", "L1", "L2"]
    _, confirm = send(browser, zipped(("a/record.jsonl", pack.read(files["record.jsonl"])), ("a/sittings.jsonl", sittings_json(sheets))))
    assert browser.post(confirm).status_code == 303
    with service.database.reading() as reading:
        assert reading.scalar(select(func.count()).select_from(Attempt).where(Attempt.kind == "paper")) == 2
    assert [entry.subject for entry in logged(service, "forms printed")] == [f"cohort:{cohort}"]
    assert {entry.subject for entry in logged(service, "exported")} == {"export:forms"}


def test_printed_forms_are_taken_away_after_a_while_and_when_a_name_on_them_is_erased(service: Service) -> None:
    cohort, other = service.cohort(), service.cohort("Other")
    person = service.person(cohort=cohort)

    def job(of: str) -> str:
        made = PrintJob(cohort_id=of, test="posttest", paper="a4", asked_at=service.clock(), made_at=service.clock(), state="made", file=b"PK")
        return service.database.write(lambda session: _kept(session, made))

    first, second = job(cohort), job(other)
    admin = service.person("administrator")
    browser = service.browser(admin)
    addresses = [f"/manage/packets/forms/{of}/{id_}.zip" for of, id_ in ((cohort, first), (other, second))]
    assert [browser.get(address).status_code for address in addresses] == [200, 200]
    service.database.write(lambda session: erase(session, session.get(Person, person), "x", service.clock()))  # type: ignore[arg-type]
    assert [browser.get(address).status_code for address in addresses] == [404, 200]
    service.clock.turn(days=15)
    assert printing.is_due(service.app)
    printing.work_off(service.app)
    assert not printing.is_due(service.app)
    assert [service.browser(admin).get(address).status_code for address in addresses] == [404, 404]


def _kept(session: Session, row: PrintJob) -> str:
    session.add(row)
    session.flush()
    return row.id


def test_forms_that_cannot_be_made_are_tried_twice_and_then_said_to_have_failed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort = service.cohort()
    service.person(cohort=cohort)
    browser = service.browser(coordinator(service, cohort))
    browser.get("/manage/packets")
    for forms, test in (("0", "posttest"), ("x", "posttest"), ("", "none")):
        assert browser.post(f"/manage/packets/forms/{cohort}", test=test, paper="a4", forms=forms).status_code == 400
    assert browser.post(f"/manage/packets/forms/{cohort}", test="posttest", paper="a4", forms="1").status_code == 303
    monkeypatch.setattr(printing, "_print", lambda *_: ({}, None, "no space is left"))
    assert [printing.work_off(service.app) for _ in range(3)] == [0, 0, 0]
    page = browser.get("/manage/packets").get_data(as_text=True)
    assert "could not be made" in page and "no space is left" in page


def test_the_roster_of_a_cohort_is_read_by_forms_as_it_stands(service: Service) -> None:
    mine, other = service.cohort("Ward 3; “March”"), service.cohort("Other")
    service.person(cohort=mine, given_name="Zoë", family_name="Ångström", learner_id="A1", extra_minutes=10, extra_percent=25, email="z@example.org", roster={"large_print": True, "seat": "4", "profession": "RN", "consent_to_report": True})
    service.person(cohort=mine, given_name="=cmd()", family_name="B", learner_id="A2")
    browser = service.browser(coordinator(service, mine))
    answer = browser.get(f"/manage/packets/rosters/{mine}.csv")
    roster = read_roster("r.csv", answer.data, ("given_name", "family_name"))
    assert not roster.diagnostics
    two, one = sorted(roster.learners, key=lambda learner: learner.learner_id, reverse=True)
    assert (one.name, one.learner_id, one.extra_minutes, one.extra_percent, one.large_print, one.seat, one.consent_to_report, one.email) == ("Zoë Ångström", "A1", 10, 25, True, "4", True, "z@example.org")
    assert "'=cmd()" in answer.get_data(as_text=True)
    assert two.given_name == "=cmd()"
    assert browser.get(f"/manage/packets/rosters/{other}.csv").status_code == 404
    page = browser.get("/manage/packets").get_data(as_text=True)
    assert "python build.py forms posttest --roster roster-ward_3_march.csv --out forms/posttest-ward_3_march" in page
