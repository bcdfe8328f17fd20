"""Whom a platform sends: people, the cohort of their course, the link they came by.

A platform's word makes learners, and coordinators of the cohorts of that platform; it never reaches people who were
there before, and what somebody may do as an instructor in one course is kept apart from what they do as a learner.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pylti1p3.exception import LtiException
from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.serve.connections.identities import alone, is_closed, link, person_of
from coursewright.serve.connections.lti import AGS, CLAIM, audience_of
from coursewright.serve.library import Library
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Cohort, LtiContext, LtiLink, Member, Person

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
TEACHING = ("Instructor", "Administrator", "ContentDeveloper")
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"


def teaches(claims: dict[str, Any]) -> bool:
    """Whether somebody was sent as an instructor of the course; a role in the institution alone does not count."""
    roles = claims.get(f"{CLAIM}roles")
    return isinstance(roles, list) and any(role in (f"{MEMBERSHIP}{name}", name) for role in roles for name in TEACHING)


def arrive(session: Session, claims: dict[str, Any], now: datetime) -> Person:
    """The person of a launch, in the cohort of the platform's course; made where this is the first time.

    Raises LtiException for staff whose account was closed: the platform's word does not open it again.
    """
    teacher = teaches(claims)
    issuer = f"{'lti-instructor' if teacher else 'lti'} {claims['iss']}"[:400]
    person = person_of(session, issuer, claims["sub"])
    names = _names(claims)
    if person is None:
        alone(session)
        person = person_of(session, issuer, claims["sub"])
    if person is None and is_closed(session, issuer, claims["sub"]):
        raise LtiException("The account was closed")
    if person is None:
        person = Person(role="coordinator" if teacher else "learner", created_at=now, **names)
        session.add(person)
        session.flush()
        audit.append(session, now, person.id, "person added", f"person:{person.id}", after={"by": "lti", "role": person.role})
        link(session, issuer, claims["sub"], person, "lti", now)
    elif changed := [name for name, value in names.items() if value and getattr(person, name) != value]:
        for name in changed:
            setattr(person, name, names[name])
        audit.append(session, now, person.id, "person changed", f"person:{person.id}", after={"by": "lti", "fields": changed})
    _join(session, claims, person, now)
    return person


def _names(claims: dict[str, Any]) -> dict[str, str]:
    """Names and address, only as they were sent. A name that was sent whole is not cut into parts."""
    given, family, whole, email = (" ".join(value.split())[:200] if isinstance(value := claims.get(name), str) else "" for name in ("given_name", "family_name", "name", "email"))
    return {"given_name": given or ("" if family else whole), "family_name": family, "email": email}


def _join(session: Session, claims: dict[str, Any], person: Person, now: datetime) -> None:
    cohort = _cohort(session, claims, person, now)
    if session.get(Member, (cohort, person.id)) is None:
        session.add(Member(cohort_id=cohort, person_id=person.id, joined_at=now))
        session.flush()
        audit.append(session, now, person.id, "joined cohort", f"cohort:{cohort}", after={"by": "lti", "person": person.id})


def _cohort(session: Session, claims: dict[str, Any], person: Person, now: datetime) -> str:
    context = claims.get(f"{CLAIM}context")
    context = context if isinstance(context, dict) else {}
    key = (claims["iss"][:400], claims[f"{CLAIM}deployment_id"][:200], str(context.get("id") or "")[:300])
    known = session.get(LtiContext, key)
    if known is None:
        alone(session)
        known = session.get(LtiContext, key)
    if known is not None:
        return known.cohort_id
    wanted = " ".join(str(context.get("title") or context.get("label") or key[0].partition("://")[2] or key[0]).split())[:180]
    name, count = wanted, 1
    while session.scalar(select(Cohort.id).where(Cohort.name == name)) is not None:
        count += 1
        name = f"{wanted} ({count})"
    cohort = Cohort(name=name, created_at=now)
    session.add(cohort)
    session.flush()
    session.add(LtiContext(issuer=key[0], deployment=key[1], context=key[2], cohort_id=cohort.id))
    session.flush()
    audit.append(session, now, person.id, "cohort made", f"cohort:{cohort.id}", after={"by": "lti"})
    return cohort.id


def keep_link(session: Session, claims: dict[str, Any], person: Person, resource: str, now: datetime) -> LtiLink:
    """Note by which link a learner came, and where grades of it go: nowhere, where the platform takes none."""
    services = claims.get(AGS)
    services = services if isinstance(services, dict) else {}
    takes = SCORE in (services.get("scope") or [])
    lineitem = services.get("lineitem") if takes else None
    row = LtiLink(
        issuer=claims["iss"][:400],
        deployment=claims[f"{CLAIM}deployment_id"][:200],
        link=str(claims[f"{CLAIM}resource_link"]["id"])[:300],
        person_id=person.id,
        client=audience_of(claims),
        resource=resource,
        lineitem=lineitem if isinstance(lineitem, str) and lineitem.startswith(("https://", "http://")) else "",
        subject=claims["sub"],
        at=now,
    )
    return session.merge(row)


def resource_of(library: Library, base_url: str, claims: dict[str, Any]) -> str | None:
    """What a link leads to: `course`, `unit:ID` or `test:ID`. None for an address that is not of this site."""
    target = claims.get(f"{CLAIM}target_link_uri")
    if not isinstance(target, str) or not (target == base_url or target.startswith((f"{base_url}/", f"{base_url}?"))):
        return None
    head, _, id_ = target.removeprefix(base_url).partition("?")[0].strip("/").partition("/")
    custom = claims.get(f"{CLAIM}custom")
    named = custom.get("resource") if isinstance(custom, dict) else None
    wanted = {"tests": f"test:{id_}", "read": f"unit:{id_}", "course": "course"}.get(head, named)
    return wanted if isinstance(wanted, str) and wanted in resources(library) else "course"


def resources(library: Library) -> dict[str, tuple[str, str]]:
    """What a link can lead to, with its title and its path."""
    made = {"course": (library.course.info.title, "/course")}
    made.update({f"unit:{unit.id}": (unit.title, f"/read/{unit.id}") for unit in library.course.units})
    made.update({f"test:{id_}": (library.title_of(id_), f"/tests/{id_}") for id_ in library.tests})
    return made
