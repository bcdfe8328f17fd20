"""Content packages: a zip with a manifest, the same bytes for the same files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from coursewright.write.lms.markup import Element, clean

XSI = "http://www.w3.org/2001/XMLSchema-instance"
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Resource:
    """A file of a package, of a type that the format names; `needs` are the identifiers of resources that it refers to."""

    identifier: str
    type: str
    path: str
    needs: tuple[str, ...] = ()
    linked: bool = True


def root_element(tag: str, namespace: str, location: str) -> Element:
    """The root of a document of one namespace, with the address of its schema."""
    spaces: dict[str | None, str] = {None: namespace, "xsi": XSI}
    root = etree.Element(f"{{{namespace}}}{tag}", nsmap=spaces)  # type: ignore[arg-type]
    root.set(f"{{{XSI}}}schemaLocation", f"{namespace} {location}")
    return root


def document(root: Element) -> bytes:
    """An XML file; each child of the root on a line of its own, and nothing changed within."""
    root.text = "\n"
    for child in root:
        child.tail = "\n"
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def manifest(identifier: str, namespace: str, location: str, schema: tuple[str, str], resources: tuple[Resource, ...]) -> bytes:
    """`imsmanifest.xml`. schema: the name and version that the format wants there."""
    root = root_element("manifest", namespace, location)
    root.set("identifier", identifier)

    def add(parent: Element, tag: str, text: str = "", **attributes: str) -> Element:
        made = etree.SubElement(parent, f"{{{namespace}}}{tag}", {key: clean(value) for key, value in attributes.items()})
        made.text = clean(text) or None
        return made

    metadata = add(root, "metadata")
    add(metadata, "schema", schema[0])
    add(metadata, "schemaversion", schema[1])
    add(root, "organizations")
    listed = add(root, "resources")
    for resource in resources:
        link = {"href": resource.path} if resource.linked else {}
        entry = add(listed, "resource", identifier=resource.identifier, type=resource.type, **link)
        add(entry, "file", href=resource.path)
        for needed in resource.needs:
            add(entry, "dependency", identifierref=needed)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files in this order. Stored, not compressed: what zlib makes differs from machine to machine."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, data)
    return stream.getvalue()


def identifier(id_: str) -> str:
    """An id as XML takes it: ids of the course may begin with a digit."""
    return id_ if id_[:1].isalpha() else f"i-{id_}"
