"""Where the engine finds its own files, and what its fingerprint is."""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def shipped_templates() -> Path:
    """The templates beside the package in a checkout, within it in a wheel."""
    beside = PACKAGE.parent / "templates"
    return beside if (beside / "tokens.css").is_file() else PACKAGE / "templates"


def cache_folder() -> Path | None:
    """`$COURSEWRIGHT_CACHE`, or `coursewright` in the user's cache folder; None where it cannot be written."""
    base = os.environ.get("COURSEWRIGHT_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "coursewright"
    )
    folder = Path(base)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


@cache
def engine_fingerprint() -> str:
    """Changes with the engine's code, its shipped templates, Python, and the packages that are installed beside it."""
    return _fingerprint(PACKAGE, shipped_templates())


@cache
def work_fingerprint() -> str:
    """Changes with the code that tasks run, Python, and the packages; what a task is given stands in its arguments."""
    return _fingerprint(PACKAGE / "write")


def _fingerprint(*roots: Path) -> str:
    digest = hashlib.sha256(f"{sys.implementation.cache_tag}\0".encode())
    for root in roots:
        for here, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
            for name in sorted(names):
                if not name.endswith(".pyc"):
                    path = os.path.join(here, name)
                    digest.update(os.path.relpath(path, root).encode() + b"\0")
                    with open(path, "rb") as file:
                        digest.update(hashlib.sha256(file.read()).digest())
    site = sysconfig.get_paths()["purelib"]
    if os.path.isdir(site):
        digest.update("\n".join(sorted(name for name in os.listdir(site) if name.endswith(".dist-info"))).encode())
    return digest.hexdigest()
