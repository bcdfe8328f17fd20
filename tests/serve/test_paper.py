"""Results from paper: matched by id, taken in once, corrected by sheet, and hostile files refused by name and line."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from coursewright.build.administration import save_record, save_sittings
from coursewright.model.interaction import ChoiceKey
from coursewright.plan.form import plan_form
from coursewright.plan.gradebook import Sitting, grade
from coursewright.plan.record import DamagedRecord, Record, record_form, record_items, record_json
from coursewright.plan.sittings import sittings_json
from coursewright.serve.learning import events
from coursewright.serve.learning.kept_forms import load_form
from coursewright.serve.management import paper, paper_upload
from coursewright.serve.management.adjusting import Wish, decide
from coursewright.serve.management.erasure import erase
from coursewright.serve.management.paper import import_folder
from coursewright.serve.management.paper_upload import read_upload, unpack
from coursewright.serve.management.results import gradebook_of
from coursewright.serve.store import audit
from coursewright.serve.store.tables import Answer, Attempt, CertificateRow, Kept, LogEntry, Person, ResultRow

from .ground import Browser, Service, make_service
from .test_results import TEST, coordinator, given, learners, sit


def printed(service: Service, count: int = 3) -> Record:
    """Forms as they were printed."""
    library = service.library
    course, blueprint = library.course, library.tests[TEST]
    forms = [plan_form(course, blueprint, n) for n in range(1, count + 1)]
    made = {form.id: record_form(course, form) for form in forms}
    return Record(course.info.id, TEST, blueprint.title, items=record_items(course, library.numbering, *forms), forms=made)


def sitting(record: Record, n: int, rights: str, **values: object) -> Sitting:
    """A sheet: of learner `L0n`, on one of the forms."""
    form = sorted(record.forms)[n % len(record.forms)]
    responses = {item.id: given(item, mark == "1") for item, mark in zip(record.form_items(form), rights, strict=False) if mark != "-"}
    told = {"sheet": f"SHEET{n}", "learner_id": f"L{n:02d}", "given_name": f"Given{n}", "family_name": f"Family{n:02d}", "completed_at": "2026-03-01", **values}
    return Sitting(form, responses, **told)  # type: ignore[arg-type]


def zipped(*files: tuple[str, str | bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in files:
            pack.writestr(name, content)
    return data.getvalue()


def folder_of(record: Record, sittings: list[Sitting]) -> bytes:
    """The folder of an administration as a ZIP."""
    return zipped(("ward/record.jsonl", record_json(record)), ("ward/sittings.jsonl", sittings_json(sittings)), ("ward/print.pdf", b"%PDF"))


def send(browser: Browser, data: bytes, name: str = "Ward 3.zip") -> tuple[str, str]:
    """Upload; the page's words, and where its form leads."""
    browser.get("/manage/paper")
    answer = browser.post("/manage/paper", data={"files": (io.BytesIO(data), name)})
    page = answer.get_data(as_text=True)
    found = re.search(r'action="(/manage/paper/[a-z0-9]+)"', page)
    browser.token = (re.search(r'name="csrf_token" value="([^"]+)"', page) or [browser.token, browser.token])[1]
    return page, found[1] if found else ""


def take(browser: Browser, data: bytes) -> str:
    _, address = send(browser, data)
    assert address
    return browser.follow(browser.post(address)).get_data(as_text=True)


def rows(service: Service) -> list[tuple[str, str, str, str, bool | None]]:
    with service.database.reading() as reading:
        query = select(Attempt.sheet, Attempt.person_id, Attempt.state, ResultRow.earned, ResultRow.passed).join(ResultRow).where(Attempt.kind == "paper").order_by(Attempt.sheet, Attempt.number)
        return [tuple(row) for row in reading.execute(query)]  # type: ignore[misc]


def log_length(service: Service) -> int:
    with service.database.reading() as reading:
        return reading.scalar(select(func.count()).select_from(LogEntry)) or 0


def test_results_from_paper_stand_beside_those_of_the_web(tmp_path: Path, database_url: str) -> None:
    service = make_service(tmp_path, database_url)
    people = learners(service, service.cohort(), 4)
    sit(service, people[3], "11")
    record = printed(service)
    sheets = [sitting(record, 1, "11"), sitting(record, 2, "10"), sitting(record, 3, "0-", learner_id="L99"), sitting(record, 4, "11", pending=("page 2 is missing",))]
    told = []
    events.LISTENERS.submitted.append(lambda *all_: told.append(all_[3].person_id))
    try:
        browser = service.browser(service.person("administrator"))
        page, address = send(browser, folder_of(record, sheets))
        assert "Nothing is taken in yet" in page
        assert "page 2 is missing" in page
        assert "nobody that you look after has this id" in page
        assert rows(service) == []
        assert "2 results taken in" in browser.follow(browser.post(address)).get_data(as_text=True)
    finally:
        events.LISTENERS.submitted.pop()
    assert told == people[:2]
    assert [(sheet, person, passed) for sheet, person, _, _, passed in rows(service)] == [("SHEET1", people[0], True), ("SHEET2", people[1], False)]
    with service.database.reading() as reading:
        attempt = reading.execute(select(Attempt).where(Attempt.sheet == "SHEET1")).scalar_one()
        assert (attempt.kind, attempt.source, attempt.submitted_at.date().isoformat()) == ("paper", "Ward 3", "2026-03-01")  # type: ignore[union-attr]
        assert attempt.form_id.rpartition("-")[0] == sheets[0].form
        book = gradebook_of(reading, service.library, TEST, None, "all")
        on_paper = {g.sitting.learner_id: g for g in book.graded if g.sitting.completed_at == "2026-03-01"}
        assert {g.sitting.learner_id: g.earned for g in grade("paper", record, sheets[:2]).graded} == {id_: g.earned for id_, g in on_paper.items()}
        assert {answered.version for g in on_paper.values() for answered in g.answered} <= set(record.items)  # the versions of the web: counted together
        assert not list(audit.verify(reading))
    service.database.close()


def test_the_same_upload_twice_and_the_same_confirmation_twice_change_nothing(service: Service) -> None:
    learners(service, service.cohort(), 2)
    record = printed(service)
    data = folder_of(record, [sitting(record, 1, "11"), sitting(record, 2, "10")])
    browser = service.browser(service.person("administrator"))
    _, address = send(browser, data)
    token = browser.token
    browser.post(address)
    before, logged = rows(service), log_length(service)
    browser.token = token
    again = browser.follow(browser.post(address)).get_data(as_text=True)
    assert "taken in already" in again
    page, _ = send(browser, data)
    assert "Take in" not in page
    assert "as it was" in page
    assert (rows(service), log_length(service)) == (before, logged)


def test_a_corrected_upload_replaces_the_answers_of_the_same_sheet_and_the_log_keeps_what_was(service: Service) -> None:
    people = learners(service, service.cohort(), 2)
    record = printed(service)
    browser = service.browser(service.person("administrator"))
    take(browser, folder_of(record, [sitting(record, 1, "11")]))
    take(browser, folder_of(record, [sitting(record, 1, "0-")]))
    assert [row[1:] for row in rows(service)] == [(people[0], "submitted", "0", False)]
    with service.database.reading() as reading:
        entry = reading.execute(select(LogEntry).where(LogEntry.action == "paper result corrected")).scalar_one()
        answers = reading.execute(select(Answer)).scalars().all()
    assert (entry.before or {})["passed"] is True
    assert (entry.after or {})["passed"] is False
    assert (entry.before or {})["answers"] != (entry.after or {})["answers"]
    assert len(answers) == 1
    assert not any(answer.response in json.dumps([entry.before, entry.after]) for answer in answers)
    take(browser, folder_of(record, [sitting(record, 1, "11", learner_id="L02")]))  # the sheet was somebody else's
    assert [(person, state) for _, person, state, _, _ in rows(service)] in ([(people[0], "void"), (people[1], "submitted")], [(people[1], "submitted"), (people[0], "void")])


def test_a_retake_without_sheets_stands_beside_the_earlier_sitting_and_a_corrected_table_replaces_it(service: Service) -> None:
    cohort = service.cohort()
    learners(service, cohort, 1)
    browser, record = service.browser(coordinator(service, cohort)), printed(service, 1)

    def table(name: str, rights: str, day: str) -> str:
        page, address = send(browser, folder_of(record, [sitting(record, 1, rights, sheet="", completed_at=day)]), f"{name}.zip")
        browser.follow(browser.post(address))
        return page

    def kept() -> list[tuple[str, str, str]]:
        with service.database.reading() as reading:
            rows = reading.execute(select(Attempt).where(Attempt.kind == "paper", Attempt.state == "submitted").order_by(Attempt.number)).scalars()
            return [(row.source, row.submitted_at.date().isoformat(), reading.get(ResultRow, row.id).earned) for row in rows]  # type: ignore[union-attr]

    table("February", "0000", "2026-02-01")
    table("March", "1111", "2026-03-01")
    both = kept()
    assert [(source, day) for source, day, _ in both] == [("February", "2026-02-01"), ("March", "2026-03-01")] and both[0][2] == "0" != both[1][2]
    table("March again", "1111", "2026-03-01")
    assert kept() == both, "the same day and answers are the same sitting under any name"
    table("March", "1111", "2026-02-28")
    assert kept() == [both[0], ("March", "2026-02-28", both[1][2])], "a corrected day"


def test_a_certificate_on_a_sheet_that_turns_out_to_be_somebody_elses_is_named_before_it_is_moved(service: Service) -> None:
    cohort = service.cohort()
    people = learners(service, cohort, 2)
    browser, record = service.browser(coordinator(service, cohort)), printed(service, 1)
    take(browser, folder_of(record, [sitting(record, 1, "1" * 20)]))
    ((_, _, _, _, _),) = rows(service)
    with service.database.reading() as reading:
        attempt = reading.execute(select(Attempt.id).where(Attempt.kind == "paper")).scalar_one()
    row = CertificateRow(serial="AAAA-BBBB-CCCC", person_id=people[0], attempt_id=attempt, statement={}, token="t", issued_at=service.clock())
    service.database.write(lambda session: session.add(row))
    page, _ = send(browser, folder_of(record, [sitting(record, 1, "1" * 20, learner_id="L02")]))
    assert "Certificate AAAA-BBBB-CCCC rests on the attempt that would count no more" in page


def test_paper_that_is_taken_in_during_a_decision_is_graded_by_it(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = make_service(tmp_path, database_url)
    cohort = service.cohort()
    learners(service, cohort, 2)
    record = printed(service, 1)
    item = record.form_items(min(record.forms))[0].id
    browser, admin = service.browser(coordinator(service, cohort)), service.person("administrator")
    take(browser, folder_of(record, [sitting(record, 1, "0" * 20)]))
    deciding = threading.Thread(target=lambda: service.database.write(lambda s: decide(s, service.settings, service.library, TEST, Wish(item, "withdraw", "why"), 0, admin, service.clock())))
    real = paper.adjustments

    def slow(*told: object) -> object:
        found = real(*told)  # type: ignore[arg-type]
        if not deciding.is_alive():
            deciding.start()
            deciding.join(1)  # it has to wait for us; where it need not, it is done by then
        return found

    _, address = send(browser, folder_of(record, [sitting(record, 2, "0" * 20)]))
    monkeypatch.setattr(paper, "adjustments", slow)
    browser.post(address)
    deciding.join()
    with service.database.reading() as reading:
        kept = sorted(reading.execute(select(ResultRow.possible)).scalars())
        book = sorted(str(graded.possible) for graded in gradebook_of(reading, service.library, TEST, None, "all").graded)
    assert kept == book and len(kept) == 2
    service.database.close()


def test_keys_that_are_not_the_courses_are_named_before_and_in_the_log(service: Service) -> None:
    cohort = service.cohort()
    learners(service, cohort, 1)
    browser, record = service.browser(coordinator(service, cohort)), printed(service, 1)
    version, item = next((version, item) for version, item in record.items.items() if isinstance(item.key, ChoiceKey) and len(item.key.correct) == 1)
    other = replace(record, items={**record.items, version: replace(item, key=ChoiceKey(frozenset([next(a.id for a in item.interaction.alternatives if a.id not in item.key.correct)])))})  # type: ignore[union-attr]
    assert "another key" not in send(browser, folder_of(record, [sitting(record, 1, "11")]))[0]
    page, address = send(browser, folder_of(other, [sitting(other, 1, "11")]))
    assert "another key in this file than in the course" in page and item.id in page
    browser.post(address)
    with service.database.reading() as reading:
        (after,) = reading.execute(select(LogEntry.after).where(LogEntry.action == "paper taken in")).scalars()
    assert after is not None and after["other_keys"] == [item.id]


def test_an_administration_is_named_after_no_learner_and_an_erased_one_waits_in_no_upload(service: Service) -> None:
    cohort = service.cohort()
    (person,) = learners(service, cohort, 1)
    browser, record = service.browser(coordinator(service, cohort)), printed(service, 1)
    data = folder_of(record, [sitting(record, 1, "11")])
    assert "may name nobody" in send(browser, data, "Given1 Family01.zip")[0]
    assert send(browser, data)[1]
    service.database.write(lambda session: erase(session, session.get(Person, person), "x", service.clock()))  # type: ignore[arg-type]
    with service.database.reading() as reading:
        assert reading.execute(select(Kept.name).where(Kept.name.like("paper:%"))).all() == []


def test_a_coordinator_takes_in_own_learners_alone(service: Service) -> None:
    mine, other = service.cohort("Mine"), service.cohort("Other")
    people = learners(service, mine, 1)
    learners(service, other, 1, first=2)
    record = printed(service)
    browser = service.browser(coordinator(service, mine))
    data = folder_of(record, [sitting(record, 1, "11"), sitting(record, 2, "11")])
    page, address = send(browser, data)
    assert "nobody that you look after has this id" in page
    foreign = service.browser(coordinator(service, other, name="other"))
    assert foreign.post(address).status_code == 404
    assert "1 result taken in" in browser.follow(browser.post(address)).get_data(as_text=True)
    assert [row[1] for row in rows(service)] == people


def test_a_sheet_of_an_item_that_was_rewritten_keeps_its_words_and_its_key(service: Service) -> None:
    """The record names an item as it was printed; the course of today has another version of it."""
    learners(service, service.cohort(), 1)
    record = printed(service, 1)
    version, item = next(iter(record.items.items()))
    text = record_json(record).replace(version, f"{item.id}@0ld0ld00").replace(json.dumps(item.stem, ensure_ascii=False)[1:-1], "Older *words*: 1. _which_ <b>?")
    old = zipped(("record.jsonl", text), ("sittings.jsonl", sittings_json([sitting(record, 1, "11")])))
    take(service.browser(service.person("administrator")), old)
    with service.database.reading() as reading:
        kept = load_form(reading, reading.scalar(select(Attempt.form_id)) or "")
    stored = next(i for i in kept.items if i.id == item.id)
    assert stored.stem == "Older *words*: 1. _which_ <b>?"
    assert next(a for a in kept.sheet.asked if a.question.id == item.id).question.stem.plain == "Older *words*: 1. _which_ <b>?"
    assert [row[4] for row in rows(service)] == [True]


def test_a_folder_is_taken_in_from_the_command_line(service: Service, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from coursewright.serve.management.paper_command import paper_command

    learners(service, service.cohort(), 2)
    record, folder = printed(service), tmp_path / "ward-3"
    folder.mkdir()
    command = paper_command(lambda: service.app)
    assert "run grade first" in CliRunner().invoke(command, [str(folder)]).output
    save_record(folder, record)
    save_sittings(folder, (sitting(record, 1, "11"), sitting(record, 2, "10"), sitting(record, 3, "11")))
    made = import_folder(service.app, folder, "command line")
    assert made.counts == {"new": 2, "unknown": 1}
    output = CliRunner().invoke(command, [str(folder)])
    assert output.output.splitlines() == ["2 as they were", "1 left aside: nobody has that learner_id"]
    with service.database.reading() as reading:
        assert set(reading.execute(select(Attempt.source)).scalars()) == {"ward-3"}


def bomb() -> bytes:
    return zipped(("record.jsonl", b" " * (paper_upload.MOST_BYTES + 1)), ("sittings.jsonl", b""))


HOSTILE: dict[str, tuple[Callable[[str, str], bytes], str]] = {
    "a ZIP bomb": (lambda r, s: bomb(), "larger than 10 MB when unpacked"),
    "a path that leads out": (lambda r, s: zipped(("../record.jsonl", r), ("sittings.jsonl", s)), "path that leads out"),
    "an absolute path": (lambda r, s: zipped(("/record.jsonl", r), ("sittings.jsonl", s)), "path that leads out"),
    "a Windows path": (lambda r, s: zipped(("..\\record.jsonl", r), ("sittings.jsonl", s)), "path that leads out"),
    "two records": (lambda r, s: zipped(("a/record.jsonl", r), ("b/record.jsonl", r), ("sittings.jsonl", s)), "sent twice"),
    "no record": (lambda r, s: zipped(("sittings.jsonl", s)), "record.jsonl is missing"),
    "half a ZIP": (lambda r, s: zipped(("record.jsonl", r), ("sittings.jsonl", s))[:200], "not a ZIP"),
    "not UTF-8": (lambda r, s: zipped(("record.jsonl", r.encode() + b"\xff\n"), ("sittings.jsonl", s)), "this is not UTF-8"),
    "another kind of file": (lambda r, s: b"MZ\x90", "neither record.jsonl nor sittings.jsonl"),
    "deep nesting": (lambda r, s: zipped(("record.jsonl", r + "[" * 100_000), ("sittings.jsonl", s)), "is damaged"),
    "an endless number": (lambda r, s: zipped(("record.jsonl", re.sub(r'"points": "\d+"', '"points": "1e999999999"', r)), ("sittings.jsonl", s)), "line 2 is damaged"),
    "a division by nothing": (lambda r, s: zipped(("record.jsonl", re.sub(r'"points": "\d+"', '"points": "1/0"', r)), ("sittings.jsonl", s)), "line 2 is damaged"),
    "a NUL": (lambda r, s: zipped(("record.jsonl", r.replace('"stem": "', '"stem": "\\u0000', 1)), ("sittings.jsonl", s)), "line 2 is damaged"),
    "half a character": (lambda r, s: zipped(("record.jsonl", r.replace('"stem": "', '"stem": "\\ud800', 1)), ("sittings.jsonl", s)), "line 2 is damaged"),
    "a key of another kind": (lambda r, s: zipped(("record.jsonl", r.replace('"key": {"kind": "choice"', '"key": {"kind": "order", "order": []', 1)), ("sittings.jsonl", s)), "key of another kind"),
    "an answer that is no option": (lambda r, s: zipped(("record.jsonl", r), ("sittings.jsonl", s.replace('{"choice": ["', '{"choice": ["zz', 1))), "sittings.jsonl, line 1"),
    "a form that was not printed": (lambda r, s: zipped(("record.jsonl", r), ("sittings.jsonl", s.replace('"form": "', '"form": "x', 1))), "sittings.jsonl, line 1"),
    "another course": (lambda r, s: zipped(("record.jsonl", r.replace('"course": "', '"course": "x', 1)), ("sittings.jsonl", s)), "of another course"),
    "another test": (lambda r, s: zipped(("record.jsonl", r.replace(f'"test": "{TEST}"', '"test": "x"', 1)), ("sittings.jsonl", s)), "does not have"),
    "a day that is none": (lambda r, s: zipped(("record.jsonl", r), ("sittings.jsonl", s.replace("2026-03-01", "soon"))), "sittings.jsonl, line 1 is damaged"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_by_name_and_line(service: Service, name: str) -> None:
    learners(service, service.cohort(), 1)
    record = printed(service)
    make, said = HOSTILE[name]
    data = make(record_json(record), sittings_json([sitting(record, 1, "11")]))
    page, address = send(service.browser(service.person("administrator")), data, "upload.zip")
    assert said in page
    assert not address
    assert "Traceback" not in page
    with service.database.reading() as reading:
        assert reading.scalar(select(func.count()).select_from(Kept).where(Kept.name.like("paper:%"))) == 0


def test_fifty_megabytes_are_refused_before_they_are_read(service: Service) -> None:
    browser = service.browser(service.person("administrator"))
    browser.get("/manage/paper")
    assert browser.post("/manage/paper", data={"files": (io.BytesIO(b"x" * 50_000_000), "record.jsonl")}).status_code == 413


def test_another_form_under_the_id_of_one_that_is_kept_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    learners(service, service.cohort(), 2)
    record = printed(service, 1)
    monkeypatch.setattr("coursewright.serve.learning.kept_forms._digest", lambda content: "00000000")
    browser = service.browser(service.person("administrator"))
    take(browser, folder_of(record, [sitting(record, 1, "11")]))
    changed = record_json(record).replace('"percent": "80"', '"percent": "1"')
    assert changed != record_json(record)
    _, address = send(browser, zipped(("record.jsonl", changed), ("sittings.jsonl", sittings_json([sitting(record, 2, "11")]))))
    answer = browser.post(address)
    assert answer.status_code == 422
    assert "kept as" in answer.get_data(as_text=True)
    assert len(rows(service)) == 1


def test_what_the_engine_writes_is_always_taken(service: Service) -> None:
    record = printed(service)
    upload = unpack([("record.jsonl", record_json(record).encode()), ("sittings.jsonl", sittings_json([sitting(record, n, "1-") for n in range(1, 5)]).encode())])
    read, sittings = read_upload(upload)
    assert (read, len(sittings)) == (record, 4)
    with pytest.raises(DamagedRecord, match="missing"):
        unpack([("sittings.jsonl", b"")])
