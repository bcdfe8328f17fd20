"""The cache: results of tasks by the hash of all that went into them. A result is laid down whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from coursewright.write import Blob, Result, Task

KEEP_BYTES = 1_500_000_000  # above this, the entries longest unused are removed


class Store:
    """Results of tasks, in a folder. Damaged entries count as absent."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder / "tasks"
        self.fingerprint = fingerprint
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def key(self, task: Task) -> str:
        """The name of a task's result: a hash of the engine, the function and the arguments, blobs by content."""
        text = json.dumps([self.fingerprint, task.work, _stand_in(task.arguments)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def get(self, key: str) -> Result | None:
        """The result under a key, or None. Marks it as used."""
        entry = self.folder / key[:2] / key
        try:
            record = json.loads((entry / "facts.json").read_text("utf-8"))
            blobs = {}
            for name, (size, digest) in record["blobs"].items():
                path = entry / name
                if path.stat().st_size != size:
                    return None
                blobs[name] = Blob(path, digest)
            os.utime(entry)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Result(blobs, record["facts"])

    def put(self, key: str, files: dict[str, bytes], facts: dict[str, Any]) -> Result:
        """Lay down a result; what another process laid down meanwhile under the same key is as good."""
        place = self.folder / key[:2]
        place.mkdir(exist_ok=True, mode=0o700)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=place))
        try:
            record = {"facts": facts, "blobs": {}}
            for name, data in files.items():
                (temporary / name).write_bytes(data)
                record["blobs"][name] = [len(data), hashlib.sha256(data).hexdigest()]
            (temporary / "facts.json").write_text(json.dumps(record), "utf-8")
            entry = place / key
            if entry.exists() and ((held := self.get(key)) is None or held.facts.get("warnings")):
                shutil.rmtree(entry, ignore_errors=True)
            try:
                temporary.rename(entry)
            except OSError:
                if not entry.is_dir():
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        found = self.get(key)
        assert found is not None, f"the cache lost {key}"
        return found

    def prune(self, keep: int = KEEP_BYTES) -> None:
        """Remove the entries longest unused until `keep` bytes are left."""
        entries = []
        for entry in self.folder.glob("??/*"):
            try:
                entries.append((entry.stat().st_mtime, sum(file.stat().st_size for file in entry.iterdir()), entry))
            except OSError:
                continue
        total = sum(size for _, size, _ in entries)
        for _, size, entry in sorted(entries):
            if total <= keep:
                break
            shutil.rmtree(entry, ignore_errors=True)
            total -= size


def _stand_in(value: Any) -> Any:
    if isinstance(value, Blob):
        return {"blob": value.sha256}
    if isinstance(value, dict):
        return {key: _stand_in(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_stand_in(entry) for entry in value]
    return value
