"""The server: gunicorn, told what it needs to know here and nowhere else.

The parent holds the application and forks workers, each with a pool of threads. It opens no connection to the database
while it serves, and no worker uses one that another has.
"""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import PollableMethodQueue, ThreadWorker

from coursewright.serve.running.courier import Courier
from coursewright.serve.running.observe import make_tally
from coursewright.serve.settings import Settings
from coursewright.serve.store.database import Database

LOG = logging.getLogger("coursewright")
GRACE, HEARTBEAT, KEEP_ALIVE = 30, 60, 30
ORPHANED = 2  # seconds that a worker goes on without its parent: the next one waits for the port


class CannotListen(Exception):
    """The address cannot be had: why, in words."""


def listen(host: str, port: int) -> socket.socket:
    """A socket at the address, which takes no connection yet. Raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise CannotListen(f"there is no address {host}: {error.strerror}") from None
    found = socket.socket(family, kind, protocol)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        found.close()
        hint = "; choose another with --port, or stop what uses it" if error.errno == errno.EADDRINUSE else ""
        raise CannotListen(f"port {port} of {host} cannot be had: {(error.strerror or str(error)).lower()}{hint}") from None
    return found


class Quiet(Logger):  # type: ignore[misc]
    """gunicorn's words go where ours go. Requests are told of by ourselves."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self._access_log_enabled = False
        self.loglevel = self.error_log.getEffectiveLevel()
        self.error_log.propagate = True


class Parent(Arbiter):  # type: ignore[misc]
    """An interruption from the keyboard ends the service as gently as SIGTERM; a second one at once."""

    def handle_int(self) -> NoReturn:
        raise StopIteration

    def handle_hup(self) -> None:
        """The socket was handed over once, and settings are read at the start alone: restart the service instead."""
        self.log.warning("HUP is not served")

    def handle_usr2(self) -> None:
        """Another process beside this one would ask for the same port: restart the service instead."""
        self.log.warning("USR2 is not served")


class Wake(PollableMethodQueue):  # type: ignore[misc]
    """What wakes a worker's loop: a pipe that stays open until the process ends.

    gunicorn closes it when the worker stops, while requests that take longer still run; each writes a byte to it when it
    ends, by the pipe's number. That number may be a database file's by then, whose first byte is lost.
    """

    def close(self) -> None:
        """Leave it to the end of the process."""


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker whose parent was killed ends what it is at, and soon."""

    def __init__(self, *told: Any, **named: Any) -> None:
        super().__init__(*told, **named)
        self.method_queue = Wake()

    def is_parent_alive(self) -> bool:
        alive = bool(super().is_parent_alive())
        if not alive:
            self.cfg.set("graceful_timeout", ORPHANED)
        return alive


class Server(BaseApplication):  # type: ignore[misc]
    """The application on its socket. announce: called when connections are taken."""

    def __init__(self, app: Flask, settings: Settings, listener: socket.socket, announce: Callable[[], None]) -> None:
        self.app, self.settings, self.listener, self.announce = app, settings, listener, announce
        self.tally = app.extensions["tally"] = make_tally(2 * settings.workers + 8)
        self.database: Database = app.extensions["database"]
        super().__init__(prog="coursewright")

    def load_config(self) -> None:
        memory = Path("/dev/shm")
        told: dict[str, Any] = {
            "bind": f"fd://{self.listener.fileno()}",
            "worker_class": Worker,
            "workers": self.settings.workers,
            "threads": self.settings.threads,
            "preload_app": True,
            "timeout": HEARTBEAT,
            "graceful_timeout": GRACE,
            "keepalive": KEEP_ALIVE,
            "max_requests": 0,
            "limit_request_line": 8190,
            "limit_request_fields": 60,
            "limit_request_field_size": 8190,
            "forwarded_allow_ips": "",  # what proxies say is read by the application alone, as `proxies` allows
            "secure_scheme_headers": {},
            "forwarder_headers": "",
            "accesslog": None,
            "logger_class": Quiet,
            "control_socket_disable": True,
            "proc_name": "coursewright",
            "worker_tmp_dir": str(memory) if os.access(memory, os.W_OK | os.X_OK) else None,
            "when_ready": self._ready,
            "pre_fork": self._before_fork,
            "post_fork": self._after_fork,
            "post_worker_init": self._worker_begins,
            "worker_exit": self._worker_ends,
            "on_exit": self._ends,
            "child_exit": self._worker_ended,
        }
        for name, value in told.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self.app

    def run(self) -> None:
        """Serve until told to stop. Ends the process; a worker's process ends here too."""
        self.database.close()
        os.set_inheritable(self.listener.detach(), True)
        Parent(self).run()

    def _ready(self, _: Any) -> None:
        LOG.info("service started", extra={"port": self.settings.port, "workers": self.settings.workers, "threads": self.settings.threads, "database": "sqlite" if self.database.sqlite else "postgresql"})
        self.announce()
        gc.collect()
        gc.freeze()  # what the parent holds stays in memory that workers share

    def _before_fork(self, _: Any, worker: Any) -> None:
        worker.stripe = self.tally.reserve()

    def _after_fork(self, _: Any, worker: Any) -> None:
        self.database.engine.dispose(close=False)
        self.tally.take(worker.stripe)

    def _worker_begins(self, worker: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # from the keyboard it reaches all processes; the parent decides
        LOG.info("worker started")
        worker.courier = Courier(self.app)
        worker.courier.start()

    def _worker_ends(self, _: Any, worker: Any) -> None:
        courier = getattr(worker, "courier", None)
        if courier is not None:
            courier.stop()
        if worker.pid == os.getpid():
            LOG.info("worker ended")
            self.database.close()

    def _ends(self, _: Any) -> None:
        LOG.info("service ended")

    def _worker_ended(self, _: Any, worker: Any) -> None:
        self.tally.give_back(worker.stripe)
