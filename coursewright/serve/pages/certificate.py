"""A learner's certificate and badge: what is still to do, or both for download."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import abort, current_app, make_response, render_template, url_for
from sqlalchemy import select

from coursewright.build.pdf_signature import PdfFault
from coursewright.build.signing import KeyFault
from coursewright.serve import here
from coursewright.serve.credit import issuing
from coursewright.serve.credit.badges import badge_of, credential_in
from coursewright.serve.credit.printing import page_of, pdf_of
from coursewright.serve.language import _
from coursewright.serve.learning.events import LISTENERS
from coursewright.serve.learning.taking import Standing, standing
from coursewright.serve.security.access import page
from coursewright.serve.store.tables import Writing

LISTENERS.submitted.append(issuing.on_result)
LISTENERS.moved.append(issuing.on_result)
LISTENERS.happened.append(issuing.on_step)


@page("/certificate", "learner")
def certificate() -> Any:
    """The certificate; before there is one, the steps that lead to it."""
    library, person, now = here.library(), here.who().id, here.now()
    with here.database().reading() as reading:
        row = issuing.newest(reading, person)
        evaluated = reading.scalar(select(Writing.submitted_at).where(Writing.person_id == person, Writing.kind == issuing.EVALUATION))
        where = standing(reading, here.settings(), library, person, library.final.id, now) if library.final else None
    if row is None and evaluated is not None and where is not None and where.passed:
        row = here.database().write(lambda writing: issuing.consider(writing, here.settings(), library, person, now))
    if row is not None:
        found = issuing.certificate_of(row)
        return render_template("service/certificate.html.j2", row=row, certificate=found, address=page_of(here.settings(), row.serial))
    return render_template("service/certificate_steps.html.j2", where=where, steps=_steps(where, evaluated is not None))


@page("/certificate.pdf", "learner")
def pdf() -> Any:
    """The certificate as a signed PDF: the same bytes each time."""
    serial = _serial()
    try:
        return _download(pdf_of(here.app(), serial), "application/pdf", f"certificate-{serial}.pdf")
    except KeyError:
        return abort(404)
    except (KeyFault, PdfFault, OSError) as fault:
        _not_now(fault)


@page("/badge.jwt", "learner")
def badge_token() -> Any:
    """The badge as wallets take it: signed, in one line."""
    serial = _serial()
    return _download(_badge(serial).encode(), "application/jwt", f"badge-{serial}.jwt")


@page("/badge.json", "learner")
def badge() -> Any:
    """What the badge says, for reading."""
    serial = _serial()
    credential = credential_in(here.app(), _badge(serial))
    if credential is None:
        return abort(404)
    response = current_app.json.response(credential)
    response.headers["Content-Disposition"] = f'attachment; filename="badge-{serial}.json"'
    return response


def _serial() -> str:
    """The serial of the certificate of who asks, while it stands."""
    with here.database().reading() as reading:
        row = issuing.newest(reading, here.who().id)
    if row is None or row.withdrawn_at is not None:
        abort(404)
    return row.serial


def _badge(serial: str) -> str:
    try:
        return badge_of(here.app(), serial)
    except KeyError:
        abort(404)
    except (KeyFault, OSError) as fault:
        _not_now(fault)


def _not_now(fault: Exception) -> NoReturn:
    current_app.logger.error("certificates cannot be made", extra={"problem": str(fault)})
    abort(503)


def _download(data: bytes, kind: str, name: str) -> Any:
    response = make_response(data)
    response.mimetype = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _steps(where: Standing | None, evaluated: bool) -> list[dict[str, Any]]:
    """What it takes, in order: words, address, state."""
    final = here.library().final
    if where is None or final is None:
        return []
    state = "done" if where.passed else "begun" if where.attempts else "to-do"
    return [
        {"title": final.title, "ours": False, "address": url_for("tests.intro", test=final.id), "state": state, "stuck": not where.passed and where.open is None and where.left == 0},
        {"title": _("Evaluation"), "ours": True, "address": url_for("forms.evaluation"), "state": "done" if evaluated else "to-do", "stuck": False},
    ]
