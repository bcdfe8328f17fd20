"""The workbook: one part a module, laid out side by side, joined to one tagged file; then the other editions of it.

Page numbers of the contents and the index come from the parts that are laid out, not from a second layout of the
whole. A part is laid out again only where its first page turned out another than assumed. Every part has an even
number of pages, filled up with a page for notes, so that modules begin on a right-hand page and a small edit seldom
moves what follows.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from coursewright.model.course import texts_of
from coursewright.plan.workbook import Chapter, references_of
from coursewright.write import Blob, Output, Result, Story, Task, Written, writer
from coursewright.write.packet import Packet

ROUNDS = 6  # page numbers settle in one or two
LAYOUT = "coursewright.write.pdf"


@dataclass(frozen=True)
class IndexEntry:
    """A term of the index with the pages it stands on, and the anchor of its first place."""

    term: str
    anchor: str
    pages: tuple[int, ...]


@dataclass(frozen=True)
class Body:
    """The numbered part of the book as laid out: parts, the number of each one's first page, where anchors stand."""

    parts: list[Result]
    starts: list[int]
    places: dict[str, int]
    uses: list[tuple[str, str]]

    @property
    def end(self) -> int:
        """The number of the page after the last."""
        return self.starts[-1] + _even(self.parts[-1].facts["pages"])


def across(anchor: str) -> str:
    """The link function of parts: a private address, which joining turns into a place in the whole file."""
    return f"x-course:{anchor}"


EDITIONS = (("plain.pdf", "workbook"), ("fillable.pdf", "workbook to fill in on screen"))


@writer("workbook")
def write_workbook(packet: Packet) -> Story:
    """`workbook/workbook.pdf`, `-fillable.pdf`, `-booklet.pdf`, and `01-….pdf` for every module."""
    written = Written()
    chosen = [chapter for chapter in packet.workbook.chapters if chapter.module in packet.modules]
    editions: list[Result] = []
    if packet.options.modules:
        body = yield from _lay_out_body(packet, written)
    else:
        body, editions = yield from lay_out_whole(packet, written, EDITIONS)
    shells = yield [_shell(packet, chapter) for chapter in chosen]
    modules = yield [_module_join(packet, c, body, shell) for c, shell in zip(chosen, shells, strict=True)]
    booklet = yield [_impose(packet, editions[0])] if editions else []
    thumbs = yield [packet.thumbnail(result.blobs["joined.pdf"], 240) for result in (*editions[:1], *modules)]
    if editions:
        plain, fillable = editions
        _add_editions(packet, written, plain, fillable, booklet[0], thumbs[0])
    for chapter, result, thumb in zip(chosen, modules, thumbs[len(thumbs) - len(modules) :], strict=True):
        path, note = f"workbook/{packet.stem(chapter.module)}.pdf", "one module, with its answers and references"
        _add(packet, written, path, result, thumb, note, chapter.module.title)
    return written


def lay_out_whole(packet: Packet, written: Written, editions: tuple[tuple[str, str], ...]) -> Generator[list[Task], list[Result], tuple[Body, list[Result]]]:
    """The whole workbook: its body, and it joined in the editions named (`plain.pdf` or `fillable.pdf`, what its title says)."""
    body = yield from _lay_out_body(packet, written)
    front_and_index = yield _front_and_index(packet, body)
    for title, result in zip(("the front matter", "the index"), front_and_index, strict=True):
        written.diagnostics += packet.complaints(title, result)
    pads = yield _pads(packet, body, front_and_index)
    joined = yield _whole_joins(packet, body, front_and_index, pads, editions)
    return body, joined


def _lay_out_body(packet: Packet, written: Written) -> Generator[list[Task], list[Result], Body]:
    """Chapters and back matter, with page numbers that hold."""
    book = packet.workbook
    titles = [f"workbook, {chapter.module.title}" for chapter in book.chapters] + ["workbook, answers and references"]
    starts = _starts([packet.page_counts.get(title, 0) for title in titles])
    for _ in range(ROUNDS):
        pages = [
            packet.page("workbook/module.html.j2", across, book=book, chapter=chapter, first_page=start)
            for chapter, start in zip(book.chapters, starts, strict=False)
        ]
        uses = [use for _, prose in pages for use in prose.uses]
        pages.append(packet.page("workbook/back.html.j2", across, book=book, first_page=starts[-1]))
        parts = yield [packet.lay_out(title, html, forms=True) for title, (html, _) in zip(titles, pages, strict=True)]
        packet.page_counts.update({title: part.facts["pages"] for title, part in zip(titles, parts, strict=True)})
        found = _starts([part.facts["pages"] for part in parts])
        if found == starts:
            break
        starts = found
    for title, part in zip(titles, parts, strict=True):
        written.diagnostics += packet.complaints(title, part)
    places = {name: start + page for part, start in zip(parts, starts, strict=True) for name, page in part.facts["anchors"].items()}
    return Body(parts, starts, places, uses)


def _starts(counts: list[int]) -> list[int]:
    """The number of each part's first page."""
    starts = [1]
    for count in counts[:-1]:
        starts.append(starts[-1] + _even(count))
    return starts


def _front_and_index(packet: Packet, body: Body) -> list[Task]:
    book = packet.workbook
    front = packet.html("workbook/front.html.j2", across, book=book, places=body.places, index_page=body.end)
    index = packet.html("workbook/index.html.j2", across, book=book, index=_index(packet, body), first_page=body.end)
    return [packet.lay_out("workbook, front matter", front, forms=True), packet.lay_out("workbook, index", index, forms=True)]


def _index(packet: Packet, body: Body) -> tuple[IndexEntry, ...]:
    """Glossary terms with every page on which the text marks them."""
    pages: dict[str, set[int]] = {}
    first: dict[str, str] = {}
    for id_, anchor in body.uses:
        if anchor in body.places:
            pages.setdefault(id_, set()).add(body.places[anchor])
            first.setdefault(id_, anchor)
    return tuple(
        IndexEntry(term.term, first[term.id], tuple(sorted(pages[term.id]))) for term in packet.workbook.glossary if term.id in pages
    )


def _pads(packet: Packet, body: Body, front_and_index: list[Result]) -> list[Task]:
    """A page for notes after every part with an odd number of pages: front matter, chapters, answers; not the index."""
    odd = [(start + part.facts["pages"], False) for start, part in zip(body.starts, body.parts, strict=True) if part.facts["pages"] % 2]
    if front_and_index and front_and_index[0].facts["pages"] % 2:
        odd.insert(0, (front_and_index[0].facts["pages"] + 1, True))
    return [
        packet.lay_out("page for notes", packet.html("workbook/pad.html.j2", across, first_page=page, roman=roman), forms=True)
        for page, roman in odd
    ]


def _whole_joins(packet: Packet, body: Body, front_and_index: list[Result], pads: list[Result], editions: tuple[tuple[str, str], ...]) -> list[Task]:
    """The editions, of the same pages."""
    left = iter(pads)
    ordered: list[Result] = []
    front, index = front_and_index
    for part in (front, *body.parts):
        ordered.append(part)
        if part.facts["pages"] % 2:
            ordered.append(next(left))
    labels = [[0, "r", 1], [1 + front.facts["pages"] % 2, "D", 1]]
    title = packet.course.info.title
    return [
        _join(packet, kind, f"{title}: {name}", [part.blobs[kind] for part in (*ordered, index)], labels)
        for kind, name in editions
    ]


def _module_join(packet: Packet, chapter: Chapter, body: Body, shell: Result) -> Task:
    n = packet.workbook.chapters.index(chapter)
    parts = [body.parts[n].blobs["plain.pdf"], shell.blobs["plain.pdf"]]
    return _join(packet, chapter.module.title, f"{packet.course.info.title}: {chapter.module.title}", parts, [[0, "D", body.starts[n]], [1, "r", 1]])


def _join(packet: Packet, what: str, title: str, parts: list[Blob], labels: list[list[Any]]) -> Task:
    arguments = {"parts": parts, "title": title, "language": packet.course.info.language, "labels": labels}
    return Task(f"joining {what.removesuffix('.pdf')}", f"{LAYOUT}.join:join", arguments)


def _shell(packet: Packet, chapter: Chapter) -> Task:
    """What follows one module's chapter in its own file: answers, terms and references."""
    ids = {asked.question.id for asked in chapter.check.asked}
    items = tuple(item for item in packet.course.single_items if item.id in ids)
    names = {term.name.casefold() for section in chapter.module.sections for text in texts_of(section) for term in text.terms}
    terms = tuple(term for term in packet.workbook.glossary if names & set(term.names))
    references = references_of((chapter.module, items, terms), packet.workbook, packet.numbering)
    html = packet.html("workbook/shell.html.j2", across, book=packet.workbook, chapter=chapter, references=references, terms=terms)
    return packet.lay_out(f"workbook, answers to {chapter.module.title}", html)


def _impose(packet: Packet, plain: Result) -> Task:
    arguments = {"pdf": plain.blobs["joined.pdf"], "title": f"{packet.course.info.title}: booklet", "language": packet.course.info.language}
    return Task("booklet", f"{LAYOUT}.impose:impose", arguments)


def _add_editions(packet: Packet, written: Written, plain: Result, fillable: Result, booklet: Result, thumb: Result) -> None:
    title, facts = packet.course.info.title, booklet.facts
    several = facts["sections"] > 1
    folds = f"{facts['sheets']} sheets in {facts['sections']} folded section{'s' if several else ''}; print on both sides, flip on the short edge"
    _add(packet, written, "workbook/workbook.pdf", plain, thumb, "all modules", title)
    _add(packet, written, "workbook/workbook-fillable.pdf", fillable, thumb, "to fill in on screen and save", title)
    _add(packet, written, "workbook/workbook-booklet.pdf", booklet, thumb, folds, title)


def _add(packet: Packet, written: Written, path: str, result: Result, thumb: Result, note: str, title: str) -> None:
    (blob,) = result.blobs.values()
    pages, preview = result.facts["pages"], thumb.blobs["page.png"]
    written.outputs.append(Output(path, blob, title, "Workbook", pages=pages, paper=packet.paper, preview=preview, note=note))


def _even(pages: int) -> int:
    return pages + pages % 2


