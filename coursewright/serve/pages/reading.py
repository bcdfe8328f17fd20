"""The HTML edition of the workbook, with the reader's place kept."""

from __future__ import annotations

from typing import Any

from flask import render_template

from coursewright.serve.security.access import page


@page("/read/<unit>", "learner", "coordinator")
def unit(unit: str) -> Any:
    return render_template("service/error.html.j2", status=503, kind=""), 503


@page("/glossary", "learner", "coordinator")
def glossary() -> Any:
    return render_template("service/error.html.j2", status=503, kind=""), 503


@page("/references", "learner", "coordinator")
def references() -> Any:
    return render_template("service/error.html.j2", status=503, kind=""), 503
