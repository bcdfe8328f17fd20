"""Task: several tagged PDFs to one, with its tag tree, outline, destinations, fields and page labels whole.

No ready-made tool keeps the tag tree. Pages are copied, each part's structure is hung under one Document, and the
numbers that tie pages and annotations to it are shifted by what came before.
"""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String

PRIVATE = "x-course:"  # links across parts are written so, and become destinations here

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdf:Producer>{producer}</pdf:Producer><pdfuaid:part>1</pdfuaid:part>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def join(arguments: dict[str, Any]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Join `parts` (Blobs) into `joined.pdf`.

    arguments: `title`, `language`; `labels`, a list of [part index, style `D` or `r`, first number] for page labels.
    Facts: `pages`; `lost`, the targets of private links that no part has (their links are taken out).
    """
    out = Pdf.new()
    document = out.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, K=Array()))
    numbers: list[Any] = []
    destinations: dict[str, Any] = {}
    outline: list[Any] = []
    fields: list[Any] = []
    fonts: dict[str, Any] = {}
    states: Any = Dictionary()
    starts: list[int] = []
    for blob in arguments["parts"]:
        with pikepdf.open(BytesIO(blob.read())) as part:
            first = len(out.pages)
            starts.append(first)
            page_of = {page.objgen: i for i, page in enumerate(part.pages)}
            with warnings.catch_warnings():  # fields and destinations are carried over below
                warnings.simplefilter("ignore", pikepdf.PageCopyWarning)
                out.pages.extend(part.pages)
            pages = [out.pages[first + i].obj for i in range(len(part.pages))]
            shift = len(numbers) and int(numbers[-2]) + 1
            tree = out.copy_foreign(part.Root.StructTreeRoot)
            for element in tree.K[0].K if isinstance(tree.K, Array) else tree.K.K:
                element.P = document
                document.K.append(element)
            for key, value in zip(tree.ParentTree.Nums[::2], tree.ParentTree.Nums[1::2], strict=True):
                numbers += [int(key) + shift, value]
            _shift_parents(pages, shift)
            names = part.Root.get("/Names", {}).get("/Dests", {}).get("/Names", [])
            for name, target in zip(names[::2], names[1::2], strict=True):
                destinations[str(name)] = Array([pages[page_of[target[0].objgen]], *target[1:]])
            with part.open_outline() as tree_of_contents:
                outline += [_entry(item, page_of, pages) for item in tree_of_contents.root]
            if "/AcroForm" in part.Root:
                form = out.copy_foreign(part.make_indirect(part.Root.AcroForm))
                fields += list(form.Fields)
                for name, font in form.DR.Font.items():
                    fonts.setdefault(name, font)
                states = form.DR.get("/ExtGState", states)
    lost = _resolve_links(out, destinations, numbers)
    root = out.make_indirect(
        Dictionary(Type=Name.StructTreeRoot, K=Array([document]), ParentTree=Dictionary(Nums=Array(numbers)))
    )
    root.ParentTreeNextKey = int(numbers[-2]) + 1 if numbers else 0
    document.P = root
    catalog = out.Root
    catalog.StructTreeRoot = root
    catalog.MarkInfo = Dictionary(Marked=True)
    catalog.Lang = String(arguments["language"])
    catalog.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    sorted_names: list[Any] = []
    for name in sorted(destinations):
        sorted_names += [String(name), destinations[name]]
    catalog.Names = Dictionary(Dests=out.make_indirect(Dictionary(Names=Array(sorted_names))))
    if fields:
        catalog.AcroForm = Dictionary(Fields=Array(fields), DR=Dictionary(Font=Dictionary(fonts), ExtGState=states), NeedAppearances=True)
    if arguments.get("labels"):
        catalog.PageLabels = Dictionary(Nums=Array(_labels(arguments["labels"], starts)))
    with out.open_outline() as contents:
        contents.root.extend(outline)
    _describe(out, arguments["title"], arguments["language"])
    made = BytesIO()
    out.save(made, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)
    return {"joined.pdf": made.getvalue()}, {"pages": len(out.pages), "lost": lost}


def _shift_parents(pages: list[Any], shift: int) -> None:
    for page in pages:
        if "/StructParents" in page:
            page.StructParents = int(page.StructParents) + shift
        for annotation in page.get("/Annots", []):
            if "/StructParent" in annotation:
                annotation.StructParent = int(annotation.StructParent) + shift


def _entry(item: Any, page_of: dict[Any, int], pages: list[Any]) -> pikepdf.OutlineItem:
    target = item.destination
    made = pikepdf.OutlineItem(str(item.title), destination=Array([pages[page_of[target[0].objgen]], *list(target)[1:]]))
    made.children.extend(_entry(child, page_of, pages) for child in item.children)
    return made


def _resolve_links(out: Pdf, destinations: dict[str, Any], numbers: list[Any]) -> list[str]:
    """Turn private links into links within the file; take out those whose target is not in it."""
    lost: list[str] = []
    element_of = dict(zip(numbers[::2], numbers[1::2], strict=True))
    for page in out.pages:
        if "/Annots" not in page:
            continue
        kept = []
        for annotation in page.Annots:
            uri = str(annotation.get("/A", {}).get("/URI", ""))
            if not uri.startswith(PRIVATE):
                kept.append(annotation)
                continue
            target = uri.removeprefix(PRIVATE)
            if target in destinations:
                del annotation.A
                annotation.Dest = String(target)
                annotation.Contents = String(target.replace("-", " "))
                kept.append(annotation)
            else:
                lost.append(target)
                number = int(annotation.StructParent)
                element = element_of.pop(number)
                element.S = Name.Span
                element.K = Array([kid for kid in element.K if not (isinstance(kid, Dictionary) and kid.get("/Type") == Name.OBJR)])
        page.Annots = Array(kept)
    numbers[:] = [entry for pair in sorted(element_of.items()) for entry in pair]
    return sorted(set(lost))


def _labels(labels: list[list[Any]], starts: list[int]) -> list[Any]:
    made: list[Any] = []
    for part, style, first in labels:
        made += [starts[part], Dictionary(S=Name(f"/{style}"), St=first)]
    return made


def _describe(out: Pdf, title: str, language: str) -> None:
    from coursewright import __version__

    producer = f"Coursewright {__version__}"
    xmp = XMP.format(title=escape(title), language=escape(language), producer=producer)
    stream = out.make_stream(xmp.encode(), Type=Name.Metadata, Subtype=Name.XML)
    out.Root.Metadata = stream
    out.docinfo["/Title"] = String(title)
    out.docinfo["/Producer"] = String(producer)
