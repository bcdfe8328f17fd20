"""What the last build of an output folder was made from, so that a build with nothing to do does nothing.

Kept in the user's cache, not in the packet: it holds times, and a packet is the same everywhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def state_path(cache: Path, out: Path) -> Path:
    """The file that remembers one output folder."""
    return cache / "states" / (hashlib.sha256(os.fsencode(out.resolve())).hexdigest()[:32] + ".json")


def build_key(fingerprint: str, hashes: dict[str, str], options: dict[str, Any], problems: list[Any]) -> str:
    """A hash of all that a build depends on."""
    text = json.dumps([fingerprint, hashes, options, problems], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load(path: Path, key: str, out: Path) -> dict[str, Any] | None:
    """The record of the last build, if it was made from the same and every file stands as it was left."""
    try:
        record = json.loads(path.read_text("utf-8"))
        if record["key"] != key:
            return None
        for name, (size, changed) in record["files"].items():
            found = os.stat(out / name)
            if found.st_size != size or found.st_mtime_ns != changed:
                return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if isinstance(record, dict) else None


def save(path: Path, key: str, out: Path, names: list[str], more: dict[str, Any]) -> None:
    """Remember a build. Failing to is no fault: the next build only works more."""
    with contextlib.suppress(OSError):
        files = {name: [os.stat(out / name).st_size, os.stat(out / name).st_mtime_ns] for name in names}
        _write(path, {"key": key, "files": files, **more})


class Hints:
    """How many pages parts had when a course was last built: a guess that spares a layout, and is never relied on."""

    def __init__(self, cache: Path, root: Path, paper: str) -> None:
        name = hashlib.sha256(os.fsencode(root.resolve()) + paper.encode()).hexdigest()[:32]
        self.path = cache / "states" / f"pages-{name}.json"

    def load(self) -> dict[str, int]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
            return {str(title): int(pages) for title, pages in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def save(self, counts: dict[str, int]) -> None:
        with contextlib.suppress(OSError):
            _write(self.path, counts)


def _write(path: Path, record: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        json.dump(record, file)
    Path(file.name).replace(path)
