"""The application: the course, the database and the pages put together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import jinja2
from flask import Flask, g, request, session
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import select, update
from werkzeug.middleware.proxy_fix import ProxyFix

from coursewright.plan.ama import ama
from coursewright.serve import errors, language
from coursewright.serve.library import Library, figure_file
from coursewright.serve.people.codes import SEEN_EVERY, keyed
from coursewright.serve.running.observe import observe
from coursewright.serve.security.access import PAGES, Who, guarded, refuse_null_bytes
from coursewright.serve.security.headers import add_headers
from coursewright.serve.security.rates import limiter
from coursewright.serve.settings import Settings, secret_key
from coursewright.serve.store.database import Database, Unavailable
from coursewright.serve.store.tables import Person, SignedIn
from coursewright.source.siblings import import_siblings
from coursewright.write.prose_html import ProseHtml

Clock = Callable[[], datetime]
TOKEN = "token"


def create_app(settings: Settings, library: Library, database: Database, clock: Clock = lambda: datetime.now(UTC)) -> Flask:
    """The service as a WSGI application. clock: gives this moment, with its offset from UTC."""
    app = Flask("coursewright", static_folder=None, template_folder=None)
    app.config.update(
        SECRET_KEY=secret_key(settings.data),
        SESSION_COOKIE_NAME="__Host-session" if settings.https else "session",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="None" if settings.https and settings.lti else "Lax",
        SESSION_COOKIE_PARTITIONED=bool(settings.https and settings.lti),  # in a platform's frame browsers keep no other
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        MAX_CONTENT_LENGTH=settings.upload_megabytes * 1_000_000,
        MAX_FORM_MEMORY_SIZE=2_000_000,
        MAX_FORM_PARTS=3_000,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: an attempt may be open for hours
        WTF_CSRF_SSL_STRICT=settings.https,
        RATELIMIT_ENABLED=True,
    )
    app.extensions.update(settings=settings, library=library, database=database, clock=clock)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies)  # type: ignore[method-assign]
    _set_up_templates(app, library)
    protect = CSRFProtect(app)
    limiter.init_app(app)
    app.before_request(refuse_null_bytes)
    app.before_request(find_who)
    add_headers(app, https=settings.https, platforms=tuple(dict.fromkeys(found for p in settings.lti for found in (origin(p.auth_login_url), *map(origin, p.frames)))))
    errors.add_handlers(app)
    import_siblings("coursewright.serve.connections")
    import_siblings("coursewright.serve.pages")
    for declared in PAGES:
        app.add_url_rule(declared.rule, declared.endpoint, guarded(declared), methods=list(declared.methods))
        if declared.foreign:
            protect.exempt(declared.view)
    observe(app)
    return app


def origin(url: str) -> str:
    """`https://lms.example.org` of an address."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def find_who() -> None:
    """Before each request: who is signed in, by the token of the session."""
    g.who = None
    token = session.get(TOKEN)
    if not token or request.path.startswith("/static/"):
        return
    from flask import current_app

    settings: Settings = current_app.extensions["settings"]
    now = current_app.extensions["clock"]()
    digest = keyed(current_app.config["SECRET_KEY"], "session", token)
    database: Database = current_app.extensions["database"]
    with database.reading() as reading:
        columns = (SignedIn.seen_at, SignedIn.expires_at, Person.id, Person.role, Person.given_name, Person.family_name, Person.learner_id, Person.language, Person.started_at, Person.erased_at, Person.second_factor)
        row = reading.execute(select(*columns).join(Person, Person.id == SignedIn.person_id).where(SignedIn.digest == digest)).first()
    if row is None or row.erased_at is not None or row.expires_at <= now or now - row.seen_at > timedelta(minutes=settings.idle_minutes):
        session.clear()
        return
    g.who = Who(row.id, row.role, f"{row.given_name} {row.family_name}".strip() or row.learner_id, row.language, row.started_at is not None, bool(row.second_factor))
    if now - row.seen_at > SEEN_EVERY:
        with contextlib.suppress(Unavailable):  # a full disk is no reason to show nothing
            database.write(lambda writing: writing.execute(update(SignedIn).where(SignedIn.digest == digest).values(seen_at=now)))


def _set_up_templates(app: Flask, library: Library) -> None:
    app.jinja_options = {"undefined": jinja2.StrictUndefined, "autoescape": True, "trim_blocks": True, "lstrip_blocks": True, "extensions": ["jinja2.ext.i18n"]}
    app.jinja_loader = jinja2.FileSystemLoader([str(folder) for folder in library.templates.folders])
    shipped = library.templates.environment
    environment = app.jinja_env
    for name, function in shipped.filters.items():
        environment.filters.setdefault(name, function)
    for name in ("interaction_name", "verdict"):
        environment.globals[name] = shipped.globals[name]
    environment.filters["fraction"] = Fraction
    language.install(app)

    @app.context_processor
    def common() -> dict[str, Any]:
        prose = ProseHtml(library.numbering, library.place)
        return {
            "prose": prose.block,
            "line": prose.line,
            "cite": lambda reference: prose.inlines(ama(reference)),
            "numbering": library.numbering,
            "info": library.course.info,
            "notice": library.packet.notice,
            "library": library,
            "who": getattr(g, "who", None),
            "file": library.address,
            "figure_file": lambda id_: figure_file(library, id_),
            "drawing": library.packet.drawings.__getitem__,
            "settings": app.extensions["settings"],
            "fillable": False,
            "large": False,
            "now": app.extensions["clock"](),
        }
