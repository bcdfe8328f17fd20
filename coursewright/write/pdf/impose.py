"""Task: a booklet, two pages side by side on each face of a sheet, ordered for duplex printing and folding."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Pdf

SHEETS = 8  # sheets a folded section at the most: thicker ones do not close


def impose(arguments: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Impose `pdf` (a Blob of portrait pages of one size) into `booklet.pdf`, on landscape paper of the same size.

    Duplex, flipped on the short edge. Long books become several folded sections of equal thickness, at most 8
    sheets each, to be laid one after the other. Facts: `pages` (faces), `sheets`, `sections`.
    """
    with pikepdf.open(BytesIO(arguments["pdf"].read())) as book:
        out = Pdf.new()
        x0, y0, x1, y1 = (float(edge) for edge in book.pages[0].mediabox)
        width, height = x1 - x0, y1 - y0
        scale = min(height / 2 / width, width / height)
        sections = plan_sections(len(book.pages))
        copies = [out.copy_foreign(page.as_form_xobject()) for page in book.pages]
        first = 0
        for sheets in sections:
            for left, right in faces(sheets):
                face = out.add_blank_page(page_size=(height, width))
                drawn = [(first + n, side) for side, n in enumerate((left, right)) if first + n < len(copies)]
                content = []
                forms = Dictionary()
                for n, side in drawn:
                    x = side * height / 2 + (height / 2 - width * scale) / 2
                    y = (width - height * scale) / 2
                    content.append(f"q {scale:.6f} 0 0 {scale:.6f} {x:.4f} {y:.4f} cm /P{n} Do Q")
                    forms[f"/P{n}"] = copies[n]
                face.Resources = Dictionary(XObject=forms)
                face.Contents = out.make_stream("\n".join(content).encode())
            first += sheets * 4
        out.docinfo["/Title"] = pikepdf.String(arguments["title"])
        out.Root.Lang = pikepdf.String(arguments["language"])
        out.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True, Duplex=Name.DuplexFlipShortEdge, PrintScaling=Name("/None"))
        made = BytesIO()
        out.save(made, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return {"booklet.pdf": made.getvalue()}, {"pages": len(out.pages), "sheets": sum(sections), "sections": len(sections)}


def plan_sections(pages: int) -> list[int]:
    """The sheets of each folded section: as few sections as will do, as equal as can be."""
    sheets = max(1, -(-pages // 4))
    count = -(-sheets // SHEETS)
    thin, rest = divmod(sheets, count)
    return [thin + 1] * rest + [thin] * (count - rest)


def faces(sheets: int) -> list[tuple[int, int]]:
    """The pages, from 0, on each face of a section: left and right, outermost sheet first, front before back."""
    last = sheets * 4 - 1
    made = []
    for sheet in range(sheets):
        made.append((last - 2 * sheet, 2 * sheet))
        made.append((2 * sheet + 1, last - 2 * sheet - 1))
    return made


