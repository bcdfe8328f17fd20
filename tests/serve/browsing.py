"""The service on a loopback port, and learners who use it with a real browser."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from coursewright.serve.learning.attempts import answers_of, response_in
from coursewright.serve.store.tables import Attempt

from .flaky import FlakyProxy
from .ground import Service

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
MARKS = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"), pytest.mark.xdist_group("browser")]
PHONE = {"width": 320, "height": 640}
SAVED = "All saved"
PATIENCE = 30_000  # milliseconds: how long something may take on a crowded machine before a test fails
expect.set_options(timeout=PATIENCE)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object, **__: object) -> None: ...


@dataclass
class Site:
    """A service that answers on a port. `proxy`: the way that learners reach it, which can be cut."""

    service: Service
    chromium: Browser
    server: BaseWSGIServer = field(init=False)
    port: int = 0
    contexts: list[BrowserContext] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()
        self.proxy = FlakyProxy(self.port)

    @property
    def url(self) -> str:
        return self.proxy.url

    def start(self) -> None:
        """Answer again, on the same port."""
        self.server = make_server("127.0.0.1", self.port, self.service.app, threaded=True, request_handler=_Quiet)
        self.port = self.server.port
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.proxy.close()
        self.stop()

    def device(self, **options: Any) -> BrowserContext:
        """A browser of its own: a phone or a laptop. Errors of scripts fail the test."""
        context = self.chromium.new_context(base_url=self.url, **{"viewport": {"width": 390, "height": 800}, **options})
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)
        return context

    def learner(self, **options: Any) -> Learner:
        """Somebody new, signed in on a device."""
        cohort = self.service.cohort()
        learner = Learner(self, self.service.person(cohort=cohort))
        learner.on(self.device(**options))
        return learner


@dataclass
class Learner:
    """A learner with the page that is open before him or her."""

    site: Site
    id: str

    def on(self, context: BrowserContext) -> Page:
        """Sign in on a device."""
        self.context = context
        cookie = self.site.service.browser(self.id).client.get_cookie("session")
        assert cookie is not None
        context.add_cookies([{"name": "session", "value": cookie.value, "url": self.site.url, "httpOnly": True, "sameSite": "Lax"}])
        self.page = context.new_page()
        return self.page

    def begin(self, test: str = "check:basics") -> Page:
        """Start an attempt, and stand on its page."""
        self.page.goto(f"/tests/{test}")
        self.page.get_by_role("button", name="Start").click()
        self.page.wait_for_url("**/attempts/*")
        return self.page

    @property
    def attempt(self) -> str:
        found = re.search(r"/attempts/([^/#?]+)", self.page.url)
        assert found, self.page.url
        return found[1]

    def kept(self, attempt: str = "") -> dict[str, Any]:
        """The responses that the database holds, by item."""
        with self.site.service.database.reading() as reading:
            return {item: response_in(answer) for item, answer in answers_of(reading, attempt or self.attempt).items()}

    def state(self, attempt: str) -> str:
        with self.site.service.database.reading() as reading:
            found = reading.get(Attempt, attempt)
            assert found is not None
            return found.state


def sign_in(page: Page, code: str) -> None:
    """By a personal link, and the press that it asks for."""
    page.goto(f"/s/{code}")
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/course"))


def item(page: Page, id_: str) -> Locator:
    return page.locator(f'[data-item="{id_}"]')


def all_saved(page: Page, timeout: float = PATIENCE) -> None:
    expect(page.locator("#saved")).to_have_text(SAVED, timeout=timeout)


def copies(page: Page) -> list[str]:
    """The names of what the browser keeps."""
    found: list[str] = page.evaluate("Object.keys(localStorage)")
    return found


@cache
def _axe() -> str:
    return Axe().axe_script


def violations(page: Page) -> list[str]:
    """What axe-core finds on a page as it stands."""
    page.evaluate(_axe())
    found = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']}).then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 160) + ' ' + n.failureSummary)]))", list(RULES))
    return [f"{page.url}: {rule}: {node}" for rule, nodes in found for node in nodes]


@contextmanager
def site_of(service: Service, chromium: Browser) -> Iterator[Site]:
    made = Site(service, chromium)
    try:
        yield made
    finally:
        made.close()
