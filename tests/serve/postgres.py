"""A PostgreSQL cluster of one's own: in a temporary folder, on a socket inside it, durable, and able to be killed.

    with postgres.database() as url: ...    a fresh database, dropped afterwards
    postgres.kill(); postgres.start()       as after a power cut: what was committed is there, what was open is not
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

# where packagers put the server's programs when not on the path: Debian, Fedora's and the makers' packages, Homebrew
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin")
PORT = 5432  # names the socket's file in the cluster's own folder; no TCP port is opened
PATIENCE = 60.0
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",  # files in the cluster's folder, which go with it
}
# Reads the server's process id, or 0, line by line. When the test run ends, however it ends, so does its input:
# then the server is stopped and the folder removed.
CARETAKER = """
pid=0
while read -r line; do pid=$line; done
if [ "$pid" -gt 0 ]; then
  kill -QUIT "$pid"
  tries=0
  while kill -0 "$pid" && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
fi 2>/dev/null
rm -rf "$1"
"""


def programs() -> Path | None:
    """The folder of the newest `initdb` and `postgres`."""
    found = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    for place in PLACES:
        folders = Path("/").glob(place.removeprefix("/"))
        found += sorted(folders, key=lambda folder: [int(number) for number in re.findall(r"\d+", str(folder))], reverse=True)
    return next((folder for folder in found if (folder / "initdb").is_file() and (folder / "postgres").is_file()), None)


def account() -> pwd.struct_passwd:
    """Who runs the server: oneself, or `postgres` for root, whom the server refuses."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def lacking() -> str | None:
    """Why no cluster can be made here."""
    if programs() is None:
        return "PostgreSQL's server programs are not installed"
    try:
        account()
    except KeyError:
        return "run as root, and there is no user postgres to run PostgreSQL as"
    return None


def processes() -> dict[int, tuple[int, str]]:
    """Parent and state of each process."""
    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
        return {int(pid): (int(parent), state) for pid, parent, state in map(str.split, listed.splitlines())}
    table = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # one that ended meanwhile
            state, parent, *_ = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            table[int(folder.name)] = (int(parent), state)
    return table


def alive() -> set[int]:
    """Zombies are not: where nothing reaps orphans they stay listed."""
    return {pid for pid, (_, state) in processes().items() if not state.startswith("Z")}


def wait_until(done: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.005)


class Postgres:
    """One cluster. It is made and started when made; `remove` ends it, and so does the end of the test run."""

    def __init__(self) -> None:
        found, who = programs(), account()
        if found is None:
            raise RuntimeError(lacking())
        self.programs = found
        # /tmp: others' temporary folders may be closed to `postgres`, and a socket's path must be short
        self.folder = Path(tempfile.mkdtemp(prefix="cw-postgres-", dir="/tmp"))
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.templates: set[str] = set()
        self._numbers = itertools.count(1)
        # a session of its own, so that Ctrl-C reaches the tests and not the server
        self._as_account: dict[str, Any] = {"cwd": "/", "start_new_session": True}
        if os.geteuid() == 0:
            os.chown(self.folder, who.pw_uid, who.pw_gid)
            self._as_account |= {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        self._as_account["env"] = {**environment, "HOME": str(self.folder)}
        self._caretaker = subprocess.Popen(
            ["sh", "-c", CARETAKER, "caretaker", str(self.folder)], stdin=subprocess.PIPE, bufsize=0, **self._as_account
        )
        try:
            self._initialise()
            self.start()
        except BaseException:
            self._dismiss()
            raise

    def _initialise(self) -> None:
        """Not synced to disk, which takes a second: what tests commit is."""
        for locale in ("C.UTF-8", "C"):  # not every system has the first
            command = [str(self.programs / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", f"--locale={locale}", "--no-sync"]
            made = subprocess.run(command, capture_output=True, text=True, check=False, **self._as_account)
            if made.returncode == 0:
                break
        else:
            raise RuntimeError(f"initdb failed:\n{made.stderr}")
        settings = {**SETTINGS, "unix_socket_directories": str(self.folder), "port": str(PORT)}
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def url(self, name: str) -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}&port={PORT}"

    def start(self) -> None:
        """Start, recover if need be, and wait until connections are taken. Nothing happens if it runs."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as_account
            )
        self._tell_caretaker(self.process.pid)
        self.connect().close()

    def kill(self) -> None:
        """SIGKILL for every process of the cluster: nothing is flushed, rolled back or said to clients."""
        if self.process is None or not self.running:
            return
        pid = self.process.pid
        os.kill(pid, signal.SIGSTOP)  # so that no process is added while the others are listed
        wait_until(lambda: processes()[pid][1].startswith(("T", "Z")), f"process {pid} does not stop")
        ended = {pid, *(child for child, (parent, _) in processes().items() if parent == pid)}
        for member in ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        self.process.wait()
        self._tell_caretaker(0)
        wait_until(lambda: not ended & alive(), "a process outlives SIGKILL")

    def stop(self) -> None:
        """An orderly shutdown, after which `start` begins without recovery."""
        if self.process is not None and self.running:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENCE)
            self._tell_caretaker(0)

    def remove(self) -> None:
        """Stop for good and leave nothing behind."""
        try:
            self.start()  # one that was killed still holds a little shared memory, which an orderly stop gives back
            self.stop()
        finally:
            self._dismiss()

    def connect(self, name: str = "postgres") -> psycopg.Connection:
        """A connection that commits each statement; waits for a server that is starting or recovering."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return psycopg.connect(host=str(self.folder), port=PORT, user="postgres", dbname=name, autocommit=True)
            except psycopg.OperationalError as error:
                if not self.running or time.monotonic() > deadline:
                    log = self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""
                    raise RuntimeError(f"PostgreSQL takes no connection: {error}\n{log}") from error
                time.sleep(0.01)

    @contextlib.contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a fresh database, a copy of `template`. A server that a test left killed is started for the next."""
        name = f"test_{next(self._numbers)}"
        self._order(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url(name)
        finally:
            self._order(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def template(self, name: str, fill: Callable[[str], None]) -> str:
        """A database that `fill` (the migrations, say) is given the URL of, once a cluster, for `database` to copy.

        `fill` must close its connections, since a database in use cannot be copied.
        """
        if name not in self.templates:
            self._order(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}" TEMPLATE template0')
            fill(self.url(name))
            self._order(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            self.templates.add(name)
        return name

    def _order(self, *statements: str) -> None:
        self.start()
        with contextlib.closing(self.connect()) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _tell_caretaker(self, pid: int) -> None:
        assert self._caretaker.stdin is not None
        self._caretaker.stdin.write(b"%d\n" % pid)

    def _dismiss(self) -> None:
        assert self._caretaker.stdin is not None
        self._caretaker.stdin.close()
        self._caretaker.wait(PATIENCE)
        if self.process is not None:
            self.process.wait(PATIENCE)
