"""Decisions about items: the preview names exactly who moves, and a decision is whole, once, and in the log."""

from __future__ import annotations

import re
import shutil
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from coursewright.serve.learning.kept_forms import load_form
from coursewright.serve.library import load_library
from coursewright.serve.management.adjusting import Refused, Wish, decide, may_decide, preview
from coursewright.serve.management.results import gradebook_of, resting_on_failed, scope_of
from coursewright.serve.security.access import Who
from coursewright.serve.store import audit
from coursewright.serve.store.tables import AdjustmentRow, Attempt, CertificateRow, LogEntry, ResultRow

from .ground import EVERYTHING, Browser, Service, make_service
from .test_results import TEST, coordinator, learners, seeded, sit


def an_item(service: Service) -> str:
    """An item that most attempts have met."""
    with service.database.reading() as reading:
        met = [answered.item for graded in gradebook_of(reading, service.library, TEST, None, "all").graded for answered in graded.answered]
    return max(sorted(set(met)), key=met.count)


def kept(service: Service) -> dict[str, tuple[str, str, int, bool | None]]:
    """The results as they are kept, by attempt."""
    with service.database.reading() as reading:
        return {row.attempt_id: (row.earned, row.possible, row.needed, row.passed) for row in reading.execute(select(ResultRow)).scalars()}


def take(service: Service, wish: Wish, last: int, by: str) -> tuple[int, int]:
    """Take a decision."""
    return service.database.write(lambda session: decide(session, service.settings, service.library, TEST, wish, last, by, service.clock()))


def ask(browser: Browser, item: str, **fields: str) -> tuple[str, dict[str, str]]:
    """The preview's words, and the hidden fields of its form."""
    browser.get(f"/manage/results/{TEST}/items/{item}")
    page = browser.post(f"/manage/results/{TEST}/items/{item}/preview", fields).get_data(as_text=True)
    return page, dict(re.findall(r'type="hidden" name="(action|key|reason|last)" value="([^"]*)"', page))


def test_a_decision_moves_exactly_those_whom_the_preview_named(tmp_path: Path, database_url: str) -> None:
    service = make_service(tmp_path, database_url)
    seeded(service)
    admin, item = service.person("administrator"), an_item(service)
    wish = Wish(item, "withdraw", "two options are right")
    with service.database.reading() as reading:
        plan = preview(reading, service.library, TEST, wish, admin, service.clock())
    before = kept(service)
    scores, results = service.database.write(lambda s: decide(s, service.settings, service.library, TEST, wish, plan.last, admin, service.clock()))
    after = kept(service)
    changed = {attempt for attempt in before if before[attempt] != after[attempt]}
    assert changed == {move.after.sitting.sheet for move in plan.moved} != set()
    assert {a: after[a][:2] for a in changed} == {m.after.sitting.sheet: (str(m.after.earned), str(m.after.possible)) for m in plan.moved}
    assert (scores, results) == (len(changed), len(plan.failing) + len(plan.passing))
    with service.database.reading() as reading:
        log = reading.execute(select(LogEntry).where(LogEntry.action == "result moved")).scalars().all()
        assert {entry.subject for entry in log} == {f"attempt:{attempt}" for attempt in changed}
        assert all((entry.before or {})["earned"] == before[entry.subject.removeprefix("attempt:")][0] for entry in log)
        decided = reading.execute(select(LogEntry).where(LogEntry.action == "item withdrawn")).scalar_one()
        assert (decided.actor, decided.subject) == (admin, f"item:{TEST}/{item}")
        assert not list(audit.verify(reading))
    service.database.close()


def test_restoring_an_item_puts_every_result_back(service: Service) -> None:
    seeded(service)
    admin, item = service.person("administrator"), an_item(service)
    before = kept(service)
    for action in ("withdraw", "restore"):
        with service.database.reading() as reading:
            last = preview(reading, service.library, TEST, Wish(item, action, "why"), admin, service.clock()).last
        take(service, Wish(item, action, "why"), last, admin)
        assert (kept(service) == before) is (action == "restore")


def test_what_fails_half_way_leaves_nothing_behind(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    seeded(service)
    admin, item, before = service.person("administrator"), an_item(service), kept(service)
    calls = []

    def breaks(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise RuntimeError("the power is gone")

    monkeypatch.setattr("coursewright.serve.learning.events.moved", breaks)
    with pytest.raises(RuntimeError):
        service.database.write(lambda s: decide(s, service.settings, service.library, TEST, Wish(item, "withdraw", "why"), 0, admin, service.clock()))
    assert len(calls) == 3
    assert kept(service) == before
    with service.database.reading() as reading:
        assert reading.scalar(select(func.count()).select_from(AdjustmentRow)) == 0


def test_the_page_shows_who_would_move_before_anything_changes_and_twice_is_once(service: Service) -> None:
    seeded(service)
    browser, item, before = service.browser(service.person("administrator")), an_item(service), kept(service)
    page, fields = ask(browser, item, action="withdraw", reason="two options are right")
    assert "Nothing is changed yet" in page
    assert kept(service) == before
    for _ in range(2):
        answer = browser.post(f"/manage/results/{TEST}/items/{item}/decide", fields)
        assert answer.status_code == 303
    shown = browser.follow(answer).get_data(as_text=True)
    assert "decided already" in shown
    assert "two options are right" in shown
    with service.database.reading() as reading:
        assert reading.scalar(select(func.count()).select_from(AdjustmentRow)) == 1
    assert kept(service) != before


def test_a_preview_that_another_decision_has_overtaken_is_shown_again(service: Service) -> None:
    seeded(service)
    admin = service.person("administrator")
    browser, item = service.browser(admin), an_item(service)
    _, fields = ask(browser, item, action="withdraw", reason="two options are right")
    with service.database.reading() as reading:
        other = sorted({i.id for i in gradebook_of(reading, service.library, TEST, None, "all").record.items.values()} - {item})[0]
    for last, action in enumerate(("withdraw", "restore")):  # taken back, so that the form keeps an item
        take(service, Wish(other, action, "why"), last, admin)
    answer = browser.post(f"/manage/results/{TEST}/items/{item}/decide", fields)
    assert "since you looked" in answer.get_data(as_text=True)
    with service.database.reading() as reading:
        assert reading.scalar(select(func.count()).select_from(AdjustmentRow)) == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"action": "withdraw", "reason": " "}, "Write a reason"),
        ({"action": "withdraw", "reason": "x" * 1001}, "Write a reason"),
        ({"action": "burn", "reason": "why"}, "Choose what to do"),
        ({"action": "rekey", "key": "nonsense = ;; DROP TABLE", "reason": "why"}, "not understood"),
        ({"action": "restore", "reason": "why"}, "nothing to take back"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_in_words(service: Service, fields: dict[str, str], said: str) -> None:
    seeded(service)
    page, hidden = ask(service.browser(service.person("administrator")), an_item(service), **fields)
    assert said in page
    assert hidden.get("last") is None


def test_a_reason_that_names_a_learner_is_refused(service: Service) -> None:
    seeded(service)
    browser, item = service.browser(service.person("administrator")), an_item(service)
    page, _ = ask(browser, item, action="withdraw", reason="Given3 Family03 says that two options are right")
    assert "may name nobody" in page


def test_a_form_keeps_one_item_at_least(service: Service) -> None:
    cohort = service.cohort()
    sit(service, learners(service, cohort, 1)[0], "11")
    admin = service.person("administrator")
    with service.database.reading() as reading:
        one, two = (i.id for i in load_form(reading, reading.scalar(select(Attempt.form_id)) or "").items)
    service.database.write(lambda s: decide(s, service.settings, service.library, TEST, Wish(one, "withdraw", "why"), 0, admin, service.clock()))
    with service.database.reading() as reading, pytest.raises(Refused, match="emptied"):
        preview(reading, service.library, TEST, Wish(two, "withdraw", "why"), admin, service.clock())


def test_a_coordinator_decides_only_where_all_attempts_are_of_own_cohorts(service: Service) -> None:
    mine, other = service.cohort("Mine"), service.cohort("Other")
    person = coordinator(service, mine)
    who = Who(person, "coordinator", "", "", True)
    browser = service.browser(person)

    def may() -> bool:
        with service.database.reading() as reading:
            return may_decide(reading, scope_of(reading, who), TEST)

    assert not may()
    sit(service, learners(service, mine, 1)[0], "11")
    assert may()
    item = an_item(service)
    page, fields = ask(browser, item, action="withdraw", reason="why")
    assert "Nothing is changed yet" in page
    sit(service, learners(service, other, 1, first=20)[0], "11")
    assert not may()
    assert browser.post(f"/manage/results/{TEST}/items/{item}/decide", fields).status_code == 404
    assert browser.post(f"/manage/results/{TEST}/items/{item}/preview", action="withdraw", reason="why").status_code == 404
    assert "an administrator decides" in browser.get(f"/manage/results/{TEST}/items/{item}").get_data(as_text=True)


def test_certificates_that_rest_on_a_failed_result_are_shown_and_stand(service: Service) -> None:
    cohort, people = seeded(service)
    with service.database.reading() as reading:
        attempt = reading.execute(select(Attempt).where(Attempt.test == TEST, Attempt.person_id == people[0])).scalar_one()

    def issue(session: object) -> None:
        statement = {"d": "2026-03-02", "s": "AAAA-BBBB-CCCC"}
        session.add(CertificateRow(serial="AAAA-BBBB-CCCC", person_id=people[0], attempt_id=attempt.id, statement=statement, token="t", issued_at=service.clock()))  # type: ignore[attr-defined]
        session.get(ResultRow, attempt.id).passed = False  # type: ignore[attr-defined]

    service.database.write(issue)
    with service.database.reading() as reading:
        found = resting_on_failed(reading, TEST, [cohort])
    assert [(r.serial, r.attempt, r.elsewhere) for r in found] == [("AAAA-BBBB-CCCC", attempt.id, False)]
    page = service.browser(service.person("administrator")).get(f"/manage/results/{TEST}").get_data(as_text=True)
    assert "AAAA-BBBB-CCCC" in page and f"/manage/people/{people[0]}" in page

    def void(session: object) -> None:
        session.get(ResultRow, attempt.id).passed = True  # type: ignore[attr-defined]
        session.get(Attempt, attempt.id).state = "void"  # type: ignore[attr-defined]

    service.database.write(void)
    with service.database.reading() as reading:
        assert [r.serial for r in resting_on_failed(reading, TEST, [cohort])] == ["AAAA-BBBB-CCCC"], "made void after it was issued"
    with service.database.reading() as reading:
        assert reading.get(CertificateRow, "AAAA-BBBB-CCCC").withdrawn_at is None  # type: ignore[union-attr]


def test_an_item_that_was_rewritten_after_a_decision_is_graded_by_its_own_key(service: Service, tmp_path: Path) -> None:
    (person,) = learners(service, service.cohort(), 1)
    sit(service, person, "1" * 12)
    take(service, Wish("q-basics-04", "rekey", "the second option is ambiguous", "a"), 0, service.person("administrator"))
    shutil.copytree(EVERYTHING, tmp_path / "course")
    bank = tmp_path / "course/quizzes/banks/01-basics.yaml"
    before = bank.read_text("utf-8")
    bank.write_text(before.replace("After contact with a patient", "Right after contact with a patient"), "utf-8")
    assert bank.read_text("utf-8") != before
    later = Service(service.settings, service.database, load_library(tmp_path / "course"), service.clock)
    (other,) = learners(later, later.cohort("Later"), 1)
    attempt = sit(later, other, "1" * 12)
    with service.database.reading() as reading:
        form = load_form(reading, reading.get(Attempt, attempt).form_id)  # type: ignore[union-attr]
        assert any(keyed.question.id == "q-basics-04" for keyed in form.keys.keyed)
        book = gradebook_of(reading, later.library, TEST, None, "all")
    (mine,) = [graded for graded in book.graded if graded.sitting.form == form.id]
    assert mine.earned == mine.possible, "by the key of the course, not by that of the decision"


def test_attempts_handed_in_while_an_item_is_withdrawn_are_graded_without_it(tmp_path: Path, database_url: str) -> None:
    """Learners hand in from threads while somebody decides: afterwards every result is what grading says now."""
    service = make_service(tmp_path, database_url)
    cohort, _ = seeded(service)
    late = learners(service, cohort, 8, first=40)
    admin, item = service.person("administrator"), an_item(service)
    threads = [threading.Thread(target=sit, args=(service, person, "11")) for person in late]
    for thread in threads[:4]:
        thread.start()
    service.database.write(lambda s: decide(s, service.settings, service.library, TEST, Wish(item, "withdraw", "why"), 0, admin, service.clock()))
    for thread in threads[4:]:
        thread.start()
    for thread in threads:
        thread.join()
    with service.database.reading() as reading:
        graded = gradebook_of(reading, service.library, TEST, None, "all").graded
    rows = kept(service)
    assert {g.sitting.sheet: (str(g.earned), str(g.possible)) for g in graded} == {g.sitting.sheet: rows[g.sitting.sheet][:2] for g in graded}
    service.database.close()
