"""Signing in with OpenID Connect, against a provider that is not ours (IdentityPython's, over HTTP on the loopback)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import func, select

from coursewright.serve.store.tables import Identity, LogEntry, Person

from .ground import Browser, Service, make_service
from .managing import coordinator, logged
from .platforms.provider import CLIENT, SECRET, Provider, provider

OURS = "http://service.test"
PEOPLE = {
    "ana@provider": {"given_name": "Ana", "family_name": "Ray", "email": "Ana@clinic.test", "email_verified": True, "employee": "E-17"},
    "bo@provider": {"given_name": "Bo", "family_name": "Lind", "email": "ana@clinic.test", "email_verified": False},
    "cy@provider": {"name": "Cy Stone", "email": "cy@clinic.test", "email_verified": True},
    "dee@provider": {"given_name": "Dee", "family_name": "Orr", "email": "ana@clinic.test", "email_verified": True},
}
Make = Callable[..., Service]


@pytest.fixture(scope="module")
def op(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with provider(tmp_path_factory.mktemp("provider"), PEOPLE, f"{OURS}/oidc/callback") as made:
        yield made


@pytest.fixture
def make(op: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setenv("COURSEWRIGHT_OIDC_CLIENT_SECRET", SECRET)
    op.user, op.altered = "ana@provider", {}
    op.seen.clear()
    made: list[Service] = []

    def start(url: str = "", **told: Any) -> Service:
        settings = {"issuer": op.issuer, "client_id": CLIENT, "claim": "email", "name": "Clinic sign-in", **told}
        made.append(make_service(tmp_path, url, oidc=settings, url=OURS))
        return made[-1]

    yield start
    for service in made:
        service.database.close()


def at_provider(browser: Browser, start: str = "/oidc/start") -> str:
    """Where the provider sends a browser back to."""
    out = browser.get(start)
    assert out.status_code == 303, out.status_code
    assert out.location
    back = requests.get(out.location, allow_redirects=False, timeout=5)
    assert back.status_code == 302, back.text
    return back.headers["Location"].removeprefix(OURS)


def people(service: Service) -> int:
    with service.database.reading() as reading:
        return reading.scalar(select(func.count()).select_from(Person)) or 0


def test_a_person_of_a_roster_signs_in_by_a_verified_address_and_is_known_by_subject_from_then_on(make: Make, op: Provider, database_url: str) -> None:
    service = make(database_url)
    ana = service.person(cohort=service.cohort(), email="ana@clinic.test")
    browser = service.browser()
    answer = browser.get(at_provider(browser, "/oidc/start?next=/course/about"))
    assert (answer.status_code, answer.location) == (303, "/course/about")
    assert "Ana Ray" in browser.get("/course").get_data(as_text=True)
    service.database.write(lambda s: setattr(s.get(Person, ana), "email", "elsewhere@clinic.test"))
    other = service.browser()
    assert other.get(at_provider(other)).status_code == 303
    assert people(service) == 1
    with service.database.reading() as reading:
        assert reading.execute(select(Identity.issuer, Identity.person_id)).all() == [(op.issuer, ana)]
        assert reading.execute(select(LogEntry.action).order_by(LogEntry.number)).scalars().all() == ["identity linked", "signed in", "signed in"]


def test_a_learner_who_was_withdrawn_from_every_cohort_does_not_come_back_through_the_provider(make: Make) -> None:
    service = make()
    cohort = service.cohort()
    ana = service.person(cohort=cohort, email="ana@clinic.test")
    browser, (_, staff) = service.browser(), coordinator(service, cohort)
    assert browser.get(at_provider(browser)).status_code == 303
    assert staff.post(f"/manage/people/{ana}/cohort", {"from": cohort, "to": "", "reason": "left the ward"}).status_code == 303
    again = service.browser()
    assert again.get(at_provider(again)).status_code == 403


def test_an_account_that_a_coordinator_unlinks_is_looked_for_in_the_rosters_anew(make: Make, op: Provider) -> None:
    service = make()
    cohort = service.cohort()
    wrong, right = service.person(cohort=cohort, email="ana@clinic.test"), service.person(cohort=cohort, given_name="Right")
    browser, (_, staff) = service.browser(), coordinator(service, cohort)
    assert browser.get(at_provider(browser)).status_code == 303
    assert op.issuer in staff.get(f"/manage/people/{wrong}").get_data(as_text=True)
    for person, address in ((wrong, "other@clinic.test"), (right, "ana@clinic.test")):
        service.database.write(lambda s, person=person, address=address: setattr(s.get(Person, person), "email", address))  # type: ignore[misc]
    assert staff.post(f"/manage/people/{wrong}/unlink", reason="a wrong address").status_code == 303
    assert staff.post(f"/manage/people/{wrong}/unlink", reason="again").status_code == 400
    assert browser.get("/course").status_code in (302, 303, 401), "signed out"
    again = service.browser()
    assert again.get(at_provider(again)).status_code == 303
    assert "Right" in again.get("/course").get_data(as_text=True)
    assert [entry.after for entry in logged(service, "identity unlinked")] == [{"linked": 0, "reason": "a wrong address"}]


def test_the_way_out_asks_for_a_code_with_pkce_a_state_and_a_nonce(make: Make) -> None:
    out = make().browser().get("/oidc/start").location
    asked = {name: values[0] for name, values in parse_qs(urlsplit(out or "").query).items()}
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"], asked["redirect_uri"]) == ("code", "S256", CLIENT, f"{OURS}/oidc/callback")
    assert min(len(asked["state"]), len(asked["nonce"]), len(asked["code_challenge"])) >= 32
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}


def test_a_claim_can_be_compared_with_the_ids_of_a_roster(make: Make) -> None:
    service = make(claim="sub")
    browser = service.browser()
    assert browser.get(at_provider(browser)).status_code == 403, "nobody has that id yet"
    service.person(cohort=service.cohort(), learner_id="ana@provider")
    browser = service.browser()
    assert browser.get(at_provider(browser)).status_code == 303


@pytest.mark.parametrize(
    ("altered", "why"),
    [
        ({"nonce": "of-another-sign-in"}, "nonce"),
        ({"aud": ["another-client"]}, "audience"),
        ({"aud": ["another-client"], "azp": CLIENT}, "audience, though we are its party"),
        ({"aud": [CLIENT, "another-client"]}, "authorized party"),
        ({"exp": int(time.time()) - 3600}, "expired"),
        ({"iss": "https://elsewhere.test"}, "issuer"),
        ({"sub": "bo@provider"}, "userinfo of another subject"),
        ({"sub": ""}, "no subject"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_id_token_that_is_wrong_lets_nobody_in(make: Make, op: Provider, altered: dict[str, Any], why: str) -> None:
    service = make()
    service.person(cohort=service.cohort(), email="ana@clinic.test")
    op.altered = altered
    browser = service.browser()
    answer = browser.get(at_provider(browser))
    assert answer.status_code == 400, why
    assert "could not be completed" in answer.get_data(as_text=True)
    assert browser.get("/course").location.startswith("/sign-in")  # type: ignore[union-attr]


def test_a_callback_counts_once(make: Make) -> None:
    service = make()
    service.person(cohort=service.cohort(), email="ana@clinic.test")
    browser = service.browser()
    way = at_provider(browser)
    assert browser.get(way).status_code == 303
    assert browser.get(way).status_code == 400


def test_the_state_of_another_browser_is_refused_and_used_up(make: Make, op: Provider) -> None:
    service = make()
    service.person(cohort=service.cohort(), email="ana@clinic.test")
    attacker, victim = service.browser(), service.browser()
    way = at_provider(attacker)
    victim.get("/oidc/start")
    assert victim.get(way).status_code == 400
    assert attacker.get(way).status_code == 400
    assert "token" not in op.seen, "no code was redeemed"


def test_a_state_ends_after_ten_minutes(make: Make) -> None:
    service = make()
    service.person(cohort=service.cohort(), email="ana@clinic.test")
    browser = service.browser()
    way = at_provider(browser)
    service.clock.turn(minutes=11)
    assert browser.get(way).status_code == 400


def test_any_worker_can_take_the_callback(make: Make, tmp_path: Path) -> None:
    one = make()
    one.person(cohort=one.cohort(), email="ana@clinic.test")
    other = Service(one.settings, one.database, one.library, one.clock)
    browser = one.browser()
    way = at_provider(browser)
    elsewhere = Browser(other.app.test_client())
    for cookie in (browser.client.get_cookie("session"),):
        assert cookie is not None
        elsewhere.client.set_cookie("session", cookie.value)
    assert elsewhere.get(way).status_code == 303


def test_a_session_of_before_is_not_the_session_of_after(make: Make) -> None:
    service = make()
    service.person(cohort=service.cohort(), email="ana@clinic.test")
    browser = service.browser()
    browser.get("/oidc/start")
    before = browser.client.get_cookie("session")
    browser.get(at_provider(browser))
    after = browser.client.get_cookie("session")
    assert before is not None
    assert after is not None
    stale = service.browser()
    stale.client.set_cookie("session", before.value)
    assert stale.get("/course").location.startswith("/sign-in")  # type: ignore[union-attr]


@pytest.mark.parametrize("who", ["bo@provider", "dee@provider", "cy@provider"])
def test_an_address_that_is_unverified_linked_to_another_or_unknown_opens_nothing_and_all_read_the_same(make: Make, op: Provider, who: str) -> None:
    service = make()
    service.person(cohort=service.cohort(), email="ana@clinic.test")
    if who.startswith("dee"):
        first = service.browser()
        assert first.get(at_provider(first)).status_code == 303
    op.user = who
    browser = service.browser()
    answer = browser.get(at_provider(browser))
    text = answer.get_data(as_text=True)
    assert answer.status_code == 403
    assert "Ask your coordinator" in text
    assert "clinic.test" not in text
    assert people(service) == 1


def test_two_people_with_one_address_are_not_told_apart_by_chance(make: Make) -> None:
    service = make()
    cohort = service.cohort()
    service.person(cohort=cohort, email="ana@clinic.test")
    service.person(cohort=cohort, email="ana@clinic.test", given_name="Anna")
    browser = service.browser()
    assert browser.get(at_provider(browser)).status_code == 403


def test_staff_are_never_found_by_a_claim_only_by_a_link_that_is_there(make: Make, op: Provider) -> None:
    service = make()
    boss = service.person("coordinator", email="ana@clinic.test", learner_id="ana@provider")
    browser = service.browser()
    assert browser.get(at_provider(browser)).status_code == 403
    service.database.write(lambda s: s.add(Identity(issuer=op.issuer, subject="ana@provider", person_id=boss, created_at=service.clock())))
    browser = service.browser()
    answer = browser.get(at_provider(browser))
    assert (answer.status_code, answer.location) == (303, "/manage")


def test_where_the_settings_allow_it_a_stranger_becomes_a_learner_with_names_and_a_verified_address_alone(make: Make, op: Provider) -> None:
    service = make(create=True)
    service.person("coordinator", email="cy@clinic.test")
    for op.user in ("cy@provider", "bo@provider", "cy@provider"):
        browser = service.browser()
        assert browser.get(at_provider(browser)).location == "/course"
    with service.database.reading() as reading:
        made = reading.execute(select(Person.given_name, Person.family_name, Person.email, Person.role).where(Person.role == "learner").order_by(Person.given_name)).all()
    assert made == [("Bo", "Lind", "", "learner"), ("Cy Stone", "", "cy@clinic.test", "learner")]


def test_somebody_whose_data_was_erased_is_not_let_into_the_old_place(make: Make) -> None:
    service = make()
    ana = service.person(cohort=service.cohort(), email="ana@clinic.test")
    browser = service.browser()
    browser.get(at_provider(browser))
    service.database.write(lambda s: [setattr(s.get(Person, ana), "erased_at", service.clock()), setattr(s.get(Person, ana), "email", "")])
    browser = service.browser()
    assert browser.get(at_provider(browser)).status_code == 403


def test_a_no_of_the_provider_is_told_and_leaves_no_way_back(make: Make) -> None:
    service = make()
    browser = service.browser()
    state = parse_qs(urlsplit(browser.get("/oidc/start").location or "").query)["state"][0]
    answer = browser.get(f"/oidc/callback?error=access_denied&state={state}")
    assert answer.status_code == 403
    assert "did not let you through" in answer.get_data(as_text=True)
    assert browser.get(f"/oidc/callback?code=x&state={state}").status_code == 400


def test_a_provider_that_is_down_makes_a_page_that_says_so_and_codes_still_work(make: Make) -> None:
    service = make(issuer="http://127.0.0.1:9")
    answer = service.browser().get("/oidc/start")
    assert answer.status_code == 503
    assert "Clinic sign-in cannot be reached" in answer.get_data(as_text=True)
    assert service.browser(service.person()).get("/course").status_code == 200


def test_a_document_that_names_another_issuer_is_not_believed(make: Make, op: Provider) -> None:
    service = make(issuer=op.issuer.replace("127.0.0.1", "localhost"))
    assert service.browser().get("/oidc/start").status_code == 503


def test_a_way_back_leads_nowhere_else(make: Make) -> None:
    service = make()
    service.person(cohort=service.cohort(), email="ana@clinic.test")
    browser = service.browser()
    assert browser.get(at_provider(browser, "/oidc/start?next=https://evil.test/")).location == "/course"


def test_without_a_provider_there_is_no_such_page(service: Service) -> None:
    assert service.browser().get("/oidc/start").status_code == 404
    assert service.browser().get("/oidc/callback?state=x&code=y").status_code == 404
