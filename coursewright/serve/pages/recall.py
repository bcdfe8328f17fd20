"""Questions to recall after 7 and 30 days."""

from __future__ import annotations

from typing import Any

from flask import render_template

from coursewright.serve.security.access import page


@page("/recall", "learner")
def recall() -> Any:
    return render_template("service/error.html.j2", status=503, kind=""), 503
