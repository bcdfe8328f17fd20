"""Attempts on both databases: what was acknowledged is kept, what is handed in is graded once, nobody gets a key too early."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from coursewright.model.items.base import Example
from coursewright.plan.form import plan_form
from coursewright.plan.record import record_form
from coursewright.plan.sheet import plan_keys
from coursewright.serve.learning.attempts import Given, NotNow, grade_one, locked, save, submit
from coursewright.serve.learning.kept_forms import keep_form, load_form
from coursewright.serve.learning.responses import field
from coursewright.serve.learning.taking import start
from coursewright.serve.pages.tests import sweep
from coursewright.serve.store.tables import Answer, Attempt, LogEntry, Person, ResultRow

from .ground import Browser, Service, make_service

TEST = "posttest"


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[Service]:
    made = make_service(tmp_path, database_url, policy={"attempts": 3})
    yield made
    made.database.close()


def answers(service: Service, address: str) -> dict[str, Answer]:
    with service.database.reading() as reading:
        return {a.item: a for a in reading.execute(select(Answer).where(Answer.attempt_id == address.rpartition("/")[2])).scalars()}


def form_at(service: Service, address: str) -> Any:
    with service.database.reading() as reading:
        attempt = reading.get(Attempt, address.rpartition("/")[2])
        assert attempt is not None
        return load_form(reading, attempt.form_id)


def fields_of(number: int, response: Any) -> dict[str, Any]:
    """A response as the page's fields send it."""
    if response is None:
        return {}
    if isinstance(response, frozenset):
        return {field(number): sorted(response)}
    if isinstance(response, dict):
        return {field(number, prompt): choice for prompt, choice in response.items()}
    if isinstance(response, tuple):
        return {field(number, id_): str(place) for place, id_ in enumerate(response, 1)}
    return {field(number): response}


def right(service: Service, form: Any) -> dict[str, Any]:
    """Fields that answer every item of a form right."""
    items = {item.id: item for item in service.library.course.single_items}
    made: dict[str, Any] = {}
    for asked in form.sheet.asked:
        full = next(e for e in items[asked.question.id].examples() if e.share == 1 and e.valid)
        made |= {field(asked.number, "base"): "0", **fields_of(asked.number, full.response)}
    return made


def give(browser: Browser, address: str, number: int, item: str, base: int, **fields: Any) -> Any:
    return browser.post(f"{address}/save?item={item}", {field(number, "base"): str(base), **fields}, json=True)


def first_choice(form: Any) -> tuple[int, str, list[str]]:
    asked = next(a for a in form.sheet.asked if hasattr(a.question.interaction, "multiple"))
    return asked.number, asked.question.id, [a.id for a in asked.question.interaction.alternatives]


def test_an_answer_called_saved_is_in_the_database_and_on_the_page_of_another_device(both: Service) -> None:
    person = both.person()
    phone, laptop = both.browser(person), both.browser(person)
    address = phone.start(TEST)
    number, item, options = first_choice(form_at(both, address))
    answer = give(phone, address, number, item, 0, **{field(number): options[1]})
    assert answer.status_code == 200 and answer.json["answers"][item]["revision"] == 1
    assert json.loads(answers(both, address)[item].response) == {"choice": [options[1]]}
    page = laptop.get(address).get_data(as_text=True)
    assert f'name="i{number}" value="{options[1]}" checked' in page


def test_an_answer_changed_on_another_device_is_not_overwritten_unseen(both: Service) -> None:
    person = both.person()
    one, two = both.browser(person), both.browser(person)
    address = one.start(TEST)
    number, item, options = first_choice(form_at(both, address))
    assert give(one, address, number, item, 0, **{field(number): options[0]}).status_code == 200
    refused = give(two, address, number, item, 0, **{field(number): options[1]})
    assert refused.status_code == 409 and refused.json["problems"] == {item: "conflict"}
    assert refused.json["answers"][item]["response"] == {"choice": [options[0]]}
    mine = give(two, address, number, item, 0, **{field(number): options[1], field(number, "mine"): "1"})
    assert mine.status_code == 200 and mine.json["answers"][item]["revision"] == 2


def test_the_same_answer_sent_again_is_one_save(both: Service) -> None:
    browser = both.browser(both.person())
    address = browser.start(TEST)
    number, item, options = first_choice(form_at(both, address))
    for _ in range(3):  # a browser that never saw the first response
        assert give(browser, address, number, item, 0, **{field(number): options[0]}).json["answers"][item]["revision"] == 1


def test_without_a_script_one_button_saves_all_items_of_the_page(both: Service) -> None:
    browser = both.browser(both.person())
    address = browser.start(TEST)
    form = form_at(both, address)
    answer = browser.post(f"{address}/save", {**right(both, form), "then": "review"})
    assert answer.status_code == 303 and answer.location == f"{address}/submit"
    assert set(answers(both, address)) == set(form.number_of)


def test_answers_after_the_time_are_refused_and_what_was_saved_is_handed_in(both: Service) -> None:
    browser = both.browser(both.person())
    address = browser.start(TEST)
    number, item, options = first_choice(form_at(both, address))
    give(browser, address, number, item, 0, **{field(number): options[0]})
    both.clock.turn(minutes=10, seconds=both.settings.grace_seconds - 1)
    assert give(browser, address, number, item, 1, **{field(number): options[1]}).status_code == 200
    both.clock.turn(seconds=5)
    late = give(browser, address, number, item, 2, **{field(number): options[0]})
    assert late.status_code == 409 and late.json["problems"] == {item: "time-over"}
    with both.app.app_context():
        assert sweep(both.clock) == 1
        assert sweep(both.clock) == 0
    assert "/result" in (browser.get(address).location or "")
    assert json.loads(answers(both, address)[item].response) == {"choice": [options[1]]}


def test_extra_time_moves_the_end(both: Service) -> None:
    browser = both.browser(both.person(extra_percent=50, extra_minutes=5))
    browser.start(TEST)
    with both.database.reading() as reading:
        attempt = reading.execute(select(Attempt)).scalar_one()
    assert attempt.ends_at is not None and (attempt.ends_at - attempt.started_at).total_seconds() == 20 * 60


def test_handing_in_twice_grades_once(both: Service) -> None:
    browser = both.browser(both.person())
    address = browser.start(TEST)
    browser.post(f"{address}/save", right(both, form_at(both, address)))
    for _ in range(2):
        browser.get("/course")
        assert browser.post(f"{address}/submit").status_code == 303
    with both.database.reading() as reading:
        assert reading.scalar(select(func.count()).select_from(ResultRow)) == 1
        assert reading.scalar(select(func.count()).select_from(LogEntry).where(LogEntry.action == "attempt submitted")) == 1
        result = reading.execute(select(ResultRow)).scalar_one()
        assert result.earned == result.possible and result.passed is True


def test_of_many_at_once_one_begins_one_attempt_and_one_hand_in_grades_it(both: Service) -> None:
    person_id = both.person()

    def all_at_once(work: Any) -> list[Any]:
        made: list[Any] = []
        threads = [threading.Thread(target=lambda: made.append(both.database.write(work))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return made

    def begin(session: Any) -> str:
        return start(session, both.settings, both.library, session.get(Person, person_id), TEST, both.clock()).id

    attempts = all_at_once(begin)
    assert len(attempts) == 6 and len(set(attempts)) == 1

    def hand_in(session: Any) -> str:
        attempt = locked(session, attempts[0])
        return submit(session, attempt, load_form(session, attempt.form_id), both.clock(), person_id).attempt_id

    assert set(all_at_once(hand_in)) == {attempts[0]}
    with both.database.reading() as reading:
        assert reading.scalar(select(func.count()).select_from(LogEntry).where(LogEntry.action == "attempt submitted")) == 1


def test_no_answer_is_acknowledged_that_the_grade_does_not_hold(both: Service) -> None:
    """Saves race a hand-in; each save that was not refused stands among the answers whose digest the log holds."""
    from coursewright.serve.learning.attempts import answers_of, digest

    person_id = both.person()
    attempt_id = both.database.write(lambda s: start(s, both.settings, both.library, s.get(Person, person_id), TEST, both.clock()).id)
    with both.database.reading() as reading:
        form = load_form(reading, reading.get(Attempt, attempt_id).form_id)  # type: ignore[union-attr]
    _, item, options = first_choice(form)
    last: list[str] = []

    def saving() -> None:
        for n in range(60):
            option = options[n % 2]
            try:
                both.database.write(lambda s, o=option: save(s, locked(s, attempt_id), form, item, Given(frozenset({o})), both.clock(), 0))
            except NotNow:
                return
            last.append(option)

    thread = threading.Thread(target=saving)
    thread.start()
    while len(last) < 5:
        pass
    both.database.write(lambda s: submit(s, locked(s, attempt_id), form, both.clock(), person_id))
    thread.join()
    with both.database.reading() as reading:
        kept = answers_of(reading, attempt_id)
        logged = reading.execute(select(LogEntry).where(LogEntry.action == "attempt submitted")).scalar_one()
    assert json.loads(kept[item].response) == {"choice": [last[-1]]}
    assert logged.after is not None and logged.after["answers"] == digest(kept)


def test_a_retake_is_on_another_form_until_no_attempt_is_left(both: Service) -> None:
    browser = both.browser(both.person())
    forms = []
    for _ in range(3):
        address = browser.start(TEST)
        forms.append(form_at(both, address).id)
        browser.get(f"{address}/submit")
        browser.post(f"{address}/submit")
    assert len(set(forms)) == 3
    assert "No attempt is left" in browser.get(f"/tests/{TEST}").get_data(as_text=True)
    browser.post(f"/tests/{TEST}/start")
    with both.database.reading() as reading:
        assert reading.scalar(select(func.count()).select_from(Attempt)) == 3


def test_who_has_passed_takes_no_further_attempt(both: Service) -> None:
    browser = both.browser(both.person())
    address = browser.start(TEST)
    browser.post(f"{address}/save", right(both, form_at(both, address)))
    browser.get(f"{address}/submit")
    assert "Passed" in browser.follow(browser.post(f"{address}/submit")).get_data(as_text=True)
    assert browser.follow(browser.post(f"/tests/{TEST}/start")).get_data(as_text=True).count("You have passed.") == 1


def test_an_edit_of_the_course_changes_nothing_of_an_open_attempt(both: Service, tmp_path: Path) -> None:
    browser = both.browser(both.person())
    address = browser.start(TEST)
    before = browser.get(address).get_data(as_text=True)
    bank = both.library.course.banks[0]
    other = replace(both.library.course, banks=tuple(replaced(bank) if b is bank else b for b in both.library.course.banks))
    edited = make_service(tmp_path, both.settings.database_url, library=replace(both.library, course=other), policy={"attempts": 3})
    with both.database.reading() as reading:
        person = reading.execute(select(Attempt.person_id)).scalar_one()
    later = edited.browser(person)
    after = later.get(address).get_data(as_text=True)
    edited.database.close()
    cut = before.index("<fieldset")
    assert after[after.index("<fieldset") :].partition("</form>")[0] == before[cut:].partition("</form>")[0]


def replaced(bank: Any) -> Any:
    return bank.model_copy(update={"items": ()})


def test_a_kept_form_is_the_form_that_was_drawn(both: Service) -> None:
    course, numbering = both.library.course, both.library.numbering
    form = plan_form(course, both.library.tests[TEST], 3)
    id_ = both.database.write(lambda s: keep_form(s, course, numbering, form))
    assert both.database.write(lambda s: keep_form(s, course, numbering, form)) == id_
    with both.database.reading() as reading:
        kept = load_form(reading, id_)
    assert [(a.number, a.question.id, a.question.interaction) for a in kept.sheet.asked] == [(a.number, a.question.id, a.question.interaction) for a in form.sheet.asked]
    drawn = plan_keys(course, numbering, form.sheet)
    assert [(k.key, k.answer, k.explanation, k.objective, k.pointer) for k in kept.keys.keyed] == [(k.key, k.answer, k.explanation, k.objective, k.pointer) for k in drawn.keyed]
    assert kept.record.rule == record_form(course, form).rule


def test_every_kind_of_item_earns_through_the_page_what_its_examples_say(service: Service) -> None:
    """The knowledge check of the course that has every type of item: each example is sent as the page sends it."""
    browser = service.browser(service.person())
    examples: dict[str, list[Example]] = {item.id: [e for e in item.examples() if e.valid] for item in service.library.course.single_items}
    checks = [id_ for id_, chapter in service.library.chapters.items() if chapter.check.asked]
    tried = 0
    for unit in checks:
        for turn in range(max(len(examples[a.question.id]) for a in service.library.chapters[unit].check.asked)):
            address = browser.start(f"check:{unit}")
            form = form_at(service, address)
            fields: dict[str, Any] = {}
            expected: dict[str, Fraction] = {}
            for asked in form.sheet.asked:
                mine = examples[asked.question.id]
                example = mine[turn % len(mine)]
                expected[asked.question.id] = example.share
                fields |= {field(asked.number, "base"): "0", **fields_of(asked.number, example.response)}
            assert browser.post(f"{address}/save", fields).status_code == 303
            browser.get(f"{address}/submit")
            browser.post(f"{address}/submit")
            with service.database.reading() as reading:
                attempt = reading.get(Attempt, address.rpartition("/")[2])
                assert attempt is not None
                graded = grade_one(reading, attempt, form)
            assert {a.item: a.share for a in graded.answered} == expected
            tried += len(expected)
    assert tried > 20


def test_what_no_page_of_ours_sends_is_refused_and_nothing_is_kept(service: Service) -> None:
    browser = service.browser(service.person())
    address = browser.start(TEST)
    number, item, _ = first_choice(form_at(service, address))
    for fields in ({field(number): "zz"}, {field(number): ["a", "b"]}, {field(number, "base"): "-1"}, {field(number, "sure"): "9"}):
        assert give(browser, address, number, item, 0, **fields).status_code == 400
    assert give(browser, address, number, "no-such-item", 0).status_code in (200, 404)
    assert answers(service, address) == {}


def test_a_knowledge_check_opens_a_key_only_for_an_answered_item_which_is_then_final(service: Service) -> None:
    browser = service.browser(service.person())
    unit = next(id_ for id_, chapter in service.library.chapters.items() if chapter.check.asked)
    address = browser.start(f"check:{unit}")
    number, item, options = first_choice(form_at(service, address))
    browser.post(f"{address}/save", {field(number, "base"): "0", "then": f"open:{item}"})
    assert "verdict" not in browser.get(address).get_data(as_text=True)
    browser.post(f"{address}/save", {field(number, "base"): "0", field(number): options[0], "then": f"open:{item}"})
    assert "verdict" in browser.get(address).get_data(as_text=True)
    assert give(browser, address, number, item, 1, **{field(number): options[1]}).json["problems"] == {item: "opened"}


def test_a_test_opens_no_key_before_its_end(service: Service) -> None:
    browser = service.browser(service.person())
    address = browser.start(TEST)
    number, item, options = first_choice(form_at(service, address))
    browser.post(f"{address}/save", {field(number, "base"): "0", field(number): options[0], "then": f"open:{item}"})
    assert "verdict" not in browser.get(address).get_data(as_text=True)
    browser.get(f"{address}/submit")
    page = browser.follow(browser.post(f"{address}/submit")).get_data(as_text=True)
    assert "Key:" not in page and "rationales" not in page
