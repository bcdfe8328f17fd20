"""The course folder on disk: what belongs to the course, read safely. The only reader of a course's files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}
MAX_IMAGE = 20_000_000
MAX_YAML = 60_000_000  # read to be refused with a place; larger is refused unread
FOLDERS = ("course", "quizzes", "templates")


@dataclass
class Inputs:
    """The files of a course. `faults`: what could not be read, as (path, reason)."""

    root: Path
    yaml: dict[str, bytes] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)
    templates: dict[str, bytes] = field(default_factory=dict)
    tables: dict[str, bytes] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    outside: list[tuple[str, str]] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def hashes(self) -> dict[str, str]:
        """SHA-256 of every file that a build may depend on, by path."""
        files = {**self.yaml, **self.images, **self.templates, **self.tables}
        return {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(files)}


def read_inputs(root: Path) -> Inputs:
    """Read the YAML, images and templates below a course folder. Never follows a link out of it."""
    inputs = Inputs(root)
    real = root.resolve()
    for folder in FOLDERS:
        for here, folders, names in os.walk(root / folder):
            folders[:] = sorted(name for name in folders if not name.startswith((".", "__")) and _inside(inputs, real, Path(here) / name))
            for name in sorted(names):
                if not name.startswith("."):
                    _take(inputs, real, Path(here) / name)
    return inputs


def _inside(inputs: Inputs, real: Path, path: Path) -> bool:
    if not path.is_symlink():
        return True
    target = path.resolve()
    if target.is_relative_to(real):
        return True
    inputs.outside.append((_name(inputs, path), str(target)))
    return False


def _take(inputs: Inputs, real: Path, path: Path) -> None:
    name = _name(inputs, path)
    suffix = path.suffix.lower()
    in_templates = name.startswith("templates/")
    wanted = inputs.templates if in_templates else inputs.yaml if suffix in (".yaml", ".yml") else inputs.images
    if name.startswith("quizzes/judges/") and suffix == ".csv":
        wanted = inputs.tables
    elif not in_templates and suffix not in (".yaml", ".yml", *IMAGES):
        inputs.others.append(name)
        return
    if not _inside(inputs, real, path):
        return
    limit = MAX_IMAGE if wanted is inputs.images else MAX_YAML
    try:
        if not path.is_file():
            inputs.unreadable.append((name, "it is not a regular file"))
        elif path.stat().st_size > limit:
            inputs.unreadable.append((name, f"it has {path.stat().st_size / 1e6:.0f} MB"))
        else:
            wanted[name] = path.read_bytes()
    except OSError as error:
        inputs.unreadable.append((name, error.strerror or str(error)))


def _name(inputs: Inputs, path: Path) -> str:
    return path.relative_to(inputs.root).as_posix()


def problems(inputs: Inputs) -> list[list[list[str]]]:
    """What could not be read, as JSON values: a build depends on it too."""
    return [[list(pair) for pair in inputs.outside], [list(pair) for pair in inputs.unreadable]]


def image_kind(path: str, data: bytes) -> str:
    """The media type of an image file, or `!` and why it cannot be used. SVG may hold no script and no outside link."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".svg":
        return _svg_kind(data)
    import warnings
    from io import BytesIO

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # above all, of pictures that unfold to gigabytes
            with Image.open(BytesIO(data)) as image:
                image.load()
                kind = image.format
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return "!it has more pixels than a page can show"
    except Exception as error:  # Pillow raises many kinds on hostile bytes; each means the same to an author
        return f"!it is not a readable picture ({type(error).__name__})"
    expected = {"PNG": "image/png", "JPEG": "image/jpeg"}.get(kind or "")
    return expected or f"!{kind} is not supported"


def _svg_kind(data: bytes) -> str:
    import re

    if re.search(rb"<!ENTITY|<script|<foreignObject|\son\w+\s*=|javascript:", data, re.IGNORECASE):
        return "!it holds a script or an entity"
    if re.search(rb"(?:href|src)\s*=\s*[\"'](?!#|data:image/)|url\(\s*[\"']?(?!#)|@import", data, re.IGNORECASE):
        return "!it refers to something outside itself"
    import xml.etree.ElementTree as ElementTree

    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        return f"!it is not XML ({error})"
    return "image/svg+xml" if root.tag.endswith("svg") else "!it is not an SVG"
