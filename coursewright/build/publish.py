"""Put the packet where readers look: everything is written beside it first, then takes its place in one move."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from coursewright.build.interrupts import undisturbed

MANIFEST = "manifest.json"
RENAME_EXCHANGE = 2
AT_FDCWD = -100


class CannotPublish(Exception):
    """The output folder cannot be used; the message says why, in the user's words."""


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the lock of an output folder. Raises CannotPublish where another build holds it."""
    try:
        import fcntl
    except ImportError:  # no file locks on this system: the move at the end is still whole
        yield
        return
    path = out.parent / f".{out.name}.lock"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "w", encoding="ascii")  # noqa: SIM115 - closed by the block below
    except OSError as error:
        raise CannotPublish(f"{out} cannot be written to: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise CannotPublish(f"another build is writing to {out}; wait for it to end") from None
            raise
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def look_before(out: Path) -> None:
    """Refuse an output folder that holds something other than a packet. Raises CannotPublish."""
    if out.exists() and not out.is_dir():
        raise CannotPublish(f"{out} is a file; name a folder with --out")
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise CannotPublish(f"{out} holds files that are not a packet's; name an empty or a new folder with --out")
    parent = out
    while not parent.exists():
        parent = parent.parent
    if not os.access(parent, os.W_OK | os.X_OK) or (out.is_dir() and not os.access(out.parent, os.W_OK | os.X_OK)):
        raise CannotPublish(f"no right to write to {out}")


@contextlib.contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A new folder beside `out`; at the end it takes the place of `out`, or is removed after an exception."""
    out.parent.mkdir(parents=True, exist_ok=True)
    stage = out.parent / f".{out.name}.new"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    try:
        yield stage
        with undisturbed():
            _exchange(stage, out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def carry_over(out: Path, stage: Path, names: Iterator[str] | list[str]) -> None:
    """Take files of the packet that stands into the new one, as hard links where the disk can."""
    for name in names:
        target = stage / name
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(out / name, target)
        except OSError:
            shutil.copy2(out / name, target)


def strangers(out: Path, ours: set[str]) -> list[str]:
    """Files in a packet's folder that no build put there: they are somebody's, and stay."""
    if not out.is_dir():
        return []
    found = (path.relative_to(out).as_posix() for path in sorted(out.rglob("*")) if path.is_file() or path.is_symlink())
    return [name for name in found if name not in ours and name != MANIFEST]


def _exchange(stage: Path, out: Path) -> None:
    """Swap two folders in one step where the system can; else in two, the old one kept until the new one stands."""
    if not out.exists():
        stage.rename(out)
        return
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.renameat2(AT_FDCWD, os.fsencode(stage), AT_FDCWD, os.fsencode(out), RENAME_EXCHANGE) == 0:
            return
    old = out.parent / f".{out.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    out.rename(old)
    try:
        stage.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)
