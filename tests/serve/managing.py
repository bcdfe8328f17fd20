"""What tests of the coordinator's side share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from coursewright.serve.learning.attempts import Given, locked, save, submit
from coursewright.serve.learning.kept_forms import load_form
from coursewright.serve.learning.taking import start
from coursewright.serve.store.tables import Attempt, LogEntry, Person

from .ground import Browser, Service


def coordinator(service: Service, cohort: str | None = None, **values: Any) -> tuple[str, Browser]:
    """A coordinator of a cohort, and a browser that is signed in."""
    person = service.person("coordinator", cohort, username=f"c{service.clock().timestamp()}-{cohort}-{len(values)}", **values)
    return person, service.browser(person)


def administrator(service: Service) -> tuple[str, Browser]:
    """An administrator and a browser that is signed in."""
    person = service.person("administrator", username="root")
    return person, service.browser(person)


def logged(service: Service, action: str) -> list[LogEntry]:
    """The rows of the log about an action, in order."""
    with service.database.reading() as reading:
        return list(reading.execute(select(LogEntry).where(LogEntry.action == action).order_by(LogEntry.number)).scalars())


def final(service: Service) -> str:
    """The test that decides about credit."""
    assert service.library.final is not None
    return service.library.final.id


def attempted(service: Service, person: str, test: str = "", right: bool = True, submitted: bool = True) -> str:
    """An attempt of a learner with every answer given; its id. right: whether the answers are."""

    def work(session: Any) -> str:
        found = session.get(Person, person)
        attempt = start(session, service.settings, service.library, found, test or final(service), service.clock())
        form = load_form(session, attempt.form_id)
        if right:
            for keyed in form.keys.keyed:
                save(session, locked(session, attempt.id), form, keyed.question.id, Given(right_answer(keyed)), service.clock(), 20)
        if submitted:
            submit(session, locked(session, attempt.id), form, service.clock(), person)
        return str(attempt.id)

    return service.database.write(work)


def right_answer(keyed: Any) -> Any:
    """A response that earns all points of an item."""
    from coursewright.model.interaction import ChoiceKey, MatchKey, NumericKey, OrderKey, PanelKey, TextKey

    match keyed.key:
        case ChoiceKey(correct=correct):
            return correct
        case PanelKey() as key:
            return frozenset([next(iter(key.correct))])
        case MatchKey(pairs=pairs):
            return dict(pairs)
        case OrderKey() as key:
            return tuple(key.order)
        case NumericKey() as key:
            return str(key.value)
        case TextKey() as key:
            return key.accepted[0]
    raise AssertionError(keyed.key)


def attempt_of(service: Service, id_: str) -> Attempt:
    """An attempt as it is kept now."""
    with service.database.reading() as reading:
        found = reading.get(Attempt, id_)
        assert found is not None
        return found


def person_of(service: Service, id_: str) -> Person:
    """A person as kept now."""
    with service.database.reading() as reading:
        found = reading.get(Person, id_)
        assert found is not None
        return found
