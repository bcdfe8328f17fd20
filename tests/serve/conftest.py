"""The databases that tests of the service run on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from .browsing import CHROMIUM, FLAGS, Site, site_of
from .ground import Service, make_service
from .postgres import Postgres, lacking


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A cluster for this worker, made when first asked for. Skips where there is no PostgreSQL; fails if CI demands it."""
    if reason := lacking():
        if os.environ.get("COURSEWRIGHT_REQUIRE_POSTGRES") == "1":
            pytest.fail(f"COURSEWRIGHT_REQUIRE_POSTGRES=1, but {reason}", pytrace=False)
        pytest.skip(reason)
    cluster = Postgres()
    yield cluster
    cluster.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'service.sqlite'}"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    with cluster.database() as url:
        yield url


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service on SQLite with the course that has every kind of item."""
    made = make_service(tmp_path)
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the tests of a module."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture
def site(service: Service, chromium: Browser) -> Iterator[Site]:
    """A service that answers on a loopback port."""
    with site_of(service, chromium) as made:
        yield made
