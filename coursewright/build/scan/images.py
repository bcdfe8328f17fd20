"""The pages of scanned files as grey pictures, one at a time: PDF, TIFF, PNG and JPEG."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

SUFFIXES = (".pdf", ".tif", ".tiff", ".png", ".jpg", ".jpeg")
LEAST_DPI, MOST_DPI = 100, 300
MOST_PIXELS = 120_000_000

Grey = np.ndarray[Any, np.dtype[np.uint8]]


class UnreadableScan(Exception):
    """A file that holds no pictures: why, in words for a coordinator."""


def scan_files(place: Path) -> list[Path]:
    """The files to read, in order: the one named, or all of a folder and its folders. Hidden files are passed over."""
    if place.is_file():
        return [place]
    found = [path for path in place.rglob("*") if path.is_file() and path.suffix.lower() in SUFFIXES]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(place).parts))


def page_count(file: Path | bytes) -> int:
    """How many pages a file has. Raises UnreadableScan."""
    if _is_pdf(file):
        return len(_pdf(file))
    with _picture(file) as image:
        return int(getattr(image, "n_frames", 1))


def pages(file: Path | bytes, numbers: list[int]) -> Iterator[tuple[int, Grey | None, str]]:
    """The pages asked for (from 0) as grey pictures; where one cannot be read, None and why. Raises UnreadableScan."""
    if _is_pdf(file):
        document = _pdf(file)
        for number in numbers:
            yield _try(number, lambda n=number: _render(document[n]))
        return
    with _picture(file) as image:
        for number in numbers:
            yield _try(number, lambda n=number: _frame(image, n))


def _try(number: int, read: Any) -> tuple[int, Grey | None, str]:
    try:
        return number, read(), ""
    except Exception as error:  # pdfium and Pillow raise many kinds on damaged pages; each means the same here
        return number, None, f"this page is damaged ({type(error).__name__})"


def _is_pdf(file: Path | bytes) -> bool:
    if isinstance(file, bytes):
        return file[:5] == b"%PDF-"
    with file.open("rb") as opened:
        return opened.read(5) == b"%PDF-"


def _pdf(file: Path | bytes) -> Any:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(file)  # by its path, it is read as pages are asked for
    except pypdfium2.PdfiumError:
        raise UnreadableScan("this PDF is damaged or locked") from None


def _render(page: Any) -> Grey:
    """A page of a PDF, at the resolution of the picture that fills it where there is one."""
    import pypdfium2.raw as raw

    width, height = page.get_size()
    dpi = 200.0
    for thing in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        try:
            across, _ = thing.get_px_size()
            left, _, right, _ = thing.get_bounds()
        except Exception:  # an inline picture of a broken page; the page is drawn all the same
            continue
        if right - left > 0.5 * width:
            dpi = across / (right - left) * 72
            break
    dpi = min(MOST_DPI, max(LEAST_DPI, dpi))
    if width * height * (dpi / 72) ** 2 > MOST_PIXELS:
        raise ValueError("too large")
    return _grey(page.render(scale=dpi / 72).to_pil())


def _picture(file: Path | bytes) -> Any:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            image = Image.open(BytesIO(file) if isinstance(file, bytes) else file)
    except Exception as error:
        raise UnreadableScan(f"this is neither a PDF nor a picture ({type(error).__name__})") from None
    if image.width * image.height > MOST_PIXELS:
        raise UnreadableScan(f"this picture is too large ({image.width} by {image.height} pixels)")
    return image


def _frame(image: Any, number: int) -> Grey:
    from PIL import ImageOps

    image.seek(number)
    return _grey(ImageOps.exif_transpose(image))


def _grey(image: Any) -> Grey:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        from PIL import Image

        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image)
        image = paper
    if image.mode.startswith("I;16"):
        return np.asarray((np.asarray(image) >> 8).astype(np.uint8))
    return np.asarray(image.convert("L"))
