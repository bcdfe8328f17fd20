"""Open Badges of certificates: signed once and kept; what they point to is public and tells of no learner."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any, cast

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from coursewright.build.badge import check_badge, public_jwk, sign_badge
from coursewright.plan.notice import SAMPLE
from coursewright.plan.open_badge import CONTEXT, BadgeAddresses, plan_achievement, plan_badge, plan_issuer
from coursewright.serve.credit.issuing import certificate_of
from coursewright.serve.credit.keys import identity
from coursewright.serve.credit.printing import STANDING
from coursewright.serve.library import Library
from coursewright.serve.settings import Settings
from coursewright.serve.store.database import Database
from coursewright.serve.store.tables import CertificateRow, Person


def addresses(settings: Settings, serial: str = "") -> BadgeAddresses:
    """Where a badge, what it is for and who gives it stand on the web."""
    base = settings.base_url
    return BadgeAddresses(f"{base}/credentials/{serial}", f"{base}/badge/achievement.json", f"{base}/badge/issuer.json")


def key_address(settings: Settings) -> str:
    return f"{settings.base_url}/badge/key.json"


def badge_of(app: Flask, serial: str) -> str:
    """The signed badge of a certificate, made when first asked for. Raises KeyError where there is none or it was withdrawn; KeyFault."""
    database, settings, library = cast(Database, app.extensions["database"]), cast(Settings, app.extensions["settings"]), cast(Library, app.extensions["library"])
    standing = (CertificateRow.serial == serial, *STANDING)
    with database.reading() as reading:
        found = reading.execute(select(CertificateRow, Person.email).join(Person, Person.id == CertificateRow.person_id).where(*standing)).first()
    if found is None:
        raise KeyError(serial)
    row, email = found
    if row.badge:
        return str(row.badge)
    certificate = certificate_of(row)
    # known by e-mail, else by the roster's id; else by the serial, which whoever holds the certificate can show
    learner = replace(certificate.learner, learner_id=certificate.learner.learner_id or serial)
    credential = plan_badge(library.course, replace(certificate, learner=learner), addresses(settings, serial), salt=secrets.token_urlsafe(16), issued_at=row.issued_at, email=email)
    made = sign_badge(credential, identity(settings, library.course.info), key_url=key_address(settings))

    def keep(writing: Session) -> str | None:
        writing.execute(update(CertificateRow).where(*standing, CertificateRow.badge == "").values(badge=made))
        return writing.scalar(select(CertificateRow.badge).where(*standing))

    kept = database.write(keep)
    if not kept:
        raise KeyError(serial)
    return kept


def credential_in(app: Flask, badge: str) -> dict[str, Any] | None:
    """The credential that a badge of ours holds, as JSON for reading."""
    return check_badge(badge, identity(app.extensions["settings"], app.extensions["library"].course.info))


def public_facts(app: Flask, name: str) -> dict[str, Any]:
    """What badges point to: `achievement`, `issuer` or `key`. Raises KeyError for another name."""
    settings, library = cast(Settings, app.extensions["settings"]), cast(Library, app.extensions["library"])
    course, places = library.course, addresses(settings)
    sample = "" if course.info.provider.complete else SAMPLE
    if name == "achievement":
        return {"@context": list(CONTEXT), **plan_achievement(course, places, sample)}
    if name == "issuer":
        return {"@context": list(CONTEXT), **plan_issuer(course, places, sample)}
    if name == "key":
        return public_jwk(identity(settings, course.info), key_url=key_address(settings))
    raise KeyError(name)
