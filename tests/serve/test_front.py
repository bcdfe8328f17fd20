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
