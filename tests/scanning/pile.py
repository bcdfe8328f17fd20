"""A pile of scanned sheets: every answer sheet of a print file, filled in and scanned, with the truth of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from coursewright.build.administration import load_record
from coursewright.build.scan.pages import Sheets
from coursewright.model.interaction import Choice
from coursewright.plan.record import Record, asked_of
from scanning.paper import Filled, fill, printed_page, scanned


class Pile:
    """The blank answer sheets of an administration, and copies of them as people and copiers leave them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record: Record = load_record(folder)
        self.sheets = Sheets(self.record)
        self.blanks: dict[tuple[str, int], Any] = {}
        self._find((folder / "print.pdf").read_bytes())

    def _find(self, pdf: bytes) -> None:
        """Which page of the print file is which page of which sheet, by its text."""
        import pypdfium2

        document = pypdfium2.PdfDocument(pdf)
        for n in range(len(document)):
            text = document[n].get_textpage().get_text_bounded()
            if "Answer sheet" not in text:
                continue
            sheet = next(s for s in self.record.copies if f"sheet {s}" in text)
            page = next((p for p in range(2, 9) if f"page {p} of" in text), 1)
            self.blanks[(sheet, page)] = n
        self._pdf = pdf

    def blank(self, sheet: str, page: int = 1) -> Any:
        found = self.blanks[(sheet, page)]
        if isinstance(found, int):
            found = self.blanks[(sheet, page)] = printed_page(self._pdf, found)
        return found

    def several(self, sheet: str) -> frozenset[str]:
        asked = asked_of(self.record, self.record.copies[sheet].form)
        return frozenset(a.item for a in asked if isinstance(a.interaction, Choice) and a.interaction.multiple)

    def filled(self, sheet: str, seed: int, hand: str = "mixed", page: int = 1) -> Filled:
        """One sheet filled in."""
        plan, _ = self.sheets.plan(sheet)
        return fill(self.blank(sheet, page), plan, plan.pages[page - 1], np.random.default_rng(seed), hand, self.several(sheet))


def save(images: list[Any], path: Path, dpi: int = 150) -> Path:
    """Pictures as one file: TIFF or PDF of many pages, else PNG or JPEG of one."""
    made = [Image.fromarray(image) for image in images]
    if path.suffix == ".pdf":
        made[0].save(path, "PDF", save_all=True, append_images=made[1:], resolution=dpi)
    elif path.suffix in (".tif", ".tiff"):
        made[0].save(path, save_all=True, append_images=made[1:], dpi=(dpi, dpi), compression="tiff_deflate")
    else:
        made[0].save(path, dpi=(dpi, dpi))
    return path


def scan_of(filled: Filled, seed: int, way: str = "office", dpi: int = 150) -> Any:
    """The picture that a copier or a phone makes of a filled page."""
    return scanned(filled.image, np.random.default_rng(seed), way, dpi)
