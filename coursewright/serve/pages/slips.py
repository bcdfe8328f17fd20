"""Slips with personal codes, and links for letters. Codes are shown here this once: the database keeps hashes alone."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from coursewright.serve import here, language
from coursewright.serve.language import _, ngettext
from coursewright.serve.management import slips as management
from coursewright.serve.management.words import explained
from coursewright.serve.pages.cohorts import cohort_or_404, download
from coursewright.serve.security.access import app_secret, page
from coursewright.serve.store.tables import Cohort, Person
from coursewright.write.accreditation import csv_bytes


@page("/manage/cohorts/<cohort>/slips", "coordinator")
def slips(cohort: str) -> Any:
    """Whom codes are made for, and as what."""
    return _choose(cohort)


def _choose(cohort: str, problem: str = "") -> Any:
    with here.database().reading() as reading:
        found = cohort_or_404(reading, cohort)
        people = management.learners_of(reading, cohort)
        lacking = management.without_code(reading, cohort, here.now())
    unprintable = [person for person in people if management.printable(person) != person.name]
    which = request.form.get("which") or ("lacking" if lacking else "ticked")
    page_ = render_template(
        "service/manage/slips.html.j2", cohort=found, people=people, lacking=lacking, unprintable=unprintable, which=which, ticked=request.form.getlist("person"), problem=problem and explained(problem)
    )
    return page_, 400 if problem else 200


def _refused(cohort: str, people: list[Person]) -> Any:
    """The choice again, where it was of nobody or of too many."""
    return _choose(cohort, "all-have-codes" if not people and request.form.get("which", "lacking") == "lacking" else "chosen")


def _chosen(cohort: str) -> tuple[Cohort, list[Person]]:
    which = request.form.get("which", "lacking")
    with here.database().reading() as reading:
        found = cohort_or_404(reading, cohort)
        return found, management.chosen(reading, cohort, which, request.form.getlist("person"), here.now())


@page("/manage/cohorts/<cohort>/slips.pdf", "coordinator", methods=("POST",))
def slips_pdf(cohort: str) -> Any:
    """New codes for those chosen, on slips to cut out. The codes hold once the file is made."""
    found, people = _chosen(cohort)
    if not 0 < len(people) <= management.MOST:
        return _refused(cohort, people)
    return printed(people, f"cohort:{found.id}")


def printed(people: list[Person], subject: str) -> Any:
    """New codes of people as slips: laid out first, so that earlier codes hold on if that fails."""
    settings, now = here.settings(), here.now()
    made = management.make_slips(people, settings.base_url)
    words = {code: _words(code, settings.code_days) for code in {language.current(), *settings.languages}}
    data = management.slips_pdf(here.library(), made, settings.paper, settings.base_url, settings.code_days, words, language.current())
    here.database().write(lambda writing: management.keep_codes(writing, app_secret(), made, here.who().id, subject, now, settings.code_days))
    return download(data, "application/pdf", "slips.pdf")


def _words(code: str, days: int) -> dict[str, str]:
    with language.speaking(code):
        return {
            "title": _("Personal codes"),
            "qr": _("QR code of the personal link"),
            "how": _("Scan this with your phone. Or open the address below, and enter the code:"),
            "keep": ngettext("For you alone, and good for %(num)s day.", "For you alone, and good for %(num)s days.", days) % {"num": days},
        }


@page("/manage/cohorts/<cohort>/links.csv", "coordinator", methods=("POST",))
def links_csv(cohort: str) -> Any:
    """New codes for those chosen, as a table for letters and messages."""
    found, people = _chosen(cohort)
    if not 0 < len(people) <= management.MOST:
        return _refused(cohort, people)
    settings, now = here.settings(), here.now()
    made = management.make_slips(people, settings.base_url)
    here.database().write(lambda writing: management.keep_codes(writing, app_secret(), made, here.who().id, f"cohort:{found.id}", now, settings.code_days))
    rows = [(person.family_name, person.given_name, person.email, person.learner_id, slip.grouped, slip.link) for person, slip in zip(people, made, strict=True)]
    return download(csv_bytes(("family_name", "given_name", "email", "learner_id", "code", "link"), rows), "text/csv; charset=utf-8", "links.csv")
