"""Anyone can check a certificate, and whatever checks a badge can fetch what it points to. Nothing here needs signing in."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, make_response, redirect, render_template, request, url_for

from coursewright.build.signing import KeyFault, public_pem, token_in
from coursewright.serve import here
from coursewright.serve.credit.badges import public_facts
from coursewright.serve.credit.keys import identity, signing_key
from coursewright.serve.credit.lookup import Found, by_serial, by_token, normal_serial
from coursewright.serve.security.access import client_address, page
from coursewright.serve.security.rates import limiter

LONGEST = 4000  # characters of a signed statement, with the address before it
limited = limiter.shared_limit(lambda: here.settings().verify_rate, "verify", key_func=client_address, exempt_when=lambda: request.endpoint == "verify.verify" and not request.args.get("q"))


@page("/verify", "anyone")
@limited
def verify() -> Any:
    """The form, and what was found for `q`: a serial, or what the code of a certificate holds."""
    asked = request.args.get("q", "")
    return _answer(asked, _look(asked)) if asked.strip() else _page(render_template("service/verify.html.j2", asked="", found=None, answered=False))


@page("/verify", "anyone", methods=("POST",))
@limited
def verify_sent() -> Any:
    """As our form asks: a signed statement holds a name, which no address or log shall hold."""
    asked = request.form.get("q", "")
    serial = normal_serial(asked)
    if serial:
        return redirect(url_for("verify.verify_serial", serial=serial), 303)
    return _answer(asked, _look(asked), "" if token_in(asked) else asked[:LONGEST])


@page("/verify/<serial>", "anyone")
@limited
def verify_serial(serial: str) -> Any:
    """One certificate: where its code leads."""
    return _answer(serial, _look(serial), serial[:LONGEST])


@page("/credentials/<serial>", "anyone")
def credential(serial: str) -> Any:
    """The address that a badge is known by. It leads to the public page: the badge itself, which tells of a score, is its holder's to show."""
    return redirect(url_for("verify.verify_serial", serial=serial[:40]), 303)


@page("/badge/<name>.json", "anyone")
def badge_facts(name: str) -> Any:
    """What a badge is for, who gives it, and the key that it is checked with."""
    try:
        response = current_app.json.response(public_facts(here.app(), name))
    except KeyError:
        return abort(404)
    except (KeyFault, OSError):
        return abort(503)
    response.headers["Access-Control-Allow-Origin"] = "*"  # wallets fetch it from pages of their own
    return response


@page("/verify/public-key.pem", "anyone")
def public_key() -> Any:
    """The key that signed statements are checked with offline."""
    try:
        return _file(public_pem(signing_key(here.settings())), "public-key.pem")
    except (KeyFault, OSError):
        return abort(503)


@page("/verify/signer.pem", "anyone")
def signer() -> Any:
    """The certificate of who signs the PDFs, for those who want their reader to trust it."""
    try:
        return _file(identity(here.settings(), here.library().course.info).certificate_pem, "signer.pem")
    except (KeyFault, OSError):
        return abort(503)


def _look(asked: str) -> Found | None:
    token = token_in(asked[:LONGEST])
    with here.database().reading() as reading:
        if not token:
            return by_serial(reading, asked[:LONGEST].partition("#")[0].strip().rpartition("/")[2])
        try:
            return by_token(reading, signing_key(here.settings()).public_key(), token)
        except (KeyFault, OSError):
            return abort(503)


def _answer(asked: str, found: Found | None, typed: str = "") -> Any:
    """What was found. typed: what stands in the field again, where nothing was."""
    shown = typed if found is None else asked if normal_serial(asked) else ""
    return _page(render_template("service/verify.html.j2", asked=shown, found=found, answered=True), 200 if found else 404)


def _page(html: str, status: int = 200) -> Any:
    response = make_response(html, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def _file(data: bytes, name: str) -> Any:
    response = make_response(data)
    response.mimetype = "application/x-pem-file"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
