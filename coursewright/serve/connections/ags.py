"""Grades back to the platform that a learner came from (LTI Assignment and Grade Services).

For each learner at each link one row holds the grade as it stands. It is laid out anew only when it changes, and its
moment goes along: a platform can tell a repetition, or an older grade that comes late, from a new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

import requests
from flask import Flask
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.exception import LtiServiceException
from pylti1p3.grade import Grade
from pylti1p3.service_connector import ServiceConnector
from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.serve.connections.lti import Platforms
from coursewright.serve.connections.lti_people import SCORE
from coursewright.serve.connections.outbox import Parcel, renew, sender
from coursewright.serve.connections.web import Hurried, problem_of
from coursewright.serve.learning.events import LISTENERS
from coursewright.serve.learning.taking import standing
from coursewright.serve.library import Library
from coursewright.serve.settings import Settings
from coursewright.serve.store.tables import Attempt, LtiLink, Outgoing, ResultRow, moment_text


def graded(session: Session, settings: Settings, library: Library, attempt: Attempt, result: ResultRow, now: datetime) -> None:
    """An attempt has a result, or another than before."""
    voided(session, settings, library, attempt, now)


def voided(session: Session, settings: Settings, library: Library, attempt: Attempt, now: datetime) -> None:
    """What an attempt counts for is another: lay out the grades of all links of its learner and test."""
    if not settings.lti:
        return
    for link in session.execute(select(LtiLink).where(LtiLink.person_id == attempt.person_id, LtiLink.lineitem != "")).scalars():
        if test_of(library, link) == attempt.test:
            lay_out(session, settings, library, link, now)


LISTENERS.submitted.append(graded)
LISTENERS.moved.append(graded)
LISTENERS.voided.append(voided)


def test_of(library: Library, link: LtiLink) -> str | None:
    """The test whose score is the grade of a link: its own; of the whole course, the test that decides about credit."""
    if link.resource.startswith("test:"):
        return link.resource.removeprefix("test:")
    return library.final.id if link.resource == "course" and library.final is not None else None


def lay_out(session: Session, settings: Settings, library: Library, link: LtiLink, now: datetime) -> None:
    """Lay out the grade of a learner at a link: the best percentage. Where a grade was given and nothing counts any more, it is taken back."""
    test = test_of(library, link)
    if not link.lineitem or test is None:
        return
    where = standing(session, settings, library, link.person_id, test, now)
    results = [result for _, result in where.submitted if result is not None and Fraction(result.possible) > 0]
    name = hashlib.sha256("\0".join((link.issuer, link.deployment, link.link, link.person_id)).encode()).hexdigest()[:32]
    if not results and session.get(Outgoing, name) is None:
        return
    content = {
        "person": link.person_id,
        "issuer": link.issuer,
        "client": link.client,
        "lineitem": link.lineitem,
        "subject": link.subject,
        "percent": round(float(max(100 * Fraction(r.earned) / Fraction(r.possible) for r in results)), 4) if results else None,
        "activity": "Initialized" if not results else "Completed" if where.finished else "Submitted",
        "grading": "NotReady" if not results else "Pending" if all(r.passed is None for r in results) else "FullyGraded",
    }
    renew(session, "ags", name, content, now)


@sender("ags", most=5)
def send(app: Flask, parcels: Sequence[Parcel], now: datetime) -> list[str | None]:
    """Give grades to their platforms, with one access token for each platform, which opens nothing but scores."""
    platforms = Platforms(app.extensions["settings"])
    connectors: dict[tuple[str, str], ServiceConnector] = {}
    outcomes: list[str | None] = []
    for parcel in parcels:
        key = (parcel.content["issuer"], parcel.content["client"])
        try:
            if key not in connectors:
                registration = platforms.find_registration_by_params(*key)
                if registration is None:
                    outcomes.append("its platform is not in the settings")
                    continue
                connectors[key] = ServiceConnector(registration, Hurried())
            connectors[key].get_access_token([SCORE])
            outcomes.append(_give(connectors[key], parcel))
        except LtiServiceException as error:
            outcomes.append(f"answered {error.response.status_code}")
        except (requests.RequestException, KeyError, TypeError, ValueError) as error:
            outcomes.append(problem_of(error))
    return outcomes


def _give(connector: ServiceConnector, parcel: Parcel) -> str | None:
    content = parcel.content
    grade = Grade().set_timestamp(moment_text(parcel.created_at)).set_user_id(content["subject"])
    if content["percent"] is not None:  # a message without a score clears the one that is there
        grade.set_score_given(content["percent"]).set_score_maximum(100)
    grade.set_activity_progress(content["activity"]).set_grading_progress(content["grading"])
    try:
        AssignmentsGradesService(connector, {"scope": [SCORE], "lineitem": content["lineitem"]}).put_grade(grade)
    except requests.JSONDecodeError:
        return None  # it was taken, with a word that is not JSON
    except LtiServiceException as error:
        if error.response.status_code == 409:  # the platform has a newer one
            return None
        raise
    return None
