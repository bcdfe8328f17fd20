"""The interface in other languages: catalogs that are whole, pages that are all of one language, and whose choice counts."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jinja2
import pikepdf
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from conftest import ROOT
from jinja2 import nodes
from lxml import html
from playwright.sync_api import Page, expect

from coursewright.serve import language
from coursewright.serve.management import slips
from coursewright.serve.management.words import explained
from coursewright.serve.store.tables import Person

from .browsing import MARKS, PHONE, Site, item
from .ground import Browser, Service, make_service
from .managing import person_of
from .tongues import Marked, misplaced, shown, unmarked, world

CODES = sorted(path.stem for path in (ROOT / "coursewright" / "serve" / "languages").glob("*.po"))
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}|%%")
# What stands on a page in no language: moments, ids of items and learners, names of files, user names, values of a key.
PLAIN = re.compile(r"(\d.* \d\d:\d\d(:\d\d)? UTC|\d+ de \w+ de \d{4}|q-[\w-]+|[\w-]+\.csv|root|mina|true|false|Español)")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import languages  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    return languages  # type: ignore[no-any-return]


def catalog(code: str) -> Catalog:
    with (ROOT / "coursewright" / "serve" / "languages" / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def messages(found: Catalog) -> list[Message]:
    return [message for message in found if message.id]


def several(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def test_spanish_is_there() -> None:
    assert "es" in CODES


@pytest.mark.parametrize("code", CODES)
def test_a_catalog_is_what_the_sources_say_and_is_written_the_same_again(script: ModuleType, code: str) -> None:
    path = ROOT / "coursewright" / "serve" / "languages" / f"{code}.po"
    assert script.updated(path, script.extracted()) == path.read_bytes(), "run `make languages`"


@pytest.mark.parametrize("code", CODES)
def test_every_message_is_translated_with_its_places_and_plurals(script: ModuleType, code: str) -> None:
    found = catalog(code)
    assert script.lacking(found) == []
    for message in messages(found):
        translated = several(message.string)
        assert len(translated) == (found.num_plurals if message.pluralizable else 1), message.id
        for words, original in zip(translated, (several(message.id) * found.num_plurals)[: len(translated)], strict=True):
            assert sorted(PLACES.findall(words)) == sorted(PLACES.findall(original)), words
            assert (words == words.strip() and words[-1:] in ".:") or original[-1:] not in ".:", words
            assert "%" not in PLACES.sub("", words), words


def asked_for() -> Iterator[str]:
    """Messages by another reading than that of Babel: the trees of templates and of modules."""
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True)
    for path in sorted((ROOT / "templates").rglob("*.j2")):
        for call in environment.parse(path.read_text("utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in ("_", "gettext", "ngettext"):
                assert isinstance(call.args[0], nodes.Const), f"{path}: {call.lineno}"
                yield call.args[0].value
    for path in sorted((ROOT / "coursewright" / "serve").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
                assert isinstance(node.args[0], ast.Constant), f"{path}: {node.lineno}: the words must be written out, and not within an f-string"
                yield node.args[0].value


def test_no_message_of_the_sources_is_overlooked(script: ModuleType) -> None:
    known = {several(message.id)[0] for message in messages(script.extracted())}
    asked = set(asked_for())
    assert len(asked) > 800
    assert asked - known == set()


def test_every_refusal_has_words_of_its_own(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "translations", lambda code: Marked())
    with service.app.test_request_context():
        assert explained("short").startswith("⟦") and explained("anything").startswith("⟦")


def test_no_interface_text_is_outside_the_catalog_and_every_text_says_its_language(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "translations", lambda code: Marked())
    found = world(service, HTTP_ACCEPT_LANGUAGE="es")
    assert len(found) > 60
    for address, data in found.items():
        assert [text for text in unmarked(data) if not PLAIN.fullmatch(text)] == [], address
        assert misplaced(data) == [], address


def test_a_page_in_spanish_has_no_english_words_left_but_those_of_the_course(service: Service) -> None:
    spoken = {several(m.id)[0]: several(m.string)[0] for m in messages(catalog("es"))}
    english = {words for words, translated in spoken.items() if words != translated and "%" not in words} - set(spoken.values())
    for address, data in world(service, HTTP_ACCEPT_LANGUAGE="es-MX,es;q=0.9,en;q=0.5").items():
        page = html.fromstring(data.decode("utf-8"))
        assert page.get("lang") == "es", address
        assert {" ".join(text.split()) for code, text in shown(data) if code == "es"} & english == set(), address
        title = page.findtext(".//title")
        assert title is not None and title.partition(" · ")[0] not in english - {"Pre-test", "Post-test"}, address


def lang(browser: Browser, address: str = "/sign-in", **options: Any) -> str:
    found = re.search(r'<html lang="([^"]+)"', browser.get(address, **options).get_data(as_text=True))
    assert found
    return found[1]


def prefer(code: str) -> dict[str, Any]:
    return {"headers": {"Accept-Language": code}}


def test_the_browser_is_asked_first_and_a_choice_counts_more(service: Service) -> None:
    browser = service.browser()
    assert [lang(browser, **prefer(wish)) for wish in ("es-AR", "es;q=0.8, fr", "fr", "en-US, es;q=0.5")] == ["es", "es", "en", "en"]
    answer = browser.post("/language", language="es", next="/sign-in")
    assert answer.status_code == 303 and answer.location == "/sign-in"
    assert lang(browser, **prefer("en")) == "es"
    browser.post("/language", language="xx")
    assert lang(browser, **prefer("en")) == "es"


def test_a_choice_is_kept_over_signing_out_and_in_and_on_other_devices(service: Service) -> None:
    person = service.person()
    browser = service.browser(person)
    browser.get("/course")
    browser.post("/language", language="es", next="/course")
    assert lang(browser, "/course") == "es" and person_of(service, person).language == "es"
    browser.get("/course")
    front = browser.follow(browser.post("/sign-out")).get_data(as_text=True)
    assert '<html lang="es"' in front and "Se cerró su sesión." in front
    browser.post("/sign-in", code=service.code(person))
    assert lang(browser, "/course") == "es"
    assert lang(service.browser(person), "/course", **prefer("en")) == "es"


def test_on_a_shared_computer_each_has_the_language_kept_with_them(service: Service) -> None:
    browser = service.browser(service.person(language="es"))
    browser.get("/course")
    browser.post("/language", language="es")
    browser.get("/course")
    browser.post("/sign-out")
    browser.get("/sign-in")
    browser.post("/sign-in", code=service.code(service.person(language="en")))
    assert lang(browser, "/course") == "en"


def test_what_is_chosen_before_signing_in_counts_in_that_session(service: Service) -> None:
    browser = service.browser()
    browser.post("/language", language="es")
    browser.get("/sign-in")
    browser.post("/sign-in", code=service.code(service.person(language="en")))
    assert lang(browser, "/course") == "es"


def test_the_choice_is_kept_out_of_reach_of_scripts(service: Service, tmp_path: Path) -> None:
    (kept,) = [line for line in service.browser().post("/language", language="es").headers.getlist("Set-Cookie") if line.startswith("language=")]
    assert "HttpOnly" in kept and "SameSite=Lax" in kept and kept.startswith("language=es;")
    secure = make_service(tmp_path / "https", url="https://quiz.example.org")
    with secure.app.test_request_context(), secure.app.test_client():
        answer = secure.app.make_response("")
        language.choose("es", answer)
        assert answer.headers["Set-Cookie"].startswith("__Host-language=es; ") and "Secure" in answer.headers["Set-Cookie"]
    secure.database.close()


def test_only_languages_that_are_served_can_be_had(tmp_path: Path) -> None:
    made = make_service(tmp_path, languages=["en"])
    assert lang(made.browser(made.person(language="es")), "/course", **prefer("es")) == "en"
    made.database.close()


def test_days_moments_and_numbers_are_written_as_the_language_writes_them(service: Service) -> None:
    with service.app.test_request_context(headers={"Accept-Language": "es"}):
        assert language.day(service.clock()) == "2 de marzo de 2026"
        assert language.moment(service.clock()) == "2 mar 2026, 09:00 UTC"
        assert [language.number(value) for value in (2, 2.5, 1 / 3)] == ["2", "2.5", "0.33"]
    with service.app.test_request_context(headers={"Accept-Language": "en"}):
        assert language.day(service.clock()) == "March 2, 2026"
        assert language.number(2.50) == "2.5"


def test_one_and_many_are_told_apart(service: Service) -> None:
    with service.app.test_request_context(headers={"Accept-Language": "es"}):
        said = [language.ngettext("%(num)s minute", "%(num)s minutes", count) % {"num": count} for count in (0, 1, 2)]
    assert said == ["0 minutos", "1 minuto", "2 minutos"]


def test_the_course_stays_in_its_own_language_inside_a_spanish_page(service: Service) -> None:
    spoken = service.library.course.info.language
    (unit,) = (unit for unit in service.library.course.units if unit.id == "basics")
    texts = list(shown(service.browser(service.person(language="es")).get("/read/basics").data))
    for words in (unit.title, *(section.title for section in unit.sections)):
        assert {code for code, text in texts if text.strip() == words} == {spoken}, words
    assert {code for code, text in texts if text.strip() in ("En este módulo", "Puntos clave", "Siguiente")} == {"es"}


def test_slips_are_in_the_language_of_each_learner(service: Service) -> None:
    words = {"en": {"title": "Codes", "qr": "QR", "how": "Scan this", "keep": "Yours"}, "es": {"title": "Códigos", "qr": "QR", "how": "Escanee esto", "keep": "Suyo"}}
    made = slips.make_slips([Person(id=code or "none", role="learner", given_name="Ana", family_name="Ray", learner_id="", language=code) for code in ("es", "", "fr")], "https://quiz.example.org")
    data = slips.slips_pdf(service.library, made, "a4", "https://quiz.example.org", 90, words, "en")
    assert data.startswith(b"%PDF")
    import pypdfium2

    text = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range()
    assert text.count("Escanee esto") == 1 and text.count("Scan this") == 2


def test_a_coordinator_prints_slips_in_spanish(service: Service) -> None:
    cohort = service.cohort()
    service.person(cohort=cohort, started=False)
    browser = service.browser(service.person("coordinator", cohort, username="mina", language="es"))
    browser.get(f"/manage/cohorts/{cohort}/slips")
    answer = browser.post(f"/manage/cohorts/{cohort}/slips.pdf", which="lacking")
    assert answer.mimetype == "application/pdf"
    from io import BytesIO

    with pikepdf.open(BytesIO(answer.get_data())) as pdf:
        assert str(pdf.Root.Lang) == "es"


def spanish(site: Site, **options: Any) -> Any:
    learner = site.learner(locale="es-MX", **options)
    learner.page.goto("/course")
    expect(learner.page.locator("html")).to_have_attribute("lang", "es")
    return learner


@pytest.mark.browser
class TestInABrowser:
    pytestmark = MARKS

    def test_what_scripts_say_is_translated(self, site: Site) -> None:
        learner = spanish(site)
        page: Page = learner.page
        page.goto("/tests/check:basics")
        page.get_by_role("button", name="Empezar").click()
        page.wait_for_url("**/attempts/*")
        item(page, "q-basics-07").locator(".choice input").first.check()
        expect(page.locator("#saved")).to_have_text("Todo guardado")
        expect(page.locator("#answered")).to_have_text(re.compile(r"1 de \d+ respondidas"))
        site.proxy.cut()
        item(page, "q-basics-07").locator(".choice input").last.check()
        expect(page.locator("#saved")).to_have_text(re.compile("Aún no guardado"), timeout=15000)
        site.proxy.restore()

    def test_nothing_scrolls_sideways_in_spanish_on_a_small_phone(self, site: Site) -> None:
        page: Page = spanish(site, viewport=PHONE).page
        for address in ("/course", "/course/about", "/account", "/tests/posttest", "/tests/check:basics", "/read/basics", "/evaluation", "/commitment", "/certificate", "/recall", "/verify", "/glossary", "/references"):
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
