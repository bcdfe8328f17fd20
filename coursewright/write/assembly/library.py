"""The library of an assembly: pieces as Form XObjects and faces as fonts, as raw PDF objects under fixed numbers."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name

from coursewright.plan.booklet import Extent


@dataclass(frozen=True)
class Laid:
    """Pieces laid out in one run: the PDF, the keys of its pages in order, and their extents."""

    pdf: bytes
    keys: tuple[str, ...]
    extents: tuple[Extent, ...]


class Face:
    """A font of the library: shapes words, and knows which of its letters are missing."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._shaped: dict[str, tuple[str, float]] = {}

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return face_of, (self.data,)  # in a worker, one face for all tasks: it remembers what it shaped

    @cached_property
    def _font(self) -> Any:
        import uharfbuzz

        return uharfbuzz.Font(uharfbuzz.Face(self.data))

    def shape(self, text: str) -> tuple[str, float]:
        """The operand of TJ for a text, and its width in thousandths of the size of type."""
        found = self._shaped.get(text)
        if found is None:
            found = self._shape(text)
            if len(self._shaped) < 50_000:
                self._shaped[text] = found
        return found

    def _shape(self, text: str) -> tuple[str, float]:
        import uharfbuzz

        font = self._font
        scale = 1000 / font.face.upem
        buffer = uharfbuzz.Buffer()
        buffer.add_str("".join(map(self._letter, text)))
        buffer.guess_segment_properties()
        uharfbuzz.shape(font, buffer, {"kern": True, "liga": False, "lnum": True})
        parts, width = [], 0.0
        for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            natural = font.get_glyph_h_advance(info.codepoint)
            parts.append(f"<{info.codepoint:04X}>")
            if position.x_advance != natural:
                parts.append(f"{(natural - position.x_advance) * scale:.0f}")
            width += position.x_advance * scale
        return "[" + "".join(parts).replace("><", "") + "]", width

    def _letter(self, character: str) -> str:
        """The character, a box where the font lacks it, nothing for controls and marks of direction."""
        if self._font.get_nominal_glyph(ord(character)) is not None:
            return character
        if unicodedata.category(character) in ("Cc", "Cf", "Mn"):
            return ""
        return " " if character.isspace() else "□" if self._font.get_nominal_glyph(0x25A1) is not None else "?"

    def missing(self, text: str) -> list[str]:
        """The characters of a text that the font has no letter for."""
        return sorted({c for c in text if not c.isspace() and self._font.get_nominal_glyph(ord(c)) is None})


@lru_cache(maxsize=8)
def face_of(data: bytes) -> Face:
    """The face of a font, the same for the same data."""
    return Face(data)


@lru_cache(maxsize=2)
def drawings(digest: str) -> dict[Any, str]:
    """What was drawn before with the library of this digest, to be drawn again elsewhere: operators by what they show."""
    return {}


@dataclass
class Library:
    """Raw objects by number. `pieces`: object number and page height by key. `faces` by name, with their object numbers."""

    objects: dict[int, bytes]
    pieces: dict[str, int]
    extents: dict[str, Extent]
    sheet_height: dict[str, float]
    faces: dict[str, Face]
    face_numbers: dict[str, int]
    next: int = 1  # the first number that is free
    digest: str = ""
    needs: dict[int, frozenset[int]] = field(default_factory=dict)

    @property
    def light(self) -> Library:
        """The library without the objects themselves: enough to draw with, and small to send."""
        return replace(self, objects={}, needs={})

    def closure(self, numbers: Iterable[int]) -> list[int]:
        """These objects and all that they refer to, in order."""
        return sorted({n for number in numbers for n in self._closure(number)})

    def _closure(self, number: int) -> frozenset[int]:
        found = self.needs.get(number)
        if found is None:
            seen, left = {number}, [number]
            while left:
                for other in _references(self.objects[left.pop()]):
                    if other not in seen:
                        seen.add(other)
                        left.append(other)
            found = self.needs[number] = frozenset(seen)
        return found


def build_library(laid: Iterable[Laid], fonts: Mapping[str, bytes]) -> Library:
    """The library of these pieces and fonts. fonts: TrueType data by name, cut to the letters that will be written."""
    pdf = pikepdf.new()
    names: list[str] = []
    extents: dict[str, Extent] = {}
    heights: dict[str, float] = {}
    made = Array()
    for part in laid:
        with pikepdf.open(BytesIO(part.pdf)) as source:
            resources: dict[Any, Any] = {}
            for page, key, extent in zip(source.pages, part.keys, part.extents, strict=True):
                made.append(_piece(pdf, source, page, extent, resources))
                names.append(key)
                extents[key] = extent
                heights[key] = float(page.MediaBox[3])
    faces = {name: face_of(data) for name, data in fonts.items()}
    pdf.Root.Pieces = made
    pdf.Root.Faces = Array([font_object(pdf, face, name) for name, face in faces.items()])
    saved = BytesIO()
    pdf.save(saved, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=True, static_id=True)
    data = saved.getvalue()
    with pikepdf.open(BytesIO(data)) as again:
        numbers = [thing.objgen[0] for thing in again.Root.Pieces]
        face_numbers = {name: thing.objgen[0] for name, thing in zip(faces, again.Root.Faces, strict=True)}
    objects = _raw_objects(data)
    kept: set[int] = set()
    library = Library(objects, dict(zip(names, numbers, strict=True)), extents, heights, faces, face_numbers)
    kept.update(library.closure([*numbers, *face_numbers.values()]))
    library.objects = {number: raw for number, raw in objects.items() if number in kept}
    library.next = max(objects) + 1
    library.digest = hashlib.sha256(data).hexdigest()
    return library


def _piece(pdf: pikepdf.Pdf, source: pikepdf.Pdf, page: Any, extent: Extent, resources: dict[Any, Any]) -> Any:
    page.contents_coalesce()
    content = page.Contents.read_bytes()
    fonts = set(re.findall(rb"(/[A-Z]{6}) [\d.]+ Tf", content))
    kept = Dictionary()
    held = page.Resources
    kept.Font = Dictionary({name.decode(): _foreign(pdf, source, held.Font[name.decode()], resources) for name in sorted(fonts)})
    states = sorted(set(re.findall(rb"(/[\w.-]+) gs", content)))
    if states:
        kept.ExtGState = Dictionary({name.decode(): Dictionary({k: v for k, v in held.ExtGState[name.decode()].items() if k in ("/ca", "/CA")}) for name in states})
    height, width = float(page.MediaBox[3]), float(page.MediaBox[2])
    box = Array([-2, round(height - extent.height - 4, 2), round(width + 2, 2), round(height + 2, 2)])
    return pdf.make_indirect(pdf.make_stream(content, Type=Name.XObject, Subtype=Name.Form, BBox=box, Resources=kept))


def _foreign(pdf: pikepdf.Pdf, source: pikepdf.Pdf, font: Any, known: dict[Any, Any]) -> Any:
    if font.objgen not in known:
        known[font.objgen] = pdf.copy_foreign(font)
    return known[font.objgen]


def cut_face(arguments: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Task: cut `font` to `letters` and ASCII, as `face.ttf`."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(BytesIO(arguments["font"].read()), recalcTimestamp=False)
    options = subset.Options(layout_features=["kern", "lnum", "tnum", "mark", "mkmk", "ccmp"], hinting=False, notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes={ord(c) for c in arguments["letters"]} | set(range(0x20, 0x7F)))
    cutter.subset(font)
    made = BytesIO()
    font.save(made, reorderTables=False)
    return {"face.ttf": made.getvalue()}, {}


def font_object(pdf: pikepdf.Pdf, face: Face, name: str) -> Any:
    """A composite font whose codes are the glyphs' numbers."""
    from fontTools.ttLib import TTFont

    font = TTFont(BytesIO(face.data))
    scale = 1000 / font["head"].unitsPerEm
    order = font.getGlyphOrder()
    widths = Array([round(font["hmtx"][glyph][0] * scale) for glyph in order])
    head, os2 = font["head"], font["OS/2"]
    base = Name("/CWFONT+" + re.sub(r"[^A-Za-z0-9]", "", name))
    descriptor = pdf.make_indirect(
        Dictionary(
            Type=Name.FontDescriptor,
            FontName=base,
            Flags=4,
            FontBBox=Array([round(v * scale) for v in (head.xMin, head.yMin, head.xMax, head.yMax)]),
            ItalicAngle=0,
            Ascent=round(font["hhea"].ascent * scale),
            Descent=round(font["hhea"].descent * scale),
            CapHeight=round(getattr(os2, "sCapHeight", 0) * scale),
            StemV=80,
            FontFile2=pdf.make_indirect(pdf.make_stream(face.data, Length1=len(face.data))),
        )
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=base,
        CIDSystemInfo=Dictionary(Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0),
        FontDescriptor=descriptor,
        CIDToGIDMap=Name.Identity,
        DW=0,
        W=Array([0, widths]),
    )
    by_glyph = {font.getGlyphID(glyph): point for point, glyph in sorted(font.getBestCmap().items(), reverse=True)}
    text = pdf.make_stream(_to_unicode(by_glyph).encode())
    return pdf.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type0, BaseFont=base, Encoding=Name("/Identity-H"), DescendantFonts=Array([pdf.make_indirect(descendant)]), ToUnicode=pdf.make_indirect(text))
    )


def _to_unicode(by_glyph: dict[int, int]) -> str:
    lines = [f"<{glyph:04X}> <{chr(point).encode('utf-16-be').hex().upper()}>" for glyph, point in sorted(by_glyph.items())]
    chunks = [lines[i : i + 100] for i in range(0, len(lines), 100)]
    body = "\n".join(f"{len(chunk)} beginbfchar\n" + "\n".join(chunk) + "\nendbfchar" for chunk in chunks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    )


def _raw_objects(data: bytes) -> dict[int, bytes]:
    """The objects of a file with a classic cross-reference table, byte for byte."""
    start = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    lines = data[start:].split(b"\n")
    first, count = map(int, lines[1].split())
    offsets = {first + i: int(line[:10]) for i, line in enumerate(lines[2 : 2 + count]) if line[17:18] == b"n"}
    order = sorted(offsets.items(), key=lambda entry: entry[1])
    ends = [offset for _, offset in order[1:]] + [start]
    return {number: data[offset:end].rstrip(b"\n") + b"\n" for (number, offset), end in zip(order, ends, strict=True)}


def _references(raw: bytes) -> set[int]:
    head = raw.split(b"stream\n", 1)[0] if b"stream\n" in raw else raw
    return {int(n) for n in re.findall(rb"(\d+) 0 R", head)}
