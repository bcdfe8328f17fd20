"""Task: many small pieces of text, each laid out once as a page of its own, for the assembler to place."""

from __future__ import annotations

from typing import Any

from weasyprint import HTML
from weasyprint.formatting_structure.boxes import Box, LineBox

from coursewright.write.pdf.layout import Fetcher, no_collection, warnings_said

PX = 0.75  # points in a CSS pixel


def lay_out_blocks(arguments: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Lay out `html`, a page a block, and leave `blocks.pdf`, untagged: tags are the assembler's.

    Facts, in points: `heights` of the blocks, their first `baselines` from the top; `warnings`.
    """
    with warnings_said() as said, no_collection():
        document = HTML(string=arguments["html"], url_fetcher=Fetcher(arguments["fonts"])).render()
        heights, baselines = [], []
        for page in document.pages:
            body = page._page_box.children[0].children[0]
            block = body.children[0]
            heights.append(PX * block.margin_height())
            line = _first_line(block)
            baselines.append(PX * (line.position_y + line.baseline) if line is not None else heights[-1])
        data = document.write_pdf(pdf_identifier=b"blocks")
    return {"blocks.pdf": data}, {"heights": heights, "baselines": baselines, "warnings": said}


def _first_line(box: Box) -> Any:
    if isinstance(box, LineBox):
        return box
    for child in getattr(box, "children", ()):
        found = _first_line(child)
        if found is not None:
            return found
    return None
