"""Statements to a learning record store (xAPI 1.0.3).

People stand in them by an account at this service, with the id that pages and the log use: no name and no address. A
statement's id follows from what it tells of, so that one sent twice is kept once.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

import requests
from flask import Flask
from sqlalchemy.orm import Session

from coursewright.serve.connections.outbox import ROUND, Parcel, post, sender
from coursewright.serve.connections.web import Hurried, problem_of
from coursewright.serve.learning.events import LISTENERS
from coursewright.serve.library import Library
from coursewright.serve.settings import Settings, XApi, read_secret
from coursewright.serve.store.tables import Attempt, ResultRow, moment_text

VERSION = "1.0.3"
ADL = "http://adlnet.gov/expapi"
VERBS = {
    "registered": f"{ADL}/verbs/registered",
    "attempted": f"{ADL}/verbs/attempted",
    "completed": f"{ADL}/verbs/completed",
    "passed": f"{ADL}/verbs/passed",
    "failed": f"{ADL}/verbs/failed",
    "experienced": f"{ADL}/verbs/experienced",
    "evaluated": "http://www.tincanapi.co.uk/verbs/evaluated",
    "earned": "http://id.tincanapi.com/verb/earned",
}
NOT_ONES_FAULT = ("401", "403", "404", "408", "429")  # answers that are not about a statement
STEPS = {"started": "registered", "read": "experienced", "evaluated": "evaluated", "certified": "earned"}


def statement(settings: Settings, library: Library, person: str, verb: str, thing: str, at: datetime, key: str, result: dict[str, Any] | None = None) -> dict[str, Any]:
    """A statement. thing: `course`, `unit:ID`, `test:ID` (of knowledge checks too), or `certificate`. key: what it tells of, for its id."""
    base, language = settings.base_url, library.course.info.language
    made: dict[str, Any] = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{base}/statements/{key}/{verb}")),
        "actor": {"objectType": "Agent", "account": {"homePage": base, "name": person}},
        "verb": {"id": VERBS[verb], "display": {"en": verb}},
        "object": _activity(base, library, thing, language),
        "context": {"platform": "Coursewright", "language": language},
        "timestamp": moment_text(at),
        "version": VERSION,
    }
    if thing != "course":
        made["context"]["contextActivities"] = {"parent": [_activity(base, library, "course", language)]}
    if result is not None:
        made["result"] = result
    return made


def _activity(base: str, library: Library, thing: str, language: str) -> dict[str, Any]:
    kind, _, id_ = thing.partition(":")
    path, title, type_ = "/course", library.course.info.title, f"{ADL}/activities/course"
    if kind == "unit":
        path, title, type_ = f"/read/{id_}", next((unit.title for unit in library.course.units if unit.id == id_), id_), f"{ADL}/activities/module"
    elif kind == "test":
        path, title, type_ = f"/tests/{id_}", library.title_of(id_), f"{ADL}/activities/assessment"
    elif kind == "certificate":
        path, type_ = "/certificate", "http://id.tincanapi.com/activitytype/certificate"
    return {"objectType": "Activity", "id": base + path, "definition": {"name": {language: title}, "type": type_}}


def result_of(attempt: Attempt, result: ResultRow) -> dict[str, Any]:
    """The score and how long it took; success only where it is decided."""
    earned, possible = Fraction(result.earned), Fraction(result.possible)
    made: dict[str, Any] = {"completion": True}
    if possible > 0:
        made["score"] = {"scaled": round(float(earned / possible), 4), "raw": round(float(earned), 4), "min": 0, "max": round(float(possible), 4)}
    if attempt.kind == "test" and result.passed is not None:
        made["success"] = result.passed
    if attempt.submitted_at is not None:
        made["duration"] = f"PT{max(0, round((attempt.submitted_at - attempt.started_at).total_seconds()))}S"
    return made


def _say(session: Session, made: dict[str, Any], person: str, now: datetime) -> None:
    post(session, "xapi", made["id"].replace("-", ""), {"person": person, "statement": made}, now)


def attempt_began(session: Session, settings: Settings, library: Library, attempt: Attempt, now: datetime) -> None:
    """Somebody attempts a test; told once for each attempt."""
    if settings.xapi is not None:
        _say(session, statement(settings, library, attempt.person_id, "attempted", f"test:{attempt.test}", attempt.started_at, attempt.id), attempt.person_id, now)


def attempt_submitted(session: Session, settings: Settings, library: Library, attempt: Attempt, result: ResultRow, now: datetime) -> None:
    """Somebody completed a test, and passed or failed it where that is decided. An attempt that was reopened tells of each grade."""
    if settings.xapi is None:
        return
    told, key = result_of(attempt, result), f"{attempt.id}/{moment_text(result.graded_at)}"
    for verb in ("completed", *(("passed" if told["success"] else "failed",) if "success" in told else ())):
        _say(session, statement(settings, library, attempt.person_id, verb, f"test:{attempt.test}", attempt.submitted_at or now, key, told), attempt.person_id, now)


def step_happened(session: Session, settings: Settings, library: Library, what: str, person: str, thing: str, now: datetime) -> None:
    """Somebody started the course, read a unit, evaluated the course, or earned the certificate."""
    if settings.xapi is None or what not in STEPS:
        return
    about = {"read": f"unit:{thing}", "certified": "certificate"}.get(what, "course")
    _say(session, statement(settings, library, person, STEPS[what], about, now, f"{person}/{thing}"), person, now)


LISTENERS.began.append(attempt_began)
LISTENERS.submitted.append(attempt_submitted)
LISTENERS.moved.append(attempt_submitted)
LISTENERS.happened.append(step_happened)


@sender("xapi", most=50)
def send(app: Flask, parcels: Sequence[Parcel], now: datetime) -> list[str | None]:
    """Give statements to the store: all at once, and one by one where it does not take them together."""
    settings: Settings = app.extensions["settings"]
    if settings.xapi is None:
        return ["no record store is in the settings"] * len(parcels)
    with Hurried() as web:
        web.headers["X-Experience-API-Version"] = VERSION
        web.auth = credentials(settings.xapi)
        first = _give(web, settings.xapi, parcels)
        if first is None or len(parcels) == 1 or not first.startswith("answered 4") or first.removeprefix("answered ") in NOT_ONES_FAULT:
            return [first] * len(parcels)
        until = time.monotonic() + ROUND  # a slow store keeps the courier from no other errand
        return [_give(web, settings.xapi, [parcel]) if time.monotonic() < until else "not tried yet" for parcel in parcels]


def credentials(told: XApi) -> tuple[str, str] | None:
    """Name and secret at the store: `COURSEWRIGHT_XAPI_CREDENTIALS` or the file of the settings, as `name:secret`."""
    found = read_secret("xapi_credentials", told.credentials_file)
    if not found:
        return None
    name, _, secret = found.partition(":")
    return name, secret


def _give(web: Hurried, told: XApi, parcels: Sequence[Parcel]) -> str | None:
    try:
        answer = web.post(f"{told.endpoint.rstrip('/')}/statements", json=[parcel.content["statement"] for parcel in parcels], allow_redirects=False)
        if answer.status_code == 409 and len(parcels) == 1:  # the store has a statement with this id
            return None
        if answer.status_code >= 300:
            return f"answered {answer.status_code}"
    except requests.RequestException as error:
        return problem_of(error)
    return None
