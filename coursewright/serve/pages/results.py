"""Results of tests for staff: counts by cohort, live statistics, the items, and decisions about them."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from coursewright.plan import findings
from coursewright.plan.adjusting import standing
from coursewright.plan.gradebook_table import key_text
from coursewright.plan.statistics import Estimate, Value
from coursewright.serve import here
from coursewright.serve.language import _, ngettext
from coursewright.serve.learning.attempts import adjustments
from coursewright.serve.management import adjusting
from coursewright.serve.management.live import Live, live_statistics
from coursewright.serve.management.reach import learners as in_reach
from coursewright.serve.management.reach import named
from coursewright.serve.management.results import (
    WHICH,
    Scope,
    gradebook_of,
    kind_of,
    overview,
    resting_on_failed,
    scope_of,
    tests_of,
    with_names,
)
from coursewright.serve.security.access import page
from coursewright.serve.store.tables import Attempt, Person
from coursewright.write.analysis import facts, reasons, why


def span(value: Value, digits: int = 2) -> str:
    """A value with its interval, in the language of the reader."""
    to = _("to")
    return findings.span(value, digits).replace(" to ", f" {to} ")


WORDS = {function.__name__: function for function in (findings.two, findings.percent, span, findings.reading, why)}


def scope_asked(session: Session) -> tuple[Scope, Scope]:
    """What somebody may see, and what of it the address asks for (`?cohort=`)."""
    scope = scope_of(session, here.who())
    try:
        return scope, scope.narrowed(request.args.get("cohort", ""))
    except KeyError:
        return abort(404)


def test_asked(session: Session, scope: Scope, test: str) -> str:
    """A test that the course has, or that attempts in sight still know."""
    if test not in tests_of(session, here.library(), scope.ids):
        abort(404)
    return test


def which_asked(default: str = "first") -> str:
    """Which of several attempts of a learner count (`?which=`)."""
    which = request.args.get("which", default)
    return which if which in WHICH else default


@page("/manage/results", "coordinator")
def results() -> Any:
    """Each test: how many are at it, how many have passed, the mean; by cohort."""
    with here.database().reading() as reading:
        scope = scope_of(reading, here.who())
        found = overview(reading, here.library(), scope.ids)
    names = {cohort.id: cohort.name for cohort in scope.cohorts}
    return render_template("service/results/overview.html.j2", tests=found, names=names, percent=findings.percent)


@page("/manage/results/<test>", "coordinator")
def test(test: str) -> Any:
    """Live statistics by item and by objective, with what they mean."""
    library, which = here.library(), which_asked()
    with here.database().reading() as reading:
        scope, asked = scope_asked(reading)
        test_asked(reading, scope, test)
        live = live_statistics(reading, library, test, asked.ids, which)
        resting = resting_on_failed(reading, test, asked.ids)
        decided = with_names(reading, adjustments(reading, test))
    return render_template(
        "service/results/test.html.j2",
        test=test,
        title=library.title_of(test),
        kind=kind_of(library, test),
        scope=scope,
        asked=asked,
        which=which,
        live=live,
        resting=resting,
        decided=decided,
        key_text=key_text,
        facts=facts(live.analysis.tests[0]) if len(live.analysis.tests) == 1 and not live.analysis.alone else None,
        facts_of=facts,
        reasons=reasons(live.analysis),
        bars=_bars(live),
        suspects=len({f.number for f in live.findings if f.level == findings.CHECK}),
        **WORDS,
    )


def _bars(live: Live) -> list[tuple[int, int, int, float]]:
    """How scores are spread: from and to in percent, how many learners, and their share of the tallest bar."""
    counts = [0] * 10
    for percent in live.analysis.percents:
        counts[min(9, int(percent // 10))] += 1
    most = max(counts, default=0)
    return [(10 * n, 10 * n + 10, count, count / most if most else 0) for n, count in enumerate(counts)]


@page("/manage/results/<test>/learners", "coordinator")
def learners(test: str) -> Any:
    """The gradebook on a page."""
    which = which_asked("best")
    with here.database().reading() as reading:
        scope, asked = scope_asked(reading)
        test_asked(reading, scope, test)
        book = gradebook_of(reading, here.library(), test, asked.ids, which)
        found = reading.execute(select(Attempt.id, Attempt.kind, Attempt.source, Attempt.person_id).where(Attempt.test == test, Attempt.state == "submitted")).all()
        seen = set(reading.execute(in_reach(here.who()).with_only_columns(Person.id)).scalars())
    return render_template(
        "service/results/learners.html.j2",
        test=test,
        title=here.library().title_of(test),
        kind=kind_of(here.library(), test),
        scope=scope,
        asked=asked,
        which=which,
        book=book,
        sources={row.id: row.source if row.kind == "paper" else "" for row in found},
        owners={row.id: row.person_id for row in found if row.person_id in seen},
    )


@page("/manage/results/<test>/items/<item>", "coordinator")
def item(test: str, item: str) -> Any:
    """One item: what was asked, how each option drew, what the numbers mean, and what was decided."""
    return _item_page(test, item)


def _item_page(test: str, item: str, wish: adjusting.Wish | None = None, problem: str = "", status: int = 200) -> Any:
    library, which = here.library(), which_asked()
    with here.database().reading() as reading:
        scope, asked = scope_asked(reading)
        test_asked(reading, scope, test)
        met = adjusting.forms_met(reading, library, test)
        versions = [version for version in met.items.values() if version.id == item]
        if not versions:
            abort(404)
        live = live_statistics(reading, library, test, asked.ids, which)
        decided = with_names(reading, adjustments(reading, test))
        may = adjusting.may_decide(reading, scope, test)
    shown = render_template(
        "service/results/item.html.j2",
        test=test,
        title=library.title_of(test),
        item=item,
        stem=versions[-1].stem,
        version=versions[-1],
        scope=scope,
        asked=asked,
        which=which,
        seen=live.item(item),
        found=[finding for finding in live.findings if finding.item == item],
        decided=[decision for decision in decided if decision.item == item],
        stands=standing(decided, item),
        key_text=key_text,
        may=may,
        wish=wish,
        problem=problem,
        estimate=Estimate,
        **WORDS,
    )
    return shown, status


def _wish(item: str) -> adjusting.Wish:
    form = request.form
    return adjusting.Wish(item, form.get("action", ""), form.get("reason", "")[: 2 * adjusting.REASON], form.get("key", "")[:500])


def _refusal(error: adjusting.Refused) -> str:
    words = {
        "action": _("Choose what to do."),
        "reason": _("Write a reason, of 1,000 characters at most. It stands with the decision."),
        "reason-name": _("The reason stands for ever, also after a learner was erased, so it may name nobody."),
        "key": _("The key is not understood. Expected: %(expected)s.", expected=error.expected),
        "decided": _("This was decided already; nothing was changed."),
        "nothing-decided": _("Nothing was decided about this item, so there is nothing to take back."),
        "emptied": _("A form would have no item left."),
        "stale": _("Somebody else has decided about this test since you looked. Look at the preview again."),
    }
    return words.get(error.word, error.word)


def _may(session: Session, test: str) -> None:
    """Let pass who may decide about a test; others are told of no such page. Raises Refused for a reason that names a learner."""
    scope = scope_of(session, here.who())
    test_asked(session, scope, test)
    if not adjusting.may_decide(session, scope, test):
        abort(404)
    if named(session, here.who(), request.form.get("reason", "")):
        raise adjusting.Refused("reason-name")


@page("/manage/results/<test>/items/<item>/preview", "coordinator", methods=("POST",))
def preview(test: str, item: str) -> Any:
    """Who would move by a decision, before it is taken."""
    return _preview(test, item)


def _preview(test: str, item: str, note: str = "") -> Any:
    wish = _wish(item)
    try:
        with here.database().reading() as reading:
            _may(reading, test)
            plan = adjusting.preview(reading, here.library(), test, wish, here.who().id, here.now())
    except adjusting.Refused as error:
        if error.word == "item":
            abort(404)
        return _item_page(test, item, wish, _refusal(error), 200 if error.word in ("decided", "nothing-decided") else 422)
    return render_template("service/results/preview.html.j2", test=test, title=here.library().title_of(test), item=item, wish=wish, plan=plan, note=note, key_text=key_text)


@page("/manage/results/<test>/items/<item>/decide", "coordinator", methods=("POST",))
def decide(test: str, item: str) -> Any:
    """Take a decision: the item, every result that follows, and the log, or nothing of it."""
    wish, now, by = _wish(item), here.now(), here.who().id
    last = request.form.get("last", "")

    def work(writing: Session) -> tuple[int, int]:
        _may(writing, test)
        return adjusting.decide(writing, here.settings(), here.library(), test, wish, int(last) if last.isascii() and last.isdigit() and len(last) < 10 else -1, by, now)

    try:
        scores, moved = here.database().write(work)
    except adjusting.Refused as error:
        if error.word == "stale":
            return _preview(test, item, _refusal(error))
        if error.word == "item":
            abort(404)
        if error.word in ("decided", "nothing-decided"):  # sent twice
            flash(_refusal(error))
            return redirect(url_for("results.item", test=test, item=item), 303)
        return _item_page(test, item, wish, _refusal(error), 422)
    scored = ngettext("%(num)s score moved", "%(num)s scores moved", scores) % {"num": scores}
    flash(_("Decided. %(scores)s; results changed: %(results)s.", scores=scored, results=moved))
    return redirect(url_for("results.test", test=test), 303)
