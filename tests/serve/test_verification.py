"""Anyone can check a certificate, and learns nothing but what the certificate says."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import JWKRegistry
from markupsafe import escape
from sqlalchemy.orm import Session

from coursewright.build.signing import sign
from coursewright.serve.credit import issuing
from coursewright.serve.credit.keys import signing_key
from coursewright.serve.credit.lookup import normal_serial
from coursewright.serve.store.tables import Person

from .ground import Service, make_service
from .test_certificates import URL, done, held, of_today

UNKNOWN = "No certificate of ours has this number"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return of_today(make_service(tmp_path, url=URL, verify_rate="1000/minute"))


def words(html: str) -> list[str]:
    """What a page says in its main part, and nothing that is the same for everybody."""
    main = html[html.index("<main") : html.index("<form method", html.index("<main"))]
    return [text.strip() for text in re.findall(r">([^<>]+)<", main) if text.strip()]


def test_the_page_of_a_certificate_says_the_listed_facts_and_nothing_else(service: Service) -> None:
    person, serial = done(service, learner_id="EMP-77", email="ana@example.org", roster={"license_id": "RN99", "license_state": "FL"})
    row = held(service, person)
    assert row is not None
    html = service.browser().get(f"/verify/{serial}").get_data(as_text=True)
    day = service.clock().date()
    assert words(html) == [
        "Verify a certificate",
        "Sample: not valid for credit",
        "The certificate is genuine, and the course has no accredited provider yet: nobody may count it for credit.",
        *("Holder", "Ana Ray"),
        *("Course", service.library.course.info.title),
        *("Completed", f"{day:%B} {day.day}, {day.year}"),
        *("Credit", row.statement["h"], row.statement["c"], "(not valid for credit)"),
        *("Number", serial),
        "Compare name, day and hours with the certificate that you were given: a copy may have been altered.",
    ]
    for secret in ("EMP-77", "ana@example.org", "RN99", person, row.attempt_id, "90%", row.token):
        assert secret not in html, secret


def test_unknown_malformed_and_forged_look_the_same(service: Service) -> None:
    _, serial = done(service)
    browser = service.browser()
    forged = sign(Ed25519PrivateKey.generate(), {"s": serial, "n": "Eve", "v": 1})
    pages = set()
    for asked in ("AAAA-BBBB-CCCC", "7", "x" * 300, "ÄÖÜ", forged, "CW1.x.y", f"{URL}/verify/AAAA-BBBB-CCCC", serial[:-1] + ("A" if serial[-1] != "A" else "B")):
        answer = browser.get("/verify", query_string={"q": asked})
        assert answer.status_code == 404 and answer.headers["X-Robots-Tag"].startswith("noindex"), asked
        pages.add(re.sub(r'(name="(?:csrf_token|next)" value=")[^"]+', r"\1", answer.get_data(as_text=True)))
    assert len(pages) == 1 and UNKNOWN in pages.pop()
    assert UNKNOWN in browser.get("/verify/nothing").get_data(as_text=True)


def test_a_number_that_is_not_found_stands_in_the_field_again_and_what_a_code_holds_does_not(service: Service) -> None:
    browser = service.browser()
    for typed in ("7K2M-Q4XA-RTBC", "7k2m \"<q4"):
        browser.get("/verify")
        page = browser.follow(browser.post("/verify", q=typed)).get_data(as_text=True)
        assert UNKNOWN in page and f'name="q" value="{escape(typed)}"' in page
    browser.get("/verify")
    assert 'name="q" value=""' in browser.post("/verify", q="CW1.x.y").get_data(as_text=True)


@pytest.mark.parametrize("shape", [str.lower, lambda s: s.replace("-", ""), lambda s: f"  {s.replace('-', ' ')} ", lambda s: s.replace("O", "0").replace("I", "1").replace("B", "8"), lambda s: f"{URL}/verify/{s}"])
def test_a_serial_is_found_however_it_is_typed(service: Service, shape: object) -> None:
    _, serial = done(service)
    browser = service.browser()
    assert "Ana Ray" in browser.get("/verify", query_string={"q": shape(serial)}).get_data(as_text=True)  # type: ignore[operator]
    browser.get("/verify")
    assert "Ana Ray" in browser.follow(browser.post("/verify", q=shape(serial))).get_data(as_text=True)  # type: ignore[operator]


def test_what_the_code_holds_is_found_too_and_stays_out_of_addresses(service: Service) -> None:
    person, serial = done(service)
    row = held(service, person)
    assert row is not None
    browser = service.browser()
    for text in (row.token, f"{URL}/verify/{serial}#{row.token}"):
        browser.get("/verify")
        answer = browser.post("/verify", q=text)
        assert answer.status_code == 200 and "Ana Ray" in answer.get_data(as_text=True) and row.token not in answer.get_data(as_text=True)
    assert 'method="post" action="/verify"' in browser.get("/verify").get_data(as_text=True)


def test_a_withdrawn_certificate_says_so_and_names_nobody_by_serial_and_by_code(service: Service) -> None:
    person, serial = done(service)
    row = held(service, person)
    assert row is not None
    service.database.write(lambda s: issuing.withdraw(s, serial, "secret reason", "x", service.clock()))
    for asked in (serial, row.token):
        html = service.browser().get("/verify", query_string={"q": asked}).get_data(as_text=True)
        assert "This certificate was withdrawn on" in html and "Ana" not in html and "Ray" not in html and "secret reason" not in html


def test_the_certificate_of_somebody_erased_was_withdrawn_at_the_holders_wish(service: Service) -> None:
    person, serial = done(service)
    row = held(service, person)
    assert row is not None

    def erase(session: Session) -> None:
        found = session.get(Person, person)
        assert found is not None
        found.erased_at = service.clock()

    service.database.write(erase)
    for asked in (serial, row.token):
        html = service.browser().get("/verify", query_string={"q": asked}).get_data(as_text=True)
        assert "at its holder's request" in html and "Ana" not in html and "Ray" not in html


def test_a_certificate_made_from_a_roster_with_our_key_is_known_by_its_signature(service: Service) -> None:
    statement = {"s": "ABCD-EFGH-IJKL", "n": "Pat Paper", "a": "x", "t": "A course", "d": "2026-03-01", "h": "2.00", "c": "contact hours", "p": "P-1", "v": 1}
    html = service.browser().get("/verify", query_string={"q": sign(signing_key(service.settings), statement)}).get_data(as_text=True)
    assert "Valid certificate" in html and "Pat Paper" in html and "made outside this service" in html
    assert UNKNOWN in service.browser().get("/verify/ABCD-EFGH-IJKL").get_data(as_text=True)
    odd: tuple[Any, ...] = ({"s": "x"}, {**statement, "d": "no day"}, {**statement, "s": 7}, [])
    for thing in odd:
        assert service.browser().get("/verify", query_string={"q": sign(signing_key(service.settings), thing)}).status_code == 404


def test_guessing_is_stopped_and_the_form_itself_stays_open(tmp_path: Path) -> None:
    service = of_today(make_service(tmp_path, url=URL, verify_rate="3/minute"))
    _, serial = done(service)
    browser = service.browser()
    codes = [browser.get("/verify/AAAA-BBBB-CCCC").status_code, browser.get("/verify", query_string={"q": "x"}).status_code, browser.post("/verify", q="y").status_code]
    assert codes == [404, 404, 404], "the pages count together"
    assert browser.get(f"/verify/{serial}").status_code == 429
    assert [browser.get("/verify").status_code for _ in range(5)] == [200] * 5
    service.database.close()


def test_a_badge_is_checked_with_what_is_public_and_tells_of_nobody(service: Service) -> None:
    person, serial = done(service, email="ana@example.org", learner_id="EMP-77")
    browser, stranger = service.browser(person), service.browser()
    token = browser.get("/badge.jwt").get_data(as_text=True)
    key, issuer, achievement = (stranger.get(f"/badge/{name}.json") for name in ("key", "issuer", "achievement"))
    assert all(answer.status_code == 200 and answer.headers["Access-Control-Allow-Origin"] == "*" for answer in (key, issuer, achievement))
    assert key.json is not None and issuer.json is not None and achievement.json is not None
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key.json)
    decoded = jwt.decode(token, JWKRegistry.import_key(key.json))
    assert decoded.header["kid"] == f"{URL}/badge/key.json" == key.json["kid"]
    claims = decoded.claims
    assert claims["issuer"] == {name: issuer.json[name] for name in claims["issuer"]}
    assert claims["credentialSubject"]["achievement"] == {name: value for name, value in achievement.json.items() if name != "@context"}
    assert not re.search(r"Ana|Ray|EMP-77|example\.org/ana|ana@", str(claims).replace(service.library.course.info.title, ""))
    assert claims["id"] == f"{URL}/credentials/{serial}"
    followed = stranger.get(f"/credentials/{serial}")
    assert followed.status_code == 303 and followed.location is not None and followed.location.endswith(f"/verify/{serial}")
    assert stranger.get("/badge/nothing.json").status_code == 404


def test_the_public_halves_of_the_keys_are_there_and_only_those(service: Service) -> None:
    for address, head in (("/verify/public-key.pem", b"-----BEGIN PUBLIC KEY"), ("/verify/signer.pem", b"-----BEGIN CERTIFICATE")):
        data = service.browser().get(address).data
        assert data.startswith(head) and b"PRIVATE" not in data


def test_serials_that_are_none_are_none() -> None:
    assert normal_serial("abcd efgh 2345") == "ABCD-EFGH-2345"
    assert [normal_serial(text) for text in ("", "ABCD-EFGH-234", "ABCD-EFGH-23459", "ABCD-EFGH-234!", "ＡBCD-EFGH-2345", "ß" * 6)] == [""] * 6


def test_a_day_is_said_in_the_language_of_who_looks(service: Service) -> None:
    _, serial = done(service)
    html = service.browser().get(f"/verify/{serial}", headers={"Accept-Language": "es"}).get_data(as_text=True)
    day = service.clock().date()
    assert f'<time datetime="{day.isoformat()}">{day.day} de ' in html
    assert isinstance(day, datetime.date)
