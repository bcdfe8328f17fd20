"""A small writer of tagged PDF: leaves (the pages of one person) become bytes on their own, in any process, and are strung
together by their numbers alone.

Each leaf has a range of object numbers to itself, so that leaves can be made side by side; numbers that it does not use
stay free. Small objects of a leaf go into one object stream. Coordinates are points from the top left corner.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import BinaryIO

from coursewright.write.assembly.library import Library, drawings

KEYS = 1000  # keys of the parent tree set aside for a leaf: no more pages
LEVEL = 1  # of compression: 6 takes three times as long for a tenth less
ROW = 9  # bytes of a packed cross reference
MOST_NUMBERS = 8_000_000  # readers of PDF need not know higher object numbers
INK, SOFT, ACCENT, ALARM, RULE = "0.106 0.165 0.2", "0.294 0.353 0.388", "0.043 0.31 0.361", "0.549 0.114 0.094", "0.765 0.804 0.82"


@dataclass(slots=True)
class _Element:
    """A structure element: its tag, its kids (elements, or (page, mcid) pairs), its attributes as PDF text."""

    tag: str
    parent: int
    kids: list[int | tuple[int, int]] = field(default_factory=list)
    more: str = ""


@dataclass(frozen=True)
class Part:
    """A leaf as bytes. rows: its cross references from object `first` on, packed as PDF has them, offsets from its own start;

    offsets: which of them are offsets, to be moved by where the leaf comes to lie.
    """

    data: bytes
    first: int
    rows: bytes
    offsets: tuple[int, ...]
    pages: int
    pages_ref: int
    element_ref: int
    parents_ref: int
    limits: tuple[int, int]


class _Until:
    """A context that calls a function at its end. (One of contextlib's takes ten times as long, thousands of times a form.)"""

    __slots__ = ("arguments", "end")

    def __init__(self, end: Callable[..., object], *arguments: object) -> None:
        self.end, self.arguments = end, arguments

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self.end(*self.arguments)


class Canvas:
    """One page. Everything drawn is either content, under a tag, or an artifact."""

    def __init__(self, leaf: Leaf, number: int) -> None:
        self.leaf = leaf
        self.number = number
        self.ops: list[str] = []
        self.names: dict[str, str] = {}
        self.fonts: dict[str, int] = {}
        self.marked: list[int] = []

    def content(self, tag: str, more: str = "") -> _Until:
        """Draw content under a structure element of this tag, below the one that is open."""
        element = self.leaf.add(tag, more)
        self.leaf.elements[element].kids.append((self.number, len(self.marked)))
        self.ops.append(f"/{tag} <</MCID {len(self.marked)}>> BDC")
        self.marked.append(element)
        return _Until(self.ops.append, "EMC")

    def artifact(self, kind: str = "") -> _Until:
        """Draw what is no content: rules, marks, running heads (kind `Pagination`)."""
        self.ops.append(f"/Artifact <</Type /{kind}>> BDC" if kind else "/Artifact BMC")
        return _Until(self.ops.append, "EMC")

    def text(self, x: float, y: float, text: str, face: str = "regular", size: float = 9.0, color: str = INK, align: str = "left") -> float:
        """Write a line with its baseline at `y`; returns its width in points."""
        library = self.leaf.library
        operand, thousandths = library.faces[face].shape(text)
        width = thousandths * size / 1000
        left = x - (width if align == "right" else width / 2 if align == "center" else 0)
        name = self.use(face)
        self.ops.append(f"BT {color} rg /F{name} {size:g} Tf {left:.2f} {self.flip(y):.2f} Td {operand} TJ ET")
        return width

    def use(self, face: str) -> int:
        """Name a face among the page's fonts; returns its number."""
        return self.fonts.setdefault(face, self.leaf.library.face_numbers[face])

    def letters(self, places: list[tuple[float, float, str]], face: str, size: float, color: str) -> str:
        """The operators for many short texts of one face, each centred at `x` with its baseline at `y`. See `use`."""
        shape = self.leaf.library.faces[face].shape
        height = self.leaf.size[1]
        parts = [f"BT {color} rg /F{self.leaf.library.face_numbers[face]} {size:g} Tf"]
        for x, y, text in places:
            operand, thousandths = shape(text)
            parts.append(f"1 0 0 1 {x - thousandths * size / 2000:.2f} {height - y:.2f} Tm {operand} TJ")
        return "\n".join(parts) + " ET"

    def piece(self, key: str, left: float, top: float) -> None:
        """Place a piece of the library with its top left corner here."""
        library = self.leaf.library
        number = library.pieces[key]
        name = f"P{number}"
        self.names[name] = f"{number} 0 R"
        self.ops.append(f"q 1 0 0 1 {left:.2f} {self.flip(top) - library.sheet_height[key]:.2f} cm /{name} Do Q")

    def labelled(self, key: str, left: float, top: float, label: str, right: float, size: float) -> None:
        """Place a piece with its letter before it, ending at `right` on the piece's first baseline. The face `bold` is in use."""
        library = self.leaf.library
        known = drawings(library.digest)
        name = f"P{library.pieces[key]}"
        self.names[name] = f"{library.pieces[key]} 0 R"
        drawn = known.get((key, label, left, size))
        if drawn is None:  # drawn as if its top were the lower edge of the page
            operand, thousandths = library.faces["bold"].shape(label)
            text = f"BT {INK} rg /F{library.face_numbers['bold']} {size:g} Tf {right - thousandths * size / 1000:.2f} {-library.extents[key].baseline:.2f} Td {operand} TJ ET"
            drawn = known[(key, label, left, size)] = f"{text}\n1 0 0 1 {left:.2f} {-library.sheet_height[key]:.2f} cm /{name} Do Q"
        self.ops.append(f"q 1 0 0 1 0 {self.flip(top):.2f} cm\n{drawn}")

    def form(self, name: str, left: float, top: float) -> None:
        """Place a form of the leaf (see `Leaf.form`) with its top left corner here."""
        self.names[name] = name
        self.ops.append(f"q 1 0 0 1 {left:.2f} {self.flip(top):.2f} cm /{name} Do Q")

    def rect(self, x: float, y: float, width: float, height: float, fill: str = "", stroke: str = "", line: float = 0.6) -> None:
        """A rectangle by its top left corner."""
        paint = "B" if fill and stroke else "f" if fill else "S"
        colors = (f"{fill} rg " if fill else "") + (f"{stroke} RG {line:g} w " if stroke else "")
        self.ops.append(f"{colors}{x:.2f} {self.flip(y + height):.2f} {width:.2f} {height:.2f} re {paint}")

    def line(self, x1: float, y1: float, x2: float, y2: float, color: str = RULE, width: float = 0.6) -> None:
        """A rule."""
        self.ops.append(f"{color} RG {width:g} w {x1:.2f} {self.flip(y1):.2f} m {x2:.2f} {self.flip(y2):.2f} l S")

    def flip(self, y: float) -> float:
        return self.leaf.size[1] - y


class Leaf:
    """The pages of one person, or of one list, under one structure element."""

    def __init__(self, library: Library, size: tuple[float, float], tag: str = "Part", title: str = "") -> None:
        self.library = library
        self.size = size
        self.pages: list[Canvas] = []
        self.elements: list[_Element] = [_Element(tag, -1, more=f"/T {_string(title)}" if title else "")]
        self.open: list[int] = [0]
        self.forms: dict[str, tuple[str, bytes]] = {}

    def page(self) -> Canvas:
        """The next page."""
        self.pages.append(Canvas(self, len(self.pages)))
        return self.pages[-1]

    def add(self, tag: str, more: str = "") -> int:
        parent = self.open[-1]
        self.elements.append(_Element(tag, parent, more=more))
        self.elements[parent].kids.append(len(self.elements) - 1)
        return len(self.elements) - 1

    def element(self, tag: str, more: str = "") -> _Until:
        """A structure element around all that is drawn meanwhile."""
        self.open.append(self.add(tag, more))
        return _Until(self.open.pop)

    def form(self, name: str, box: str, content: str) -> None:
        """A drawing to place more than once; `box` is its BBox, in points from its top left corner, upwards."""
        self.forms[name] = (box, zlib.compress(content.encode("latin-1"), LEVEL))

    def part(self, first: int, parent: int, pages_root: int, first_key: int, stride: int = MOST_NUMBERS) -> Part:
        """The leaf as bytes, its objects numbered from `first`.

        parent: the structure element, and pages_root the page tree node, that it hangs below. first_key: the first of its
        keys in the parent tree, one a page. stride: how many numbers are the leaf's.
        """
        data = bytearray()
        entries: list[tuple[int, int, int, int]] = []
        packed: list[tuple[int, str]] = []
        number = first
        base = {"pages": number, "parents": number + 1, "elements": number + 2}
        number += 2 + len(self.elements)
        forms = {name: number + i for i, name in enumerate(self.forms)}
        number += len(self.forms)

        def stream(n: int, head: str, body: bytes) -> None:
            entries.append((n, 1, len(data), 0))
            data.extend(f"{n} 0 obj\n<<{head}/Filter/FlateDecode/Length {len(body)}>>\nstream\n".encode("latin-1") + body + b"\nendstream\nendobj\n")

        for name, (box, body) in self.forms.items():
            stream(forms[name], f"/Type/XObject/Subtype/Form/BBox[{box}]/Resources<<>>", body)
        page_numbers = []
        for page in self.pages:
            page_numbers.append(number)
            stream(number + 1, "", zlib.compress("\n".join(page.ops).encode("latin-1"), LEVEL))
            fonts = "".join(f"/F{n} {n} 0 R" for n in sorted(page.fonts.values()))
            names = "".join(f"/{name} {forms[name]} 0 R" if name in forms else f"/{name} {ref}" for name, ref in sorted(page.names.items()))
            size = f"0 0 {self.size[0]:.2f} {self.size[1]:.2f}"
            resources = f"/Resources<</Font<<{fonts}>>/XObject<<{names}>>>>"
            key = f"/StructParents {first_key + page.number}"
            packed.append((number, f"<</Type/Page/Parent {base['pages']} 0 R/MediaBox[{size}]/Contents {number + 1} 0 R/Tabs/S{key}{resources}>>"))
            number += 2
        kids = " ".join(f"{n} 0 R" for n in page_numbers)
        packed.append((base["pages"], f"<</Type/Pages/Parent {pages_root} 0 R/Count {len(self.pages)}/Kids[{kids}]>>"))
        at = base["elements"]
        for i, element in enumerate(self.elements, at):
            above = parent if element.parent < 0 else at + element.parent
            kid = element.kids[0] if len(element.kids) == 1 else 0
            if isinstance(kid, tuple):  # most: a single run of content
                packed.append((i, f"<</Type/StructElem/S/{element.tag}/P {above} 0 R/Pg {page_numbers[kid[0]]} 0 R/K {kid[1]}{element.more}>>"))
                continue
            below = " ".join(f"{at + kid} 0 R" if isinstance(kid, int) else f"<</Type/MCR/Pg {page_numbers[kid[0]]} 0 R/MCID {kid[1]}>>" for kid in element.kids)
            packed.append((i, f"<</Type/StructElem/S/{element.tag}/P {above} 0 R/K[{below}]{element.more}>>"))
        nums = " ".join(f"{first_key + page.number}[{' '.join(str(base['elements'] + e) + ' 0 R' for e in page.marked)}]" for page in self.pages)
        limits = (first_key, first_key + len(self.pages) - 1)
        packed.append((base["parents"], f"<</Limits[{limits[0]} {limits[1]}]/Nums[{nums}]>>"))
        assert number - first < stride, "a leaf outgrew its range of object numbers"
        assert stride == MOST_NUMBERS or len(self.pages) <= KEYS, "a leaf outgrew its keys"
        _pack(data, entries, number, packed)
        entries.sort()
        assert [entry[0] for entry in entries] == list(range(first, number + 1)), "a leaf uses all numbers of its run"
        rows = bytearray()
        _enter(rows, [], entries)
        offsets = tuple(i for i, entry in enumerate(entries) if entry[1] == 1)
        return Part(bytes(data), first, bytes(rows), offsets, len(self.pages), base["pages"], base["elements"], base["parents"], limits)


def _pack(data: bytearray, entries: list[tuple[int, int, int, int]], number: int, packed: list[tuple[int, str]]) -> None:
    """Write objects into one object stream."""
    bodies = [body.encode("latin-1") for _, body in packed]
    heads, offset = [], 0
    for i, ((n, _), body) in enumerate(zip(packed, bodies, strict=True)):
        heads.append(f"{n} {offset}")
        entries.append((n, 2, number, i))
        offset += len(body) + 1
    head = (" ".join(heads) + " ").encode()
    body = zlib.compress(head + b" ".join(bodies), LEVEL)
    entries.append((number, 1, len(data), 0))
    data.extend(f"{number} 0 obj\n<</Type/ObjStm/N {len(packed)}/First {len(head)}/Filter/FlateDecode/Length {len(body)}>>\nstream\n".encode() + body + b"\nendstream\nendobj\n")


class Document:
    """A file on its way to disk: the library first, then leaves as they come, then what holds them together."""

    def __init__(self, file: BinaryIO, library: Library, title: str, language: str, only: list[int] | None = None) -> None:
        self.file, self.title, self.language = file, title, language
        self.offset = 0
        self.own: list[tuple[int, int, int, int]] = []
        self.rows, self.runs = bytearray(), list[list[int]]()  # the cross references of leaves, packed
        self.parts: list[tuple[int, int, int, int, tuple[int, int]]] = []
        self.digest = hashlib.sha256()
        self.reserved = library.next
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        for number in sorted(library.objects) if only is None else only:
            self.own.append((number, 1, self.offset, 0))
            self._write(library.objects[number])

    @staticmethod
    def numbers(library: Library, index: int = 0, stride: int = MOST_NUMBERS) -> tuple[int, int, int, int, int]:
        """The arguments of `Leaf.part` for the leaf `index` of a document: its range, and what it hangs below."""
        reserved = library.next
        return reserved + 10 + index * stride, reserved + 3, reserved + 1, index * KEYS, stride

    def add(self, part: Part) -> None:
        """Take in a leaf, in the order of the pages."""
        start = self.offset
        self._write(part.data)
        rows = bytearray(part.rows)
        for i in part.offsets:
            at = i * ROW + 1
            rows[at : at + 6] = (int.from_bytes(rows[at : at + 6], "big") + start).to_bytes(6, "big")
        self.rows += rows
        self.runs.append([part.first, len(rows) // ROW])
        self.parts.append((part.pages, part.pages_ref, part.element_ref, part.parents_ref, part.limits))

    def add_first(self, part: Part) -> None:
        """Take in leaf 0 after the others; its pages come first."""
        later, self.rows, self.runs = (self.rows, self.runs), bytearray(), []
        self.add(part)
        self.rows += later[0]
        self.runs += later[1]
        self.parts.insert(0, self.parts.pop())

    def close(self) -> None:
        """Write the catalog, the metadata and the cross references."""
        r = self.reserved
        refs = [" ".join(f"{part[i]} 0 R" for part in self.parts) for i in (1, 2, 3)]
        title = _string(self.title)
        packed = [
            (r, f"<</Type/Catalog/Pages {r + 1} 0 R/StructTreeRoot {r + 2} 0 R/MarkInfo<</Marked true>>/Lang {_string(self.language)}/ViewerPreferences<</DisplayDocTitle true>>/Metadata {r + 6} 0 R>>"),
            (r + 1, f"<</Type/Pages/Count {sum(part[0] for part in self.parts)}/Kids[{refs[0]}]>>"),
            (r + 2, f"<</Type/StructTreeRoot/K[{r + 3} 0 R]/ParentTree {r + 4} 0 R/ParentTreeNextKey {max(part[4][1] for part in self.parts) + 1}>>"),
            (r + 3, f"<</Type/StructElem/S/Document/P {r + 2} 0 R/K[{refs[1]}]>>"),
            (r + 4, f"<</Kids[{refs[2]}]>>"),
            (r + 5, f"<</Title {title}/Producer(Coursewright)>>"),
        ]
        metadata = _metadata(self.title, self.language)
        tail = bytearray()
        entries: list[tuple[int, int, int, int]] = [(r + 6, 1, 0, 0)]
        tail.extend(f"{r + 6} 0 obj\n<</Type/Metadata/Subtype/XML/Length {len(metadata)}>>\nstream\n".encode() + metadata + b"\nendstream\nendobj\n")
        _pack(tail, entries, r + 7, packed)
        self.own += [(n, kind, where + self.offset if kind == 1 else where, index) for n, kind, where, index in entries]
        self._write(bytes(tail))
        self._cross_references(r + 8, r)
        self.file.flush()

    def _cross_references(self, number: int, root: int) -> None:
        start = self.offset
        rows, runs = bytearray(), list[list[int]]()
        _enter(rows, runs, sorted([*self.own, (number, 1, start, 0), (0, 0, 0, 65535)]))
        rows += self.rows
        runs += self.runs
        body = zlib.compress(bytes(rows), 6)
        id_ = self.digest.hexdigest()[:32]
        index_ = " ".join(f"{first} {count}" for first, count in runs)
        head = f"<</Type/XRef/Size {runs[-1][0] + runs[-1][1]}/Index[{index_}]/W[1 6 2]/Root {root} 0 R/Info {root + 5} 0 R/ID[<{id_}><{id_}>]/Filter/FlateDecode/Length {len(body)}>>"
        self._write(f"{number} 0 obj\n{head}\nstream\n".encode() + body + f"\nendstream\nendobj\nstartxref\n{start}\n%%EOF\n".encode())

    def _write(self, data: bytes) -> None:
        self.file.write(data)
        self.digest.update(data)
        self.offset += len(data)


def _enter(rows: bytearray, runs: list[list[int]], entries: list[tuple[int, int, int, int]]) -> None:
    """Add cross references, in order of their numbers, to packed rows and to the runs of numbers that they cover."""
    for n, kind, where, index in entries:
        if runs and runs[-1][0] + runs[-1][1] == n:
            runs[-1][1] += 1
        else:
            runs.append([n, 1])
        rows += bytes((kind,)) + where.to_bytes(6, "big") + index.to_bytes(2, "big")


def _string(text: str) -> str:
    """A text string, as hexadecimal UTF-16."""
    return "<FEFF" + text.encode("utf-16-be", "replace").hex().upper() + ">"


def alt(text: str) -> str:
    """The alternative text of a figure, as an attribute of its structure element."""
    return f"/Alt {_string(text)}"


def _metadata(title: str, language: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>'
        f"<dc:language><rdf:Bag><rdf:li>{escape(language)}</rdf:li></rdf:Bag></dc:language><pdfuaid:part>1</pdfuaid:part></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="r"?>'
    ).encode()
