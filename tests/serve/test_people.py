"""One learner for staff: who sees whom, and each change with its reason and what was before in the log."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from coursewright.serve.store.tables import Attempt, Member, Person, SignedIn

from .ground import Browser, Service
from .managing import administrator, attempt_of, attempted, coordinator, final, logged, person_of

WHY = "asked for by the ward"


@pytest.fixture
def cohort(service: Service) -> str:
    return service.cohort()


@pytest.fixture
def learner(service: Service, cohort: str) -> str:
    return service.person(cohort=cohort, given_name="Zoe", family_name="Quint", learner_id="RN-77", email="zoe@example.org")


@pytest.fixture
def browser(service: Service, cohort: str) -> Browser:
    return coordinator(service, cohort)[1]


def act(browser: Browser, person: str, action: str, **fields: Any) -> int:
    browser.get(f"/manage/people/{person}")
    return browser.post(f"/manage/people/{person}/{action}", fields).status_code


def test_a_coordinator_sees_learners_of_own_cohorts_alone(service: Service, cohort: str, learner: str, browser: Browser) -> None:
    stranger = service.person(cohort=service.cohort("Other"), family_name="Stranger")
    attempt = attempted(service, stranger)
    assert browser.get(f"/manage/people/{learner}").status_code == 200
    assert browser.get(f"/manage/people/{stranger}").status_code == 404
    assert browser.get(f"/manage/people/{stranger}/data.json").status_code == 404
    assert browser.get(f"/manage/attempts/{attempt}").status_code == 404
    for action in ("name", "time", "allow", "sessions", "cohort", "slip.pdf"):
        assert act(browser, stranger, action, reason=WHY) == 404, action
    for action in ("extend", "reopen", "void"):
        assert browser.post(f"/manage/attempts/{attempt}/{action}", reason=WHY, minutes="5").status_code == 404, action
    assert attempt_of(service, attempt).state == "submitted"
    assert stranger not in browser.get("/manage/people?q=Stranger").get_data(as_text=True)
    assert "Quint" in browser.get("/manage/people?q=quint+zo").get_data(as_text=True)


def test_an_attempt_in_another_cohort_is_left_to_its_coordinator_while_the_learner_belongs_there(service: Service, cohort: str, learner: str, browser: Browser) -> None:
    other = service.cohort("Other")
    service.database.write(lambda session: session.add(Member(cohort_id=other, person_id=learner, joined_at=service.clock())))
    service.clock.turn(minutes=1)
    theirs = attempted(service, learner)
    service.database.write(lambda session: setattr(session.get(Attempt, theirs), "cohort_id", other))
    page = browser.get(f"/manage/people/{learner}").get_data(as_text=True)
    assert "in another cohort" in page and f'href="/manage/attempts/{theirs}"' not in page
    assert browser.get(f"/manage/attempts/{theirs}").status_code == 404
    assert browser.post(f"/manage/attempts/{theirs}/void", reason=WHY).status_code == 404
    assert coordinator(service, other)[1].get(f"/manage/attempts/{theirs}").status_code == 200
    service.database.write(lambda session: session.delete(session.get(Member, (other, learner))))
    assert browser.get(f"/manage/attempts/{theirs}").status_code == 200, "whose coordinator would otherwise be nobody"


def test_a_colleague_is_no_learner(service: Service, cohort: str, browser: Browser) -> None:
    colleague, _ = coordinator(service, cohort, given_name="Colleague")
    assert browser.get(f"/manage/people/{colleague}").status_code == 404
    assert act(browser, colleague, "sessions", reason=WHY) == 404


def test_every_action_needs_a_reason_that_names_nobody(service: Service, learner: str, browser: Browser) -> None:
    for reason in ("", "   ", "Zoe asked", "for QUINT", "RN-77 asked", "zoe@example.org wrote", "x" * 501):
        assert act(browser, learner, "sessions", reason=reason) == 400, reason
    assert logged(service, "sessions ended") == []
    assert act(browser, learner, "sessions", reason="zoetic is another word") == 303


def test_extra_time_counts_from_now_on_and_for_the_open_attempt_if_wished(service: Service, learner: str, browser: Browser) -> None:
    test = next(b.id for b in service.library.tests.values() if b.minutes)
    minutes = service.library.tests[test].minutes
    assert minutes
    attempt = attempted(service, learner, test, right=False, submitted=False)
    end = attempt_of(service, attempt).ends_at
    assert end is not None
    assert act(browser, learner, "time", extra_minutes="10", extra_percent="0", reason=WHY) == 303
    assert attempt_of(service, attempt).ends_at == end
    assert act(browser, learner, "time", extra_minutes="10", extra_percent="50", also_open="1", reason=WHY) == 303
    moved = attempt_of(service, attempt).ends_at
    assert moved == end + timedelta(minutes=minutes * 0.5)
    first, second = logged(service, "extra time changed")
    assert (first.before, first.after) == ({"extra_minutes": 0, "extra_percent": 0}, {"extra_minutes": 10, "extra_percent": 0, "reason": WHY})
    assert second.before == {"extra_minutes": 10, "extra_percent": 0}
    (row,) = logged(service, "end moved")
    assert row.subject == f"attempt:{attempt}" and row.before == {"ends_at": end.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    assert act(browser, learner, "time", extra_minutes="-1", extra_percent="0", reason=WHY) == 400
    assert act(browser, learner, "time", extra_minutes="1e3", extra_percent="0", reason=WHY) == 400
    assert person_of(service, learner).extra_percent == 50


def test_one_more_attempt_can_be_given_where_none_was_left(service: Service, learner: str, browser: Browser) -> None:
    for _ in range(service.settings.policy.attempts):
        attempted(service, learner, right=False)
    own = service.browser(learner)
    assert "No attempt is left" in own.get(f"/tests/{final(service)}").get_data(as_text=True)
    assert act(browser, learner, "allow", test=final(service), reason=WHY) == 303
    assert "1 left" in own.get(f"/tests/{final(service)}").get_data(as_text=True)
    own.start(final(service))
    (row,) = logged(service, "attempt given")
    assert row.before == {"test": final(service), "given": 0} and row.after == {"test": final(service), "given": 1, "reason": WHY}
    assert act(browser, learner, "allow", test="no-such-test", reason=WHY) == 400


def test_sessions_can_be_ended(service: Service, learner: str, browser: Browser) -> None:
    own = service.browser(learner)
    assert own.get("/course").status_code == 200
    assert act(browser, learner, "sessions", reason=WHY) == 303
    assert own.get("/course").status_code == 303
    (row,) = logged(service, "sessions ended")
    assert row.before == {"sessions": 1}


def test_a_learner_can_be_moved_to_a_cohort_in_reach_and_to_no_other(service: Service, cohort: str, learner: str) -> None:
    to, foreign = service.cohort("To"), service.cohort("Foreign")
    person, browser = coordinator(service, cohort)
    service.database.write(lambda s: s.add(Member(cohort_id=to, person_id=person, joined_at=service.clock())))
    attempt = attempted(service, learner, submitted=False)
    done = attempted(service, learner, next(iter(service.library.tests)))
    assert act(browser, learner, "cohort", **{"from": cohort, "to": foreign, "reason": WHY}) == 404
    assert act(browser, learner, "cohort", **{"from": foreign, "to": to, "reason": WHY}) == 404
    assert act(browser, learner, "cohort", **{"from": cohort, "to": to, "reason": WHY}) == 303
    with service.database.reading() as reading:
        assert list(reading.execute(select(Member.cohort_id).where(Member.person_id == learner)).scalars()) == [to]
    assert (attempt_of(service, attempt).cohort_id, attempt_of(service, done).cohort_id) == (to, cohort)
    (row,) = logged(service, "moved")
    assert (row.before, row.after) == ({"cohort": cohort}, {"cohort": to, "reason": WHY})


def test_who_is_withdrawn_is_signed_out_and_the_record_is_kept(service: Service, cohort: str, learner: str, browser: Browser) -> None:
    attempt = attempted(service, learner)
    code, own = service.code(learner), service.browser(learner)
    assert act(browser, learner, "cohort", **{"from": cohort, "to": "", "reason": WHY}) == 303
    assert own.get("/course").status_code == 303
    assert service.browser().post("/sign-in", code=code).status_code == 401
    with service.database.reading() as reading:
        assert reading.execute(select(SignedIn).where(SignedIn.person_id == learner)).first() is None
    assert browser.get(f"/manage/people/{learner}").status_code == 404
    assert attempt_of(service, attempt).state == "submitted"
    _, root = administrator(service)
    assert root.get(f"/manage/people/{learner}").status_code == 200
    assert len(logged(service, "withdrawn")) == 1


def test_a_name_is_corrected_and_the_log_does_not_hold_it(service: Service, learner: str, browser: Browser) -> None:
    assert act(browser, learner, "name", given_name="Zoë", family_name="Quint", reason=WHY) == 303
    assert person_of(service, learner).given_name == "Zoë"
    (row,) = logged(service, "name corrected")
    assert row.after == {"changed": ["given_name"], "reason": WHY} and row.before is None
    assert act(browser, learner, "name", given_name="Bea", family_name="Quint", reason="Bea is right") == 400, "the new name neither"
    assert act(browser, learner, "name", given_name="", family_name="Quint", reason=WHY) == 400


def test_everything_kept_of_a_learner_can_be_downloaded_and_that_is_logged(service: Service, learner: str, browser: Browser) -> None:
    attempted(service, learner)
    answer = browser.get(f"/manage/people/{learner}/data.json")
    data = json.loads(answer.get_data())
    assert data["person"]["family_name"] == "Quint" and len(data["attempts"]) == 1
    assert [row.subject for row in logged(service, "data exported")] == [f"person:{learner}"]


def test_the_page_shows_each_attempt_with_its_state(service: Service, learner: str, browser: Browser) -> None:
    attempted(service, learner, right=False)
    attempted(service, learner, submitted=False)
    page = browser.get(f"/manage/people/{learner}").get_data(as_text=True)
    assert "handed in" in page and "open" in page and "not passed" in page


def test_a_refused_change_stands_open_with_the_problem_and_all_that_was_typed(service: Service, cohort: str, learner: str, browser: Browser) -> None:
    attempt, to = attempted(service, learner), service.cohort("To")
    service.database.write(lambda s: s.add(Member(cohort_id=to, person_id=s.scalar(select(Person.id).where(Person.role == "coordinator")), joined_at=service.clock())))

    def refused(address: str, **fields: Any) -> str:
        browser.get(address.rpartition("/")[0])
        page = browser.post(address, reason="Zoe asked", **fields).get_data(as_text=True)
        assert page.count("<details open>") == 1 and page.count('id="problem"') == 1
        card = page.partition("<details open>")[2].partition("</details>")[0]
        assert 'id="problem"' in card and 'value="Zoe asked"' in card
        return card

    card = refused(f"/manage/people/{learner}/time", extra_percent="33", extra_minutes="7")
    assert 'value="33"' in card and 'value="7"' in card and "checked" not in card
    assert f'value="{to}" selected' in refused(f"/manage/people/{learner}/cohort", **{"from": cohort, "to": to})
    assert 'value="Zo&lt;é"' in refused(f"/manage/people/{learner}/name", given_name="Zo<é", family_name="Quint")
    assert 'value="45"' in refused(f"/manage/attempts/{attempt}/reopen", minutes="45")


def test_one_more_attempt_is_of_the_test_that_decides_unless_another_is_chosen(service: Service, learner: str, browser: Browser) -> None:
    assert f'<option value="{final(service)}" lang="en-US" selected>' in browser.get(f"/manage/people/{learner}").get_data(as_text=True)
    page = browser.post(f"/manage/people/{learner}/allow", test="pretest", reason="").get_data(as_text=True)
    assert '<option value="pretest" lang="en-US" selected>' in page and page.count(" selected>") == 1


def test_a_void_attempt_that_was_passed_is_said_not_to_count(service: Service, learner: str, browser: Browser) -> None:
    attempt = attempted(service, learner)
    assert '<span class="good">passed' in browser.get(f"/manage/people/{learner}").get_data(as_text=True)
    browser.get(f"/manage/attempts/{attempt}")
    assert browser.post(f"/manage/attempts/{attempt}/void", reason=WHY, despite="1").status_code == 303
    page = browser.get(f"/manage/people/{learner}").get_data(as_text=True)
    assert "passed, not counted" in page and '<span class="good">passed' not in page
