"""Who may open what: a line for each route, and the test fails where a route has none. Objects of others are no objects at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from coursewright.serve.learning.attempts import locked, submit
from coursewright.serve.learning.kept_forms import load_form
from coursewright.serve.learning.taking import start
from coursewright.serve.security.access import PAGES
from coursewright.serve.store.tables import Person
from coursewright.source.siblings import import_siblings

from .ground import Browser, Service, make_service

import_siblings("coursewright.serve.pages")

# anyone: the world · learner: any learner · own: the learner whose object it is · both: learners and staff · staff: any
# coordinator · cohort: coordinators of the object's cohort · admin: administrators alone. Administrators may what coordinators may.
TABLE = {
    "GET /": "anyone",
    "GET /account": "both",
    "GET /account/data.json": "both",
    "POST /account/erasure": "learner",
    "POST /account/password": "staff",
    "POST /account/reminders": "learner",
    "GET /account/second-factor": "staff",
    "POST /account/second-factor": "staff",
    "POST /account/sign-out-everywhere": "both",
    "GET /attempts/<attempt>": "own",
    "GET /attempts/<attempt>/result": "own",
    "POST /attempts/<attempt>/save": "own",
    "GET /attempts/<attempt>/state": "own",
    "GET /attempts/<attempt>/submit": "own",
    "POST /attempts/<attempt>/submit": "own",
    "GET /badge.json": "learner",
    "GET /badge.jwt": "learner",
    "GET /badge/<name>.json": "anyone",
    "GET /certificate": "learner",
    "GET /certificate.pdf": "learner",
    "GET /commitment": "learner",
    "POST /commitment": "learner",
    "GET /commitment/<day>": "learner",
    "POST /commitment/<day>": "learner",
    "GET /course": "learner",
    "GET /course/about": "both",
    "POST /course/start": "learner",
    "GET /credentials/<serial>": "anyone",
    "GET /evaluation": "learner",
    "POST /evaluation": "learner",
    "GET /glossary": "both",
    "GET /healthz": "anyone",
    "POST /language": "anyone",
    "GET /lti/choose": "staff",
    "POST /lti/choose": "staff",
    "GET /lti/config.json": "anyone",
    "GET /lti/jwks": "anyone",
    "POST /lti/launch": "anyone",
    "GET /lti/login": "anyone",
    "POST /lti/login": "anyone",
    "GET /manage": "staff",
    "POST /manage": "staff",
    "GET /manage/attempts/<attempt>": "cohort",
    "POST /manage/attempts/<attempt>/extend": "cohort",
    "POST /manage/attempts/<attempt>/reopen": "cohort",
    "POST /manage/attempts/<attempt>/void": "cohort",
    "GET /manage/cohorts/<cohort>": "cohort",
    "POST /manage/cohorts/<cohort>/coordinators": "cohort",
    "POST /manage/cohorts/<cohort>/links.csv": "cohort",
    "GET /manage/cohorts/<cohort>/progress.csv": "cohort",
    "GET /manage/cohorts/<cohort>/roster": "cohort",
    "POST /manage/cohorts/<cohort>/roster": "cohort",
    "POST /manage/cohorts/<cohort>/roster/confirm": "cohort",
    "POST /manage/cohorts/<cohort>/settings": "cohort",
    "GET /manage/cohorts/<cohort>/slips": "cohort",
    "POST /manage/cohorts/<cohort>/slips.pdf": "cohort",
    "GET /manage/log": "admin",
    "POST /manage/log/verify": "admin",
    "GET /manage/packets": "staff",
    "GET /manage/packets/files/<path:name>": "staff",
    "POST /manage/packets/forms/<cohort>": "cohort",
    "GET /manage/packets/forms/<cohort>/<job>.zip": "cohort",
    "GET /manage/packets/rosters/<cohort>.csv": "cohort",
    "GET /manage/paper": "staff",
    "POST /manage/paper": "staff",
    "POST /manage/paper/<token>": "staff",
    "GET /manage/people": "staff",
    "GET /manage/people/<person>": "cohort",
    "POST /manage/people/<person>/allow": "cohort",
    "POST /manage/people/<person>/certificate/anew": "cohort",
    "POST /manage/people/<person>/certificate/reinstate": "cohort",
    "POST /manage/people/<person>/certificate/withdraw": "cohort",
    "POST /manage/people/<person>/cohort": "cohort",
    "GET /manage/people/<person>/data.json": "cohort",
    "GET /manage/people/<person>/erase": "admin",
    "POST /manage/people/<person>/erase": "admin",
    "POST /manage/people/<person>/name": "cohort",
    "POST /manage/people/<person>/sessions": "cohort",
    "POST /manage/people/<person>/slip.pdf": "cohort",
    "POST /manage/people/<person>/time": "cohort",
    "POST /manage/people/<person>/unlink": "cohort",
    "GET /manage/records": "staff",
    "GET /manage/records/all.csv": "staff",
    "GET /manage/records/ce-broker.csv": "staff",
    "GET /manage/records/certificates.zip": "staff",
    "GET /manage/records/neutral.csv": "staff",
    "GET /manage/results": "staff",
    "GET /manage/results/<test>": "staff",
    "GET /manage/results/<test>/gradebook.csv": "staff",
    "GET /manage/results/<test>/items/<item>": "staff",
    "POST /manage/results/<test>/items/<item>/decide": "staff",
    "POST /manage/results/<test>/items/<item>/preview": "staff",
    "GET /manage/results/<test>/learners": "staff",
    "GET /manage/results/<test>/reports.pdf": "staff",
    "GET /manage/results/<test>/tables/<name>": "staff",
    "GET /manage/staff": "admin",
    "POST /manage/staff": "admin",
    "POST /manage/staff/<person>/active": "admin",
    "POST /manage/staff/<person>/link": "admin",
    "POST /manage/staff/<person>/role": "admin",
    "POST /manage/staff/<person>/second-factor": "admin",
    "GET /metrics": "anyone",
    "GET /oidc/callback": "anyone",
    "GET /oidc/start": "anyone",
    "GET /read/<unit>": "both",
    "POST /read/<unit>/notes": "learner",
    "POST /read/<unit>/place": "learner",
    "GET /readyz": "anyone",
    "GET /recall": "learner",
    "GET /recall.ics": "learner",
    "GET /references": "both",
    "GET /s/<code>": "anyone",
    "GET /sign-in": "anyone",
    "POST /sign-in": "anyone",
    "POST /sign-out": "anyone",
    "GET /staff": "anyone",
    "POST /staff": "anyone",
    "GET /staff/password/<token>": "anyone",
    "POST /staff/password/<token>": "anyone",
    "GET /staff/second-factor": "anyone",
    "POST /staff/second-factor": "anyone",
    "GET /static/<digest>/<name>": "anyone",
    "GET /tests/<test>": "learner",
    "POST /tests/<test>/start": "learner",
    "GET /verify": "anyone",
    "POST /verify": "anyone",
    "GET /verify/<serial>": "anyone",
    "GET /verify/public-key.pem": "anyone",
    "GET /verify/signer.pem": "anyone",
}
ALLOWED = {
    "anyone": {"stranger", "learner", "other learner", "coordinator", "other coordinator", "administrator"},
    "learner": {"learner", "other learner"},
    "own": {"learner"},
    "both": {"learner", "other learner", "coordinator", "other coordinator", "administrator"},
    "staff": {"coordinator", "other coordinator", "administrator"},
    "cohort": {"coordinator", "administrator"},
    "admin": {"administrator"},
}
#: what is there only once something else has happened: opened by right, it may still say that there is nothing
NOTHING_YET = {"/manage/packets/files/<path:name>", "/manage/packets/forms/<cohort>/<job>.zip", "/manage/paper/<token>", "/badge.json", "/badge.jwt", "/certificate.pdf", "/recall.ics", "/commitment", "/commitment/<day>", "/lti/choose", "/manage/people/<person>/cohort", "/manage/records/certificates.zip", "/manage/results/<test>/reports.pdf"}


def routes() -> list[str]:
    return sorted(f"{method} {page.rule}" for page in PAGES for method in page.methods)


def test_every_route_has_its_line() -> None:
    assert routes() == sorted(TABLE)


@dataclass
class Scene:
    """Two cohorts, each with a learner and a coordinator; the first learner has an open attempt, another has handed in."""

    service: Service
    values: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    browsers: dict[str, Browser] = field(default_factory=dict)

    @classmethod
    def set(cls, tmp_path: Path, **told: Any) -> Scene:
        service = make_service(tmp_path, **told, sign_in_rate="10000/minute", verify_rate="10000/minute")
        one, two = service.cohort("One"), service.cohort("Two")
        people = {
            "learner": service.person(cohort=one, learner_id="1"),
            "other learner": service.person(cohort=two, learner_id="2"),
            "coordinator": service.person("coordinator", cohort=one, username="c1"),
            "other coordinator": service.person("coordinator", cohort=two, username="c2"),
            "administrator": service.person("administrator", username="a"),
        }

        def work(session: object) -> tuple[str, str]:
            person = session.get(Person, people["learner"])  # type: ignore[attr-defined]
            handed = start(session, service.settings, service.library, person, "pretest", service.clock())  # type: ignore[arg-type]
            submit(session, locked(session, handed.id), load_form(session, handed.form_id), service.clock(), person.id)  # type: ignore[arg-type]
            return start(session, service.settings, service.library, person, "posttest", service.clock()).id, handed.id  # type: ignore[arg-type]

        attempt, handed = service.database.write(work)
        made = cls(service, people=people)
        made.values = {"attempt": attempt, "handed": handed, "cohort": one, "person": people["learner"], "test": "posttest", "unit": "basics", "day": "day-30", "item": "q-basics-03", "name": "items.csv"}
        return made

    def browser(self, who: str) -> Browser:
        if who not in self.browsers:
            self.browsers[who] = self.service.browser(self.people.get(who))
        return self.browsers[who]

    def address(self, rule: str) -> str:
        values = dict(self.values)
        if rule.endswith("/result"):
            values["attempt"] = values["handed"]
        if rule.startswith("/manage/staff/"):
            values["person"] = self.people["coordinator"]
        return re.sub(r"<(?:path:)?(\w+)>", lambda found: values.get(found[1], "x"), rule)

    def ask(self, who: str, route: str) -> int:
        method, rule = route.split(" ")
        browser = self.browser(who)
        if method == "GET":
            return browser.get(self.address(rule)).status_code
        return browser.post(self.address(rule)).status_code


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene.set(tmp_path_factory.mktemp("scene"))
    yield made
    made.service.database.close()


@pytest.mark.parametrize("route", [route for route in sorted(TABLE) if TABLE[route] != "anyone"])
def test_whoever_may_not_is_turned_away(scene: Scene, route: str) -> None:
    for who in sorted({"stranger", *scene.people} - ALLOWED[TABLE[route]]):
        status = scene.ask(who, route)
        if who == "stranger":
            assert status == (303 if route.startswith("GET") else 401), (who, route)
        else:
            assert status == 404, (who, route)


@pytest.mark.parametrize("route", [route for route in sorted(TABLE) if route.startswith("GET")])
def test_whoever_may_is_let_in_to_look(scene: Scene, route: str) -> None:
    for who in sorted(ALLOWED[TABLE[route]]):
        status = scene.ask(who, route)
        assert status < 500, (who, route, status)
        if TABLE[route] != "anyone" and route.split(" ")[1] not in NOTHING_YET:
            assert status not in (401, 403, 404), (who, route, status)


@pytest.mark.parametrize("route", [route for route in sorted(TABLE) if route.startswith("POST") and TABLE[route] not in ("anyone", "learner", "both")])
def test_whoever_may_is_let_in_to_act(tmp_path: Path, route: str) -> None:
    scene = Scene.set(tmp_path)
    for who in sorted(ALLOWED[TABLE[route]] - {"other coordinator"}):
        status = scene.ask(who, route)
        assert status < 500 and (status not in (401, 403, 404) or route.split(" ")[1] in NOTHING_YET), (who, route, status)
    scene.service.database.close()


def test_an_object_that_is_not_there_looks_like_one_of_others(scene: Scene) -> None:
    learner, coordinator = scene.browser("other learner"), scene.browser("other coordinator")
    for browser, rule in ((learner, "/attempts/<attempt>"), (coordinator, "/manage/people/<person>"), (coordinator, "/manage/cohorts/<cohort>")):
        there = browser.get(scene.address(rule))
        absent = browser.get(re.sub(r"<\w+>", "absent", rule))
        strip = re.compile(r'value="[^"]*"')
        assert there.status_code == absent.status_code == 404
        assert strip.sub("", there.get_data(as_text=True)) == strip.sub("", absent.get_data(as_text=True))


def test_a_person_who_is_erased_or_ended_is_out_at_once(scene: Scene) -> None:
    person = scene.service.person(learner_id="9")
    browser = scene.service.browser(person)
    assert browser.get("/course").status_code == 200

    def erase(session: object) -> None:
        session.get(Person, person).erased_at = scene.service.clock()  # type: ignore[attr-defined]

    scene.service.database.write(erase)
    assert browser.get("/course").status_code == 303
