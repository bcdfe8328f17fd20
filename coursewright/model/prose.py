"""Prose: CommonMark with citations `[@key]` and glossary terms `[[term]]`, parsed once into a small tree.

HTML in the text stays text, and links go to https, http, mailto or a place in the course, so that nothing an
author writes can put markup or script into a page. Writers know only the nodes of this file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Self

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.tree import SyntaxTreeNode
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Emphasis:
    children: tuple[Inline, ...]


@dataclass(frozen=True)
class Strong:
    children: tuple[Inline, ...]


@dataclass(frozen=True)
class Code:
    text: str


@dataclass(frozen=True)
class Link:
    href: str
    children: tuple[Inline, ...]


@dataclass(frozen=True)
class Cite:
    """`[@a; @b]`. `numbers` is filled in by the plan, in the order of the reference list."""

    keys: tuple[str, ...]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Term:
    """`[[name]]` or `[[name|shown]]`. `target` is the glossary id, filled in by the plan."""

    name: str
    shown: str
    target: str = ""


@dataclass(frozen=True)
class Break:
    pass


Inline = Text | Emphasis | Strong | Code | Link | Cite | Term | Break


@dataclass(frozen=True)
class Paragraph:
    children: tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    level: int
    children: tuple[Inline, ...]


@dataclass(frozen=True)
class BulletList:
    entries: tuple[tuple[ProseBlock, ...], ...]
    tight: bool = True


@dataclass(frozen=True)
class NumberedList:
    start: int
    entries: tuple[tuple[ProseBlock, ...], ...]
    tight: bool = True


@dataclass(frozen=True)
class Quote:
    children: tuple[ProseBlock, ...]


@dataclass(frozen=True)
class CodeBlock:
    text: str


@dataclass(frozen=True)
class Rule:
    pass


ProseBlock = Paragraph | Heading | BulletList | NumberedList | Quote | CodeBlock | Rule


@dataclass(frozen=True)
class Prose:
    """A parsed text. `source` is what the author wrote."""

    blocks: tuple[ProseBlock, ...]
    source: str = ""

    @classmethod
    def parse(cls, source: str) -> Self:
        """Parse CommonMark. Every string parses; what CommonMark does not know stays text."""
        root = SyntaxTreeNode(_parser().parse(source))
        return cls(tuple(_block(node) for node in root.children), source)

    @classmethod
    def validate(cls, value: object) -> Prose:
        """A Prose of a non-empty string, as pydantic calls it."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise PydanticCustomError("prose", "this must be text")
        if not value.strip():
            raise PydanticCustomError("prose_empty", "this text is empty")
        return cls.parse(str(value))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.validate)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean"], "description": cls.__doc__.split("\n")[0] if cls.__doc__ else ""}

    def inlines(self) -> Iterator[Inline]:
        """Every inline node, depth first, in reading order."""
        for block in self.blocks:
            yield from _inlines(block)

    @property
    def citations(self) -> tuple[str, ...]:
        """The keys cited, in reading order, with repetitions."""
        return tuple(key for node in self.inlines() if isinstance(node, Cite) for key in node.keys)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The glossary terms marked, in reading order."""
        return tuple(node for node in self.inlines() if isinstance(node, Term))

    @cached_property
    def plain(self) -> str:
        """The words alone, without markup and citations: for counting, comparing, titles and alternative text."""
        words = " ".join("".join(_plain(node) for node in _leaves(block)) for block in self.blocks)
        return re.sub(r"\s+([.,;:?!)])", r"\1", " ".join(words.split()))


@dataclass(frozen=True)
class Line(Prose):
    """One paragraph of CommonMark: words with emphasis, citations and terms, but no lists or headings."""

    @classmethod
    def validate(cls, value: object) -> Line:
        """As Prose, and refuses a second paragraph."""
        prose = super().validate(value)
        if len(prose.blocks) != 1 or not isinstance(prose.blocks[0], Paragraph):
            raise PydanticCustomError("line", "this must be a single paragraph, without lists or headings")
        assert isinstance(prose, cls)
        return prose

    @property
    def children(self) -> tuple[Inline, ...]:
        block = self.blocks[0]
        assert isinstance(block, Paragraph)
        return block.children


CITATION = re.compile(r"\[(@[\w:.-]+(?:\s*[;,]\s*@[\w:.-]+)*)\]")
TERM = re.compile(r"\[\[([^\[\]|\n]+)(?:\|([^\[\]|\n]+))?\]\]")
SAFE_LINK = re.compile(r"^(https?://|mailto:|#)", re.IGNORECASE)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": True})
    parser.enable(["replacements", "smartquotes"]).disable(["html_block", "html_inline", "image"])
    parser.validateLink = lambda url: bool(SAFE_LINK.match(url))  # type: ignore[method-assign]
    parser.inline.ruler.before("link", "citation", _citation_rule)
    parser.inline.ruler.before("citation", "term", _term_rule)
    return parser


def _citation_rule(state: StateInline, silent: bool) -> bool:
    return _match(state, silent, CITATION, "citation")


def _term_rule(state: StateInline, silent: bool) -> bool:
    return _match(state, silent, TERM, "term")


def _match(state: StateInline, silent: bool, pattern: re.Pattern[str], name: str) -> bool:
    if state.src[state.pos] != "[":
        return False
    found = pattern.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        token = state.push(name, "", 0)
        token.meta = {"groups": found.groups()}
    state.pos = found.end()
    return True


def _block(node: SyntaxTreeNode) -> ProseBlock:
    match node.type:
        case "paragraph":
            return Paragraph(_inline_children(node))
        case "heading":
            return Heading(int(node.tag[1]), _inline_children(node))
        case "bullet_list":
            return BulletList(_entries(node), _tight(node))
        case "ordered_list":
            return NumberedList(int(node.attrs.get("start", 1)), _entries(node), _tight(node))
        case "blockquote":
            return Quote(tuple(_block(child) for child in node.children))
        case "fence" | "code_block":
            return CodeBlock(node.content)
        case "hr":
            return Rule()
        case other:
            raise AssertionError(f"CommonMark has no block {other}")


def _entries(node: SyntaxTreeNode) -> tuple[tuple[ProseBlock, ...], ...]:
    return tuple(tuple(_block(child) for child in entry.children) for entry in node.children)


def _tight(node: SyntaxTreeNode) -> bool:
    return all(child.hidden for entry in node.children for child in entry.children if child.type == "paragraph")


def _inline_children(node: SyntaxTreeNode) -> tuple[Inline, ...]:
    return tuple(_inline(child) for inline in node.children for child in inline.children)


def _inline(node: SyntaxTreeNode) -> Inline:
    def inner() -> tuple[Inline, ...]:
        return tuple(_inline(child) for child in node.children)

    match node.type:
        case "text" | "text_special":
            return Text(node.content)
        case "softbreak":
            return Text(" ")
        case "hardbreak":
            return Break()
        case "em":
            return Emphasis(inner())
        case "strong":
            return Strong(inner())
        case "code_inline":
            return Code(node.content)
        case "link":
            return Link(str(node.attrs["href"]), inner())
        case "citation":
            (keys,) = node.meta["groups"]
            return Cite(tuple(re.findall(r"@([\w:.-]+)", keys)))
        case "term":
            name, shown = node.meta["groups"]
            return Term(" ".join(name.split()), (shown or name).strip())
        case other:
            raise AssertionError(f"CommonMark has no inline {other}")


def _inlines(block: ProseBlock) -> Iterator[Inline]:
    match block:
        case Paragraph(children) | Heading(_, children):
            for child in children:
                yield from _with_children(child)
        case BulletList(entries) | NumberedList(_, entries):
            for entry in entries:
                for inner in entry:
                    yield from _inlines(inner)
        case Quote(blocks):
            for inner in blocks:
                yield from _inlines(inner)


def _with_children(node: Inline) -> Iterator[Inline]:
    yield node
    if isinstance(node, Emphasis | Strong | Link):
        for child in node.children:
            yield from _with_children(child)


def _leaves(block: ProseBlock) -> Iterator[Inline]:
    yield from (node for node in _inlines(block) if not isinstance(node, Emphasis | Strong | Link))
    if isinstance(block, CodeBlock):
        yield Text(block.text)


def _plain(node: Inline) -> str:
    match node:
        case Text(text) | Code(text):
            return text
        case Term(_, shown):
            return shown
        case Break():
            return " "
        case _:
            return ""
