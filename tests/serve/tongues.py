"""A catalog that marks every word it gives, and what pages show outside the marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from gettext import NullTranslations
from io import BytesIO
from typing import Any

from lxml import html
from werkzeug.exceptions import HTTPException

from .ground import Browser, Service
from .managing import attempted
from .test_leaks import answered

SPOKEN = ("aria-label", "alt", "title", "placeholder")
UNSPOKEN = frozenset({"script", "style", "code", "pre", "head"})
MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
LETTERS = re.compile(r"[A-Za-zÀ-ÿ]{2,}")


class Marked(NullTranslations):
    """Every message in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


def without_marks(text: str) -> str:
    """What is left of a text when each marked message is taken out, with what stands in it."""
    while "⟦" in text:
        shorter = MARKED.sub("", text)
        if shorter == text:
            return text
        text = shorter
    return text


def shown(data: bytes) -> Iterator[tuple[str, str]]:
    """The texts that the body of a page shows or says: (language, text). Its title may name a part of the course, and cannot say so."""
    for node in html.fromstring(data.decode("utf-8")).iter():
        if not isinstance(node.tag, str) or node.tag in UNSPOKEN or any(a.tag in UNSPOKEN for a in node.iterancestors()):
            continue
        spoken = _language(node)
        for name, value in node.attrib.items():
            if name in SPOKEN or (name.startswith("data-") and " " in value.strip()) or (name == "value" and node.get("type") in ("submit", "button")):
                yield spoken, value
        if node.text and node.tag != "textarea":
            yield spoken, node.text
        parent = node.getparent()
        if node.tail and parent is not None:
            yield _language(parent), node.tail


def _language(node: Any) -> str:
    for each in (node, *node.iterancestors()):
        if each.get("lang"):
            return str(each.get("lang"))
    return ""


def unmarked(data: bytes) -> list[str]:
    """Texts with letters in the language of the interface that no catalog gave."""
    spoken = html.fromstring(data.decode("utf-8")).get("lang", "")
    return [" ".join(text.split()) for code, text in shown(data) if code == spoken and LETTERS.search(without_marks(text))]


def misplaced(data: bytes) -> list[str]:
    """Texts of a catalog that say they are in the language of the course, or that nothing says the language of."""
    spoken = html.fromstring(data.decode("utf-8")).get("lang", "")
    return [" ".join(text.split()) for code, text in shown(data) if "⟦" in text and code != spoken]


def visit(service: Service, browser: Browser, starts: tuple[str, ...], most: int = 2) -> dict[str, bytes]:
    """The pages that links lead to, by address: of each kind of page no more than `most`. Downloads are left."""
    kinds: Counter[str] = Counter()
    found: dict[str, bytes] = {}
    waiting = list(starts)
    router = service.app.url_map.bind("localhost")
    while waiting:
        address = waiting.pop(0).partition("#")[0]
        if address in found or not address.startswith("/") or address.startswith(("//", "/static/")):
            continue
        try:
            kind = router.match(address.partition("?")[0])[0]
        except HTTPException:
            kind = "none"
        if kinds[kind] >= most:
            continue
        kinds[kind] += 1
        answer = browser.get(address)
        if answer.mimetype == "text/html" and answer.status_code not in (302, 303):
            found[address] = answer.data
            waiting += [link.get("href") for link in html.fromstring(answer.get_data(as_text=True)).iter("a") if link.get("href") and link.get("download") is None]
    return found


def world(service: Service, **options: Any) -> dict[str, bytes]:
    """Pages of strangers, a learner and an administrator, with much in them, by who and address. Names are in Greek letters."""
    cohort = service.cohort("Άνοιξη", opens_at=service.clock(), closes_at=service.clock() + timedelta(days=60))
    service.cohort("Θέρος")
    learner = service.person(cohort=cohort, given_name="Άννα", family_name="Ράη", learner_id="7", email="1@2.3", extra_minutes=5, extra_percent=10)
    other = service.person(cohort=cohort, given_name="Νίκη", family_name="Ράη", learner_id="8", started=False)
    attempted(service, other, submitted=False)
    for right in (False, True):
        attempted(service, service.person(cohort=cohort, given_name="Λίνα", family_name="Μη", learner_id=f"9{int(right)}"), right=right)
    found: dict[str, bytes] = {}

    def take(who: str, pages: dict[str, bytes]) -> None:
        found.update({f"{who} {address}": data for address, data in pages.items()})

    def enter(person: str | None = None) -> Browser:
        browser = service.browser(person)
        for name, value in options.items():
            browser.client.environ_base[name] = value
        return browser

    stranger = enter()
    take("stranger", visit(service, stranger, ("/", "/sign-in", "/staff", "/verify", "/nowhere", f"/s/{service.code(other)}")))
    take("refused", {"code": stranger.post("/sign-in", code="1").data, "number": stranger.post("/verify", q="1").data, "name": stranger.post("/staff", username="1", password="2").data})

    mine = enter(learner)
    take("new", visit(service, mine, ("/course", "/account", "/certificate", "/evaluation", "/commitment", "/recall"), 1))
    for test in ("pretest", "check:basics"):
        address = mine.start(test)
        answered(service, mine, address)
        if test == "check:basics":
            mine.post(f"{address}/save", then=re.search(r'name="then" value="(open:[^"]+)"', mine.get(address).get_data(as_text=True))[1])  # type: ignore[index]
        take(test, {page: mine.get(page).data for page in (address, f"{address}/submit")})
        mine.post(f"{address}/submit")
    attempted(service, learner)
    take("wrong", {page: mine.post(page, then="submit", minutes="x").data for page in ("/evaluation", "/commitment") if mine.get(page)})
    for page, fields in (("/evaluation", {"bias": "yes"}), ("/commitment", {"what-1": "α"})):
        mine.get(page)
        mine.post(page, fields, then="save")
    service.clock.turn(days=31)
    late = enter(learner)
    take("late", visit(service, late, ("/course", "/recall", "/glossary", "/references", "/account", "/certificate")))

    root = enter(service.person("administrator", username="root", given_name="Ρέα", family_name="Λω"))
    service.person("coordinator", username="mina", given_name="Μίνα", family_name="Λω")
    take("staff", visit(service, root, ("/manage", f"/manage/people/{learner}", "/manage/results", "/manage/staff", "/manage/log", "/manage/people?q=7", "/account")))
    (cohort_page,) = [f"/manage/cohorts/{cohort}"]
    root.get(cohort_page)
    roster = (BytesIO("given_name,family_name,learner_id\nΑ,Β,20\n,,\n".encode()), "roster.csv")
    take("roster", {"preview": root.post(f"{cohort_page}/roster", roster=roster).data})
    root.get(f"/manage/people/{learner}")
    take("problem", {"time": root.post(f"/manage/people/{learner}/time", extra_percent="x").data})
    return found
