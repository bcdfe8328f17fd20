"""The files that pages load: named by their content, so that browsers may keep them for ever."""

from __future__ import annotations

from typing import Any

from flask import abort, make_response

from coursewright.serve import here
from coursewright.serve.security.access import page


@page("/static/<digest>/<name>", "anyone")
def static(digest: str, name: str) -> Any:
    """A style sheet, script, font or figure. None of them holds a key."""
    found = here.library().files.get(name)
    if found is None or here.library().digest(name) != digest:
        return abort(404)
    kind, data = found
    response = make_response(data)
    response.headers["Content-Type"] = kind
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if kind == "image/svg+xml":
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:"
    return response
