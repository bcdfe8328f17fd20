"""Slips: new codes on paper for whom they are meant, shown once, kept as hashes alone."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pikepdf
from sqlalchemy import select

from coursewright.serve.management import slips
from coursewright.serve.store.tables import AccessCode, Person

from .ground import Service
from .managing import coordinator, logged

WORDS = {"title": "Personal codes", "qr": "QR code", "how": "Scan this:", "keep": "For you alone."}


def codes(service: Service, person: str) -> list[AccessCode]:
    with service.database.reading() as reading:
        return list(reading.execute(select(AccessCode).where(AccessCode.person_id == person).order_by(AccessCode.created_at)).scalars())


def in_force(service: Service, person: str) -> int:
    return sum(code.ended_at is None for code in codes(service, person))


def test_the_links_let_each_learner_in_and_the_codes_before_do_no_more(service: Service) -> None:
    cohort = service.cohort()
    people = [service.person(cohort=cohort, given_name=f"P{n}", email=f"p{n}@example.org") for n in range(2)]
    old = service.code(people[0])
    who, browser = coordinator(service, cohort)
    browser.get(f"/manage/cohorts/{cohort}/slips")
    answer = browser.post(f"/manage/cohorts/{cohort}/links.csv", which="all")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [row["email"] for row in rows] == ["p0@example.org", "p1@example.org"]
    assert rows[0]["link"].endswith("/s/" + rows[0]["code"].replace("-", ""))
    assert service.browser().post("/sign-in", code=old).status_code == 401
    for row in rows:
        assert service.browser().post("/sign-in", code=row["code"]).status_code == 303
    (entry,) = logged(service, "codes made")
    assert entry.actor == who and entry.after == {"people": people, "days": 90}


def test_no_code_is_kept_in_clear(service: Service) -> None:
    cohort = service.cohort()
    service.person(cohort=cohort)
    _, browser = coordinator(service, cohort)
    browser.get(f"/manage/cohorts/{cohort}/slips")
    text = browser.post(f"/manage/cohorts/{cohort}/links.csv", which="all").get_data().decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert service.database.file is not None
    for path in service.database.file.parent.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert row["code"].encode() not in data and row["code"].replace("-", "").encode() not in data, path


def test_only_who_lacks_a_code_gets_one_unless_others_are_chosen(service: Service) -> None:
    cohort, other = service.cohort(), service.cohort("Other")
    having, lacking = service.person(cohort=cohort, given_name="Has"), service.person(cohort=cohort, given_name="Lacks")
    stranger = service.person(cohort=other, given_name="Stranger")
    service.code(having)
    _, browser = coordinator(service, cohort)
    browser.get(f"/manage/cohorts/{cohort}/slips")
    text = browser.post(f"/manage/cohorts/{cohort}/links.csv", which="lacking").get_data(as_text=True)
    assert "Lacks" in text and "Has" not in text
    text = browser.post(f"/manage/cohorts/{cohort}/links.csv", {"which": "ticked", "person": [having, stranger]}).get_data(as_text=True)
    assert "Has" in text and "Lacks" not in text and "Stranger" not in text
    assert (len(codes(service, having)), in_force(service, having)) == (2, 1)
    assert (in_force(service, lacking), codes(service, stranger)) == (1, [])
    assert browser.post(f"/manage/cohorts/{cohort}/links.csv", which="ticked").status_code == 400


def test_slips_are_a_tagged_pdf_with_name_address_and_code(service: Service) -> None:
    cohort = service.cohort()
    person = service.person(cohort=cohort, given_name="Żaneta", family_name="Ōe")
    _, browser = coordinator(service, cohort)
    browser.get(f"/manage/cohorts/{cohort}/slips")
    answer = browser.post(f"/manage/cohorts/{cohort}/slips.pdf", which="all")
    assert answer.mimetype == "application/pdf"
    with pikepdf.open(io.BytesIO(answer.get_data())) as pdf:
        assert len(pdf.pages) == 1
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en"
    assert in_force(service, person) == 1


def test_a_page_takes_ten_slips_on_a4_and_eight_on_letter(service: Service) -> None:
    people = [Person(id=f"p{n}", role="learner", given_name="Ana", family_name=f"Ray {n}", learner_id="") for n in range(11)]
    made = slips.make_slips(people, "https://quiz.example.org")
    for paper, size in (("a4", (595, 842)), ("letter", (612, 792))):
        data = slips.slips_pdf(service.library, made, paper, "https://quiz.example.org", 90, {"en": WORDS}, "en")
        with pikepdf.open(io.BytesIO(data)) as pdf:
            assert len(pdf.pages) == 2
            assert tuple(round(float(value)) for value in pdf.pages[0].MediaBox[2:]) == size


def test_a_qr_code_holds_the_personal_link(service: Service) -> None:
    (slip,) = slips.make_slips([Person(id="p", role="learner", given_name="Ana", family_name="Ray", learner_id="")], "https://quiz.example.org")
    assert re.fullmatch(r"https://quiz\.example\.org/s/[0-9A-HJKMNP-TV-Z]{13}", slip.link)
    assert slip.grouped.replace("-", "") == slip.code


def test_a_name_without_a_font_is_named_by_number_and_said_on_the_page(service: Service, monkeypatch: Any) -> None:
    monkeypatch.setattr(slips, "without_font", lambda text: "\u674e" in text)
    cohort = service.cohort()
    service.person(cohort=cohort, given_name="\u5c0f\u9f99", family_name="\u674e", learner_id="RN-7")
    _, browser = coordinator(service, cohort)
    assert "no font for" in browser.get(f"/manage/cohorts/{cohort}/slips").get_data(as_text=True)
    (slip,) = slips.make_slips([Person(id="p", role="learner", given_name="\u5c0f\u9f99", family_name="\u674e", learner_id="RN-7")], "https://quiz.example.org")
    assert slip.name == "RN-7"


def test_a_layout_that_fails_leaves_the_codes_before_in_force(service: Service, monkeypatch: Any) -> None:
    cohort = service.cohort()
    person = service.person(cohort=cohort)
    old = service.code(person)
    _, browser = coordinator(service, cohort)
    browser.get(f"/manage/cohorts/{cohort}/slips")
    monkeypatch.setattr(slips, "slips_pdf", lambda *_: 1 / 0)
    assert browser.post(f"/manage/cohorts/{cohort}/slips.pdf", which="all").status_code == 500
    assert service.browser().post("/sign-in", code=old).status_code == 303


def test_one_learner_gets_a_slip_from_the_page_of_that_learner(service: Service) -> None:
    cohort = service.cohort()
    person = service.person(cohort=cohort)
    stranger = service.person(cohort=service.cohort("Other"))
    _, browser = coordinator(service, cohort)
    browser.get(f"/manage/people/{person}")
    assert browser.post(f"/manage/people/{person}/slip.pdf").mimetype == "application/pdf"
    assert browser.post(f"/manage/people/{stranger}/slip.pdf").status_code == 404
    assert (in_force(service, person), in_force(service, stranger)) == (1, 0)
    assert logged(service, "codes made")[-1].subject == f"person:{person}"


def test_where_everybody_has_a_code_the_page_says_so_and_keeps_what_was_ticked(service: Service) -> None:
    cohort = service.cohort()
    first, second = service.person(cohort=cohort), service.person(cohort=cohort)
    service.code(first)
    service.code(second)
    _, browser = coordinator(service, cohort)
    browser.get(f"/manage/cohorts/{cohort}/slips")
    answer = browser.post(f"/manage/cohorts/{cohort}/slips.pdf", which="lacking", person=first)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400 and "Everybody has a code in force." in page
    assert 'value="lacking" checked' in page and f'value="{first}" checked' in page and f'value="{second}" checked' not in page
