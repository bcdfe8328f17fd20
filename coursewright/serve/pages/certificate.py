"""A learner's certificate and badge."""

from __future__ import annotations

from typing import Any

from flask import render_template

from coursewright.serve.security.access import page


@page("/certificate", "learner")
def certificate() -> Any:
    return render_template("service/error.html.j2", status=503, kind=""), 503
