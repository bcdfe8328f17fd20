"""Reference entries in the numbered style of the American Medical Association, as pieces a writer can set."""

from __future__ import annotations

from coursewright.model.prose import Emphasis, Inline, Link, Text
from coursewright.model.reference import Reference

MOST = 6  # with more authors than this, three are named


def ama(reference: Reference) -> tuple[Inline, ...]:
    """The entry as inline nodes. What was not verified is absent; nothing is made up to fill its place.

    Source: AMA Manual of Style, 11th edition: authors, title, journal in italics, year;volume(issue):pages, doi.
    """
    made: list[Inline] = []
    byline = _byline(reference)
    if byline:
        made.append(Text(byline + ". "))
    made.append(Text(_stop(reference.title) + " "))
    if reference.journal:
        made += [Emphasis((Text(reference.journal),)), Text(". " + _locus(reference) + " ")]
    elif reference.published or reference.year:
        made.append(Text(f"{reference.published or reference.year}. "))
    if reference.identifier:
        made.append(Text(_stop(reference.identifier) + " "))
    if reference.doi:
        made.append(Link(f"https://doi.org/{reference.doi}", (Text(f"doi:{reference.doi}"),)))
    elif reference.pmid:
        made.append(Text(f"PMID: {reference.pmid}."))
    elif reference.url:
        made.append(Link(reference.url, (Text(reference.url),)))
    return tuple(made)


def short(reference: Reference) -> str:
    """A few words that tell which one is meant, for slides: `Murrough et al, 2013`."""
    if reference.authors:
        surname = reference.authors[0].rsplit(" ", 1)[0]
        more = len(reference.authors) > 2 or reference.et_al
        two = len(reference.authors) == 2 and not reference.et_al
        name = f"{surname} et al" if more else (f"{surname} and {reference.authors[1].rsplit(' ', 1)[0]}" if two else surname)
    else:
        name = reference.organization or reference.title
    return f"{name}, {reference.year}" if reference.year else name


def _byline(reference: Reference) -> str:
    authors = list(reference.authors)
    if not authors:
        return reference.organization or ""
    if len(authors) > MOST or (reference.et_al and len(authors) > 3):
        return ", ".join(authors[:3]) + ", et al"
    return ", ".join(authors) + (", et al" if reference.et_al else "")


def _locus(reference: Reference) -> str:
    text = reference.published or reference.year or "Year to be confirmed"
    if reference.volume:
        text += f";{reference.volume}" + (f"({reference.issue})" if reference.issue else "")
    if reference.pages:
        text += f":{reference.pages.replace('-', '–')}"
    return text + "."


def _stop(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else text + "."
