"""QTI: what versions 2.1 and 3.0 share. One item is built once; a dialect says how its elements are named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from coursewright.write.lms.markup import Element, clean
from coursewright.write.lms.package import root_element

XML = "http://www.w3.org/XML/1998/namespace"


@dataclass(frozen=True)
class Dialect:
    """A version of QTI: its namespaces, the types of its resources, and its spelling.

    wraps_content: whether feedback and rubrics hold their text in an element of its own.
    """

    name: str
    ending: str
    namespace: str
    location: str
    package_namespace: str
    package_location: str
    package_schema: tuple[str, str]
    item_type: str
    test_type: str
    spell: Callable[[str], str]
    spell_attribute: Callable[[str], str]
    wraps_content: bool

    def root(self, tag: str, language: str, **attributes: str) -> Element:
        """The root of a document."""
        element = root_element(self.spell(tag), self.namespace, self.location)
        for name, value in attributes.items():
            element.set(self.spell_attribute(name), clean(value))
        if tag == "assessmentItem":
            element.set(f"{{{XML}}}lang", language)
        return element

    def add(self, parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
        """A new QTI element at the end of `parent`, named as in QTI 2.1."""
        element = etree.SubElement(parent, f"{{{self.namespace}}}{self.spell(tag)}")
        for name, value in attributes.items():
            element.set(self.spell_attribute(name), clean(value))
        element.text = clean(text) or None
        return element

    def content(self, parent: Element) -> Element:
        """Where the text of feedback or of a rubric goes."""
        return self.add(parent, "contentBody") if self.wraps_content else parent


def kebab(name: str) -> str:
    """`responseDeclaration` → `response-declaration`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"-{found[1].lower()}", name)
