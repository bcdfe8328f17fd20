"""QR codes read from files: a PDF's pages, a scan, a photograph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DPI = 200
MOST_PAGES = 20


class UnreadableCode(Exception):
    """There is no code to read: why, in words for a coordinator."""


def read_codes(path: Path) -> list[str]:
    """The texts of all QR codes in a file. Raises UnreadableCode where there are none, and OSError."""
    import zxingcpp

    only: Any = zxingcpp.BarcodeFormat.QRCode
    found = [code.text for image in _images(path) for code in zxingcpp.read_barcodes(image, formats=only)]
    if not found:
        raise UnreadableCode(f"no QR code could be read in {path}")
    return found


def _images(path: Path) -> list[Any]:
    data = path.read_bytes()
    if data[:5] == b"%PDF-":
        import pypdfium2

        try:
            document = pypdfium2.PdfDocument(data)
            return [document[n].render(scale=DPI / 72).to_pil().convert("L") for n in range(min(len(document), MOST_PAGES))]
        except pypdfium2.PdfiumError:
            raise UnreadableCode(f"{path} is a damaged PDF") from None
    from PIL import Image

    try:
        with Image.open(path) as image:
            return [image.convert("L")]
    except Exception as error:  # Pillow raises many kinds on hostile bytes; each means the same here
        raise UnreadableCode(f"{path} is neither a PDF nor a picture ({type(error).__name__})") from None
