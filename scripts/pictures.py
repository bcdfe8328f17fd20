"""Make the pictures of the README from the packet in dist/: small PNGs of real pages. Run: make pictures."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parent.parent
#: picture → (file of the packet, pages counted from 1, width of each in pixels)
PICTURES = {
    "workbook": ("workbook/workbook.pdf", (1, 15, 17, 19, 25), 185),
    "slides-and-handout": ("slides/04-risks.pdf", (1, 5, 9), 300),
    "handout": ("handouts/04-risks.pdf", (2,), 300),
    "quiz-and-key": ("quizzes/02-protocols-key.pdf", (1, 2), 300),
    "binder": ("accreditation/binder.pdf", (1, 5, 12, 34), 230),
    "paper": ("../forms/pictures/print.pdf", (3, 5, 6), 300),  # build.py forms posttest --copies 1 --out forms/pictures
}


def page(document: pypdfium2.PdfDocument, number: int, width: int) -> Image.Image:
    shown = document[number - 1]
    image = shown.render(scale=2 * width / shown.get_width()).to_pil().convert("RGB")
    return ImageOps.expand(image.resize((width, round(width * image.height / image.width)), Image.Resampling.LANCZOS), 1, "#c3cdd1")


def main() -> None:
    out = ROOT / "docs" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    for name, (file, numbers, width) in PICTURES.items():
        document = pypdfium2.PdfDocument(ROOT / "dist" / file)
        pages = [page(document, n, width) for n in numbers]
        sheet = Image.new("RGB", (sum(p.width for p in pages) + 12 * (len(pages) - 1), max(p.height for p in pages)), "white")
        x = 0
        for picture in pages:
            sheet.paste(picture, (x, 0))
            x += picture.width + 12
        sheet.quantize(64).save(out / f"{name}.png", optimize=True)
        print(out / f"{name}.png", (out / f"{name}.png").stat().st_size // 1024, "KB")


if __name__ == "__main__":
    main()
