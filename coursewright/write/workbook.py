"""The workbook: one part a module, laid out side by side, joined to one tagged file; then the other editions of it.

Page numbers of the contents and the index come from the parts that are laid out, not from a second layout of the
whole: a part is laid out again only where its first page number turned out other than assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

from coursewright.plan.workbook import Chapter, references_of
from coursewright.write import Output, Result, Story, Task, Written, writer
from coursewright.write.packet import Packet

ROUNDS = 6  # page numbers settle in one or two


@dataclass(frozen=True)
class IndexEntry:
    """A term of the index with the pages it stands on."""

    term: str
    anchor: str
    pages: tuple[int, ...]


def across(anchor: str) -> str:
    """The link function of parts: a private address, which joining turns into a place in the whole file."""
    return f"x-course:{anchor}"


@writer("workbook")
def write_workbook(packet: Packet) -> Story:
    """`workbook/workbook.pdf`, `-fillable.pdf`, `-booklet.pdf`, and `01-….pdf` for every module."""
    book = packet.workbook
    written = Written()
    parts: list[Result] = []
    uses: list[list[tuple[str, str]]] = []
    starts = [1] * (len(book.chapters) + 1)
    for _ in range(ROUNDS):
        pages = [_chapter(packet, chapter, start) for chapter, start in zip(book.chapters, starts, strict=False)]
        pages.append(packet.page("workbook/back.html.j2", across, book=book, first_page=starts[-1]))
        uses = [found for _, found in pages]
        titles = [f"workbook, {chapter.module.title}" for chapter in book.chapters] + ["workbook, answers and references"]
        parts = yield [packet.lay_out(title, html, forms=True) for title, (html, _) in zip(titles, pages, strict=True)]
        counted = [1]
        for part in parts:
            counted.append(counted[-1] + part.facts["pages"])
        if counted[:-1] == starts:
            break
        starts = counted[:-1]
    titles = [*titles]
    for title, part in zip(titles, parts, strict=True):
        written.diagnostics += packet.complaints(title, part)
    places = {name: page + start for part, start in zip(parts, starts, strict=True) for name, page in part.facts["anchors"].items()}
    index = _index(packet, uses, places)
    end = starts[-1] + parts[-1].facts["pages"]
    front_html = packet.html("workbook/front.html.j2", across, book=book, places=places, index_page=end)
    index_html = packet.html("workbook/index.html.j2", across, book=book, index=index, first_page=end)
    front, last = yield [
        packet.lay_out("workbook, front matter", front_html, forms=True),
        packet.lay_out("workbook, index", index_html, forms=True),
    ]
    written.diagnostics += packet.complaints("workbook, front matter", front) + packet.complaints("workbook, index", last)
    whole = [front, *parts, last]
    stories = _joins(packet, whole)
    shells = [] if packet.options.modules else []
    chosen = [chapter for chapter in book.chapters if chapter.module in packet.modules]
    shells = yield [_shell(packet, chapter) for chapter in chosen]
    joins = [] if packet.options.modules else stories
    joins = joins + [
        _module_join(packet, chapter, shell, parts[chapter.number - 1], starts[chapter.number - 1])
        for chapter, shell in zip(chosen, shells, strict=True)
    ]
    joined = yield joins
    editions = joined[: len(joined) - len(chosen)]
    modules = joined[len(joined) - len(chosen) :]
    tasks = [_thumb(result, 300) for result in editions[:1]] + [_thumb(result, 200) for result in modules]
    if editions:
        tasks.append(_impose(packet, editions[0]))
    made = yield tasks
    if editions:
        booklet = made.pop()
        _whole_outputs(packet, written, editions, booklet, made[0])
        made = made[1:]
    for chapter, result, thumb in zip(chosen, modules, made, strict=True):
        written.outputs.append(
            Output(
                f"workbook/{packet.stem(chapter.module)}.pdf",
                result.blobs["joined.pdf"],
                chapter.module.title,
                "Workbook",
                pages=result.facts["pages"],
                paper=packet.paper,
                preview=thumb.blobs["page.png"],
                note="one module, with its answers and references",
            )
        )
    return written


def _chapter(packet: Packet, chapter: Chapter, start: int) -> tuple[str, list[tuple[str, str]]]:
    html, prose = packet.page("workbook/module.html.j2", across, book=packet.workbook, chapter=chapter, first_page=start)
    return html, prose.uses


def _index(packet: Packet, uses: list[list[tuple[str, str]]], places: dict[str, int]) -> tuple[IndexEntry, ...]:
    """Glossary terms with every page on which the text marks them."""
    pages: dict[str, set[int]] = {}
    first: dict[str, str] = {}
    for found in uses[:-1]:
        for id_, anchor in found:
            if anchor in places:
                pages.setdefault(id_, set()).add(places[anchor])
                first.setdefault(id_, anchor)
    return tuple(
        IndexEntry(term.term, first[term.id], tuple(sorted(pages[term.id]))) for term in packet.workbook.glossary if term.id in pages
    )


def _joins(packet: Packet, whole: list[Result]) -> list[Task]:
    info = packet.course.info
    common = {"language": info.language, "labels": [[0, "r", 1], [1, "D", 1]]}
    return [
        Task("workbook", "coursewright.write.pdf.join:join", {"parts": [p.blobs["plain.pdf"] for p in whole], "title": f"{info.title}: workbook", **common}),
        Task(
            "fillable workbook",
            "coursewright.write.pdf.join:join",
            {"parts": [p.blobs["fillable.pdf"] for p in whole], "title": f"{info.title}: workbook to fill in on screen", **common},
        ),
    ]


def _shell(packet: Packet, chapter: Chapter) -> Task:
    """The pages around one module's chapter: title page before; answers, terms and references after."""
    value = (chapter.module, tuple(item for bank in packet.course.banks if bank.module == chapter.module.id for item in bank.items if item.pool == "practice"))
    references = references_of(value, packet.workbook, packet.numbering)
    names = {term.name.casefold() for section in chapter.module.sections for block in section.blocks for term in _terms(block)}
    terms = [term for term in packet.workbook.glossary if names & set(term.names)]
    definitions = references_of(tuple(terms), packet.workbook, packet.numbering)
    every = sorted({*references, *definitions}, key=lambda entry: entry.number)
    html = packet.html("workbook/shell.html.j2", across, book=packet.workbook, chapter=chapter, references=every, terms=terms)
    return packet.lay_out(f"workbook, pages around {chapter.module.title}", html, forms=False)


def _terms(block: object) -> list[object]:
    from coursewright.plan.numbering import texts_of

    return [term for text in texts_of(block) for term in text.terms]


def _module_join(packet: Packet, chapter: Chapter, shell: Result, part: Result, start: int) -> Task:
    title = f"{packet.course.info.title}: {chapter.module.title}"
    parts = [part.blobs["plain.pdf"], shell.blobs["plain.pdf"]]
    labels = [[0, "D", start], [1, "r", 1]]
    return Task(
        f"workbook of {chapter.module.title}",
        "coursewright.write.pdf.join:join",
        {"parts": parts, "title": title, "language": packet.course.info.language, "labels": labels},
    )


def _thumb(result: Result, width: int) -> Task:
    return Task("thumbnail", "coursewright.write.pdf.thumbnail:thumbnail", {"pdf": result.blobs["joined.pdf"], "width": width})


def _impose(packet: Packet, plain: Result) -> Task:
    arguments = {"pdf": plain.blobs["joined.pdf"], "title": f"{packet.course.info.title}: booklet", "language": packet.course.info.language}
    return Task("booklet", "coursewright.write.pdf.impose:impose", arguments)


def _whole_outputs(packet: Packet, written: Written, editions: list[Result], booklet: Result, thumb: Result) -> None:
    plain, fillable = editions
    title, preview = packet.course.info.title, thumb.blobs["page.png"]
    facts = booklet.facts
    folds = f"{facts['sections']} folded section{'s' if facts['sections'] > 1 else ''}, {facts['sheets']} sheets; print on both sides, flip on the short edge"
    written.outputs += [
        Output("workbook/workbook.pdf", plain.blobs["joined.pdf"], title, "Workbook", pages=plain.facts["pages"], paper=packet.paper, preview=preview, note="all modules"),
        Output("workbook/workbook-fillable.pdf", fillable.blobs["joined.pdf"], title, "Workbook", pages=fillable.facts["pages"], paper=packet.paper, preview=preview, note="to fill in on screen and save"),
        Output("workbook/workbook-booklet.pdf", booklet.blobs["booklet.pdf"], title, "Workbook", pages=facts["pages"], paper=packet.paper, preview=preview, note=folds),
    ]
