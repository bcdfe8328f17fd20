"""Prose as XHTML for learning management systems: as elements within an XML format, or as a string of HTML.

Citations become short forms in parentheses, glossary terms plain words. Everything an author wrote comes through as text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from lxml import etree

from coursewright.model.prose import (
    Break,
    BulletList,
    Cite,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    Inline,
    Link,
    NumberedList,
    Paragraph,
    ProseBlock,
    Quote,
    Rule,
    Strong,
    Term,
    Text,
)

Element = etree._Element

#: XML has no control characters: they are shown by their pictures, so that an educator sees them
UNPRINTABLE = {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A, 0x0D)}
UNPRINTABLE |= dict.fromkeys((*range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd")


def clean(text: str) -> str:
    """Text as XML can hold it."""
    return text.translate(UNPRINTABLE)


def add_text(parent: Element, text: str) -> None:
    """Put text at the end of an element."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + clean(text)
    else:
        parent.text = (parent.text or "") + clean(text)


class Markup:
    """Turns prose into elements of one namespace. `lost` names what could not be held: `start`, `link`."""

    def __init__(self, cited: Callable[[str], str | None], namespace: str = "", *, any_start: bool = True) -> None:
        self.cited = cited
        self.namespace = namespace
        self.any_start = any_start
        self.lost: set[str] = set()

    def element(self, parent: Element, tag: str, **attributes: str) -> Element:
        """A new XHTML element at the end of `parent`."""
        name = f"{{{self.namespace}}}{tag}" if self.namespace else tag
        return etree.SubElement(parent, name, {key: clean(value) for key, value in attributes.items()})

    def html(self, blocks: Sequence[ProseBlock]) -> str:
        """Blocks as a string of HTML."""
        root = etree.Element("div")
        self.blocks(root, blocks)
        return _inner(root)

    def html_line(self, nodes: Sequence[Inline]) -> str:
        """Running text as a string of HTML, in a paragraph."""
        root = etree.Element("div")
        self.inlines(self.element(root, "p"), nodes)
        return _inner(root)

    def blocks(self, parent: Element, blocks: Sequence[ProseBlock]) -> None:
        for block in blocks:
            self._block(parent, block)

    def inlines(self, parent: Element, nodes: Sequence[Inline]) -> None:
        for node in nodes:
            self._inline(parent, node)

    def _block(self, parent: Element, block: ProseBlock) -> None:
        match block:
            case Paragraph(children):
                self.inlines(self.element(parent, "p"), children)
            case Heading(level, children):
                self.inlines(self.element(parent, f"h{min(level + 2, 6)}"), children)  # below the LMS's own headings
            case BulletList(entries, tight):
                self._entries(self.element(parent, "ul"), entries, tight)
            case NumberedList(start, entries, tight):
                listed = self.element(parent, "ol")
                if start != 1 and self.any_start:
                    listed.set("start", str(start))
                elif start != 1:
                    self.lost.add("start")
                self._entries(listed, entries, tight)
            case Quote(children):
                self.blocks(self.element(parent, "blockquote"), children)
            case CodeBlock(text):
                add_text(self.element(self.element(parent, "pre"), "code"), text)
            case Rule():
                self.element(parent, "hr")
            case other:
                assert_never(other)

    def _entries(self, listed: Element, entries: tuple[tuple[ProseBlock, ...], ...], tight: bool) -> None:
        for blocks in entries:
            entry = self.element(listed, "li")
            for block in blocks:
                if tight and isinstance(block, Paragraph):
                    self.inlines(entry, block.children)
                else:
                    self._block(entry, block)

    def _inline(self, parent: Element, node: Inline) -> None:
        match node:
            case Text(text):
                add_text(parent, text)
            case Emphasis(children):
                self.inlines(self.element(parent, "em"), children)
            case Strong(children):
                self.inlines(self.element(parent, "strong"), children)
            case Code(text):
                add_text(self.element(parent, "code"), text)
            case Link(href, children) if href and not href.startswith("#"):
                self.inlines(self.element(parent, "a", href=href), children)
            case Link(_, children):
                self.lost.add("link")
                self.inlines(parent, children)
            case Cite(keys):
                names = [name for key in keys if (name := self.cited(key))]
                if names:
                    add_text(parent, f"({'; '.join(names)})")
            case Term(_, shown):
                add_text(parent, shown)
            case Break():
                self.element(parent, "br")
            case other:
                assert_never(other)


def is_plain(nodes: Sequence[Inline]) -> bool:
    """Whether running text is words alone, so that nothing is lost where it is shown without markup."""
    return all(isinstance(node, Text | Term) for node in nodes)


def _inner(root: Element) -> str:
    return "".join(etree.tostring(child, method="html", encoding="unicode") for child in root)
