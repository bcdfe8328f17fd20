"""No key, and nothing that depends on one, reaches a learner before the policy opens it: every byte is fetched and read."""

from __future__ import annotations

import copy
import re
from typing import Any

from sqlalchemy import select

from coursewright.model.items.base import SingleItem
from coursewright.serve.learning.responses import field
from coursewright.serve.pages import tests as pages
from coursewright.serve.security.access import PAGES
from coursewright.serve.store.tables import Attempt, Member, StoredItem

from .crawler import crawl
from .ground import Browser, Service, make_service

TEST = "posttest"


def starts() -> tuple[str, ...]:
    """Every route that takes no argument, besides what links lead to."""
    return ("/course", *(page.rule for page in PAGES if "GET" in page.methods and "<" not in page.rule and not page.rule.startswith(("/oidc", "/lti", "/metrics", "/healthz", "/readyz"))))


def exam_items(service: Service) -> list[SingleItem]:
    return [single for item in service.library.course.items if item.pool == "exam" for single in item.singles()]


def reasons(service: Service) -> list[str]:
    """The words that only a key says: rationales of the items of tests."""
    lines = [line for item in exam_items(service) for _, line in item.explanation.by_alternative]
    texts = [line.plain for line in lines] + [item.explanation.overall.plain for item in exam_items(service) if item.explanation.overall]
    return [text for text in texts if len(text) > 25]


def answered(service: Service, browser: Browser, address: str) -> None:
    """Something given to each item that can be answered by one choice."""
    with service.database.reading() as reading:
        attempt = reading.get(Attempt, address.rpartition("/")[2])
        assert attempt is not None
        with service.app.app_context():
            form = pages.form_of(attempt.form_id)
    fields: dict[str, Any] = {}
    for asked in form.sheet.asked:
        fields[field(asked.number, "base")] = "0"
        alternatives = getattr(asked.question.interaction, "alternatives", None)
        if alternatives and hasattr(asked.question.interaction, "multiple"):
            fields[field(asked.number)] = alternatives[0].id
    assert browser.post(f"{address}/save", fields).status_code == 303


def other_keys(service: Service) -> None:
    """Turn every key that the database keeps into another, and its reasons with it."""

    def work(session: Any) -> None:
        for row in session.execute(select(StoredItem)).scalars():
            content = copy.deepcopy(row.content)
            content["key"] = _another(content["key"], content["interaction"])
            content["why"] = [[id_, f"other reason {n}"] for n, (id_, _) in enumerate(content["why"])]
            content["overall"] = None if content["overall"] is None else "Another reason for it all."
            row.content = content

    service.database.write(work)
    pages._form.cache_clear()


def _another(key: dict[str, Any], interaction: dict[str, Any]) -> dict[str, Any]:
    match key["kind"]:
        case "choice":
            ids = [id_ for id_, _ in interaction["alternatives"]]
            return {**key, "correct": [id_ for id_ in ids if id_ not in key["correct"]][:1]}
        case "panel":
            return {**key, "shares": [[id_, "1"] for id_, _ in key["shares"]]}
        case "match":
            return {**key, "pairs": [[prompt, interaction["choices"][0][0]] for prompt, _ in key["pairs"]]}
        case "order":
            return {**key, "order": list(reversed(key["order"]))}
        case "numeric":
            return {**key, "value": "123456"}
        case _:
            return {**key, "accepted": ["something else"]}


def test_nothing_that_a_learner_can_fetch_during_a_test_depends_on_its_keys(service: Service) -> None:
    browser = service.browser(service.person())
    for test in (TEST, "check:basics"):
        address = browser.start(test)
        answered(service, browser, address)
        browser.get(address)  # the word that it is saved is said once
    before = crawl(browser, (*starts(), f"{address}/state", f"{address}/submit"))
    other_keys(service)
    after = crawl(browser, (*starts(), f"{address}/state", f"{address}/submit"))
    assert len(before) > 20
    assert sorted(before) == sorted(after)
    assert [name for name in before if before[name] != after[name]] == []


def test_no_reason_of_a_test_item_is_in_any_byte_while_the_test_is_open(service: Service) -> None:
    browser = service.browser(service.person())
    answered(service, browser, browser.start(TEST))
    canaries = reasons(service)
    assert len(canaries) >= 2
    for address, data in crawl(browser, starts()).items():
        text = re.sub(r"\s+", " ", data.decode("utf-8", "replace"))
        assert [reason for reason in canaries if reason in text] == [], address


def test_after_a_failed_attempt_keys_stay_closed_until_no_attempt_is_left(service: Service, tmp_path: Any) -> None:
    once = make_service(tmp_path / "twice", policy={"attempts": 2})
    browser = once.browser(once.person())
    for turn in range(2):
        address = browser.start(TEST)
        answered(once, browser, address)
        browser.get(f"{address}/submit")
        browser.post(f"{address}/submit")
        text = b"".join(crawl(browser, (*starts(), f"{address}/result")).values()).decode("utf-8", "replace")
        shown = [reason for reason in reasons(once) if reason in text]
        assert bool(shown) == (turn == 1)
    once.database.close()


def test_what_policies_open(tmp_path: Any) -> None:
    for review, opened in (("score", False), ("objectives", False), ("keys", True), ("keys-at-close", False)):
        made = make_service(tmp_path / review, policy={"attempts": 1, "review": review})
        browser = made.browser(made.person(cohort=made.cohort(closes_at=None)))
        address = browser.start(TEST)
        answered(made, browser, address)
        browser.get(f"{address}/submit")
        page = browser.follow(browser.post(f"{address}/submit")).get_data(as_text=True)
        assert ("Key:" in page) == opened, review
        made.database.close()


def test_keys_of_a_closed_cohort_stay_closed_for_a_learner_who_goes_on_in_another(tmp_path: Any) -> None:
    made = make_service(tmp_path, policy={"attempts": 3, "review": "keys-at-close"})
    old, new = made.cohort("Old", closes_at=made.clock().replace(day=20)), made.cohort("New")
    person = made.person(cohort=old)
    browser = made.browser(person)
    address = browser.start(TEST)
    answered(made, browser, address)
    browser.get(f"{address}/submit")
    browser.post(f"{address}/submit")
    made.clock.turn(days=30)
    browser = made.browser(person)
    assert "Key:" in browser.get(f"{address}/result").get_data(as_text=True)
    made.database.write(lambda session: session.add(Member(cohort_id=new, person_id=person, joined_at=made.clock())))
    assert "Key:" not in browser.get(f"{address}/result").get_data(as_text=True)
    made.database.close()
