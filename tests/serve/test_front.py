"""The first pages: what anyone sees, and how somebody enters."""

from __future__ import annotations

from .ground import Service


def test_a_personal_code_lets_its_person_in_and_no_other_code_does(service: Service) -> None:
    person = service.person(started=False)
    browser = service.browser()
    assert browser.post("/sign-in", code="0000-0000-00000").status_code == 401
    answer = browser.post("/sign-in", code=service.code(person).lower())
    assert answer.status_code == 303
    assert "What you will be able to do" in browser.follow(answer).get_data(as_text=True)


def test_before_any_test_a_learner_sees_objectives_disclosures_and_what_it_takes_to_pass(service: Service) -> None:
    browser = service.browser(service.person(started=False))
    for address in ("/course", "/tests/pretest", "/tests/posttest"):
        assert browser.get(address).location == "/course/about"
    page = browser.get("/course/about").get_data(as_text=True)
    assert "Financial disclosures" in page and "To pass the post-test" in page and "What you will be able to do" in page
    assert browser.post("/tests/posttest/start").location == "/course/about"
    browser.get("/course/about")
    browser.post("/course/start")
    assert browser.get("/tests/posttest").status_code == 200
