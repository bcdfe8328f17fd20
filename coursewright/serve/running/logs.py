"""Structured logs: one JSON object a line on stderr, without personal data.

Our own events are fixed words with named values beside them. Of other libraries only the template of a message is kept,
not what was filled into it, and of an exception only its kind and where it came from: the rest may hold what people sent.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from flask import g, has_request_context

from coursewright.serve.store.tables import moment_text

OWN = "coursewright"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SIGNAL = re.compile(r"SIG[A-Z0-9]+$")
_ADDRESS = re.compile(r"ip=\S+")
_CALLER = re.compile(r"^Invalid request from ip=\S* ")
_SENT = re.compile(r": |['\"]")


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"time": moment_text(datetime.fromtimestamp(record.created, UTC)), "level": record.levelname.lower(), "event": _event(record)}
        if record.name != OWN:
            line["logger"] = record.name
        if has_request_context() and hasattr(g, "request_id"):
            line["request"] = g.request_id
        line["process"] = record.process
        line.update({name: value for name, value in vars(record).items() if name not in _STANDARD})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _chain(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=type)


def _event(record: logging.LogRecord) -> str:
    args = record.args if isinstance(record.args, tuple) else ()
    if record.args and (record.name == OWN or (args and all(isinstance(arg, int) or _SIGNAL.match(str(arg)) for arg in args))):
        return record.getMessage()
    said = str(record.msg).partition("\n")[0]
    if record.name == "gunicorn.error" and not record.args:
        return _kind(said)
    return _ADDRESS.sub("ip=…", said)


def _kind(said: str) -> str:
    """What gunicorn says of a request that it cannot read, without whose it was and what stood in it."""
    caller = _CALLER.match(said)
    kind = _SENT.split(said[caller.end() :] if caller else said)[0].strip()
    return f"Invalid request: {kind}" if caller else kind


def _chain(error: BaseException) -> list[dict[str, Any]]:
    """The exceptions that led to one another, the first cause last: kinds and places."""
    found: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(found) < 6:
        frames = traceback.extract_tb(current.__traceback__)[-12:]
        found.append({"kind": type(current).__qualname__, "at": [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return found


def _short(path: str) -> str:
    return "/".join(path.split("/")[-3:])


def set_up_logs() -> None:
    """Send the logs of this process, and of those forked from it, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OWN).setLevel(logging.INFO)
    logging.captureWarnings(True)
