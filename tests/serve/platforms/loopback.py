"""A WSGI application as a real HTTP server on the loopback, in a thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)


@contextmanager
def serving(app: Any, port: int = 0) -> Iterator[str]:
    """The address of an application while it is served."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
