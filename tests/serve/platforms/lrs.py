"""A learning record store: Ralph, in an environment of its own, with files for a database and names with secrets."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from conftest import ROOT

# the store's file database makes one file and refuses a second batch, unless its writes append: told before it starts
START = """
import sys, uvicorn
from ralph.backends.data.base import BaseOperationType
from ralph.backends.data.fs import FSDataBackend
FSDataBackend.default_operation_type = BaseOperationType.APPEND
uvicorn.run("ralph.api:app", host="127.0.0.1", port=int(sys.argv[1]))
"""
PROGRAMS = ROOT / ".venv" / "lrs" / "bin"
NAME, SECRET = "coursewright", "a-secret-of-the-store"


def lacking() -> str:
    """Why there is no store here; empty where there is one."""
    return "" if (PROGRAMS / "ralph").is_file() else "no record store (scripts/setup test installs it)"


@contextmanager
def lrs(folder: Path) -> Iterator[str]:
    """The xAPI address of a store, while it runs."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "RALPH_APP_DIR": str(folder),
        "RALPH_AUTH_FILE": str(folder / "auth.json"),
        "RALPH_RUNSERVER_BACKEND": "fs",
        "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": str(folder / "statements"),
        "RALPH_BACKENDS__LRS__FS__DEFAULT_LRS_FILE": "statements.jsonl",
    }
    (folder / "statements").mkdir()
    subprocess.run([PROGRAMS / "ralph", "auth", "-u", NAME, "-p", SECRET, "-s", "all", "-N", NAME, "-O", "http://store.test", "-w"], env=environment, cwd=folder, check=True, capture_output=True)
    with open(folder / "log", "wb") as log:
        program = subprocess.Popen([PROGRAMS / "python", "-c", START, str(port)], env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        _wait(program, port, folder / "log")
        yield f"http://127.0.0.1:{port}/xAPI"
    finally:
        program.terminate()
        program.wait(10)


def _wait(program: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(300):
        try:
            requests.get(f"http://127.0.0.1:{port}/__heartbeat__", timeout=1)
            return
        except requests.ConnectionError:
            if program.poll() is not None:
                break
            time.sleep(0.1)
    raise AssertionError(f"the store did not start: {log.read_text()[-2000:]}")
