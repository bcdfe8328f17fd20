"""A connection that fails when told to: a TCP proxy on the loopback, to be put between a client and a service.

    with FlakyProxy(target_port) as proxy:  clients go to proxy.url
        proxy.drop_responses(1)             the next request arrives, and the client never learns of it
        proxy.cut(); proxy.restore()        no network; the network again, on the same port
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Self

HOST = "127.0.0.1"
CHUNK = 65536
INTERIM = b"HTTP/1.1 100"  # "send the body": an answer before the response
RESET = struct.pack("ii", 1, 0)  # linger for no time: closing resets the connection


class Exchange:
    """One client's connection, and where it is in its requests. Clients do not pipeline: bytes after an answer are a new request."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.asking = False
        self.doomed = False

    def close(self, reset: bool = False) -> None:
        for writer in (self.client, self.server):
            if writer is None or writer.transport.is_closing():
                continue
            if reset:
                writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                writer.transport.abort()
            else:
                writer.close()


class FlakyProxy:
    """Passes bytes both ways between `port` and `target_port`, until told otherwise. Its methods may be called from any thread."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.requests = 0  # begun by clients
        self.dropped = 0  # responses that came and were not passed on
        self._to_drop = 0
        self._only = b""
        self._delay = 0.0
        self._is_cut = True
        self._server: asyncio.Server | None = None
        self._exchanges: set[Exchange] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        # bound and never listening: it keeps the port ours, and refused, while the connection is cut
        self._holder = self._bound(0)
        self.port: int = self._holder.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="flaky proxy", daemon=True)
        self._thread.start()
        self.restore()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut(self) -> None:
        """Reset the connections there are, on both sides, and refuse new ones. Requests that wait for a delay are lost."""
        self._run(self._cut())

    def restore(self) -> None:
        """Take connections again, on the same port."""
        self._run(self._restore())

    def delay(self, seconds: float) -> None:
        """Hold each request that begins from now on for so long before the server gets it; 0 ends that."""
        self._delay = seconds

    def drop_responses(self, n: int, only: str = "") -> None:
        """Pass the next `n` requests on, and when the server answers close the client's connection instead of passing the answer.

        `only` is how such a request begins ("POST /answers"); others go through uncounted. Chromium sends a request again by
        itself, even a POST, when a connection that already carried one is closed without an answer: then the server gets it twice.
        """
        self._run(self._set_drop(n, only.encode()))

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self.cut()
        self._run(self._settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._holder.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    @staticmethod
    def _bound(port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((HOST, port))
        return bound

    async def _cut(self) -> None:
        self._is_cut = True
        if self._server is not None:
            self._server.close()
            self._server = None
        for exchange in self._exchanges:
            exchange.close(reset=True)
        for task in self._tasks:
            task.cancel()

    async def _restore(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, sock=self._bound(self.port))
        self._is_cut = False

    async def _set_drop(self, n: int, only: bytes) -> None:
        self._to_drop, self._only = n, only

    async def _settle(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = Exchange(writer)
        if self._is_cut:  # accepted as the cut came
            exchange.close(reset=True)
            return
        task = asyncio.ensure_future(self._serve(exchange, reader))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, exchange: Exchange, from_client: asyncio.StreamReader) -> None:
        self._exchanges.add(exchange)
        sending: asyncio.Task[None] | None = None
        try:
            from_server, exchange.server = await asyncio.open_connection(HOST, self.target_port)
            sending = asyncio.ensure_future(self._send(exchange, from_client, exchange.server))
            await self._answer(exchange, from_server)
        except (OSError, asyncio.CancelledError):  # a side that breaks off, or is not there, ends both; so does a cut
            pass
        finally:
            if sending is not None:
                sending.cancel()
            exchange.close()
            self._exchanges.discard(exchange)

    async def _send(self, exchange: Exchange, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        """Client to server. A client that only ends its sending still gets its answer; one that breaks off ends the exchange."""
        try:
            while data := await reader.read(CHUNK):
                if not exchange.asking:
                    exchange.asking = True
                    self.requests += 1
                    if self._to_drop and data.startswith(self._only):
                        self._to_drop -= 1
                        exchange.doomed = True
                    await asyncio.sleep(self._delay)
                server.write(data)
                await server.drain()
            server.write_eof()
        except OSError:
            exchange.close()

    async def _answer(self, exchange: Exchange, reader: asyncio.StreamReader) -> None:
        """Server to client, up to the end or to the first byte of a response to be dropped."""
        while data := await reader.read(CHUNK):
            interim = data.startswith(INTERIM)
            if exchange.doomed and not interim:
                self.dropped += 1
                return
            exchange.asking = interim
            exchange.client.write(data)
            await exchange.client.drain()
