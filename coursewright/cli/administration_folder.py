"""The folder of an administration on the command line."""

from __future__ import annotations

from pathlib import Path

import click


def administration(course: Path, named: Path | None) -> Path:
    """The folder named, or the only one below forms/. Raises click.UsageError where there is none, or more than one."""
    if named is not None:
        if not (named / "record.jsonl").is_file():
            raise click.UsageError(f"{named} holds no printed forms (record.jsonl); run forms first")
        return named
    found = sorted(path.parent for path in (course / "forms").glob("*/record.jsonl"))
    if not found:
        raise click.UsageError(f"there are no printed forms below {course / 'forms'}; run forms first, or name their folder with --forms")
    if len(found) > 1:
        raise click.UsageError("there are several administrations; name one with --forms: " + ", ".join(map(str, found)))
    return found[0]
