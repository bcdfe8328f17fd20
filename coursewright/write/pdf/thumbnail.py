"""Task: the first page of a PDF as a small picture."""

from __future__ import annotations

from io import BytesIO
from typing import Any


def thumbnail(arguments: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Draw page `page` (from 0) of `pdf` (a Blob), `width` pixels wide, as `page.png`."""
    import pypdfium2

    document = pypdfium2.PdfDocument(arguments["pdf"].read())
    page = document[arguments.get("page", 0)]
    image = page.render(scale=arguments["width"] / page.get_width()).to_pil().convert("RGB")
    made = BytesIO()
    image.quantize(96).save(made, "PNG", optimize=True)
    document.close()
    return {"page.png": made.getvalue()}, {"width": image.width, "height": image.height}
