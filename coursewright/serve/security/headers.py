"""What browsers are told of every response: no script or style but our own, no framing, no guessing, nothing kept."""

from __future__ import annotations

from flask import Flask, Response, request

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'{more}; base-uri 'none'; frame-ancestors {frames}"


def add_headers(app: Flask, *, https: bool, platforms: tuple[str, ...] = ()) -> None:
    """Send the headers with every response. platforms: origins of LTI platforms, which may show the service in a frame."""
    frames = " ".join(platforms) or "'none'"
    policy = POLICY.format(more="".join(f" {origin}" for origin in platforms), frames=frames)

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        if not platforms:
            response.headers["X-Frame-Options"] = "DENY"
        if https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if not request.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        return response
