"""Task: an HTML document to a tagged PDF. WeasyPrint is imported here and nowhere else."""

from __future__ import annotations

import gc
import hashlib
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from coursewright.write import Blob

ONE_AT_A_TIME = threading.Lock()  # neither Pango's fonts nor the switches of warnings and collector are made for two threads


class Fetcher(URLFetcher):  # type: ignore[misc]
    """Fonts by name, and data that the page carries; nothing else, least of all the network."""

    def __init__(self, fonts: dict[str, Blob]) -> None:
        super().__init__(allowed_protocols=["data"])
        self.fonts = fonts

    def fetch(self, url: str, headers: Any = None) -> Any:
        if url.startswith("font:"):
            font = self.fonts.get(url.removeprefix("font:"))
            if font is None:
                raise ValueError(f"there is no font {url}")
            return URLFetcherResponse(url, font.read(), {"Content-Type": "font/ttf"})
        if url.startswith("data:"):
            return super().fetch(url, headers)
        raise ValueError(f"pages may not fetch {url}")


def lay_out(arguments: dict[str, Any], configuration: FontConfiguration | None = None) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Lay out `html` and leave `plain.pdf`; with `forms` true, also `fillable.pdf`, whose inputs can be filled in.

    `fonts`: the files that `font:` addresses in the style sheets stand for, by name. configuration: of `kept_fonts`.
    Facts: `pages`, their number; `anchors`, the page (from 0) of each id; `warnings`, what WeasyPrint said.
    """
    html, forms = arguments["html"], bool(arguments.get("forms"))
    options = {"pdf_variant": "pdf/ua-1", "pdf_forms": forms, "pdf_identifier": hashlib.sha256(html.encode()).digest()[:16]}
    with ONE_AT_A_TIME, warnings_said() as said, no_collection():
        document = HTML(string=html, url_fetcher=Fetcher(arguments["fonts"])).render(font_config=configuration, **options)
        anchors: dict[str, int] = {}
        for number, page in enumerate(document.pages):
            for name in page.anchors:  # what runs over pages has its anchor on each: the first counts
                anchors.setdefault(name, number)
        data = document.write_pdf(**options)
    files = _editions(data, hashlib.sha256(html.encode()).hexdigest()[:6], forms)
    return files, {"pages": len(document.pages), "anchors": anchors, "warnings": said}


def kept_fonts() -> FontConfiguration:
    """What keeps fonts from one document to the next, for a process that lays out many with the same fonts: without it,
    each document takes half a megabyte that never comes back."""
    return FontConfiguration()


def _editions(data: bytes, prefix: str, forms: bool) -> dict[str, bytes]:
    """The edition for print, and the one that can be filled in. Structure ids get a prefix, so that files can be joined."""
    with pikepdf.open(BytesIO(data)) as pdf:
        for thing in pdf.objects:
            if isinstance(thing, Dictionary) and thing.get("/Type") == Name.StructElem:
                _prefix_ids(thing, prefix)
        if "/AcroForm" in pdf.Root:
            _group_radio_buttons(pdf)
        fillable = _saved(pdf)
        if not forms:
            return {"plain.pdf": fillable}
        if "/AcroForm" in pdf.Root:
            strip_forms(pdf)
        return {"plain.pdf": _saved(pdf), "fillable.pdf": fillable}


def _prefix_ids(element: Dictionary, prefix: str) -> None:
    if "/ID" in element:
        element.ID = String(f"{prefix}-{element.ID}")
    attributes = element.get("/A")
    if isinstance(attributes, Dictionary) and "/Headers" in attributes:
        attributes.Headers = Array([String(f"{prefix}-{header}") for header in attributes.Headers])


def _group_radio_buttons(pdf: pikepdf.Pdf) -> None:
    """Leave the buttons of a group to their group: listed beside it, under its name, they would be fields of their own."""
    form = pdf.Root.AcroForm
    form.Fields = Array([field for field in form.Fields if "/Parent" not in field])
    for page in pdf.pages:
        for annotation in page.get("/Annots", []):
            if annotation.get("/Subtype") == Name.Widget and "/Parent" in annotation and "/T" in annotation:
                del annotation.T


def strip_forms(pdf: pikepdf.Pdf) -> None:
    """Take the fields out of a PDF: what they looked like is on the page itself, drawn as boxes and rules."""
    gone: set[int] = set()
    for page in pdf.pages:
        if "/Annots" not in page:
            continue
        kept = []
        for annotation in page.Annots:
            if annotation.get("/Subtype") == Name.Widget:
                gone.add(int(annotation.StructParent))
            else:
                kept.append(annotation)
        page.Annots = Array(kept)
    numbers = pdf.Root.StructTreeRoot.ParentTree.Nums
    kept_numbers = []
    for key, element in zip(numbers[::2], numbers[1::2], strict=True):
        if int(key) in gone:
            _detach(element)
        else:
            kept_numbers += [key, element]
    pdf.Root.StructTreeRoot.ParentTree.Nums = Array(kept_numbers)
    del pdf.Root.AcroForm


def _detach(element: Dictionary) -> None:
    parent = element.P
    parent.K = Array([kid for kid in parent.K if not (isinstance(kid, Dictionary) and kid.objgen == element.objgen)])


def _saved(pdf: pikepdf.Pdf) -> bytes:
    made = BytesIO()
    pdf.remove_unreferenced_resources()
    pdf.save(made, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)
    return made.getvalue()


@contextmanager
def warnings_said() -> Iterator[list[str]]:
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    log = logging.getLogger("weasyprint")
    ear = Ear(logging.WARNING)
    before = log.handlers[:]
    log.handlers = [ear]
    try:
        yield said
    finally:
        log.handlers = before


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the cyclic collector WeasyPrint takes 0.87 of the time; the process is short-lived."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
