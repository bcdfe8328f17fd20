"""The fonts of the pages, from Python packages, so that a page is the same on every machine.

The packages hold variable fonts. Cutting each to the letters in use and to fixed weights once, in the cache, spares
every document the same work: laying out a module took 15 s with the variable files and takes 1 to 2 s without.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

FILES = {
    "source-serif-4/roman": ("fontpkg_source_serif_4", "SourceSerif4[opsz,wght].ttf"),
    "source-serif-4/italic": ("fontpkg_source_serif_4", "SourceSerif4-Italic[opsz,wght].ttf"),
    "source-sans-3/roman": ("fontpkg_source_sans_3", "SourceSans3[wght].ttf"),
    "source-sans-3/italic": ("fontpkg_source_sans_3", "SourceSans3-Italic[wght].ttf"),
}
#: the weights that style sheets may use, by font
WEIGHTS = {
    "source-serif-4/roman": (400, 700),
    "source-serif-4/italic": (400,),
    "source-sans-3/roman": (400, 600, 700),
    "source-sans-3/italic": (400,),
}
#: what every course needs: Latin with accents, small Greek, punctuation, arrows and comparison signs
BASE = (
    *((0x20, 0x7E), (0xA0, 0x17F), (0x394, 0x394), (0x3A9, 0x3A9), (0x3B1, 0x3C9), (0x2010, 0x2027), (0x2030, 0x203A)),
    *((0x2070, 0x209C), (0x20AC, 0x20AC), (0x2122, 0x2122), (0x2190, 0x2193), (0x2212, 0x2212), (0x221A, 0x221E)),
    *((0x2248, 0x2248), (0x25A1, 0x25A1), (0x2260, 0x2260), (0x2264, 0x2265)),
)
BLOCK = 32  # a letter beyond the base brings its neighbours, so that an edit seldom needs the fonts cut anew
TEXT_SIZE = 11  # the optical size that text is set at, in points


@cache
def font_path(name: str) -> Path:
    """The variable font of a name such as `source-serif-4/roman`. Raises KeyError for another name."""
    package, file = FILES[name]
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None, f"the package {package} is not installed"
    return Path(spec.origin).parent / "files" / file


def font_folders() -> list[str]:
    """The folders that hold the fonts, for programs that look for them by family."""
    return sorted({str(font_path(name).parent) for name in FILES})


def letters_beyond(texts: Iterable[str]) -> list[int]:
    """The characters of `texts` beyond the base set, each with those near it in Unicode."""
    used = {ord(character) for text in texts for character in set(text)}
    blocks = {point // BLOCK for point in used if point > 0x17F and not any(first <= point <= last for first, last in BASE)}
    return [block * BLOCK + n for block in sorted(blocks) for n in range(BLOCK)]


def cut_fonts(arguments: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Task: one variable font to fixed weights, for the base set and the code points `more`.

    arguments: `font`, a name of FILES; `more`, a list. Leaves `WEIGHT.ttf` for each weight, and `WEIGHT.woff2` of
    Source Sans for pages that must carry their fonts within.
    """
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    name = arguments["font"]
    font = TTFont(font_path(name), recalcTimestamp=False, lazy=True)
    # the kerning of the default master serves all weights: instancing it took 4 s a font and moved nothing visibly
    definitions = font["GDEF"].table
    definitions.VarStore = None
    definitions.Version = min(definitions.Version, 0x00010002)
    options = subset.Options(layout_features=["kern", "lnum", "tnum", "mark", "mkmk", "ccmp"], hinting=False)
    options.notdef_outline = True
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[*(p for first, last in BASE for p in range(first, last + 1)), *arguments["more"]])
    cutter.subset(font)
    cut = _saved(font)
    files: dict[str, bytes] = {}
    for weight in WEIGHTS[name]:
        variable = TTFont(BytesIO(cut), recalcTimestamp=False)
        axes = {axis.axisTag: TEXT_SIZE if axis.axisTag == "opsz" else weight for axis in variable["fvar"].axes}
        fixed = instancer.instantiateVariableFont(variable, axes)
        files[f"{weight}.ttf"] = _saved(fixed)
        if name == "source-sans-3/roman":
            fixed.flavor = "woff2"
            files[f"{weight}.woff2"] = _saved(fixed)
    return files, {}


def _saved(font: Any) -> bytes:
    made = BytesIO()
    font.save(made, reorderTables=False)
    return made.getvalue()
