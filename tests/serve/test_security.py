"""What an attacker meets: headers, cookies, forgery, guessing, sessions that end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select, update

from coursewright.serve.pages.sign_in import safe_next
from coursewright.serve.security.access import PAGES
from coursewright.serve.store.tables import AccessCode, LogEntry, Person, SignedIn
from coursewright.source.siblings import import_siblings

from .ground import PASSWORD, Service, make_service

import_siblings("coursewright.serve.pages")
#: what others send to us without a page of ours before it; each checks a signature instead
SIGNED_POSTS = {"/lti/login", "/lti/launch"}


def test_every_response_tells_browsers_to_run_and_keep_nothing_of_others(service: Service) -> None:
    browser = service.browser(service.person())
    for address in ("/", "/course", "/sign-in", "/no-such-page", "/tests/posttest"):
        headers = browser.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin" and headers["Cache-Control"] == "no-store"
        assert "Server" not in headers or "Werkzeug" not in headers["Server"]


def test_pages_hold_no_script_or_style_of_their_own(service: Service) -> None:
    browser = service.browser(service.person())
    for address in ("/", "/course", "/course/about", "/sign-in", "/staff", browser.start("posttest"), browser.start("check:basics")):
        page = browser.get(address).get_data(as_text=True)
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:", page), address


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(service: Service, tmp_path: Path) -> None:
    person = service.person()
    browser = service.browser()
    cookie = browser.post("/sign-in", code=service.code(person)).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    secure = make_service(tmp_path / "https", url="https://quiz.example.org")
    client = secure.app.test_client()
    cookie = client.get("/sign-in", base_url="https://quiz.example.org").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=") and "Secure" in cookie and "Path=/" in cookie
    assert "max-age=31536000" in client.get("/", base_url="https://quiz.example.org").headers["Strict-Transport-Security"]
    secure.database.close()


@pytest.mark.parametrize("rule", sorted({page.rule for page in PAGES if "POST" in page.methods} - SIGNED_POSTS))
def test_a_form_without_the_token_of_its_page_is_refused(service: Service, rule: str) -> None:
    browser = service.browser(service.person("administrator"))
    address = re.sub(r"<[^>]+>", "1", rule)
    assert browser.client.post(address, data={}).status_code == 400


def test_guessing_codes_is_slowed_down_for_every_worker_at_once(service: Service) -> None:
    one, two = service.browser(), service.browser()
    answers = [(one, two)[n % 2].post("/sign-in", code=f"0000-0000-{n:05d}").status_code for n in range(12)]
    assert answers[:10] == [401] * 10 and answers[10:] == [429, 429]
    service.clock.turn(minutes=5)


def test_a_code_that_is_unknown_ended_expired_or_of_an_erased_person_is_refused_alike(service: Service) -> None:
    person = service.person()
    ended = service.code(person)
    service.code(person)
    late = service.code(service.person(learner_id="2"))
    erased_person = service.person(learner_id="3")
    erased = service.code(erased_person)
    service.database.write(lambda s: s.execute(update(AccessCode).values(expires_at=service.clock()).where(AccessCode.person_id != erased_person, AccessCode.ended_at.is_(None))))
    service.database.write(lambda s: s.execute(update(Person).values(erased_at=service.clock()).where(Person.id == erased_person)))
    pages = set()
    for code in ("0123-4567-89ABC", ended, late, erased, "", "x" * 500):
        browser = service.browser()
        answer = browser.post("/sign-in", code=code)
        assert answer.status_code == 401
        pages.add(re.sub(r'value="[^"]+"', "", answer.get_data(as_text=True)))
    assert len(pages) == 1


def test_a_wrong_name_and_a_wrong_password_are_refused_alike(service: Service) -> None:
    service.person("coordinator", username="mara")
    pages = set()
    for username, password in (("mara", "wrong password!"), ("nobody", PASSWORD), ("", "")):
        answer = service.browser().post("/staff", username=username, password=password)
        assert answer.status_code == 401
        pages.add(re.sub(r'value="[^"]*"', "", answer.get_data(as_text=True)))
    assert len(pages) == 1
    assert service.browser().post("/staff", username="Mara", password=PASSWORD).status_code == 303


def test_signing_in_makes_a_new_session_and_signing_out_ends_it_on_the_server(service: Service) -> None:
    browser = service.browser()
    browser.get("/sign-in")
    before = browser.client.get_cookie("session")
    browser.post("/sign-in", code=service.code(service.person()))
    cookie = browser.client.get_cookie("session")
    assert before is not None and cookie is not None and before.value != cookie.value
    browser.get("/course")
    browser.post("/sign-out")
    stolen = service.app.test_client()
    stolen.set_cookie("session", cookie.value)
    assert stolen.get("/course").status_code == 303 and "/sign-in" in stolen.get("/course").headers["Location"]


def test_a_session_ends_when_idle_and_at_its_end(service: Service) -> None:
    browser = service.browser(service.person())
    for _ in range(7):
        service.clock.turn(minutes=service.settings.idle_minutes - 1)
        status = browser.get("/course").status_code
    assert status == 303, "used all the time, it ends after session_hours"
    other = service.browser(service.person(learner_id="2"))
    service.clock.turn(minutes=service.settings.idle_minutes + 1)
    assert other.get("/course").status_code == 303


def test_tokens_and_codes_are_not_in_the_database(service: Service) -> None:
    person = service.person()
    code = service.code(person)
    browser = service.browser()
    browser.post("/sign-in", code=code)
    with service.database.reading() as reading:
        stored = [row.digest for row in reading.execute(select(AccessCode)).scalars()] + [row.digest for row in reading.execute(select(SignedIn)).scalars()]
        said = " ".join(str((e.before, e.after, e.subject)) for e in reading.execute(select(LogEntry)).scalars())
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in stored)
    assert code not in said


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", ""])
def test_the_way_back_stays_on_this_site(service: Service, address: str) -> None:
    assert safe_next(address) is None
    answer = service.browser().post("/sign-in", code=service.code(service.person()), next=address)
    assert answer.status_code == 303 and answer.location == "/course"


def test_a_request_that_is_too_large_is_refused_before_it_is_read(service: Service) -> None:
    browser = service.browser(service.person())
    address = browser.start("posttest")
    assert browser.post(f"{address}/save", {"i1": "x" * 6_000_000}).status_code == 413


def test_methods_that_no_page_has_are_refused(service: Service) -> None:
    client = service.app.test_client()
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        assert client.open("/sign-in", method=method).status_code in (400, 405)


def test_an_error_shows_nothing_of_the_inside(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = service.browser(service.person())
    monkeypatch.setattr("coursewright.serve.pages.course.progress", lambda *_: 1 / 0)
    answer = browser.get("/course")
    assert answer.status_code == 500 and "Zero" not in answer.get_data(as_text=True) and "our fault" in answer.get_data(as_text=True)


def test_refusals_are_logged_without_saying_who(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    owner, other = service.person(), service.person(learner_id="2", given_name="Zoltan")
    address = service.browser(owner).start("posttest")
    browser = service.browser(other)
    service.app.logger.addHandler(caplog.handler)
    browser.get("/manage")
    browser.get(address)
    service.browser().post("/sign-in", code="0000-0000-00000")
    browser.client.post("/course/start", data={})
    service.app.logger.removeHandler(caplog.handler)
    said = [(record.what, record.rule) for record in caplog.records if record.message == "refused"]  # type: ignore[attr-defined]
    assert ("page", "/manage") in said and ("attempt", "/attempts/<attempt>") in said and ("code", "/sign-in") in said and ("form without its token", "/course/start") in said
    text = str([record.__dict__ for record in caplog.records])
    assert "Zoltan" not in text and other not in text and "0000-0000" not in text


def test_who_asks_for_a_page_of_staff_signs_in_with_a_password_and_is_led_there(service: Service) -> None:
    service.person("coordinator", username="mara")
    browser = service.browser()
    answer = browser.get("/manage/people?q=a")
    assert answer.location == "/staff?next=/manage/people?q%3Da"
    page = browser.follow(answer).get_data(as_text=True)
    assert 'href="/sign-in?next=/manage/people?q%3Da"' in page
    assert 'href="/staff?next=/course"' in browser.follow(browser.get("/course")).get_data(as_text=True)
    wrong = browser.post("/staff", username="mara", password="no", next="/manage/people?q=a").get_data(as_text=True)
    assert 'value="mara"' in wrong and "an administrator can send you a new link" in wrong
    assert browser.post("/staff", username="mara", password=PASSWORD, next="/manage/people?q=a").location == "/manage/people?q=a"


def test_a_form_that_comes_after_the_end_of_the_session_is_answered_with_a_way_to_sign_in(service: Service) -> None:
    learner, staff = service.browser(service.person()), service.browser(service.person("coordinator"))
    learner.get("/course/about")
    staff.get("/manage")
    service.clock.turn(minutes=service.settings.idle_minutes + 1)
    for browser, address, way in ((learner, "/course/start", "/sign-in"), (staff, "/manage", "/staff")):
        answer = browser.post(address, name="Winter")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 401 and "You were signed out" in page and f'class="button" href="{way}"' in page


def test_an_address_of_a_form_and_too_large_a_file_are_answered_with_what_to_do(service: Service) -> None:
    browser = service.browser(service.person("coordinator", given_name="Mara"))
    answer = browser.get("/manage/cohorts/x/settings")
    assert answer.status_code == 405 and "Go back to the page with the form" in answer.get_data(as_text=True)
    browser.get("/manage")
    large = browser.post("/manage", name="x" * 6_000_000)
    page = large.get_data(as_text=True)
    assert large.status_code == 413 and "at most 5 MB" in page and "Mara Ray" in page
