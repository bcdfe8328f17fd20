"""The faults of shape: what can be wrong with a file before its meaning is looked at.

Each function's docstring is the page that `explain` prints; it returns the message and the help.
"""

from __future__ import annotations

from collections.abc import Iterable

from coursewright.source.diagnostic import fault
from coursewright.source.suggest import did_you_mean

MAX_BYTES = 4_000_000
MAX_NODES = 100_000  # a large bank has some thousands; this many are read in a third of a second


@fault("E101")
def unreadable_file(reason: str) -> tuple[str, str]:
    """A file of the course is missing or cannot be read.

    Why: the packet would lack what the file holds.
    Instead: create the file, or correct its name; give yourself the right to read it. `build.py new DIR` shows a
    complete course.
    """
    return f"this file cannot be read: {reason}", "check the name, and that it is a readable file"


@fault("E102")
def not_text(reason: str) -> tuple[str, str]:
    """A file is not UTF-8 text, or holds NUL bytes or other control characters.

    Why: what an editor shows as accents may be other bytes in the file, and a page would print garbage.
    Instead: save the file as UTF-8 in your editor. Line ends of Windows and a byte order mark are fine.
    """
    return f"this file is not plain UTF-8 text: {reason}", "save it as UTF-8"


@fault("W115")
def lost_text(comment: str) -> tuple[str, str]:
    """Text after ` #` is a comment in YAML, and is not read.

    Example: `title: Door #3` is the title "Door".
    Instead: `title: "Door #3"`; or a space after the sign where a comment is meant: `# the third door`.
    """
    return f'"{comment}" is read as a comment', "quote the text; or write a space after # where a comment is meant"


@fault("E103")
def broken_yaml(problem: str, hint: str = "") -> tuple[str, str]:
    """The YAML cannot be read: a quote or bracket left open, a tab for indentation, a colon in unquoted text.

    Example: `title: Risks: what to ask`
    Instead: `title: "Risks: what to ask"`, or a block scalar (`|`) for longer text.
    Source: YAML 1.1 specification, as libyaml reads it.
    """
    return f"this is not YAML: {problem}", hint or 'quote text that holds ": " or " #", and indent with spaces'


@fault("E104")
def duplicate_key(key: str, first_line: int) -> tuple[str, str]:
    """A mapping has the same key twice. Most YAML readers keep the last one and say nothing.

    Example: two lines `stem:` in one item.
    Instead: keep one of them.
    """
    return f'key "{key}" appears twice in this mapping', f"the first is in line {first_line}; keep one"


@fault("E105")
def aliases_expand(limit: int) -> tuple[str, str]:
    """Aliases (`*name`) repeat so much that the file would grow beyond any course: a "billion laughs" file.

    Instead: write the repeated text out, or once in the glossary.
    """
    return f"the aliases of this file expand to more than {limit:,} values", "write the repeated parts out"


@fault("E106")
def foreign_tag(tag: str) -> tuple[str, str]:
    """A YAML tag such as `!!python/object` asks for something other than text, lists and mappings.

    Why: a course file is data; nothing in it may run.
    Instead: remove the tag; every value is read as text and checked by its place.
    """
    return f"the tag {tag} is not allowed", "remove the tag"


@fault("E107")
def too_large(size: int, limit: int) -> tuple[str, str]:
    """A YAML file is larger than any that a person writes.

    Instead: split the bank or the module into several files.
    """
    return f"this file has {size / 1e6:.1f} MB, more than the {limit / 1e6:.0f} MB that a course file may have", "split it"


@fault("E108")
def empty_file() -> tuple[str, str]:
    """A course file is empty, or holds comments only.

    Instead: fill it in, or remove it. `build.py new DIR` shows what belongs in each file.
    """
    return "this file is empty", "fill it in or remove it; build.py new DIR shows an example"


@fault("E109")
def outside_course(target: str) -> tuple[str, str]:
    """A file of the course is a symbolic link that leads out of the course folder, or a path that climbs out of it.

    Why: a packet must be built from what the course folder holds, and a stranger's course must not read your files.
    Instead: copy the file into the course folder.
    """
    return f"this leads out of the course folder, to {target}", "copy the file into the course folder"


@fault("E110")
def unknown_key(key: str, known: Iterable[str]) -> tuple[str, str]:
    """A key that means nothing here, most often a misspelling.

    Example: `objectves:` in a module.
    Instead: the key that the message suggests. `build.py schema` writes the schemas that let an editor complete keys.
    """
    return f'unknown key "{key}"', did_you_mean(key, known)


@fault("E111")
def missing_key(key: str, where: str) -> tuple[str, str]:
    """A key that must be there is not.

    Example: an item without `stem`.
    Instead: add the key. `build.py schema` writes the schemas that let an editor show what is needed.
    """
    return f'key "{key}" is missing{where}', f'add "{key}: …"'


@fault("E112")
def wrong_value(problem: str, hint: str) -> tuple[str, str]:
    """A value is not of the kind that its key takes: text where a list belongs, a word where a number belongs.

    Values are read as text and understood by their place, so that `No`, `3.10` and `1:30` stay what you wrote.
    Example: `lines: many`
    Instead: `lines: 6`
    """
    return problem, hint


@fault("E113")
def unknown_type(kind: str, known: Iterable[str]) -> tuple[str, str]:
    """A word that is not one of those that a key takes, such as an unknown block or item type.

    Example: `type: calloout`
    Instead: the word that the message suggests.
    """
    return f'unknown value "{kind}"', did_you_mean(kind, known)
