"""The evaluation form and the commitment to change."""

from __future__ import annotations

from typing import Any

from flask import render_template

from coursewright.serve.security.access import page


@page("/evaluation", "learner")
def evaluation() -> Any:
    return render_template("service/error.html.j2", status=503, kind=""), 503


@page("/commitment", "learner")
def commitment() -> Any:
    return render_template("service/error.html.j2", status=503, kind=""), 503
