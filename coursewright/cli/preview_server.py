"""The preview: a small server on this machine alone, and a watch on the course folder.

A build goes to a folder of its own, so that `dist/` stays what was last built on purpose. A page asks for the number
of the build it shows and loads itself again when that changes; faults are shown on a page with their places.
"""

from __future__ import annotations

import html
import json
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click

from coursewright.build.inputs import read_inputs
from coursewright.build.make import make
from coursewright.build.publish import CannotPublish
from coursewright.source.report import report, summary
from coursewright.write.packet import Options

RELOAD = b"""<script>(() => { let mine; setInterval(async () => { try {
const now = await (await fetch("/.build")).json(); if (mine === undefined) mine = now.number; if (now.number !== mine) location.reload();
} catch { /* the preview has ended */ } }, 700); })();</script>"""


class Preview:
    """What the server shows: the last packet that could be built, and what is wrong with the course as it stands."""

    def __init__(self, course: Path, out: Path, options: Options) -> None:
        self.course, self.out, self.options = course, out, options
        self.number = 0
        self.faults = ""
        self.hashes: dict[str, str] = {}

    def look(self) -> bool:
        """Build again if a file has changed; whether it had."""
        inputs = read_inputs(self.course)
        hashes = inputs.hashes()
        if hashes == self.hashes:
            return False
        self.hashes = hashes
        try:
            built = make(inputs, self.out, self.options)
        except (CannotPublish, OSError) as error:
            self.faults = str(error)
        else:
            self.faults = "" if built.published else report("full", built.diagnostics, built.sources)
            click.echo(f"{time.strftime('%H:%M:%S')}  {summary(built.diagnostics)}, {len(built.made)} parts made anew")
            if self.faults:
                click.echo(self.faults, err=True)
        self.number += 1
        return True


class Handler(SimpleHTTPRequestHandler):
    """Files of the packet, with the reload script in its pages; the faults instead of a page while there are any."""

    def __init__(self, *arguments: Any, preview: Preview, **more: Any) -> None:
        self.preview = preview
        super().__init__(*arguments, directory=str(preview.out), **more)

    def do_GET(self) -> None:
        if self.path == "/.build":
            self._send(json.dumps({"number": self.preview.number}).encode(), "application/json")
            return
        path = self.path.split("?")[0].split("#")[0]
        page = Path(self.translate_path(path)) / ("index.html" if path.endswith("/") else "")
        if page.suffix == ".html" and self.preview.faults:
            text = html.escape(self.preview.faults)
            self._send(f"<!doctype html><title>Faults</title><pre>{text}</pre>".encode() + RELOAD, "text/html; charset=utf-8")
        elif page.suffix == ".html" and page.is_file():
            self._send(page.read_bytes().replace(b"default-src 'none'", b"default-src 'none'; connect-src 'self'") + RELOAD, "text/html; charset=utf-8")
        else:
            super().do_GET()

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing of each request."""


def serve(course: Path, port: int, only: tuple[str, ...], modules: tuple[str, ...]) -> int:
    """Serve until Ctrl-C, on the loopback address."""
    with tempfile.TemporaryDirectory(prefix="coursewright-preview-") as folder:
        preview = Preview(course, Path(folder) / "packet", Options(only=only, modules=modules))
        preview.out.mkdir()
        try:
            server = ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, preview=preview))
        except OSError as error:
            raise click.UsageError(f"port {port} cannot be used ({error.strerror}); name another with --port") from None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        click.echo(f"http://127.0.0.1:{server.server_port}/  (Ctrl-C ends it)")
        try:
            while True:
                preview.look()
                time.sleep(0.4)
        except KeyboardInterrupt:
            return 0
        finally:
            server.shutdown()
