"""Staff and their second factor: asked for after the password, each code once, and never set up or taken off without it."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select

from coursewright.serve.people.passwords import fault_of
from coursewright.serve.store.tables import Person

from .ground import PASSWORD, Browser, Service, make_service


def signed_in(service: Service, username: str) -> Browser:
    browser = service.browser()
    assert browser.post("/staff", username=username, password=PASSWORD).status_code == 303
    return browser


def set_up(service: Service, username: str = "mara") -> pyotp.TOTP:
    browser = signed_in(service, username)
    page = browser.get("/account/second-factor").get_data(as_text=True)
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert found
    totp = pyotp.TOTP(found[1].replace(" ", ""))
    assert browser.post("/account/second-factor", password="wrong", code=totp.at(service.clock())).status_code == 422
    browser.get("/account/second-factor")
    assert browser.post("/account/second-factor", password=PASSWORD, code="000000").status_code == 422
    browser.get("/account/second-factor")
    assert browser.post("/account/second-factor", password=PASSWORD, code=totp.at(service.clock())).status_code == 303
    return totp


def test_after_it_is_set_up_a_password_alone_lets_nobody_in(service: Service) -> None:
    service.person("coordinator", username="mara")
    totp = set_up(service)
    service.clock.turn(minutes=1)
    browser = service.browser()
    answer = browser.post("/staff", username="mara", password=PASSWORD)
    assert answer.location == "/staff/second-factor"
    assert browser.get("/manage").status_code == 303
    browser.get("/staff/second-factor")
    assert browser.post("/staff/second-factor", code="123456").status_code == 401
    code = totp.at(service.clock())
    assert browser.post("/staff/second-factor", code=code).location == "/manage"
    assert browser.get("/manage").status_code == 200
    again = service.browser()
    again.post("/staff", username="mara", password=PASSWORD)
    again.get("/staff/second-factor")
    assert again.post("/staff/second-factor", code=code).status_code == 401, "a code works once"


def test_the_code_is_asked_for_five_minutes_and_guesses_are_slowed_down(service: Service) -> None:
    service.person("coordinator", username="mara")
    totp = set_up(service)
    browser = service.browser()
    browser.post("/staff", username="mara", password=PASSWORD)
    service.clock.turn(minutes=6)
    browser.get("/staff/second-factor")
    assert browser.post("/staff/second-factor", code=totp.at(service.clock())).location == "/staff"
    browser.post("/staff", username="mara", password=PASSWORD)
    browser.get("/staff/second-factor")
    assert [browser.post("/staff/second-factor", code=f"{n:06d}").status_code for n in range(12)][-1] == 429


def test_its_secret_is_not_in_the_database_in_clear(service: Service) -> None:
    service.person("coordinator", username="mara")
    totp = set_up(service)
    with service.database.reading() as reading:
        kept = reading.execute(select(Person.second_factor).where(Person.username == "mara")).scalar_one()
    assert kept and totp.secret not in kept


def test_where_it_is_required_staff_open_no_page_before_it_is_set_up(tmp_path: Path) -> None:
    service = make_service(tmp_path, second_factor="required")
    service.person("administrator", username="mara")
    browser = signed_in(service, "mara")
    assert browser.get("/manage").location == "/account/second-factor"
    other = service.person("coordinator", username="bo")
    browser.get("/account/second-factor")
    assert browser.post(f"/manage/staff/{other}/second-factor").location == "/account/second-factor", "not a colleague's either"
    set_up(service)
    service.database.close()


@pytest.mark.parametrize(("password", "fault"), [("short", "short"), ("password1234", "guessable"), ("qwertyuiop123", "guessable"), ("mara-is-the-best", "guessable"), ("correct horse battery", "")])
def test_usual_passwords_are_refused(password: str, fault: str) -> None:
    assert fault_of(password, "mara") == fault


def test_a_code_is_no_way_around_it(service: Service) -> None:
    person = service.person("coordinator", username="mara")
    set_up(service)
    browser = service.browser()
    assert browser.post("/sign-in", code=service.code(person)).location == "/staff/second-factor"
    assert browser.get("/manage").status_code == 303


def test_an_operator_takes_it_off_somebody_who_lost_it_and_ends_the_sessions(service: Service) -> None:
    from coursewright.serve.running.staff import CannotAdd, reset_second_factor

    service.person("coordinator", username="mara")
    set_up(service)
    assert reset_second_factor(service.database, "Mara", service.clock()) is True
    assert reset_second_factor(service.database, "mara", service.clock()) is False
    with pytest.raises(CannotAdd):
        reset_second_factor(service.database, "nobody", service.clock())
    assert service.browser().post("/staff", username="mara", password=PASSWORD).location == "/manage"
