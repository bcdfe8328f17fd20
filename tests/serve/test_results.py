"""Results as staff see them: statistics like `analyze`, counts by cohort, and who may see what."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from coursewright.model.interaction import Choice, ChoiceKey, Match, NumericEntry, Order, Response
from coursewright.plan.analysis import analyze
from coursewright.plan.form import plan_form
from coursewright.plan.gradebook import grade
from coursewright.plan.record import ItemRecord, Record, read_record, record_items, record_json
from coursewright.plan.sittings import read_sittings, sittings_json
from coursewright.serve.learning.attempts import Given, save, submit
from coursewright.serve.learning.kept_forms import load_form
from coursewright.serve.learning.taking import start
from coursewright.serve.management.live import compute, live_statistics
from coursewright.serve.management.results import gradebook_of, overview
from coursewright.serve.store.tables import Attempt, Member, Person
from coursewright.write.analysis import tables

from .ground import Service, make_service

TEST, PRE = "posttest", "pretest"


def given(item: ItemRecord, right: bool) -> Response:
    """The right answer to an item, or a wrong one."""
    match item.interaction:
        case Choice(alternatives=alternatives, multiple=multiple):
            best = {a.id for a in alternatives if isinstance(item.key, ChoiceKey) and a.id in item.key.correct} or {max(item.key.shares, key=lambda s: s[1])[0]}  # type: ignore[union-attr]
            wrong = {a.id for a in alternatives} - best
            return frozenset(best) if right else frozenset(wrong if multiple else sorted(wrong)[:1])
        case Match(prompts=prompts, choices=choices):
            pairs = dict(item.key.pairs)  # type: ignore[union-attr]
            return pairs if right else {p.id: next(c.id for c in choices if c.id != pairs[p.id]) for p in prompts}
        case Order():
            order: tuple[str, ...] = item.key.order  # type: ignore[union-attr]
            return order if right else tuple(reversed(order))
        case NumericEntry():
            return str(item.key.value) if right else "-999999"  # type: ignore[union-attr]
        case _:
            return item.key.accepted[0] if right else "nothing of the kind"  # type: ignore[union-attr]


def sit(service: Service, person: str, rights: str, test: str = TEST) -> str:
    """Take a test at once: `1` an item answered right, `0` wrong, `-` left blank. Returns the attempt."""

    def work(session: Session) -> str:
        who = session.get(Person, person)
        assert who is not None
        attempt = start(session, service.settings, service.library, who, test, service.clock())
        form = load_form(session, attempt.form_id)
        for item, mark in zip(form.items, rights, strict=False):
            if mark != "-":
                save(session, attempt, form, item.id, Given(given(item, mark == "1")), service.clock(), 20)
        submit(session, attempt, form, service.clock(), person)
        return attempt.id

    service.clock.turn(minutes=1)
    return service.database.write(work)


def learners(service: Service, cohort: str, count: int, first: int = 1) -> list[str]:
    """People of a cohort, with ids of a roster's."""
    return [service.person(cohort=cohort, given_name=f"Given{n}", family_name=f"Family{n:02d}", learner_id=f"L{n:02d}") for n in range(first, first + count)]


def coordinator(service: Service, *cohorts: str, name: str = "coord") -> str:
    """A coordinator who looks after cohorts."""
    from coursewright.serve.store.tables import Member

    person = service.person("coordinator", username=name)
    service.database.write(lambda session: session.add_all(Member(cohort_id=cohort, person_id=person, joined_at=service.clock()) for cohort in cohorts))
    return person


RIGHTS = ("11", "10", "01", "00", "11", "1-", "11", "0-", "11", "10", "01", "11")


def seeded(service: Service) -> tuple[str, list[str]]:
    """A cohort of twelve who took pre-test and test."""
    cohort = service.cohort()
    people = learners(service, cohort, len(RIGHTS))
    for person, rights in zip(people, RIGHTS, strict=True):
        sit(service, person, rights[::-1] + "0", PRE)
        sit(service, person, rights)
    return cohort, people


def test_live_statistics_are_those_of_analyze_on_the_same_sittings(service: Service, tmp_path: Path) -> None:
    cohort, _ = seeded(service)
    with service.database.reading() as reading:
        live = compute(reading, service.library, TEST, [cohort], "first")
        books = [gradebook_of(reading, service.library, test, [cohort], "first") for test in (TEST, PRE)]
    read = []
    for book in books:  # through the files of `grade`, as `analyze` reads them
        record = read_record(record_json(book.record))
        sittings = read_sittings(sittings_json(graded.sitting for graded in book.graded))
        read.append(grade(book.name, record, sittings))
    told = analyze([read[0]], read[1])
    assert tables(live.analysis) == tables(told)
    assert live.analysis.tests == told.tests
    assert live.analysis.gains is not None
    assert told.gains is not None
    assert (live.analysis.gains.group_gain, live.analysis.gains.d_z, len(live.analysis.gains.pairs)) == (told.gains.group_gain, told.gains.d_z, len(RIGHTS))


def test_the_items_of_web_and_paper_are_the_same_versions(service: Service) -> None:
    seeded(service)
    course, numbering = service.library.course, service.library.numbering
    printed = record_items(course, numbering, *(plan_form(course, blueprint, n) for blueprint in course.blueprints for n in range(1, len(RIGHTS) + 1)))
    with service.database.reading() as reading:
        for test in (TEST, PRE):
            assert gradebook_of(reading, service.library, test, None, "all").record.items.keys() <= printed.keys()


def test_first_best_last_and_all_choose_among_attempts(service: Service) -> None:
    cohort = service.cohort()
    person = learners(service, cohort, 1)[0]
    marks = ["10", "00", "11"]
    attempts = [sit(service, person, rights) for rights in marks]
    with service.database.reading() as reading:
        chosen = {which: [g.sitting.sheet for g in gradebook_of(reading, service.library, TEST, None, which).graded] for which in ("first", "best", "last", "all")}
    assert chosen == {"first": attempts[:1], "best": attempts[2:], "last": attempts[2:], "all": attempts}
    with service.database.reading() as reading:
        row = gradebook_of(reading, service.library, TEST, None, "best").graded[0]
    assert dict(row.sitting.roster)["attempts"] == "3"


def test_a_rationale_that_is_edited_makes_no_other_item_of_it_but_another_key_does(service: Service) -> None:
    """Twins of an item in the database that differ in what learners did not see."""
    from coursewright.serve.management.results import one_version

    cohort = service.cohort()
    sit(service, learners(service, cohort, 1)[0], "11")
    with service.database.reading() as reading:
        form = reading.scalar(select(Attempt.form_id))
        assert form is not None
        kept = load_form(reading, form)
    item = next(i for i in kept.items if isinstance(i.key, ChoiceKey))
    twin = dataclasses.replace(item, version=item.version[:-1] + ("0" if item.version[-1] != "0" else "1"))
    other = dataclasses.replace(twin, key=ChoiceKey(frozenset({"zz"})))
    assert len(one_version(Record("c", TEST, "t", items={i.version: i for i in (item, twin)})).items) == 1
    assert len(one_version(Record("c", TEST, "t", items={i.version: i for i in (item, other)})).items) == 2


def test_statistics_that_were_kept_are_made_anew_after_every_change(service: Service) -> None:
    cohort, people = seeded(service)
    one = learners(service, cohort, 1, first=50)[0]
    with service.database.reading() as reading:
        before = live_statistics(reading, service.library, TEST, None, "first")
        assert live_statistics(reading, service.library, TEST, None, "first") is before
    sit(service, one, "11")
    with service.database.reading() as reading:
        after = live_statistics(reading, service.library, TEST, None, "first")
    assert (before.analysis.n, after.analysis.n) == (len(people), len(people) + 1)


def test_a_coordinator_sees_own_cohorts_alone_and_an_administrator_all(service: Service) -> None:
    mine, other = service.cohort("Mine"), service.cohort("Other")
    for person in learners(service, mine, 2):
        sit(service, person, "11")
    for person in learners(service, other, 3, first=20):
        sit(service, person, "00")
    browser = service.browser(coordinator(service, mine))
    shown = browser.get("/manage/results").get_data(as_text=True)
    assert "Other" not in shown
    table = browser.get(f"/manage/results/{TEST}/learners").get_data(as_text=True)
    assert "Family01" in table
    assert "Family20" not in table
    for address in (f"/manage/results/{TEST}", f"/manage/results/{TEST}/learners", f"/manage/results/{TEST}/gradebook.csv", "/manage/records/neutral.csv", f"/manage/results/{TEST}/reports.pdf"):
        assert browser.get(f"{address}?cohort={other}").status_code == 404
    csv = browser.get(f"/manage/results/{TEST}/gradebook.csv").get_data(as_text=True)
    assert csv.count("\n") == 3
    everything = service.browser(service.person("administrator")).get("/manage/results").get_data(as_text=True)
    assert "Mine" in everything
    assert "Other" in everything


@pytest.mark.parametrize("address", ["/manage/results", "/manage/results/posttest", "/manage/results/posttest/learners", "/manage/results/posttest/gradebook.csv", "/manage/records", "/manage/paper", "/manage/packets"])
def test_learners_and_strangers_find_no_results(service: Service, address: str) -> None:
    assert service.browser(service.person()).get(address).status_code == 404
    assert service.browser().get(address).status_code == 303


def test_counts_tell_open_submitted_passed_and_the_mean_of_first_attempts(service: Service) -> None:
    cohort = service.cohort()
    a, b, c = learners(service, cohort, 3)
    sit(service, a, "00")
    sit(service, a, "11")
    sit(service, b, "11")

    def begin(session: Session) -> None:
        who = session.get(Person, c)
        assert who is not None
        start(session, service.settings, service.library, who, TEST, service.clock())

    service.database.write(begin)
    with service.database.reading() as reading:
        counts = next(entry for entry in overview(reading, service.library, None) if entry.test == TEST).cohorts[cohort]
    assert (counts.open, counts.submitted, len(counts.learners), len(counts.passed)) == (1, 3, 2, 2)
    assert counts.mean == 50


def test_the_page_of_a_test_shows_statistics_and_no_name(service: Service) -> None:
    _, people = seeded(service)
    page = service.browser(service.person("administrator")).get(f"/manage/results/{TEST}").get_data(as_text=True)
    assert "First attempts alone are counted" in page
    assert "KR-20" in page
    assert "Gain (Hake)" in page
    assert "Family01" not in page
    assert len(people) == len(RIGHTS)


def test_the_page_of_an_item_shows_every_option_and_unknown_items_are_not_found(service: Service) -> None:
    seeded(service)
    browser = service.browser(service.person("administrator"))
    with service.database.reading() as reading:
        items = gradebook_of(reading, service.library, TEST, None, "first").record.items.values()
    for item in items:
        assert browser.get(f"/manage/results/{TEST}/items/{item.id}").status_code == 200
    assert browser.get(f"/manage/results/{TEST}/items/no-such").status_code == 404
    assert browser.get("/manage/results/no-such").status_code == 404


def test_the_results_are_the_same_on_both_databases(tmp_path: Path, database_url: str) -> None:
    service = make_service(tmp_path, database_url)
    cohort, _ = seeded(service)
    with service.database.reading() as reading:
        live = live_statistics(reading, service.library, TEST, [cohort], "first")
        assert live.analysis.n == len(RIGHTS)
        assert [counts.total.submitted for counts in overview(reading, service.library, None)][:2] == [len(RIGHTS)] * 2
    service.database.close()


def test_the_list_of_learners_leads_to_each_learner_and_attempt_in_reach(service: Service) -> None:
    cohort, other = service.cohort(), service.cohort("Other")
    person, gone = service.person(cohort=cohort), service.person(cohort=cohort, given_name="Gone")
    attempt, elsewhere = sit(service, person, "11"), sit(service, gone, "10")
    service.database.write(lambda s: s.execute(update(Member).where(Member.person_id == gone).values(cohort_id=other)))
    page = service.browser(service.person("coordinator", cohort)).get(f"/manage/results/{TEST}/learners").get_data(as_text=True)
    assert f'href="/manage/people/{person}"' in page and f'href="/manage/attempts/{attempt}"' in page
    assert "Gone" in page and gone not in page and elsewhere not in page
