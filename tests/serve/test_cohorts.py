"""Cohorts: who sees which, what the numbers say, and how fast a thousand names are."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

from sqlalchemy import event, select

from coursewright.serve.learning.progress import progress
from coursewright.serve.management.progress_table import progress_table
from coursewright.serve.store.tables import Cohort, Member, Person, Place, Writing

from .ground import Service, make_service
from .managing import administrator, attempted, coordinator, final, logged


def test_a_coordinator_sees_the_cohorts_looked_after_and_an_administrator_all(service: Service) -> None:
    mine, other = service.cohort("Spring"), service.cohort("Autumn")
    _, browser = coordinator(service, mine)
    page = browser.get("/manage").get_data(as_text=True)
    assert "Spring" in page and "Autumn" not in page
    for address in ("", "/progress.csv", "/roster", "/slips"):
        assert browser.get(f"/manage/cohorts/{mine}{address}").status_code == 200, address
        assert browser.get(f"/manage/cohorts/{other}{address}").status_code == 404, address
    for address in ("/settings", "/coordinators", "/roster", "/roster/confirm", "/slips.pdf", "/links.csv"):
        assert browser.post(f"/manage/cohorts/{other}{address}", name="X", which="all", packed="Z2l2ZW4=", action="assign").status_code == 404 or address in ("/roster",), address
    _, root = administrator(service)
    page = root.get("/manage").get_data(as_text=True)
    assert "Spring" in page and "Autumn" in page
    assert root.get(f"/manage/cohorts/{other}").status_code == 200


def test_a_learner_sees_nothing_of_the_coordinators_side(service: Service) -> None:
    cohort = service.cohort()
    browser = service.browser(service.person(cohort=cohort))
    for address in ("/manage", f"/manage/cohorts/{cohort}", f"/manage/cohorts/{cohort}/slips", "/manage/people", "/manage/log", "/manage/staff"):
        assert browser.get(address).status_code == 404, address
    assert browser.post("/manage", name="Mine").status_code == 404


def test_who_makes_a_cohort_looks_after_it_and_can_assign_another(service: Service) -> None:
    person, browser = coordinator(service)
    browser.get("/manage")
    answer = browser.post("/manage", name="  Winter   term ", opens_at="2026-03-01T08:00", closes_at="2026-06-01T18:30")
    assert answer.status_code == 303
    assert answer.location
    cohort = answer.location.rpartition("/")[2]
    assert "Winter term" in browser.follow(answer).get_data(as_text=True)
    made = logged(service, "cohort made")
    assert [(row.actor, row.subject) for row in made] == [(person, f"cohort:{cohort}")]
    assert made[0].after == {"name": "Winter term", "opens_at": "2026-03-01T08:00:00.000Z", "closes_at": "2026-06-01T18:30:00.000Z"}

    other = service.person("coordinator", username="second", given_name="Bea")
    second = service.browser(other)
    assert second.get(f"/manage/cohorts/{cohort}").status_code == 404
    browser.get(f"/manage/cohorts/{cohort}")
    browser.post(f"/manage/cohorts/{cohort}/coordinators", person=other, action="assign")
    assert second.get(f"/manage/cohorts/{cohort}").status_code == 200
    browser.get(f"/manage/cohorts/{cohort}")
    browser.post(f"/manage/cohorts/{cohort}/coordinators", person=other, action="release")
    assert second.get(f"/manage/cohorts/{cohort}").status_code == 404
    browser.get(f"/manage/cohorts/{cohort}")
    assert browser.post(f"/manage/cohorts/{cohort}/coordinators", person=person, action="release").status_code == 400, "nobody would be left"
    assert logged(service, "coordinator assigned")[0].after == {"person": other}
    assert logged(service, "coordinator released")[0].before == {"person": other}


def test_a_learner_cannot_be_made_coordinator_of_a_cohort(service: Service) -> None:
    cohort = service.cohort()
    learner = service.person(cohort=service.cohort("Other"))
    _, browser = coordinator(service, cohort)
    browser.get(f"/manage/cohorts/{cohort}")
    assert browser.post(f"/manage/cohorts/{cohort}/coordinators", person=learner, action="assign").status_code == 400
    assert browser.post(f"/manage/cohorts/{cohort}/coordinators", person=learner, action="release").status_code == 303
    with service.database.reading() as reading:
        assert reading.execute(select(Member).where(Member.person_id == learner)).scalar_one()


def test_a_cohort_can_be_renamed_and_what_was_before_is_in_the_log(service: Service) -> None:
    cohort = service.cohort()
    service.cohort("Taken")
    _, browser = coordinator(service, cohort)
    browser.get(f"/manage/cohorts/{cohort}")
    assert browser.post(f"/manage/cohorts/{cohort}/settings", name="Taken").status_code == 400
    assert browser.post(f"/manage/cohorts/{cohort}/settings", name="Ok", opens_at="2026-03-02T00:00", closes_at="2026-03-01T00:00").status_code == 400
    assert browser.post(f"/manage/cohorts/{cohort}/settings", name="Ok", closes_at="someday").status_code == 400
    assert browser.post(f"/manage/cohorts/{cohort}/settings", name="Ok").status_code == 303
    (row,) = logged(service, "cohort changed")
    assert row.before and row.after and (row.before["name"], row.after["name"]) == ("Spring", "Ok")


def test_the_numbers_of_a_cohort_count_its_learners(service: Service) -> None:
    cohort = service.cohort(closes_at=service.clock() + timedelta(days=30))
    people = [service.person(cohort=cohort, started=n > 0, given_name=f"P{n}") for n in range(4)]
    attempted(service, people[1])
    attempted(service, people[2], right=False)
    _, browser = coordinator(service, cohort)

    def figures() -> list[int]:
        return [int(n) for n in re.findall(r'class="figure">(\d+)', browser.get("/manage").get_data(as_text=True))]

    assert figures() == [4, 3, 0, 1, 0, 0]
    service.clock.turn(days=24)
    _, browser = coordinator(service, cohort)
    assert figures() == [4, 3, 0, 1, 0, 3], "a week before the end, who has not passed is late"


def test_the_table_counts_steps_as_the_learners_own_page_does(service: Service) -> None:
    cohort = service.cohort()
    people = [service.person(cohort=cohort, given_name=f"P{n}") for n in range(3)]
    attempted(service, people[0])
    attempted(service, people[1], right=False)
    attempted(service, people[1], submitted=False)
    unit = service.library.course.units[0].id
    for person in people[:2]:
        attempted(service, person, next(iter(service.library.tests)), right=False) if person == people[0] else None

    def write(session: object) -> None:
        for person in people[:2]:
            session.add(Place(person_id=person, unit=unit, section="s", at=service.clock(), finished_at=service.clock()))  # type: ignore[attr-defined]
        session.add(Writing(person_id=people[0], kind="evaluation", content={}, at=service.clock(), submitted_at=service.clock()))  # type: ignore[attr-defined]
        session.add(Writing(person_id=people[1], kind="evaluation", content={}, at=service.clock(), submitted_at=None))  # type: ignore[attr-defined]

    service.database.write(write)
    with service.database.reading() as reading:
        found = reading.get(Cohort, cohort)
        assert found is not None
        table = progress_table(reading, service.library, found, service.clock())
        for row in table.rows:
            own = progress(reading, service.settings, service.library, row.id, service.clock())
            assert (len(row.done), table.steps) == (own.done, len(own.steps)), row.name
    by_id = {row.id: row for row in table.rows}
    assert by_id[people[0]].passed and by_id[people[0]].evaluation
    assert [test for _, test, _ in by_id[people[1]].open] == [final(service)]


def test_the_table_is_sorted_and_filtered_by_its_address(service: Service) -> None:
    cohort = service.cohort()
    for n, (given, family) in enumerate((("Cy", "Young"), ("Ann", "Abbot"), ("Bo", "Moss"))):
        person = service.person(cohort=cohort, given_name=given, family_name=family, learner_id=f"RN-{n}")
        if given == "Bo":
            attempted(service, person)
    _, browser = coordinator(service, cohort)

    def names(query: str) -> list[str]:
        page = browser.get(f"/manage/cohorts/{cohort}?{query}").get_data(as_text=True)
        return re.findall(r'<th scope="row"><a [^>]*>([^<,]+)', page)

    assert names("") == ["Abbot", "Moss", "Young"]
    assert names("down=1") == ["Young", "Moss", "Abbot"]
    assert names("sort=score&down=1") == ["Moss", "Abbot", "Young"]
    assert names("show=passed") == ["Moss"]
    assert names("show=not-passed") == ["Abbot", "Young"]
    assert names("q=rn-0") == ["Young"]
    assert names("q=o+mo") == ["Moss"]
    assert names("sort=<script>&show=nonsense&page=-7") == ["Abbot", "Moss", "Young"]


def test_the_table_comes_as_a_spreadsheet_in_which_no_name_is_a_formula(service: Service) -> None:
    cohort = service.cohort()
    service.person(cohort=cohort, given_name="=HYPERLINK(1)", family_name="Ray")
    _, browser = coordinator(service, cohort)
    answer = browser.get(f"/manage/cohorts/{cohort}/progress.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="progress.csv"'
    (row,) = logged(service, "exported")
    assert row.subject == "export:progress" and row.after is not None and row.after["cohort"] == cohort
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [(row["family_name"], row["given_name"], row["passed"]) for row in rows] == [("Ray", "'=HYPERLINK(1)", "no")]


def test_a_thousand_learners_take_under_a_second_and_no_query_each(service: Service) -> None:
    cohort = service.cohort()

    def work(session: object) -> None:
        for n in range(1000):
            person = Person(role="learner", given_name=f"Given {n}", family_name=f"Family {n:04}", learner_id=f"RN-{n}", created_at=service.clock(), started_at=service.clock())
            session.add(person)  # type: ignore[attr-defined]
            session.flush()  # type: ignore[attr-defined]
            session.add(Member(cohort_id=cohort, person_id=person.id, joined_at=service.clock()))  # type: ignore[attr-defined]
            session.add(Place(person_id=person.id, unit=service.library.course.units[0].id, section="s", at=service.clock()))  # type: ignore[attr-defined]

    service.database.write(work)
    _, browser = coordinator(service, cohort)
    statements: list[str] = []
    event.listen(service.database.engine, "before_cursor_execute", lambda c, cursor, statement, *rest: statements.append(statement))
    browser.get(f"/manage/cohorts/{cohort}")
    few = len(statements)
    page = browser.get(f"/manage/cohorts/{cohort}?sort=steps&page=3").get_data(as_text=True)
    assert few < 25
    assert page.count('<th scope="row">') == 100
    assert 'aria-current="page" aria-label="Page 3"' in page


def test_the_glance_and_the_table_hold_on_both_databases(tmp_path: object, database_url: str) -> None:
    service = make_service(tmp_path, database_url)  # type: ignore[arg-type]
    try:
        cohort = service.cohort()
        attempted(service, service.person(cohort=cohort))
        _, browser = coordinator(service, cohort)
        assert browser.get("/manage").status_code == 200
        page = browser.get(f"/manage/cohorts/{cohort}?show=passed").get_data(as_text=True)
        assert page.count('<th scope="row">') == 1
    finally:
        service.database.close()


def test_who_leaves_a_cohort_is_asked_first_and_every_change_of_coordinators_names_who(service: Service) -> None:
    cohort = service.cohort("Ward 3")
    person, browser = coordinator(service, cohort, given_name="Mina", family_name="Moss")
    other = service.person("coordinator", username="second", given_name="Bea", family_name="Ott")
    address = f"/manage/cohorts/{cohort}/coordinators"

    def page() -> str:
        return browser.get(f"/manage/cohorts/{cohort}").get_data(as_text=True)

    def said(who: str, action: str) -> str:
        page()
        return browser.follow(browser.post(address, person=who, action=action)).get_data(as_text=True)

    assert "Bea Ott looks after this cohort now." in said(other, "assign")
    own = re.search(rf'<details[^>]*>(?:(?!</details>).)*value="{person}".*?</details>', page(), re.S)
    assert own and "You will no longer see this cohort" in own[0] and 'value="release"' in own[0]
    assert page().count('value="release"') == 2
    assert "Bea Ott looks after this cohort no longer." in said(other, "release")
    said(other, "assign")
    left = said(person, "release")
    assert "You look after “Ward 3” no longer." in left and "<h1>Cohorts</h1>" in left


def test_late_is_said_while_a_test_is_open_and_a_knowledge_check_is_no_test(service: Service) -> None:
    cohort = service.cohort(opens_at=service.clock() - timedelta(days=9), closes_at=service.clock() + timedelta(days=2))
    tested, checked = service.person(cohort=cohort, given_name="Tested"), service.person(cohort=cohort, given_name="Checked")
    attempted(service, tested, submitted=False)
    attempted(service, checked, "check:basics", right=False, submitted=False)
    _, browser = coordinator(service, cohort)
    page = browser.get(f"/manage/cohorts/{cohort}?show=open").get_data(as_text=True)
    assert "Tested" in page and "Checked" not in page
    assert '<span class="small">10 minutes left</span><span class="late">late</span>' in page
    assert "opened on" in page and "closes <time" in page
