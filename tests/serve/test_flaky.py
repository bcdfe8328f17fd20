"""The connection that fails when told to fails in the way it was told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from .flaky import HOST, FlakyProxy


class Service(ThreadingHTTPServer):
    """Keeps what is posted to it, and answers with how much it has."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), Handler)
        self.saved: list[str] = []

    def handle_error(self, *_: object) -> None:
        """A client that breaks off is what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.server.saved.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._answer()

    def _answer(self) -> None:
        body = str(len(self.server.saved)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(service: Service) -> Iterator[FlakyProxy]:
    with FlakyProxy(service.server_port) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: FlakyProxy) -> Iterator[HTTPConnection]:
    """Keeps its connection open between requests, and opens a new one when it was closed."""
    connection = HTTPConnection(HOST, proxy.port, timeout=10)
    yield connection
    connection.close()


def post(client: HTTPConnection, body: str) -> str:
    client.request("POST", "/answers", body)
    return client.getresponse().read().decode()


def get(client: HTTPConnection) -> str:
    client.request("GET", "/")
    return client.getresponse().read().decode()


def test_left_alone_it_passes_everything_on(client: HTTPConnection, service: Service, proxy: FlakyProxy) -> None:
    long = "x" * 3_000_000
    assert post(client, long) == "1"
    assert post(client, "two") == "2"
    assert service.saved == [long, "two"]
    assert (proxy.requests, proxy.dropped) == (2, 0)


def test_a_dropped_response_was_saved_and_its_client_is_told_nothing(client: HTTPConnection, service: Service, proxy: FlakyProxy) -> None:
    proxy.drop_responses(2)
    for body in ("one", "two"):
        with pytest.raises(RemoteDisconnected):
            post(client, body)
        client.close()
    assert post(client, "three") == "3"
    assert service.saved == ["one", "two", "three"]
    assert proxy.dropped == 2


def test_a_response_is_dropped_on_a_connection_that_carried_others(client: HTTPConnection, service: Service, proxy: FlakyProxy) -> None:
    assert post(client, "one") == "1"
    proxy.drop_responses(1)
    with pytest.raises(RemoteDisconnected):
        post(client, "x" * 3_000_000)
    assert len(service.saved) == 2


def test_only_the_named_requests_lose_their_response(client: HTTPConnection, service: Service, proxy: FlakyProxy) -> None:
    proxy.drop_responses(1, only="POST /answers")
    assert get(client) == "0"
    with pytest.raises(RemoteDisconnected):
        post(client, "one")
    client.close()
    assert get(client) == "1"


def test_a_cut_drops_open_connections_and_refuses_new_ones_until_restored(client: HTTPConnection, service: Service, proxy: FlakyProxy) -> None:
    for number in ("1", "2", "3"):
        assert post(client, "kept") == number
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            post(client, "lost")
        client.close()
        with pytest.raises(ConnectionRefusedError):
            post(client, "lost")
        client.close()
        proxy.restore()
    assert service.saved == ["kept"] * 3


def test_a_delayed_request_reaches_the_server_late(client: HTTPConnection, service: Service, proxy: FlakyProxy) -> None:
    proxy.delay(2)
    began = time.monotonic()
    assert post(client, "x" * 1_000_000) == "1"
    assert 2 <= time.monotonic() - began < 30, "held once, not for each piece of it"
    proxy.delay(0)
    began = time.monotonic()
    assert post(client, "two") == "2"
    assert time.monotonic() - began < 2


def test_a_request_held_by_a_delay_is_lost_in_a_cut(client: HTTPConnection, service: Service, proxy: FlakyProxy) -> None:
    proxy.delay(60)
    client.request("POST", "/answers", "one")
    while not proxy.requests:
        time.sleep(0.01)
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.getresponse()
    assert service.saved == []


def test_a_service_that_is_not_there_is_a_connection_that_breaks_off(client: HTTPConnection, proxy: FlakyProxy, service: Service) -> None:
    service.socket.close()
    with pytest.raises(ConnectionError):
        get(client)
