"""The audit log, for administrators to read and to verify."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from flask import render_template, request

from coursewright.serve import here
from coursewright.serve.management import log
from coursewright.serve.security.access import page
from coursewright.serve.store import audit

MOST_BREAKS = 50


@page("/manage/log", "administrator")
def entries() -> Any:
    """The log, the newest rows first."""
    return _log_page()


def _number(text: str) -> int | None:
    """The number of a row; None for what is none that a log could have."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _log_page(**more: Any) -> Any:
    asked = request.args
    wanted = log.Wanted(asked.get("action", "")[:64], asked.get("subject", "").strip()[:300], asked.get("person", "").strip()[:64], _number(asked.get("before", "")))
    with here.database().reading() as reading:
        lines, further = log.lines(reading, wanted)
        actions, head = log.actions(reading), audit.head(reading)
    query = {name: value for name, value in (("action", wanted.action), ("subject", wanted.subject), ("person", wanted.person)) if value}
    return render_template("service/manage/log.html.j2", lines=lines, further=further, actions=actions, words=log.words(), wanted=wanted, query=query, count=head[0], last=head[1], **{"verified": False, "breaks": [], "noted": "", "misread": False, **more})


@page("/manage/log/verify", "administrator", methods=("POST",))
def verify() -> Any:
    """Whether the chain holds, and whether a hash noted earlier is still in it."""
    noted = request.form.get("noted", "").strip().lower()[:64]
    if noted and not re.fullmatch(r"[0-9a-f]{64}", noted):
        return _log_page(noted=noted, misread=True), 400
    with here.database().reading() as reading:
        breaks = list(islice(audit.verify(reading, noted), MOST_BREAKS))
    return _log_page(verified=True, breaks=breaks, noted=noted)
