"""Prose as HTML: citations become numbers, glossary terms links, and everything else is escaped."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from markupsafe import Markup, escape

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
    Prose,
    ProseBlock,
    Quote,
    Rule,
    Strong,
    Term,
    Text,
)
from coursewright.plan.numbering import Numbering


class ProseHtml:
    """Turns prose into markup for one document.

    link: the address of an anchor (`ref-murrough-2013`, `term-response`), or None where the document has no such
    place: then numbers and terms are plain. Terms get ids of their own (`use-…`), which the index points to.
    """

    def __init__(self, numbering: Numbering, link: Callable[[str], str | None]) -> None:
        self.numbering = numbering
        self.link = link
        self.uses: list[tuple[str, str]] = []  # (glossary id, anchor), in reading order

    def block(self, prose: Prose, base: int = 0) -> Markup:
        """All of it, as paragraphs, lists and headings. `base` lowers headings by as many levels."""
        return Markup("").join(self._block(block, base) for block in prose.blocks)

    def line(self, prose: Prose) -> Markup:
        """Running text, without the paragraph around it."""
        parts = [self.inlines(b.children) if isinstance(b, Paragraph) else self._block(b, 0) for b in prose.blocks]
        return Markup(" ").join(parts)

    def inlines(self, nodes: tuple[Inline, ...]) -> Markup:
        """Inline nodes; a citation stays on the line of the word before it."""
        tight = self._tight(nodes)
        made = Markup("")
        for n, node in enumerate(tight):
            after = tight[n + 1] if n + 1 < len(tight) else None
            if isinstance(node, Cite) and n and isinstance(tight[n - 1], Text):
                continue
            if isinstance(node, Text) and isinstance(after, Cite):
                head, space, word = node.text.rpartition(" ")
                made += Markup('{}<span class="held">{}{}</span>').format(head + space, word, self._inline(after))
            else:
                made += self._inline(node)
        return made

    def _tight(self, nodes: tuple[Inline, ...]) -> list[Inline]:
        """Superscript numbers follow their word without a space, and stand after a comma or full stop (AMA)."""
        made: list[Inline] = []
        for node in nodes:
            if isinstance(node, Cite) and made and isinstance(made[-1], Text):
                made[-1] = Text(made[-1].text.rstrip())
            if isinstance(node, Text) and made and isinstance(made[-1], Cite) and node.text[:1] in (".", ","):
                cite = made.pop()
                made += [Text(node.text[0]), cite, Text(node.text[1:])]
                continue
            made.append(node)
        return made

    def _block(self, block: ProseBlock, base: int) -> Markup:
        match block:
            case Paragraph(children):
                return Markup("<p>{}</p>").format(self.inlines(children))
            case Heading(level, children):
                tag = f"h{min(level + base, 6)}"
                return Markup("<{0}>{1}</{0}>").format(Markup(tag), self.inlines(children))
            case BulletList(entries, tight):
                return Markup("<ul>{}</ul>").format(self._entries(entries, tight))
            case NumberedList(start, entries, tight):
                first = Markup(f' start="{start}"') if start != 1 else Markup("")
                return Markup("<ol{}>{}</ol>").format(first, self._entries(entries, tight))
            case Quote(children):
                return Markup("<blockquote>{}</blockquote>").format(Markup("").join(self._block(b, base) for b in children))
            case CodeBlock(text):
                return Markup("<pre><code>{}</code></pre>").format(text)
            case Rule():
                return Markup("<hr>")
            case other:
                assert_never(other)

    def _entries(self, entries: tuple[tuple[ProseBlock, ...], ...], tight: bool) -> Markup:
        def entry(blocks: tuple[ProseBlock, ...]) -> Markup:
            parts = [
                self.inlines(b.children) if tight and isinstance(b, Paragraph) else self._block(b, 0) for b in blocks
            ]
            return Markup("<li>{}</li>").format(Markup("").join(parts))

        return Markup("").join(entry(blocks) for blocks in entries)

    def _inline(self, node: Inline) -> Markup:
        match node:
            case Text(text):
                return escape(text)
            case Emphasis(children):
                return Markup("<em>{}</em>").format(self.inlines(children))
            case Strong(children):
                return Markup("<strong>{}</strong>").format(self.inlines(children))
            case Code(text):
                return Markup("<code>{}</code>").format(text)
            case Link("", children):
                return self.inlines(children)
            case Link(href, children):
                return Markup('<a href="{}">{}</a>').format(href, self.inlines(children))
            case Cite(keys):
                return self._cite(keys)
            case Term(name, shown):
                return self._term(name, shown)
            case Break():
                return Markup("<br>")
            case other:
                assert_never(other)

    def _cite(self, keys: tuple[str, ...]) -> Markup:
        """AMA numbers: in order, runs of three and more joined by a dash, each end a link to its reference."""
        numbers = {self.numbering.references[key]: key for key in keys if key in self.numbering.references}
        runs: list[list[int]] = []
        for number in sorted(numbers):
            if runs and runs[-1][-1] == number - 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        parts = []
        for run in runs:
            ends = [run[0]] if len(run) == 1 else [run[0], run[-1]]
            joint = "–" if len(run) > 2 else ","
            parts.append(Markup(joint).join(self._reference(numbers[n], n) for n in ends))
        return Markup('<sup class="cite">{}</sup>').format(Markup(",").join(parts)) if parts else Markup("")

    def _reference(self, key: str, number: int) -> Markup:
        href = self.link(f"ref-{key}")
        return Markup('<a href="{}">{}</a>').format(href, number) if href else escape(str(number))

    def _term(self, name: str, shown: str) -> Markup:
        id_ = self.numbering.terms.get(name.casefold())
        if id_ is None:
            return escape(shown)
        anchor = f"use-{len(self.uses) + 1}-{id_}"
        self.uses.append((id_, anchor))
        href = self.link(f"term-{id_}")
        if href:
            return Markup('<a class="term" id="{}" href="{}">{}</a>').format(anchor, href, shown)
        return Markup('<span class="term" id="{}">{}</span>').format(anchor, shown)


