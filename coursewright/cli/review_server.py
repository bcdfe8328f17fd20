"""The review of scans: a small server on this machine alone, for one person, behind an address that cannot be guessed."""

from __future__ import annotations

import secrets
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click

from coursewright.build.administration import READS, load_record
from coursewright.build.scan.gather import CannotDecide, decide, gathered
from coursewright.build.scan.store import Decision, Reads
from coursewright.cli.day import now
from coursewright.plan.review import Gathered, Question
from coursewright.write.html import Templates

MOST = 20_000  # bytes of a form
LOCK = threading.Lock()


class Review:
    """What the server knows: the administration, who decides, and where its pages lie."""

    def __init__(self, folder: Path, who: str, templates: Templates) -> None:
        self.folder, self.who, self.templates = folder, who, templates
        self.base = f"/{secrets.token_urlsafe(18)}/"

    def state(self) -> tuple[Gathered, list[Decision], Reads]:
        """Everything as it stands now."""
        reads = Reads(self.folder / READS)
        return gathered(self.folder, load_record(self.folder), reads), sorted(reads.decisions().values(), key=lambda d: d.at, reverse=True), reads

    def page(self, skip: int = 0, problem: str = "", saved: str = "") -> str:
        """The next open question, after `skip` of them."""
        found, decided, reads = self.state()
        reads.close()
        open_ = found.questions
        place = skip % len(open_) if open_ else 0
        listed = [{"subject": d.subject.replace(":", " ").strip(), "words": _words(d.given), "who": d.who, "at": d.at, "why": d.why} for d in decided[:200]]
        return self.templates.environment.get_template("review/review.html.j2").render(
            title=load_record(self.folder).title,
            base=self.base,
            who=self.who,
            sheets=len(found.sittings),
            open=len(open_),
            question=open_[place] if open_ else None,
            more=len(open_) > 1,
            skip=place,
            decided=listed,
            problem=problem,
            saved=saved,
        )

    def take(self, form: dict[str, list[str]]) -> tuple[str, str]:
        """A decision from the form. Returns (problem, saved): one of them is empty."""
        found, _, reads = self.state()
        try:
            subject = form.get("subject", [""])[0]
            question = next((q for q in found.questions if q.subject == subject), None)
            if question is None:
                return "this was decided already, or is no longer open", ""
            typed = form.get("typed", [""])[0].strip()
            given: Any = form.get("given", []) if question.several else form.get("given", [None])[0]
            if question.typed and typed:
                given = typed
            if given is None:
                return "choose or write something first", ""
            decide(load_record(self.folder), reads, question, given, self.who, form.get("why", [""])[0], now)
            return "", f"{question.title}: {_words(given)}"
        except CannotDecide as error:
            return str(error), ""
        finally:
            reads.close()

    def picture(self, kind: str, query: dict[str, list[str]]) -> tuple[bytes, str] | None:
        """A crop or a whole page."""
        if kind == "page":  # needs nothing gathered
            reads = Reads(self.folder / READS)
            try:
                id_ = query.get("id", [""])[0]
                data = reads.picture(int(id_)) if id_.isdigit() else None
                return (data, "image/jpeg") if data else None
            finally:
                reads.close()
        found, _, reads = self.state()
        try:
            question: Question | None = next((q for q in found.questions if q.subject == query.get("subject", [""])[0]), None)
            crop = reads.crop(*question.row) if question is not None and question.row is not None else None
            return (crop, "image/png") if crop else None
        finally:
            reads.close()


def _words(given: Any) -> str:
    if isinstance(given, list):
        return ", ".join(given) or "blank"
    return str(given) or "blank"


class Handler(BaseHTTPRequestHandler):
    """The pages of the review. Nothing else is served, and nothing without the address's secret part."""

    def __init__(self, *arguments: Any, review: Review, **more: Any) -> None:
        self.review = review
        super().__init__(*arguments, **more)

    def do_GET(self) -> None:
        path, query = self._place()
        if path is None:
            return
        if path == "":
            skip = query.get("skip", ["0"])[0]
            self._send(self.review.page(int(skip) if skip.isdigit() and len(skip) < 7 else 0))
        elif path in ("style.css", "script.js"):
            names = {"style.css": ("text/css", "tokens.css", "review/review.css"), "script.js": ("text/javascript", "review/review.js")}
            kind, *files = names[path]
            self._send("\n".join(self.review.templates.text(name) for name in files), f"{kind}; charset=utf-8")
        elif path in ("crop", "page"):
            found = self.review.picture(path, query)
            self._send(found[0], found[1]) if found else self._refuse(404)
        else:
            self._refuse(404)

    def do_POST(self) -> None:
        path, _ = self._place()
        if path is None:
            return
        length = self.headers.get("Content-Length", "")
        origin = self.headers.get("Origin")
        if path != "decide" or not length.isdigit() or int(length) > MOST or (origin not in (None, "null") and urlsplit(origin).netloc != self.headers.get("Host")):
            self._refuse(400)
            return
        form = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"), keep_blank_values=True)
        with LOCK:
            problem, saved = self.review.take(form)
        self._send(self.review.page(problem=problem, saved=saved))

    def _place(self) -> tuple[str | None, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if host not in ("127.0.0.1", "localhost") or not parts.path.startswith(self.review.base):
            self._refuse(404)
            return None, {}
        return parts.path.removeprefix(self.review.base), parse_qs(parts.query, keep_blank_values=True)

    def _send(self, body: str | bytes, kind: str = "text/html; charset=utf-8") -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
        self.end_headers()
        self.wfile.write(data)

    def _refuse(self, status: int) -> None:
        self.send_error(status)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing of each request: addresses hold the secret."""


def serve(folder: Path, who: str, port: int, templates: Templates) -> int:
    """Serve until Ctrl-C, on the loopback address."""
    review = Review(folder, who, templates)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, review=review))
    except OSError as error:
        raise click.UsageError(f"port {port} cannot be used ({error.strerror}); name another with --port") from None
    click.echo(f"http://127.0.0.1:{server.server_port}{review.base}  (Ctrl-C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
    return 0
