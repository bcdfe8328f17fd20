"""Which letters can be set: those of the fonts that come with the engine, and of the fonts that this machine has besides."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterable
from functools import cache, lru_cache

from coursewright.write.pdf.fonts import font_path

LIBRARIES = ("libfontconfig.so.1", "libfontconfig.1.dylib", "libfontconfig.so", "fontconfig-1", "fontconfig")
INVISIBLE = {0x09, 0x0A, 0x0D, 0x20, 0xA0, 0xAD, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x206A), 0xFEFF, *range(0xFE00, 0xFE10)}


def without_font(text: str, font: str = "source-sans-3/roman") -> bool:
    """Whether a text holds a letter that neither `font` nor any font of this machine has: a box would be printed for it."""
    return any(not _can_be_set(ord(letter), font) for letter in text)


def texts_without_font(texts: Iterable[str]) -> list[str]:
    """Those of `texts` that cannot be printed whole."""
    return [text for text in texts if without_font(text)]


@lru_cache(maxsize=20_000)
def _can_be_set(point: int, font: str) -> bool:
    return point in INVISIBLE or point in _own(font) or any(_fontconfig().FcCharSetHasChar(letters, point) for letters in _of_machine())


@cache
def _own(font: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(font_path(font), lazy=True) as opened:
        return frozenset(opened.getBestCmap())


@cache
def _fontconfig() -> ctypes.CDLL:
    """The library that finds fonts; the layout engine needs it too. Raises OSError."""
    for name in LIBRARIES:
        with contextlib.suppress(OSError):
            library = ctypes.CDLL(name)
            library.FcInitLoadConfigAndFonts.restype = ctypes.c_void_p
            library.FcConfigGetFonts.restype = ctypes.POINTER(_FontSet)
            library.FcConfigGetFonts.argtypes = [ctypes.c_void_p, ctypes.c_int]
            library.FcPatternGetCharSet.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_void_p)]
            library.FcCharSetHasChar.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
            return library
    raise OSError("there is no fontconfig")


class _FontSet(ctypes.Structure):
    _fields_ = (("count", ctypes.c_int), ("room", ctypes.c_int), ("fonts", ctypes.POINTER(ctypes.c_void_p)))


@cache
def _of_machine() -> tuple[int, ...]:
    """The sets of letters of the machine's fonts, as fontconfig holds them for as long as the process runs."""
    try:
        library = _fontconfig()
    except OSError:
        return ()
    fonts = library.FcConfigGetFonts(library.FcInitLoadConfigAndFonts(), 0)
    found = []
    for index in range(fonts.contents.count if fonts else 0):
        letters = ctypes.c_void_p()
        if library.FcPatternGetCharSet(fonts.contents.fonts[index], b"charset", 0, ctypes.byref(letters)) == 0 and letters.value:
            found.append(letters.value)
    return tuple(found)
