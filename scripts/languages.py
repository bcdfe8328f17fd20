#!/usr/bin/env python3
"""Bring the catalogs of the quiz service's interface up to date with its pages and its code.

Usage: scripts/languages.py [--check] [--new CODE]
Every message of `templates/` and of `coursewright/serve/` stands in each `coursewright/serve/languages/CODE.po` afterwards; those that are
used no more are gone. Translations are kept. Files are the same on every run: messages stand in the order of their words, without dates or
line numbers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ROOT / "coursewright" / "serve" / "languages"
HEADER = "# {name} words of the interface of the quiz service.\n# scripts/languages.py keeps this file: `make languages`.\n"

# As coursewright/serve/app.py sets up its templates: a different trimming of spaces makes different messages of `{% trans %}`.
TEMPLATES = {"encoding": "utf-8", "extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true", "silent": "false"}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


def extracted(root: Path = ROOT) -> Catalog:
    """Every message of the sources: the words, and the files that they stand in."""
    found = Catalog(fuzzy=False)
    for folder, methods, options in (
        ("templates", [("**.j2", "jinja2")], {"**.j2": TEMPLATES}),
        ("coursewright/serve", [("**.py", "python")], {"**.py": {"encoding": "utf-8"}}),
    ):
        for name, _line, message, comments, context in extract_from_dir(str(root / folder), methods, options, keywords=KEYWORDS, comment_tags=("Translators:",)):
            found.add(message, locations=[(f"{folder}/{name}", None)], auto_comments=comments, context=context)
    return found


def updated(path: Path, template: Catalog) -> bytes:
    """The content of a catalog with every message of the sources and no other."""
    code = path.stem
    held = read_po(path.open("rb"), locale=code) if path.exists() else Catalog(locale=code, fuzzy=False)
    made = Catalog(locale=code, fuzzy=False, header_comment=held.header_comment if path.exists() else HEADER.format(name=held.locale.english_name))
    for message in _messages(template):
        kept = held.get(message.id, message.context)
        entry = made.add(message.id, kept.string if kept else None, sorted(set(message.locations)), auto_comments=message.auto_comments, context=message.context)
        if kept is not None:
            entry.user_comments = kept.user_comments
            if kept.fuzzy:
                entry.flags.add("fuzzy")
    return _written(made)


def _messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in sorted(catalog, key=_order) if message.id)


def _order(message: Message) -> tuple[str, ...]:
    return message.id if isinstance(message.id, tuple) else (message.id,)


def _written(catalog: Catalog) -> bytes:
    from io import BytesIO

    body = BytesIO()
    write_po(body, catalog, width=0, omit_header=True, include_lineno=False)
    comments = catalog.header_comment.strip("\n")
    header = [
        'msgid ""',
        'msgstr ""',
        f'"Language: {catalog.locale}\\n"',
        f'"Plural-Forms: {catalog.plural_forms}\\n"',
        '"MIME-Version: 1.0\\n"',
        '"Content-Type: text/plain; charset=utf-8\\n"',
        '"Content-Transfer-Encoding: 8bit\\n"',
    ]
    return "\n".join([comments, *header, "", ""]).encode() + body.getvalue().strip(b"\n") + b"\n"


def lacking(catalog: Catalog) -> list[str]:
    """Messages without their whole translation."""
    return [_order(m)[0] for m in catalog if m.id and (m.fuzzy or not all(m.string if isinstance(m.string, tuple | list) else (m.string,)))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a catalog is not what the sources say, or lacks words")
    parser.add_argument("--new", metavar="CODE", help="begin a catalog of another language")
    asked = parser.parse_args()
    template = extracted()
    paths = sorted(LANGUAGES.glob("*.po"))
    if asked.new:
        paths.append(LANGUAGES / f"{asked.new}.po")
    faults = 0
    for path in paths:
        content = updated(path, template)
        old = path.read_bytes() if path.exists() else b""
        if asked.check and content != old:
            print(f"{path.relative_to(ROOT)} is not what the sources say: run scripts/languages.py")
            faults += 1
        elif content != old:
            path.write_bytes(content)
            print(f"{path.relative_to(ROOT)} is brought up to date")
        missing = lacking(read_po(path.open("rb"), locale=path.stem)) if path.exists() else []
        for words in missing:
            print(f"{path.relative_to(ROOT)}: not translated: {words!r}")
        faults += len(missing)
    return 1 if faults and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
