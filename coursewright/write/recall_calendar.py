"""Reminders as a calendar file (RFC 5545): an all-day event each, with an alarm in the morning and a link to the questions.

The file says which objectives are asked about, never a question, an option or an answer: calendars are shared.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Sequence

from icalendar import Alarm, Calendar, Event

from coursewright.model.course import Course
from coursewright.plan.recall import Reminder

PRODUCT = "-//Coursewright//Recall//EN"
MORNING = datetime.timedelta(hours=9)  # of the day of the event, wherever the learner is


def recall_calendar(course: Course, reminders: Sequence[Reminder], urls: Sequence[str], *, person: str, completed_on: datetime.date, stamp: datetime.datetime) -> bytes:
    """The calendar file. urls: one for each reminder. person: a serial number or id; it decides the UIDs, and does not stand in them.

    A file made again for the same course, person and days replaces the events of the earlier one. stamp: when the file is made.
    Reminders without items are left out. Raises ValueError where none is left, for a stamp without a time zone and for a
    URL that is none.
    """
    if stamp.tzinfo is None:
        raise ValueError("the moment at which a calendar is made needs a time zone")
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    kept = [(reminder, url) for reminder, url in zip(reminders, urls, strict=True) if reminder.items]
    if not kept:
        raise ValueError("there is nothing to recall: the course has no practice items that belong to an objective")
    for reminder, url in kept:
        calendar.add_component(_event(course, reminder, url, person, completed_on, stamp.astimezone(datetime.UTC)))
    return bytes(calendar.to_ical())


def _event(course: Course, reminder: Reminder, url: str, person: str, completed_on: datetime.date, stamp: datetime.datetime) -> Event:
    if not re.fullmatch(r"https?://[!-~]+", url):
        raise ValueError(f"{url!r} is not an address that a calendar can link to")
    day = completed_on + datetime.timedelta(days=reminder.days)
    summary = f"Recall: {course.info.title}"
    event = Event()
    event.add("uid", _uid(course.info.id, person, reminder.days))
    event.add("dtstamp", stamp)
    event.add("dtstart", day)
    event.add("dtend", day + datetime.timedelta(days=1))
    event.add("summary", summary)
    event.add("description", _description(reminder, url))
    event.add("url", url)
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", MORNING)
    event.add_component(alarm)
    return event


def _description(reminder: Reminder, url: str) -> str:
    count = len(reminder.items)
    about = "\n".join(f"• {words}" for words in reminder.objectives)
    return f"{count} question{'' if count == 1 else 's'}, {reminder.days} days after you finished the course. They ask whether you can still:\n{about}\n\n{url}"


def _uid(course: str, person: str, days: int) -> str:
    return f"{hashlib.sha256(chr(0).join((course, person, str(days))).encode()).hexdigest()[:32]}@coursewright"
