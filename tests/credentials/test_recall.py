"""Recall after a week and a month: which items, and a calendar file that another program can read.

No reader of calendars but icalendar is installed with the tests, so its reading is joined by checks of RFC 5545 on the raw
bytes. By hand, a file was read by ical.js (npm) and vobject (PyPI), which found the same events and alarms.
"""

from __future__ import annotations

import datetime
import re
from fractions import Fraction

import icalendar
import pytest
from conftest import TINY
from gradebooks import book, choice_item, record
from lms_courses import course_of

from coursewright.model.course import Course
from coursewright.plan.gradebook import Adjustment, Sitting
from coursewright.plan.recall import Earned, Reminder, earned_by, plan_recall, weak_objectives
from coursewright.write.recall_calendar import recall_calendar

STAMP = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
DAY = datetime.date(2026, 11, 20)
URLS = ("https://ce.example.org/recall/abc?day=7", "https://ce.example.org/recall/abc?day=30")


def course(objectives: int = 3, items: int = 4, exam: int = 1, title: str = "Tiny") -> Course:
    """Objectives lo-1-1, lo-1-2 …, each with practice items p-1-1, p-1-2 … and exam items x-1-1 …"""
    named = [f"lo-1-{n}" for n in range(1, objectives + 1)]
    lines = [f"  - {{id: {id_}, text: 'List part {n}; then, more'}}" for n, id_ in enumerate(named, 1)]
    written = TINY["course/01-one.yaml"].replace("  - {id: lo-1-1, text: List the parts}", "\n".join(lines)).replace("objectives: [lo-1-1]", f"objectives: [{', '.join(named)}]")
    bank = "id: bank-one\nmodule: one\nitems:\n"
    for n, id_ in enumerate(named, 1):
        for pool, letter, count in (("practice", "p", items), ("exam", "x", exam)):
            for k in range(1, count + 1):
                bank += f"  - {{id: {letter}-{n}-{k}, type: true-false, pool: {pool}, objective: {id_}, section: part, stem: SECRET statement {n} {k}., answer: true, if_true: SECRET yes., if_false: SECRET no.}}\n"
    about = TINY["course/course.yaml"].replace("title: Tiny", f"title: {title}")
    return course_of({**TINY, "course/course.yaml": about, "course/01-one.yaml": written, "quizzes/banks/01-one.yaml": bank})


def earned(*shares: float) -> list[Earned]:
    """What was earned on exam item x-1-1, x-2-1 …"""
    return [Earned(f"x-{n}-1", f"lo-1-{n}", Fraction(share)) for n, share in enumerate(shares, 1)]


def objectives_of(reminder: Reminder) -> list[str]:
    return [id_.split("-")[1] for id_ in reminder.items]


def test_weak_objectives_come_first_and_the_weakest_before_all() -> None:
    found = plan_recall(course(), earned(0.5, 1, 0))
    assert weak_objectives(course(), earned(0.5, 1, 0)) == ("lo-1-3", "lo-1-1")
    assert [reminder.days for reminder in found] == [7, 30]
    for reminder in found:
        assert objectives_of(reminder)[:2] == ["3", "1"] and len(reminder.items) == 5


def test_the_two_reminders_ask_other_items_where_there_are_enough() -> None:
    first, second = plan_recall(course(objectives=3, items=4), earned(0.5, 1, 0))
    assert not set(first.items) & set(second.items)


def test_every_weak_objective_is_asked_both_times_even_if_it_has_one_item_alone() -> None:
    found = plan_recall(course(objectives=3, items=1), earned(0, 0, 1), most=2)
    assert [set(objectives_of(reminder)) for reminder in found] == [{"1", "2"}, {"1", "2"}]


def test_where_there_are_more_weak_objectives_than_places_those_left_out_come_first_next_time() -> None:
    first, second = plan_recall(course(objectives=7, items=2), earned(0, 0, 0, 0, 0, 0, 0))
    assert objectives_of(first) == ["1", "2", "3", "4", "5"] and objectives_of(second) == ["6", "7", "1", "2", "3"]
    assert not set(first.items) & set(second.items)


def test_no_item_of_the_exam_is_ever_asked() -> None:
    for reminder in plan_recall(course(items=1, exam=9), earned(0, 0, 0), most=50):
        assert all(id_.startswith("p-") for id_ in reminder.items) and len(reminder.items) == 3


def test_a_learner_who_knew_everything_is_still_asked_and_untested_objectives_before_the_rest() -> None:
    found = plan_recall(course(objectives=3), earned(1, 1))
    assert objectives_of(found[0]) == ["3", "1", "2", "3", "1"]


def test_missed_items_come_before_new_ones_and_new_ones_before_those_that_were_right() -> None:
    practised = [Earned("p-1-1", "lo-1-1", Fraction(1)), Earned("p-1-3", "lo-1-1", Fraction(0)), Earned("p-1-2", "lo-1-1", Fraction(1, 2))]
    (only,) = plan_recall(course(objectives=1), practised, days=(7,))
    assert only.items == ("p-1-3", "p-1-2", "p-1-4", "p-1-1")


def test_the_same_results_give_the_same_reminders_in_any_order_of_results() -> None:
    shares = earned(0.5, 0.5, 0.5)
    assert plan_recall(course(), shares) == plan_recall(course(), shares[::-1]) == plan_recall(course(), shares)


def test_no_reminder_asks_an_item_twice_or_too_many() -> None:
    for objectives in range(1, 7):
        for items in range(4):
            for most in (1, 2, 5):
                found = plan_recall(course(objectives, items), earned(*[n % 2 for n in range(objectives)]), most=most)
                assert all(len(set(r.items)) == len(r.items) == min(most, objectives * items) for r in found), (objectives, items, most)
    with pytest.raises(ValueError):
        plan_recall(course(), [], most=0)


def test_a_gradebook_gives_what_was_earned_and_withdrawn_items_say_nothing() -> None:
    made = record([choice_item("q-1"), choice_item("q-2"), choice_item("q-3")])
    (form,) = made.forms
    answers = {"q-1": frozenset("a"), "q-2": frozenset("b")}
    (graded,) = book(made, [Sitting(form, answers)], adjustments=(Adjustment("q-3", "withdraw", "unclear", "A", "2026-11-20T00:00:00Z"),)).graded
    assert earned_by(graded, made) == (Earned("q-1", "lo-1-1", Fraction(1)), Earned("q-2", "lo-1-1", Fraction(0)))


def calendar(made: Course | None = None, person: str = "7K2M-Q4XA", shares: tuple[float, ...] = (0.5, 1, 0)) -> bytes:
    about = made or course()
    return recall_calendar(about, plan_recall(about, earned(*shares)), URLS, person=person, completed_on=DAY, stamp=STAMP)


def test_a_calendar_holds_two_days_with_their_alarms_and_links() -> None:
    read = icalendar.Calendar.from_ical(calendar())
    first, second = read.walk("VEVENT")
    assert [event.decoded("dtstart") for event in (first, second)] == [datetime.date(2026, 11, 27), datetime.date(2026, 12, 20)]
    assert [event.decoded("dtend") for event in (first, second)] == [datetime.date(2026, 11, 28), datetime.date(2026, 12, 21)]
    for event, url in zip((first, second), URLS, strict=True):
        assert event["url"] == url and url in event["description"] and event["summary"] == "Recall: Tiny"
        assert event.decoded("dtstamp") == STAMP
        (alarm,) = event.walk("VALARM")
        assert alarm["action"] == "DISPLAY" and alarm.decoded("trigger") == datetime.timedelta(hours=9) and alarm["description"]
    assert "List part 3; then, more" in first["description"] and "5 questions" in first["description"]


def test_the_raw_file_keeps_the_rules_of_rfc_5545() -> None:
    data = calendar(course(title="'Übung, Teil; 1 – " + "sehr " * 20 + "lang'"))
    assert data.endswith(b"END:VCALENDAR\r\n") and data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert max(len(line) for line in data.split(b"\r\n")) <= 75
    unfolded = data.replace(b"\r\n ", b"").decode("utf-8").split("\r\n")
    assert "Übung\\, Teil\\; 1" in next(line for line in unfolded if line.startswith("SUMMARY:"))
    assert "List part 3\\; then\\, more\\n" in next(line for line in unfolded if line.startswith("DESCRIPTION:") and "questions" in line)
    assert all(re.match(r"[A-Z-]+(;[A-Z]+=[^:]+)?:", line) for line in unfolded if line)
    assert unfolded.count("BEGIN:VEVENT") == unfolded.count("BEGIN:VALARM") == unfolded.count("END:VEVENT") == 2
    assert unfolded.count("DTSTAMP:20261120T100000Z") == 2 and "DTSTART;VALUE=DATE:20261127" in unfolded and "VERSION:2.0" in unfolded


def test_a_file_made_again_replaces_its_events_and_another_learners_does_not() -> None:
    def uids(data: bytes) -> list[str]:
        return re.findall(r"UID:(\S+)", data.decode())

    assert uids(calendar()) == uids(calendar(shares=(1, 0, 0))) and len(set(uids(calendar()))) == 2
    assert not set(uids(calendar())) & set(uids(calendar(person="other")))
    assert calendar() == calendar()


def test_no_question_no_answer_and_no_learner_stands_in_a_calendar() -> None:
    text = calendar().replace(b"\r\n ", b"").decode()
    assert "SECRET" not in text and "7K2M" not in text and "p-1-1" not in text


def test_what_would_make_a_useless_or_harmful_calendar_is_refused() -> None:
    made = course()
    reminders = plan_recall(made, earned(0, 0, 0))
    for url in ("javascript:alert(1)", "https://x.example/\r\nATTACH:evil", "https://x.example/ a", ""):
        with pytest.raises(ValueError, match="address"):
            recall_calendar(made, reminders, (URLS[0], url), person="x", completed_on=DAY, stamp=STAMP)
    with pytest.raises(ValueError, match="time zone"):
        recall_calendar(made, reminders, URLS, person="x", completed_on=DAY, stamp=STAMP.replace(tzinfo=None))
    with pytest.raises(ValueError, match="nothing to recall"):
        recall_calendar(made, [Reminder(7, ()), Reminder(30, ())], URLS, person="x", completed_on=DAY, stamp=STAMP)
