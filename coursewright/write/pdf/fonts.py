"""The fonts of the pages, from Python packages, so that a page is the same on every machine."""

from __future__ import annotations

import base64
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FILES = {
    "source-serif-4/roman": ("fontpkg_source_serif_4", "SourceSerif4[opsz,wght].ttf"),
    "source-serif-4/italic": ("fontpkg_source_serif_4", "SourceSerif4-Italic[opsz,wght].ttf"),
    "source-sans-3/roman": ("fontpkg_source_sans_3", "SourceSans3[wght].ttf"),
    "source-sans-3/italic": ("fontpkg_source_sans_3", "SourceSans3-Italic[wght].ttf"),
}
LATIN = "U+0020-007E,U+00A0-017F,U+02C6,U+02DC,U+2010-2027,U+2030-205E,U+2070-209C,U+20AC,U+2122,U+2190-2193,U+2212,U+2248,U+2260,U+2264,U+2265,U+0391-03C9"


@cache
def font_path(name: str) -> Path:
    """The file of a font, named as in `font:source-serif-4/roman`. Raises KeyError for another name."""
    package, file = FILES[name]
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None, f"the package {package} is not installed"
    return Path(spec.origin).parent / "files" / file


def font_folders() -> list[str]:
    """The folders that hold the fonts, for programs that look for them by family."""
    return sorted({str(font_path(name).parent) for name in FILES})


def web_font(arguments: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Task: a font cut to Latin, as WOFF2, for pages that must carry their fonts within.

    arguments: `font`, a name as above. Leaves `font.woff2`, and the fact `data`, a data URI.
    """
    from io import BytesIO

    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(font_path(arguments["font"]), recalcTimestamp=False, lazy=True)
    options = subset.Options(layout_features=["kern", "liga", "sups", "tnum", "calt", "mark", "mkmk", "ccmp", "locl"], flavor="woff2")
    options.notdef_outline = True
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=subset.parse_unicodes(LATIN.replace("U+", "")))
    cutter.subset(font)
    font.flavor = "woff2"
    made = BytesIO()
    font.save(made, reorderTables=False)
    data = made.getvalue()
    return {"font.woff2": data}, {"data": "data:font/woff2;base64," + base64.b64encode(data).decode()}
