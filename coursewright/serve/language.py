"""The languages of the interface, through Babel. The course stays in its own language, and pages say which is which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from io import BytesIO
from typing import Any, cast

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from flask import Flask, current_app, g, has_request_context, request, session
from werkzeug.wrappers import Response

KEPT = timedelta(days=365)
FORMATS = {"es": "es_419"}  # a decimal point, as in the courses and charts of those who learn here


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
    """The language of this request: chosen since signing in or just before, else kept with the person, else chosen in this browser once, else preferred by it."""
    if not has_request_context():
        return "en"
    if not hasattr(g, "language"):
        known = current_app.extensions["settings"].languages
        who = getattr(g, "who", None)
        wishes = (session.get("language"), who.language if who else "", request.cookies.get(_cookie()))
        g.language = next((wish for wish in wishes if wish in known), None) or _preferred(known) or known[0]
    return str(g.language)


def _preferred(known: tuple[str, ...]) -> str | None:
    """The first language of the browser that is served, in its order: `en-US` is served by `en`."""
    return cast(str | None, negotiate_locale([code for code, quality in request.accept_languages if quality > 0], known, sep="-"))


def choose(code: str, response: Response) -> None:
    """Keep a choice: for this session, and in this browser for when it has ended. It names nobody."""
    session["language"] = code
    response.set_cookie(_cookie(), code, max_age=KEPT, secure=current_app.extensions["settings"].https, httponly=True, samesite="Lax")


def _cookie() -> str:
    return "__Host-language" if current_app.extensions["settings"].https else "language"


@contextmanager
def speaking(code: str) -> Iterator[str]:
    """The words of a language inside: for what goes to somebody else than who asks. The language of the request where that one is not served."""
    before = current()
    g.language = code if code in current_app.extensions["settings"].languages else before
    try:
        yield g.language
    finally:
        g.language = before


def _(message: str, **values: Any) -> str:
    """A message in the language of this request."""
    text = translations(current()).gettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, count: int) -> str:
    return translations(current()).ngettext(one, many, count)


def day(value: datetime) -> str:
    """A day in words."""
    return str(format_date(value, "long", locale=_formats()))


def moment(value: datetime) -> str:
    """A moment in words, in UTC: pages of ours give it in a `<time>` too, which a script turns into the reader's own zone."""
    return f"{format_datetime(value, 'd MMM y, HH:mm', locale=_formats())} UTC"


def number(value: Any, digits: int = 2) -> str:
    """A number as the language writes it, with as many decimals as it needs, up to `digits`."""
    return str(format_decimal(round(float(value), digits), "0." + "#" * digits, locale=_formats()))


def _formats() -> str:
    return FORMATS.get(current(), current())


def language_names(codes: tuple[str, ...]) -> dict[str, str]:
    """Each language in its own words."""
    return {code: (Locale.parse(code).get_display_name(code) or code).capitalize() for code in codes}


def install(app: Flask) -> None:
    """Give templates `_`, `ngettext`, and days, moments and numbers in words."""
    app.jinja_env.install_gettext_callables(lambda message: translations(current()).gettext(message), ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters.update(day=day, moment=moment, number=number)
    app.jinja_env.globals.update(language=current, language_names=language_names)
