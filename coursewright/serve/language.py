"""The languages of the interface, through Babel. The course stays in its own language, and pages say which is which."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from io import BytesIO
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, current_app, g, has_request_context, request, session


@cache
def translations(code: str) -> NullTranslations:
    """The catalog of a language; the words of the templates themselves for English, and where there is none."""
    path = resources.files("coursewright.serve") / "languages" / f"{code}.po"
    if code == "en" or not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(path.read_bytes()), locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)


def current() -> str:
    """The language of this request: chosen, else kept with the person, else what the browser prefers."""
    if not has_request_context():
        return "en"
    if not hasattr(g, "language"):
        known = current_app.extensions["settings"].languages
        who = getattr(g, "who", None)
        chosen = session.get("language") or (who.language if who else "")
        g.language = chosen if chosen in known else request.accept_languages.best_match(known) or known[0]
    return str(g.language)


def _(message: str, **values: Any) -> str:
    """A message in the language of this request."""
    text = translations(current()).gettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, count: int) -> str:
    return translations(current()).ngettext(one, many, count)


def day(value: datetime) -> str:
    """A day in words."""
    return str(format_date(value, "long", locale=current()))


def moment(value: datetime) -> str:
    """A moment in words, in UTC: pages of ours give it in a `<time>` too, which a script turns into the reader's own zone."""
    return f"{format_datetime(value, 'd MMM y, HH:mm', locale=current())} UTC"


def language_names(codes: tuple[str, ...]) -> dict[str, str]:
    """Each language in its own words."""
    return {code: (Locale.parse(code).get_display_name(code) or code).capitalize() for code in codes}


def install(app: Flask) -> None:
    """Give templates `_`, `ngettext`, and days and moments in words."""
    app.jinja_env.install_gettext_callables(lambda message: translations(current()).gettext(message), ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters.update(day=day, moment=moment)
    app.jinja_env.globals.update(language=current, language_names=language_names)
