"""What staff take out of the service: gradebooks, statistics as tables, score reports, learner records, certificates."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask.wrappers import Response
from werkzeug.utils import secure_filename

from coursewright.serve import here
from coursewright.serve.language import _
from coursewright.serve.management import records as taken
from coursewright.serve.management.live import compute
from coursewright.serve.management.results import Scope, gradebook_of
from coursewright.serve.pages.results import scope_asked, test_asked, which_asked
from coursewright.serve.security.access import page
from coursewright.write.analysis import tables

CSV, PDF, ZIP = "text/csv; charset=utf-8", "application/pdf", "application/zip"
PIECE = 1 << 16


def download(content: bytes | Iterator[bytes], name: str, kind: str) -> Response:
    """A response that browsers save under a name."""
    response: Response = current_app.response_class(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{secure_filename(name)}"'
    return response


def note(what: str, rows: int, asked: Scope, test: str = "") -> None:
    """Tell the log, before anything leaves."""
    cohort = "" if asked.everything else ",".join(each.id for each in asked.cohorts)
    now, by = here.now(), here.who().id
    here.database().write(lambda writing: taken.exported(writing, now, by, what, rows, test, cohort))


@page("/manage/records", "coordinator")
def records() -> Any:
    """What can be taken out of certificates and learner records."""
    with here.database().reading() as reading:
        scope, asked = scope_asked(reading)
        found = taken.holders(reading, here.library(), asked.ids)
        ready = taken.certificates_of(reading, asked.ids)
    consenting = sum(holder.learner.consent_to_report for holder in found)
    licensed = sum(bool(holder.learner.consent_to_report and holder.learner.license_id) for holder in found)
    return render_template("service/results/records.html.j2", scope=scope, asked=asked, ready=ready, holders=len(found), consenting=consenting, licensed=licensed)


@page("/manage/records/neutral.csv", "coordinator")
def neutral() -> Any:
    """Learner records to map from, of those who agreed to be reported."""
    return _neutral("learner-records", consenting=True)


@page("/manage/records/all.csv", "coordinator")
def everyone() -> Any:
    """The same of all who hold a certificate, for the provider's own files."""
    return _neutral("learner-records-all", consenting=False)


def _neutral(what: str, consenting: bool) -> Response:
    with here.database().reading() as reading:
        _, asked = scope_asked(reading)
        found = taken.holders(reading, here.library(), asked.ids)
    data, rows = taken.neutral_csv(here.library(), found, consenting)
    note(what, rows, asked)
    return download(data, f"{what}.csv", CSV)


@page("/manage/records/ce-broker.csv", "coordinator")
def ce_broker() -> Any:
    """The columns of CE Broker's upload."""
    with here.database().reading() as reading:
        _, asked = scope_asked(reading)
        found = taken.holders(reading, here.library(), asked.ids)
    data, rows = taken.ce_broker_csv(here.library(), found)
    note("ce-broker", rows, asked)
    return download(data, "ce-broker.csv", CSV)


@page("/manage/records/certificates.zip", "coordinator")
def certificates() -> Any:
    """Every certificate in force, as PDF, in one ZIP. Those that nobody has asked for yet are made now."""
    from coursewright.build.signing import KeyFault
    from coursewright.serve.credit.printing import bulk

    with here.database().reading() as reading:
        _scope, asked = scope_asked(reading)
        ready = taken.certificates_of(reading, asked.ids)
    if not ready.serials:
        flash(_("There is no certificate yet."))
        return redirect(url_for("records.records", cohort=None if asked.everything else _only(asked)), 303)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been sent
    try:
        count = 0
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:
            for name, data in bulk(here.database(), ready.serials):
                pack.writestr(name, data)
                count += 1
    except KeyFault:
        file.close()
        current_app.logger.exception("the signing key cannot be used")
        flash(_("The certificates cannot be signed now: the signing key of the service cannot be used. Tell who runs it."))
        return redirect(url_for("records.records"), 303)
    except BaseException:
        file.close()
        raise
    note("certificates", count, asked)
    return download(_pieces(file), "certificates.zip", ZIP)


def _only(asked: Scope) -> str | None:
    return asked.cohorts[0].id if len(asked.cohorts) == 1 else None


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


@page("/manage/results/<test>/gradebook.csv", "coordinator")
def gradebook(test: str) -> Any:
    """The gradebook, as `grade` lays it down."""
    with here.database().reading() as reading:
        scope, asked = scope_asked(reading)
        test_asked(reading, scope, test)
        book = gradebook_of(reading, here.library(), test, asked.ids, which_asked("best"))
    note("gradebook", len(book.graded), asked, test)
    return download(taken.gradebook_csv(book), f"gradebook-{test}.csv", CSV)


@page("/manage/results/<test>/tables/<name>", "coordinator")
def table(test: str, name: str) -> Any:
    """The tables of `analyze`: items.csv, history.csv, and gains.csv where there is a pre-test."""
    with here.database().reading() as reading:
        scope, asked = scope_asked(reading)
        test_asked(reading, scope, test)
        live = compute(reading, here.library(), test, asked.ids, which_asked())
    found = tables(live.analysis).get(name)
    if found is None:
        return abort(404)
    note(name.removesuffix(".csv"), live.analysis.n, asked, test)
    return download(found, f"{test}-{name}", CSV)


@page("/manage/results/<test>/reports.pdf", "coordinator")
def reports(test: str) -> Any:
    """A score report a learner, in one file for the printer: no key and no answer is in it."""
    with here.database().reading() as reading:
        scope, asked = scope_asked(reading)
        test_asked(reading, scope, test)
        book = gradebook_of(reading, here.library(), test, asked.ids, which_asked("best"))
    if not book.graded or len(book.graded) > taken.MOST_REPORTS:
        flash(_("Nobody has handed in this test yet.") if not book.graded else _("These are more than %(most)s reports: choose one cohort.", most=taken.MOST_REPORTS))
        return redirect(url_for("results.learners", test=test), 303)
    data = taken.score_reports(here.library(), book, here.settings().paper)
    note("score-reports", len(book.graded), asked, test)
    return download(data, f"score-reports-{test}.pdf", PDF)
