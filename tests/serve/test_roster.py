"""Rosters: looked at before anything is written, taken in once, bounded and hostile ones refused with a message."""

from __future__ import annotations

import base64
import io
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from coursewright.serve.store.tables import Member, Person

from .ground import Browser, Service, make_service
from .managing import administrator, coordinator, logged, person_of


def upload(browser: Browser, cohort: str, data: bytes | str, name: str = "roster.csv") -> TestResponse:
    browser.get(f"/manage/cohorts/{cohort}/roster")
    content = data.encode() if isinstance(data, str) else data
    return browser.post(f"/manage/cohorts/{cohort}/roster", {"roster": (io.BytesIO(content), name)})


def confirm(browser: Browser, cohort: str, data: str) -> TestResponse:
    looked = upload(browser, cohort, data)
    found = re.search(r'name="packed" value="([^"]+)"', looked.get_data(as_text=True))
    assert found, looked.get_data(as_text=True)[:3000]
    return browser.post(f"/manage/cohorts/{cohort}/roster/confirm", packed=found[1])


def learners(service: Service, cohort: str) -> list[Person]:
    with service.database.reading() as reading:
        return list(reading.execute(select(Person).join(Member).where(Member.cohort_id == cohort, Person.role == "learner").order_by(Person.family_name)).scalars())


TWO = "given_name,family_name,learner_id,extra_percent\nAna,Ray,RN-1,\nBen,Okafor,RN-2,25\n"


def test_nothing_is_written_before_it_is_confirmed(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    page = upload(browser, cohort, TWO).get_data(as_text=True)
    assert "Nothing is written yet" in page and "Okafor" in page
    assert learners(service, cohort) == []
    assert confirm(browser, cohort, TWO).status_code == 200
    assert [(p.family_name, p.learner_id, p.extra_percent) for p in learners(service, cohort)] == [("Okafor", "RN-2", 25), ("Ray", "RN-1", 0)]
    (row,) = logged(service, "roster taken in")
    assert row.after is not None and len(row.after["added"]) == 2
    assert "Ray" not in str(row.after)


def test_the_same_roster_twice_adds_nobody(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    confirm(browser, cohort, TWO)
    before = [p.id for p in learners(service, cohort)]
    page = upload(browser, cohort, TWO).get_data(as_text=True)
    assert "there is nothing to do" in page and 'name="packed"' not in page
    packed = base64.b64encode(TWO.encode()).decode()
    browser.post(f"/manage/cohorts/{cohort}/roster/confirm", packed=packed)
    assert [p.id for p in learners(service, cohort)] == before


def test_without_ids_the_same_names_are_the_same_people_within_the_cohort(service: Service) -> None:
    cohort, other = service.cohort(), service.cohort("Other")
    _, browser = administrator(service)
    names = "given_name,family_name\nAna,Ray\n"
    confirm(browser, cohort, names)
    confirm(browser, other, names)
    browser.post(f"/manage/cohorts/{cohort}/roster/confirm", packed=base64.b64encode(names.encode()).decode())
    (first,), (second,) = learners(service, cohort), learners(service, other)
    assert first.id != second.id


def test_every_fault_stands_at_its_line_and_the_other_rows_can_be_taken_in(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    roster = "given_name,family_name,email,birth_month\nAna,Ray,,\n,Okafor,,\nCy,Young,not an address,\nDi,Park,,13\nAna,Ray,,\n"
    page = upload(browser, cohort, roster).get_data(as_text=True)
    lines = re.findall(r'<tr><td class="number">(\d+)</td>', page)
    assert lines == ["3", "4", "5", "6"]
    assert "Take in 1 learner" in page
    confirm(browser, cohort, roster)
    assert [p.family_name for p in learners(service, cohort)] == ["Ray"]


def test_what_changed_is_shown_and_then_changed(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    confirm(browser, cohort, TWO)
    page = upload(browser, cohort, TWO.replace("Ana,Ray", "Anna,Ray")).get_data(as_text=True)
    assert "What would change" in page and "given_name" in page
    confirm(browser, cohort, TWO.replace("Ana,Ray", "Anna,Ray"))
    assert {p.given_name for p in learners(service, cohort)} == {"Anna", "Ben"}


def test_a_roster_says_nothing_of_columns_that_it_lacks(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    confirm(browser, cohort, "given_name,family_name,learner_id,email,extra_percent,license_id,consent_to_report\nAna,Ray,RN-1,ana@example.org,50,L1,yes\n")
    page = upload(browser, cohort, "given_name,family_name,learner_id\nAna,Ray,RN-1\n").get_data(as_text=True)
    assert "there is nothing to do" in page
    shorter = "given_name,family_name,learner_id,extra_percent,license_id\nAna,Ray,RN-1,,L2\n"
    page = upload(browser, cohort, shorter).get_data(as_text=True)
    assert "would be emptied" in page and "L1 → L2" in page
    confirm(browser, cohort, shorter)
    (ana,) = learners(service, cohort)
    assert (ana.email, ana.extra_percent, ana.roster) == ("ana@example.org", 0, {"license_id": "L2", "consent_to_report": True})
    (row,) = logged(service, "extra time changed")
    assert row.subject == f"person:{ana.id}" and row.before == {"extra_minutes": 0, "extra_percent": 50} and row.after is not None and row.after["extra_percent"] == 0
    (row,) = logged(service, "person changed by roster")
    assert row.after == {"changed": ["license_id"]}


def test_two_people_of_one_name_stay_two(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    both = "given_name,family_name,license_id,email\nMaria,Garcia,RN111,one@example.org\nMaria,Garcia,RN222,two@example.org\n"
    confirm(browser, cohort, both.rpartition("Maria")[0])
    confirm(browser, cohort, both)
    assert sorted((p.email, p.roster["license_id"]) for p in learners(service, cohort)) == [("one@example.org", "RN111"), ("two@example.org", "RN222")]
    assert "there is nothing to do" in upload(browser, cohort, both).get_data(as_text=True)
    unclear = upload(browser, cohort, "given_name,family_name\nMaria,Garcia\n")
    assert unclear.status_code == 400 and "not clear who is meant" in unclear.get_data(as_text=True)


def test_who_came_without_an_id_gets_it_from_the_next_roster(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    confirm(browser, cohort, "given_name,family_name\nAna,Ray\n")
    (before,) = learners(service, cohort)
    confirm(browser, cohort, "given_name,family_name,learner_id\nAna,Ray,RN-1\nAna,Ray,RN-2\n")
    after = {person.learner_id: person.id for person in learners(service, cohort)}
    assert after["RN-1"] == before.id and set(after) == {"RN-1", "RN-2"}
    confirm(browser, cohort, "given_name,family_name,learner_id,email\nAna,Ray,RN-1,ana@example.org\n")
    assert {person.learner_id for person in learners(service, cohort)} == {"RN-1", "RN-2"}


def test_a_roster_confirmed_twice_at_once_enrols_everybody_once(tmp_path: Path, database_url: str) -> None:
    service = make_service(tmp_path, database_url)
    cohort = service.cohort()
    roster = "given_name,family_name,learner_id\n" + "".join(f"Given,Family{n},L{n}\n" for n in range(30))
    browsers = [administrator(service)[1], coordinator(service, cohort)[1]]
    packed = base64.b64encode(roster.encode()).decode()
    for browser in browsers:
        browser.get(f"/manage/cohorts/{cohort}/roster")
    threads = [threading.Thread(target=browser.post, args=(f"/manage/cohorts/{cohort}/roster/confirm", {"packed": packed})) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(learners(service, cohort)) == 30
    service.database.close()


def test_a_workbook_and_a_strange_digit_are_named_for_what_they_are(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    assert "save it as CSV" in upload(browser, cohort, b"PK\x03\x04" + bytes(range(256))).get_data(as_text=True)
    page = upload(browser, cohort, "given_name,family_name,extra_minutes\nAna,Ray,²\n").get_data(as_text=True)
    assert "extra_minutes" in page and "write minutes as a whole number" in page
    page = upload(browser, cohort, "name,mail\nAna Ray,ana@example.org\n").get_data(as_text=True)
    assert "must name given_name, family_name; it names name, mail" in page


def test_a_coordinator_cannot_draw_in_a_learner_of_another_cohort_but_an_administrator_can(service: Service) -> None:
    mine, other = service.cohort(), service.cohort("Other")
    learner = service.person(cohort=other, learner_id="RN-1", given_name="Zoe", family_name="Zest")
    _, browser = coordinator(service, mine)
    page = upload(browser, mine, TWO).get_data(as_text=True)
    assert "of cohorts that you do not look after" in page
    confirm(browser, mine, TWO)
    assert [p.learner_id for p in learners(service, mine)] == ["RN-2"]
    assert person_of(service, learner).given_name == "Zoe"
    _, root = administrator(service)
    confirm(root, mine, TWO)
    assert [p.learner_id for p in learners(service, mine)] == ["RN-2", "RN-1"]
    assert [p.id for p in learners(service, other)] == [learner], "still in the other cohort too"


def test_a_thousand_rows_are_looked_at_and_taken_in(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    roster = "given_name,family_name,learner_id\n" + "".join(f"Given {n},Family {n},RN-{n}\n" for n in range(1000))
    assert confirm(browser, cohort, roster).status_code == 200
    with service.database.reading() as reading:
        assert reading.scalar(select(func.count()).select_from(Member).where(Member.cohort_id == cohort)) == 1001
    assert "as they are" in upload(browser, cohort, roster).get_data(as_text=True)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00\x01" * 50,
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
        b"PK\x03\x04" + b"\0" * 400,
        b"given_name,family_name\n" + b"\0,\0\n",
        b"given_name;family_name\n\"unclosed;Ray\n",
        b"name\nAna Ray\n",
        b"\n\n\n",
        "given_name,family_name\n<script>alert(1)</script>,Ray,\n".encode("utf-16"),
        b"given_name,family_name,email\n" + b"A" * 200_000 + b",B,c\n",
    ],
)
def test_hostile_bytes_give_a_message_and_write_nothing(service: Service, data: bytes) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    answer = upload(browser, cohort, data, "../../etc/passwd")
    assert answer.status_code == 400, answer.get_data(as_text=True)
    assert learners(service, cohort) == []


def test_markup_in_names_is_shown_as_text(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    page = upload(browser, cohort, "given_name,family_name\n<b>Ana</b>,\"<img src=x>\"\n").get_data(as_text=True)
    assert "&lt;b&gt;Ana" in page and "<img src=x>" not in page


def test_too_large_a_file_is_refused_with_a_message(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    answer = upload(browser, cohort, "given_name,family_name\n" + "Ana,Ray\n" * 130_000)
    assert answer.status_code == 400 and "too large" in answer.get_data(as_text=True)


@pytest.mark.parametrize("packed", ["", "%%%", "AAAA", base64.b64encode(b"x" * 1_000_001).decode()])
def test_a_confirmation_that_no_page_of_ours_sends_writes_nothing(service: Service, packed: str) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    browser.get(f"/manage/cohorts/{cohort}/roster")
    answer: Any = browser.post(f"/manage/cohorts/{cohort}/roster/confirm", packed=packed)
    assert answer.status_code in (200, 400)
    assert learners(service, cohort) == []


def test_rows_that_say_delete_enrol_nobody(service: Service) -> None:
    cohort = service.cohort()
    _, browser = coordinator(service, cohort)
    page = upload(browser, cohort, "given_name,family_name,action\nAna,Ray,delete\nBen,Okafor,add\n").get_data(as_text=True)
    assert "1 line says delete" in page
