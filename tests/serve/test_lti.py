"""LTI 1.3: launches, content, grades, against a platform that is not ours (`lti1p3platform`, over HTTP on the loopback)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from lti1p3platform.score import UpdateScoreStatus
from sqlalchemy import func, select

from coursewright.serve.connections.outbox import deliver
from coursewright.serve.store.tables import Attempt, Cohort, Identity, LtiLink, Member, Outgoing, Person

from .ground import Browser, Service, make_service
from .platforms.lms import CLAIM, CLIENT, DEPLOYMENT, ISSUER, MEMBERSHIP, Lms, lms, pair
from .platforms.loopback import serving
from .test_attempts import form_at, right

OURS = "https://tool.test"
ANA = {"sub": "u-1", "roles": [f"{MEMBERSHIP}Learner"], "given_name": "Ana", "family_name": "Ray", "email": "ana@lms.test"}
IDA = {"sub": "u-9", "roles": [f"{MEMBERSHIP}Instructor"], "name": "Ida Gold"}
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
Make = Callable[..., Service]


@pytest.fixture(scope="module")
def platform() -> Iterator[Lms]:
    with lms() as made:
        yield made


@pytest.fixture
def make(platform: Lms, tmp_path: Path) -> Iterator[Make]:
    platform.scores.clear()
    platform.asked.clear()
    platform.down, platform.status = False, UpdateScoreStatus.SUCCESS
    made: list[Service] = []

    def start(url: str = "", **told: Any) -> Service:
        made.append(make_service(tmp_path, url, lti=[{**platform.settings, **told}], url=OURS))
        return made[-1]

    yield start
    for service in made:
        service.database.close()


def browser_of(service: Service) -> Browser:
    made = service.browser()
    made.client.environ_base["wsgi.url_scheme"] = "https"
    return made


def launch(service: Service, platform: Lms, user: dict[str, Any], target: str = OURS, browser: Browser | None = None, **options: Any) -> tuple[Browser, Any]:
    """What a click in the platform leads to."""
    browser = browser or browser_of(service)
    first = browser.get(platform.start("", target, user["sub"]))
    assert first.status_code == 302, first.get_data(as_text=True)
    return browser, send(browser, platform.answer(first.location or "", user, **options))


def send(browser: Browser, form: dict[str, str]) -> Any:
    """The platform's page makes a browser send a form, which has no token of ours."""
    return browser.client.post("/lti/launch", data=form, headers={"Origin": ISSUER, "Referer": f"{ISSUER}/"})


def rows(service: Service, *columns: Any) -> list[Any]:
    with service.database.reading() as reading:
        return list(reading.execute(select(*columns)).all())


def take(service: Service, browser: Browser, well: bool = True) -> None:
    """Take the final test."""
    browser.get("/course/about")
    browser.post("/course/start")
    address = browser.start("posttest")
    form = form_at(service, address)
    browser.post(f"{address}/save", right(service, form) if well else {})
    browser.get(f"{address}/submit")
    assert browser.post(f"{address}/submit").status_code == 303


def test_a_first_launch_makes_a_learner_in_the_cohort_of_the_platforms_course_and_a_second_makes_nothing(make: Make, platform: Lms, database_url: str) -> None:
    service = make(database_url)
    browser, answer = launch(service, platform, ANA)
    assert (answer.status_code, answer.location) == (303, "/course/about")
    assert "Ana Ray" in browser.get("/course/about").get_data(as_text=True)
    launch(service, platform, ANA)
    assert rows(service, Person.role, Person.given_name, Person.family_name, Person.email) == [("learner", "Ana", "Ray", "ana@lms.test")]
    assert rows(service, Cohort.name) == [("Pain 101",)]
    assert len(rows(service, Member.person_id)) == 1


def test_a_link_to_a_test_leads_there_once_the_course_has_begun(make: Make, platform: Lms) -> None:
    service = make()
    browser, _ = launch(service, platform, ANA)
    browser.get("/course/about")
    browser.post("/course/start")
    assert launch(service, platform, ANA, f"{OURS}/tests/posttest")[1].location == "/tests/posttest"
    assert launch(service, platform, ANA, f"{OURS}/read/basics")[1].location == "/read/basics"
    assert launch(service, platform, ANA, f"{OURS}/lti/launch", custom={"resource": "test:pretest"})[1].location == "/tests/pretest"
    assert launch(service, platform, ANA, f"{OURS}/manage")[1].location == "/course", "no link leads to what learners do not open"


def test_courses_of_one_name_have_cohorts_of_their_own(make: Make, platform: Lms) -> None:
    service = make()
    for context in (("c-1", "Pain"), ("c-2", "Pain"), ("c-1", "Pain, renamed"), ("", "")):
        launch(service, platform, ANA, context=context)
    assert sorted(name for (name,) in rows(service, Cohort.name)) == ["Pain", "Pain (2)", "lms.test"]


def test_an_instructor_becomes_a_coordinator_of_that_cohort_alone_and_is_nobody_who_was_there_before(make: Make, platform: Lms) -> None:
    service = make()
    other = service.cohort("Elsewhere")
    boss = service.person("coordinator", other, email="ida@lms.test", learner_id="u-9")
    _, answer = launch(service, platform, {**IDA, "email": "ida@lms.test"})
    assert (answer.status_code, answer.location) == (303, "/manage")
    with service.database.reading() as reading:
        made = reading.execute(select(Person).where(Person.role == "coordinator", Person.id != boss)).scalar_one()
        cohorts = reading.execute(select(Cohort.name).join(Member, Member.cohort_id == Cohort.id).where(Member.person_id == made.id)).scalars().all()
    assert (made.given_name, made.family_name, made.password, made.username) == ("Ida Gold", "", "", None)
    assert cohorts == ["Pain 101"]


def test_who_teaches_one_course_may_learn_in_another_and_is_two_people(make: Make, platform: Lms) -> None:
    service = make()
    launch(service, platform, IDA, context=("c-1", "Teach"))
    _, answer = launch(service, platform, {**IDA, "roles": [f"{MEMBERSHIP}Learner"]}, context=("c-2", "Learn"))
    assert answer.location == "/course/about"
    assert sorted(role for (role,) in rows(service, Person.role)) == ["coordinator", "learner"]


def test_a_role_in_the_institution_does_not_make_an_instructor(make: Make, platform: Lms) -> None:
    service = make()
    roles = ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator", "http://purl.imsglobal.org/vocab/lis/v2/system/person#SysAdmin", f"{MEMBERSHIP}Learner"]
    assert launch(service, platform, {**ANA, "roles": roles})[1].location == "/course/about"


@pytest.mark.parametrize(
    ("altered", "why"),
    [
        ({f"{CLAIM}deployment_id": "deployment-2"}, "a deployment that is not ours"),
        ({"iss": "https://other.test"}, "an unknown issuer"),
        ({"aud": "tool-2"}, "another client"),
        ({"aud": [CLIENT, "tool-2"], "azp": "tool-2"}, "several audiences, and another party"),
        ({"nonce": "of-nobody"}, "a nonce that is not ours"),
        ({"sub": ""}, "nobody"),
        ({f"{CLAIM}version": "1.1"}, "another version"),
        ({f"{CLAIM}message_type": "LtiSubmissionReviewRequest"}, "a message we do not take"),
        ({f"{CLAIM}resource_link": {}}, "no link"),
        ({f"{CLAIM}target_link_uri": "https://evil.test/"}, "an address elsewhere"),
        ({f"{CLAIM}target_link_uri": f"{OURS}.evil.test/course"}, "an address that begins like ours"),
        ({f"{CLAIM}roles": None}, "no roles"),
        ({f"{CLAIM}message_type": 7, "nbf": "never"}, "the wrong shape"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_message_that_is_wrong_in_one_part_lets_nobody_in(make: Make, platform: Lms, altered: dict[str, Any], why: str) -> None:
    service = make()
    browser, answer = launch(service, platform, ANA, altered=altered)
    assert answer.status_code == 400, why
    assert "could not be opened" in answer.get_data(as_text=True)
    assert rows(service, Person.id) == []
    assert browser.get("/course").location.startswith("/sign-in")  # type: ignore[union-attr]


def signed(form: dict[str, str], key: str, headers: dict[str, Any], **changed: Any) -> dict[str, str]:
    """A form whose message was signed again, by PyJWT."""
    claims = {**jwt.decode(form["id_token"], options={"verify_signature": False}), **changed}
    claims = {name: value for name, value in claims.items() if value is not None}
    return {**form, "id_token": jwt.encode(claims, key, algorithm=headers.pop("alg", "RS256"), headers=headers)}


def began(service: Service, platform: Lms) -> tuple[Browser, dict[str, str], dict[str, Any]]:
    browser = browser_of(service)
    form = platform.answer(browser.get(platform.start("", OURS, "u-1")).location or "", ANA)
    return browser, form, {"kid": jwt.get_unverified_header(form["id_token"])["kid"]}


def test_a_forged_signature_is_refused(make: Make, platform: Lms) -> None:
    browser, form, headers = began(make(), platform)
    assert send(browser, signed(form, pair()[0], headers)).status_code == 400


def test_the_public_key_is_no_secret_to_sign_with(make: Make, platform: Lms) -> None:
    service = make()
    for headers in ({"alg": "HS256"}, {"alg": "none"}):
        browser, form, kid = began(service, platform)
        forged = signed(form, "" if headers["alg"] == "none" else "x" * 40, {**kid, **headers})
        assert send(browser, forged).status_code == 400
    assert rows(service, Person.id) == []


@pytest.mark.parametrize("changed", [{"exp": int(time.time()) - 10}, {"exp": None}, {"iat": int(time.time()) + 3600}], ids=["expired", "without end", "from tomorrow"])
def test_a_message_whose_time_is_not_now_is_refused(make: Make, platform: Lms, changed: dict[str, Any]) -> None:
    browser, form, headers = began(make(), platform)
    assert send(browser, signed(form, platform.platform.private, headers, **changed)).status_code == 400


def test_a_message_counts_once(make: Make, platform: Lms) -> None:
    service = make()
    browser, form, _ = began(service, platform)
    cookies = [c for c in (browser.client.get_cookie(f"__Host-lti-{form['state']}"),) if c]
    assert send(browser, form).status_code == 303
    for cookie in cookies:
        browser.client.set_cookie(cookie.key, cookie.value)
    assert send(browser, form).status_code == 400


def test_a_nonce_cannot_be_used_for_a_second_message(make: Make, platform: Lms) -> None:
    service = make()
    browser, form, headers = began(service, platform)
    assert send(browser, form).status_code == 303
    nonce = jwt.decode(form["id_token"], options={"verify_signature": False})["nonce"]
    browser, form, headers = began(service, platform)
    assert send(browser, signed(form, platform.platform.private, headers, nonce=nonce)).status_code == 400


def test_a_message_is_taken_only_in_the_browser_that_set_out_and_others_are_offered_a_window(make: Make, platform: Lms) -> None:
    service = make()
    _, form, _ = began(service, platform)
    other = browser_of(service)
    answer = send(other, form)
    assert answer.status_code == 400
    again = unescape(re.search(r'target="_blank" href="(/lti/login[^"]+)"', answer.get_data(as_text=True))[1])  # type: ignore[index]
    form = platform.answer(other.get(again).location or "", ANA)
    assert send(other, form).status_code == 303


def test_a_way_ends_after_ten_minutes(make: Make, platform: Lms) -> None:
    service = make()
    browser, form, _ = began(service, platform)
    service.clock.turn(minutes=11)
    assert send(browser, form).status_code == 400


def test_a_login_of_an_unknown_platform_leads_nowhere(make: Make) -> None:
    browser = browser_of(make())
    answer = browser.get("/lti/login?iss=https://evil.test&login_hint=x&target_link_uri=https://evil.test")
    assert (answer.status_code, answer.location) == (400, None)
    assert browser.get(f"/lti/login?iss={ISSUER}&client_id=tool-2&login_hint=x").status_code == 400
    assert browser.get(f"/lti/login?iss={ISSUER}").status_code == 400


def test_the_cookies_of_a_frame_are_secure_and_apart_for_each_site(make: Make, platform: Lms) -> None:
    service = make()
    browser = browser_of(service)
    first = browser.get(platform.start("", OURS, "u-1"))
    answer = send(browser, platform.answer(first.location or "", ANA))
    for header in (*first.headers.getlist("Set-Cookie"), *(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-session="))):
        assert all(word in header for word in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "__Host-")), header


def test_the_keys_of_a_platform_are_fetched_once_and_again_when_it_has_a_new_one(make: Make, platform: Lms) -> None:
    service = make()
    for _ in range(3):
        assert launch(service, platform, ANA)[1].status_code == 303
    assert platform.asked.count("/jwks") == 1
    registration = platform.platform.get_registration()
    before = platform.platform.private, platform.platform.public
    try:
        platform.platform.private, platform.platform.public = pair()
        registration.set_platform_private_key(platform.platform.private).set_platform_public_key(platform.platform.public)
        assert launch(service, platform, ANA)[1].status_code == 400, "not more than once a minute"
        keys = service.app.extensions["lti_keys"]
        keys._kept = {url: (since - 61, kept) for url, (since, kept) in keys._kept.items()}
        assert launch(service, platform, ANA)[1].status_code == 303
    finally:
        platform.platform.private, platform.platform.public = before
        registration.set_platform_private_key(before[0]).set_platform_public_key(before[1])


def test_a_platform_that_does_not_answer_makes_a_page_that_says_so(make: Make, platform: Lms) -> None:
    service = make(key_set_url="http://127.0.0.1:9/jwks")
    answer = launch(service, platform, ANA)[1]
    assert answer.status_code == 503
    assert "does not answer" in answer.get_data(as_text=True)


def choose(service: Service, platform: Lms, *chosen: str, user: dict[str, Any] = IDA) -> Any:
    browser, answer = launch(service, platform, user, deep=True)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    page = browser.get(answer.location)
    assert page.status_code == 200
    name = parse_qs(urlsplit(answer.location).query)["launch"][0]
    return browser.client.post("/lti/choose", headers={"Referer": "https://localhost/lti/choose"}, data={"csrf_token": browser.token, "launch": name, "resource": list(chosen)})


def test_an_instructor_chooses_content_and_the_platform_believes_the_answer(make: Make, platform: Lms) -> None:
    service = make()
    answer = choose(service, platform, "course", "unit:basics", "test:posttest")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200, text
    assert f'action="{platform.url}/return"' in text
    assert platform.url in re.search(r"form-action ([^;]+)", answer.headers["Content-Security-Policy"])[1]  # type: ignore[index]
    message = re.search(r'name="JWT" value="([^"]+)"', text)[1]  # type: ignore[index]
    with serving(service.app) as tool:
        platform.platform.get_registration().set_tool_key_set(None).set_tool_key_set_url(f"{tool}/lti/jwks")  # type: ignore[arg-type]
        items = platform.platform.validate_deeplinking_resp({"JWT": message})
    assert [(i["type"], i["url"], i["custom"]["resource"]) for i in items] == [
        ("ltiResourceLink", f"{OURS}/course", "course"),
        ("ltiResourceLink", f"{OURS}/read/basics", "unit:basics"),
        ("ltiResourceLink", f"{OURS}/tests/posttest", "test:posttest"),
    ]
    assert [i.get("lineItem", {}).get("scoreMaximum") for i in items] == [100, None, 100]
    said = jwt.decode(message, options={"verify_signature": False})
    assert (said["iss"], said["aud"], said[f"{CLAIM}deployment_id"]) == (CLIENT, [ISSUER], DEPLOYMENT)
    assert said["https://purl.imsglobal.org/spec/lti-dl/claim/data"] == {"opaque": "kept"}


def test_content_that_is_not_there_or_none_at_all_is_not_taken(make: Make, platform: Lms) -> None:
    service = make()
    assert choose(service, platform, "test:nothing").status_code == 400
    assert "Choose at least one" in choose(service, platform).get_data(as_text=True)


def test_learners_choose_no_content_and_nobody_chooses_for_another(make: Make, platform: Lms) -> None:
    service = make()
    assert launch(service, platform, ANA, deep=True)[1].status_code == 400
    _, answer = launch(service, platform, IDA, deep=True)
    other, _ = launch(service, platform, {**IDA, "sub": "u-10"})
    assert other.get(answer.location).status_code == 404


def test_the_best_score_goes_back_to_the_platform_once_with_no_more_rights_than_it_takes(make: Make, platform: Lms, database_url: str) -> None:
    service = make(database_url)
    served(service, platform)
    browser, _ = launch(service, platform, ANA, item="7")
    take(service, browser, well=False)
    assert deliver(service.app, service.clock()) == 1
    first = platform.scores[-1]
    assert (first["userId"], first["scoreGiven"], first["scoreMaximum"], first["item"], first["scopes"]) == ("u-1", 0, 100, "7", SCORE)
    assert (first["activityProgress"], first["gradingProgress"]) == ("Submitted", "FullyGraded")
    service.clock.turn(minutes=5)
    take(service, browser)
    assert deliver(service.app, service.clock()) == 1
    second = platform.scores[-1]
    assert (second["scoreGiven"], second["activityProgress"]) == (100, "Completed")
    assert second["timestamp"] > first["timestamp"]
    launch(service, platform, ANA, item="7")
    assert deliver(service.app, service.clock()) == 0, "the same result is not sent twice"
    assert len(platform.scores) == 2


@pytest.fixture(autouse=True)
def tool_keys(platform: Lms) -> Iterator[None]:
    yield
    platform.platform.get_registration().set_tool_key_set(None)  # type: ignore[arg-type]


def served(service: Service, platform: Lms) -> None:
    """The platform has read the tool's key set, over HTTP."""
    with serving(service.app) as tool:
        platform.platform.get_registration().set_tool_key_set(requests.get(f"{tool}/lti/jwks", timeout=5).json())


def test_a_platform_that_is_away_slows_no_learner_and_has_the_grade_when_it_is_back(make: Make, platform: Lms) -> None:
    service = make()
    served(service, platform)
    browser, _ = launch(service, platform, ANA, item="7")
    platform.down = True
    take(service, browser)
    assert deliver(service.app, service.clock()) == 0
    assert rows(service, Outgoing.problem, Outgoing.tries) == [("answered 503", 1)]
    assert deliver(service.app, service.clock()) == 0, "not before it is due again"
    platform.down = False
    service.clock.turn(seconds=11)
    assert deliver(service.app, service.clock()) == 1
    assert platform.scores[-1]["scoreGiven"] == 100


def test_a_grade_that_the_platform_calls_old_is_not_sent_for_ever(make: Make, platform: Lms) -> None:
    service = make()
    served(service, platform)
    browser, _ = launch(service, platform, ANA, item="7")
    platform.status = UpdateScoreStatus.OLD_TIMESTAMP
    take(service, browser)
    assert deliver(service.app, service.clock()) == 1


def test_a_grade_earned_before_the_link_was_made_is_sent_with_the_first_launch(make: Make, platform: Lms) -> None:
    service = make()
    served(service, platform)
    browser, _ = launch(service, platform, ANA)
    take(service, browser)
    assert deliver(service.app, service.clock()) == 0, "no column for it yet"
    launch(service, platform, ANA, f"{OURS}/tests/posttest", item="8", link="link-2")
    assert deliver(service.app, service.clock()) == 1
    assert platform.scores[-1]["item"] == "8"


def test_a_grade_is_taken_back_when_its_attempt_is_made_void(make: Make, platform: Lms) -> None:
    service = make()
    served(service, platform)
    browser, _ = launch(service, platform, ANA, item="7")
    take(service, browser)
    deliver(service.app, service.clock())
    ((attempt,),) = rows(service, Attempt.id)
    staff = service.browser(service.person("administrator"))
    staff.get(f"/manage/attempts/{attempt}")
    assert staff.post(f"/manage/attempts/{attempt}/void", reason="somebody else sat it").status_code == 303
    assert deliver(service.app, service.clock()) == 1
    assert "scoreGiven" not in platform.scores[-1] and platform.scores[-1]["gradingProgress"] == "NotReady"


def test_staff_whose_account_was_closed_do_not_come_back_through_the_platform(make: Make, platform: Lms) -> None:
    service = make()
    _, answer = launch(service, platform, IDA)
    assert answer.status_code == 303
    ((person,),) = rows(service, Person.id)
    administrator = service.browser(service.person("administrator"))
    administrator.get("/manage/staff")
    assert administrator.post(f"/manage/staff/{person}/active", active="0").status_code == 303
    _, answer = launch(service, platform, IDA)
    assert answer.status_code in (400, 403)
    assert rows(service, func.count(Person.id)) == [(2,)]


def test_the_pretest_is_no_grade_of_the_course(make: Make, platform: Lms) -> None:
    service = make()
    browser, _ = launch(service, platform, ANA, item="7")
    browser.get("/course/about")
    browser.post("/course/start")
    address = browser.start("pretest")
    browser.get(f"{address}/submit")
    browser.post(f"{address}/submit")
    assert rows(service, Outgoing.id) == []


def test_what_is_kept_of_a_launch_is_a_subject_and_a_line_item(make: Make, platform: Lms) -> None:
    service = make()
    launch(service, platform, ANA, item="7")
    assert rows(service, LtiLink.issuer, LtiLink.subject, LtiLink.resource, LtiLink.lineitem) == [(ISSUER, "u-1", "course", f"{platform.url}/items/7")]
    assert rows(service, Identity.issuer, Identity.subject) == [(f"lti {ISSUER}", "u-1")]


def test_the_facts_of_registration_are_public_and_hold_no_private_part(make: Make) -> None:
    browser = browser_of(make())
    facts = browser.get("/lti/config.json").get_json()
    assert (facts["oidc_initiation_url"], facts["redirect_uris"], facts["public_jwk_url"]) == (f"{OURS}/lti/login", [f"{OURS}/lti/launch"], f"{OURS}/lti/jwks")
    keys = browser.get("/lti/jwks").get_json()["keys"]
    assert [set(key) for key in keys] == [{"kty", "n", "e", "kid", "alg", "use"}]
    assert facts["public_jwk"] == keys[0]


def test_without_platforms_nobody_is_launched(service: Service) -> None:
    assert service.browser().get("/lti/login?iss=x&login_hint=y").status_code == 404
    assert service.browser().client.post("/lti/launch", data={"state": "x", "id_token": "a.b.c"}).status_code == 404


def test_two_first_launches_at_once_make_one_person_and_one_cohort(make: Make, platform: Lms, database_url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    service = make(database_url)
    forms = [began(service, platform)[:2] for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda pair: send(*pair).status_code, forms))
    assert statuses == [303] * 6
    assert rows(service, func.count(Person.id)) == [(1,)]
    assert rows(service, func.count(Cohort.id)) == [(1,)]
