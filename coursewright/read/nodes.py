"""YAML text to plain values, by nodes: scalars keep their text, mappings their places, and nothing is guessed."""

from __future__ import annotations

import codecs
import re
from typing import Any

import yaml

from coursewright.model.base import PlacedList, PlacedMap, PlainScalar
from coursewright.read import faults
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.span import Place, Source, Span

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
NULLS = ("", "~", "null", "Null", "NULL")
LOST = re.compile(r"[ \t]+(#[^\s#!].*?)\s*$")
#: tags that the resolver gives to scalars, lists and mappings; any other was written by hand
PLAIN_TAGS = {
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "value", "merge")
}


def decode(path: str, data: bytes, most: int = faults.MAX_BYTES) -> tuple[Source, list[Diagnostic]]:
    """The text of a file, or why it is none. A byte order mark is dropped; line ends stay as they are."""
    at = Span(path)
    if len(data) > most:
        return Source(path, ""), [faults.too_large(at, len(data), most)]
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        span = Span(path, line, column, line, column + 1)
        known = Source(path, data.decode("utf-8", "replace"))
        return known, [faults.not_text(span, f"byte 0x{data[error.start]:02x} in line {line}")]
    source = Source(path, text)
    control = CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        column = control.start() - text.rfind("\n", 0, control.start())
        span = Span(path, line, column, line, column + 1)
        return source, [faults.not_text(span, f"control character U+{ord(control[0]):04X} in line {line}")]
    return source, []


class _Limit(Exception):
    """Aliases expand beyond the limit."""


class _Reader:
    """Turns the nodes of one file into values, collecting faults on the way."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []
        self.count = 0

    def span(self, node: yaml.Node) -> Span:
        start, end = node.start_mark, node.end_mark
        end_line, end_column = end.line + 1, end.column + 1
        # block collections end where the next token starts: pull the end back to the last text of the node
        if end.column == 0 and end.line > start.line:
            end_line = end.line
            while end_line > start.line + 1 and not self.source.line(end_line).strip():
                end_line -= 1
            end_column = len(self.source.line(end_line)) + 1
        return Span(self.source.path, start.line + 1, start.column + 1, end_line, max(end_column, 2))

    def value(self, node: yaml.Node, ancestors: tuple[int, ...] = ()) -> Any:
        self.count += 1
        if self.count > faults.MAX_NODES or id(node) in ancestors:
            raise _Limit
        if node.tag not in PLAIN_TAGS:
            self.found.append(faults.foreign_tag(self.span(node), node.tag.replace("tag:yaml.org,2002:", "!!")))
        match node:
            case yaml.ScalarNode():
                return self.scalar(node)
            case yaml.SequenceNode():
                made = PlacedList(self.value(child, (*ancestors, id(node))) for child in node.value)
                made.spans = [self.span(child) for child in node.value]
                return made
            case yaml.MappingNode():
                return self.mapping(node, (*ancestors, id(node)))
        raise AssertionError(f"YAML has no node {node}")

    def scalar(self, node: yaml.ScalarNode) -> str | None:
        if not node.style:  # libyaml says "" where PyYAML says None
            self.look_for_lost_text(node)
            return None if node.value in NULLS else PlainScalar(node.value)
        control = CONTROL.search(node.value)
        if control:
            self.found.append(faults.not_text(self.span(node), f"control character U+{ord(control[0]):04X} in this text"))
        return str(node.value)

    def look_for_lost_text(self, node: yaml.ScalarNode) -> None:
        """`Door #3` is "Door" and a comment. A comment that begins without a space was most likely meant as text."""
        line = self.source.line(node.end_mark.line + 1)
        lost = LOST.match(line, node.end_mark.column)
        if lost and node.value:
            start = lost.start(1) + 1
            number = node.end_mark.line + 1
            self.found.append(faults.lost_text(Span(self.source.path, number, start, number, len(line.rstrip()) + 1), lost[1]))

    def mapping(self, node: yaml.MappingNode, ancestors: tuple[int, ...]) -> PlacedMap:
        made = PlacedMap()
        keys: dict[str, Span] = {}
        values: dict[str, Span] = {}
        for key_node, value_node in node.value:
            span = self.span(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.found.append(faults.wrong_value(span, "a key must be a word", "quote it, or remove the brackets"))
                continue
            key = key_node.value
            if key in keys:
                self.found.append(faults.duplicate_key(span, key, keys[key].line))
                continue
            keys[key], values[key] = span, self.span(value_node)
            made[key] = self.value(value_node, ancestors)
        made.place = Place(self.source, self.span(node), keys, values)
        return made


def read_nodes(source: Source) -> tuple[Any, list[Diagnostic]]:
    """The values of a YAML file: None, text, lists and `PlacedMap`s; and the faults found on the way."""
    reader = _Reader(source)
    start = Span(source.path)
    try:
        node = yaml.compose(source.text, Loader=Loader)
        if node is None:
            return None, [faults.empty_file(start)]
        value = reader.value(node)
    except yaml.MarkedYAMLError as error:
        return None, [_broken(source, error)]
    except yaml.YAMLError as error:
        return None, [faults.broken_yaml(start, str(error).split("\n")[0])]
    except (_Limit, RecursionError):
        return None, [faults.aliases_expand(start, faults.MAX_NODES)]
    return value, reader.found


def _broken(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    line = min(line, max(len(source.lines), 1))
    problem = " ".join(part for part in (error.problem, error.context) if part)
    text = source.line(line)
    hint = ""
    if "\t" in text[: len(text) - len(text.lstrip())] or "\\t" in (error.problem or ""):
        hint = "indent with spaces: YAML does not allow tabs there"
    elif "mapping values are not allowed" in problem:
        hint = 'quote the text: a ": " inside unquoted text starts a mapping'
    elif "found undefined alias" in problem:
        hint = "a text that starts with * must be quoted"
    return faults.broken_yaml(Span(source.path, line, column, line, column + 1), problem, hint)
