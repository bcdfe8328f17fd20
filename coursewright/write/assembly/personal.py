"""Personal copies of a finished PDF: the file as it is, and an incremental update that puts a name and a code in each foot.

Every page of the base shows one drawing that all pages share, an empty one. A copy is the base's bytes, then that drawing
once more with a person's name and code in it: nothing is laid out again, and nothing of the base is read again.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name

from coursewright.plan.booklet import MM
from coursewright.write.assembly.library import Face, face_of, font_object
from coursewright.write.assembly.sheet import qr_rows

PLACE = "CWPerson"  # the name of the drawing among a page's resources
LEFT, FOOT, CODE = 20.0, 5.0, 8.6  # millimetres: from the left, from below, the side of the code
WIDTH, SIZE = 150.0, 8.4


@dataclass(frozen=True)
class Base:
    """A PDF ready for names. placeholder and font: object numbers; root, info, size and xref: what its trailer says."""

    data: bytes
    placeholder: int
    font: int
    face: Face
    root: str
    info: str
    size: int
    xref: int
    id: str


def make_base(data: bytes, font: bytes) -> Base:
    """A PDF with an empty drawing in the foot of each page. Raises pikepdf.PdfError for what is none, or is locked."""
    face = face_of(font)
    with pikepdf.open(BytesIO(data)) as pdf:
        form = pdf.make_indirect(pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array(_box()), Resources=Dictionary()))
        written = font_object(pdf, face, "bold")
        pdf.Root.CWPerson = Dictionary(Form=form, Font=written)
        for page in pdf.pages:
            resources = page.obj.get("/Resources")
            # pages may share their resources: each gets a dictionary of its own, with the drawing among the rest
            own = Dictionary(resources) if resources is not None else Dictionary()
            things = Dictionary(own.get("/XObject", Dictionary()))
            things[f"/{PLACE}"] = form
            own.XObject = things
            page.obj.Resources = own
            left, bottom = float(page.MediaBox[0]), float(page.MediaBox[1])
            page.contents_add(b"q", prepend=True)
            page.contents_add(f"Q /Artifact <</Type /Pagination>> BDC q 1 0 0 1 {left + LEFT * MM:.2f} {bottom + FOOT * MM:.2f} cm /{PLACE} Do Q EMC".encode())
        made = BytesIO()
        pdf.save(made, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    saved = made.getvalue()
    with pikepdf.open(BytesIO(saved)) as pdf:
        person = pdf.Root.CWPerson
        info = pdf.trailer.get("/Info")
        id_ = bytes(pdf.trailer.ID[0]).hex()
        xref = int(saved[saved.rindex(b"startxref") + 9 :].split()[0])
        return Base(saved, person.Form.objgen[0], person.Font.objgen[0], face, f"{pdf.Root.objgen[0]} 0 R", f"{info.objgen[0]} 0 R" if info is not None else "", int(pdf.trailer.Size), xref, id_)


def update(base: Base, name: str, code: str) -> bytes:
    """What follows the base's bytes in one person's copy: `name` beside a QR code that holds `code`."""
    operand, thousandths = base.face.shape(name)
    room = (WIDTH - CODE - 4) * MM
    size = SIZE if thousandths * SIZE / 1000 <= room else max(4.0, room * 1000 / thousandths)
    body = zlib.compress(f"{_code(code)}\n0.106 0.165 0.2 rg BT /F {size:.2f} Tf {(CODE + 2.5) * MM:.2f} {CODE * MM / 2 - size * 0.33:.2f} Td {operand} TJ ET".encode("latin-1"))
    box = " ".join(f"{value:.2f}" for value in _box())
    head = f"{base.placeholder} 0 obj\n<</Type/XObject/Subtype/Form/BBox[{box}]/Resources<</Font<</F {base.font} 0 R>>>>/Filter/FlateDecode/Length {len(body)}>>\nstream\n"
    drawing = head.encode() + body + b"\nendstream\nendobj\n"
    start = len(base.data)
    number, table = base.size, start + len(drawing)
    rows = b"\x01" + start.to_bytes(5, "big") + b"\x00" + b"\x01" + table.to_bytes(5, "big") + b"\x00"
    info = f"/Info {base.info}" if base.info else ""
    mine = f"{zlib.crc32(code.encode()):08x}" * 4
    trailer = f"{number} 0 obj\n<</Type/XRef/Size {number + 1}/Index[{base.placeholder} 1 {number} 1]/W[1 5 1]/Prev {base.xref}/Root {base.root}{info}/ID[<{base.id}><{mine}>]/Length {len(rows)}>>\nstream\n"
    return drawing + trailer.encode() + rows + f"\nendstream\nendobj\nstartxref\n{table}\n%%EOF\n".encode()


def _box() -> list[float]:
    return [-1, -1, round(WIDTH * MM, 2), round(CODE * MM + 1, 2)]


def _code(text: str) -> str:
    rows = qr_rows(text, "M")
    module = CODE * MM / len(rows)
    parts = ["0 0 0 rg"]
    for y, row in enumerate(rows):
        line = "".join("1" if dark else "0" for dark in row)
        for run in re.finditer("1+", line):
            parts.append(f"{run.start() * module:.2f} {(len(rows) - 1 - y) * module:.2f} {len(run[0]) * module:.2f} {module:.2f} re")
    return "\n".join([*parts, "f"])
