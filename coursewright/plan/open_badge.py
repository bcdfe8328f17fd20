"""A certificate as an Open Badge 3.0: a W3C Verifiable Credential (data model 2.0) that says who earned what, and how.

The learner stands in it as a salted hash, so that a badge shown in public names nobody; who knows the e-mail address
(or id) can check that it is meant. What is not valid for credit says so in every place that a wallet shows.
"""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass
from typing import Any

from coursewright.model.course import Course
from coursewright.model.credit import final_form
from coursewright.plan.certificate import Bar, Certificate, plan_bar

CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]


@dataclass(frozen=True)
class BadgeAddresses:
    """Where things stand on the web. credential: of this badge alone; achievement and issuer: the same for all learners."""

    credential: str
    achievement: str
    issuer: str


def plan_badge(course: Course, certificate: Certificate, addresses: BadgeAddresses, *, salt: str, issued_at: datetime.datetime, email: str = "") -> dict[str, Any]:
    """The credential, not yet signed. salt: unguessable, and another one for each badge. issued_at: with its time zone.

    The learner is known by `email`, else by the learner's id. Raises ValueError where there is neither, where the salt is
    empty, and for a moment without a zone.
    """
    learner = certificate.learner
    moment = _moment(issued_at)
    achievement = plan_achievement(course, addresses, certificate.sample, scored=learner.score_percent is not None)
    subject: dict[str, Any] = {
        "id": f"{addresses.credential}#learner",  # a signed badge needs one; this one says nothing of the learner
        "type": ["AchievementSubject"],
        "identifier": [_identity(email, learner.learner_id, salt)],
        "achievement": achievement,
    }
    if learner.score_percent is not None:
        subject["result"] = [{"type": ["Result"], "resultDescription": achievement["resultDescription"][0]["id"], "value": _number(learner.score_percent)}]
    return {
        "@context": list(CONTEXT),
        "id": addresses.credential,
        "type": ["VerifiableCredential", "AchievementCredential"],
        "name": achievement["name"],
        "description": _description(certificate),
        "issuer": plan_issuer(course, addresses, certificate.sample),
        "validFrom": moment,
        "credentialSubject": subject,
    }


def plan_achievement(course: Course, addresses: BadgeAddresses, sample: str, *, scored: bool = True) -> dict[str, Any]:
    """What all badges of a course are for: the same for every learner. scored: whether a badge tells of a score."""
    info = course.info
    made: dict[str, Any] = {
        "id": addresses.achievement,
        "type": ["Achievement"],
        "achievementType": "CertificateOfCompletion",
        "humanCode": info.id,
        "name": _marked(info.title, sample),
        "description": _marked(info.description.plain, sample),
        "criteria": {"narrative": _marked(_criteria(course), sample)},
        "inLanguage": info.language,
    }
    return {**made, "resultDescription": [_result_description(addresses, plan_bar(course))]} if scored else made


def plan_issuer(course: Course, addresses: BadgeAddresses, sample: str) -> dict[str, Any]:
    """Who gives the badges of a course."""
    return {"id": addresses.issuer, "type": ["Profile"], "name": _issuer(course.info.provider.name, sample)}


def identity_hash(identity: str, salt: str) -> str:
    """The hash under which a badge knows its learner. E-mail addresses are hashed in lower case, without spaces around them."""
    return f"sha256${hashlib.sha256((_normal(identity) + salt).encode()).hexdigest()}"


def _normal(identity: str) -> str:
    trimmed = identity.strip()
    return trimmed.lower() if "@" in trimmed else trimmed


def _identity(email: str, learner_id: str, salt: str) -> dict[str, Any]:
    if not salt:
        raise ValueError("a badge needs a salt: without it, anybody could try all addresses")
    known = email.strip() or learner_id.strip()
    if not known:
        raise ValueError("a badge needs the e-mail address or the id of its learner")
    kind = "emailAddress" if email.strip() else "sourcedId"
    return {"type": "IdentityObject", "hashed": True, "identityHash": identity_hash(known, salt), "identityType": kind, "salt": salt}


def _issuer(provider: str | None, sample: str) -> str:
    """Who offers the activity; where nobody is named, the marker alone."""
    return _marked(provider, sample) if provider else sample


def _marked(text: str, sample: str) -> str:
    return f"{sample}. {text}" if sample else text


def _description(certificate: Certificate) -> str:
    completed = certificate.learner.completed_at.isoformat()
    if certificate.sample:
        return _marked(f"Completed on {completed}.", certificate.sample)
    return f"Completed on {completed}: {certificate.hours:f} {certificate.credit_type}. Certificate {certificate.serial}."


def _criteria(course: Course) -> str:
    participation = f"{course.info.participation.plain} " if course.info.participation else ""
    bar, final = plan_bar(course), final_form(course)
    if bar is None or final is None:
        return f"{participation}There is no test to pass."
    return f"{participation}Pass “{final.title}” with at least {bar.needed} of {bar.points} points ({_number(bar.percent)}%)."


def _result_description(addresses: BadgeAddresses, bar: Bar | None) -> dict[str, Any]:
    made = {
        "id": f"{addresses.achievement}#score",
        "type": ["ResultDescription"],
        "name": "Score",
        "resultType": "Percent",
        "valueMin": "0",
        "valueMax": "100",
    }
    return made if bar is None else {**made, "requiredValue": _number(bar.percent)}


def _number(value: object) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment(at: datetime.datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("the moment of issue needs a time zone")
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
