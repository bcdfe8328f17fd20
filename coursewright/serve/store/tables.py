"""The tables. Moments are UTC; ids are random, so that none can be guessed from another."""

from __future__ import annotations

import datetime
import secrets
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime.datetime]):
    """A moment as `2026-11-25T16:49:58.123Z`: the same text in every database, and in order as text."""

    impl = String(24)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else moment_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime.datetime | None:
        return None if value is None else datetime.datetime.fromisoformat(value)


def moment_text(value: datetime.datetime) -> str:
    """A moment to the millisecond, in UTC."""
    return value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def new_id() -> str:
    """80 random bits as 16 letters and digits."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(16))


class Table(DeclarativeBase):
    """What all tables share."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON, datetime.datetime: Moment}


Id = String(32)


class Person(Table):
    """Someone who can sign in. `roster`: the further columns of the roster row that named this person. erased_at: names are gone."""

    __tablename__ = "person"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    role: Mapped[str] = mapped_column(String(16))
    given_name: Mapped[str] = mapped_column(Text, default="")
    family_name: Mapped[str] = mapped_column(Text, default="")
    learner_id: Mapped[str] = mapped_column(String(200), default="", index=True)
    email: Mapped[str] = mapped_column(String(320), default="")
    roster: Mapped[dict[str, Any]] = mapped_column(default=dict)
    extra_minutes: Mapped[int] = mapped_column(default=0)
    extra_percent: Mapped[int] = mapped_column(default=0)
    language: Mapped[str] = mapped_column(String(16), default="")
    username: Mapped[str | None] = mapped_column(String(200), unique=True)
    password: Mapped[str] = mapped_column(String(300), default="")
    second_factor: Mapped[str] = mapped_column(String(300), default="", server_default=text("''"))
    second_factor_step: Mapped[int] = mapped_column(default=0, server_default="0")
    started_at: Mapped[datetime.datetime | None]
    created_at: Mapped[datetime.datetime]
    erased_at: Mapped[datetime.datetime | None]

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip() or self.learner_id or self.id


class AccessCode(Table):
    """A personal code, of which only a keyed hash is kept. A person's older codes end when a new one is made."""

    __tablename__ = "access_code"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime.datetime]
    expires_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    used_at: Mapped[datetime.datetime | None]


class Identity(Table):
    """Who a person is to somebody else: an OpenID provider or an LTI platform."""

    __tablename__ = "identity"

    issuer: Mapped[str] = mapped_column(String(400), primary_key=True)
    subject: Mapped[str] = mapped_column(String(300), primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime.datetime]


class SignedIn(Table):
    """A session. Its token is kept as a hash alone."""

    __tablename__ = "signed_in"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime.datetime]
    seen_at: Mapped[datetime.datetime]
    expires_at: Mapped[datetime.datetime]


class Cohort(Table):
    """People who take the course together."""

    __tablename__ = "cohort"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    opens_at: Mapped[datetime.datetime | None]
    closes_at: Mapped[datetime.datetime | None]
    created_at: Mapped[datetime.datetime]


class Member(Table):
    """Someone's place in a cohort: a learner's, or that of a coordinator who looks after it."""

    __tablename__ = "member"

    cohort_id: Mapped[str] = mapped_column(Id, ForeignKey("cohort.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), primary_key=True, index=True)
    joined_at: Mapped[datetime.datetime]


class StoredItem(Table):
    """An item as it was asked: question, key, rationales. What is asked is never changed by a later edit of the course."""

    __tablename__ = "stored_item"

    version: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[dict[str, Any]]


class StoredForm(Table):
    """A form as it was drawn: its items in order with the order of their options, its cases and its cut rule."""

    __tablename__ = "stored_form"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    test: Mapped[str] = mapped_column(String(200), index=True)
    content: Mapped[dict[str, Any]]


class Counter(Table):
    """Numbers that are given out once each: the next form of a test."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    value: Mapped[int]


class Attempt(Table):
    """One person at one test (or knowledge check), on one form. state: open, submitted, or void. sheet: the code of a paper's answer sheet.

    A person has one open attempt at a test at most, and each number once: the database sees to it.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("person_id", "test", "number"),
        Index("one_open_attempt", "person_id", "test", unique=True, sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
        Index("attempts_by_test", "test", "state"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    cohort_id: Mapped[str | None] = mapped_column(Id, ForeignKey("cohort.id"), index=True)
    test: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))  # test, check, paper
    number: Mapped[int]
    form_id: Mapped[str] = mapped_column(String(200), ForeignKey("stored_form.id"))
    state: Mapped[str] = mapped_column(String(16), default="open")
    source: Mapped[str] = mapped_column(String(200), default="web")
    sheet: Mapped[str] = mapped_column(String(64), default="")
    started_at: Mapped[datetime.datetime]
    ends_at: Mapped[datetime.datetime | None]
    submitted_at: Mapped[datetime.datetime | None]


class Answer(Table):
    """What was given to one item. `revision` counts the saves, so that two devices cannot overwrite each other unseen.

    opened_at: when its key was shown (knowledge checks): from then on it cannot be changed.
    """

    __tablename__ = "answer"

    attempt_id: Mapped[str] = mapped_column(Id, ForeignKey("attempt.id"), primary_key=True)
    item: Mapped[str] = mapped_column(String(200), primary_key=True)
    response: Mapped[str] = mapped_column(Text, default="null")
    confidence: Mapped[int | None]
    flagged: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    saved_at: Mapped[datetime.datetime]
    opened_at: Mapped[datetime.datetime | None]


class ResultRow(Table):
    """What a submitted attempt earned: one row an attempt, so none is graded twice. Fractions as text. passed None: pending."""

    __tablename__ = "result"

    attempt_id: Mapped[str] = mapped_column(Id, ForeignKey("attempt.id"), primary_key=True)
    earned: Mapped[str] = mapped_column(String(60))
    possible: Mapped[str] = mapped_column(String(60))
    needed: Mapped[int]
    passed: Mapped[bool | None]
    graded_at: Mapped[datetime.datetime]


class Allowance(Table):
    """Attempts at a test that were given to one person beyond what the policy allows."""

    __tablename__ = "allowance"

    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), primary_key=True)
    test: Mapped[str] = mapped_column(String(200), primary_key=True)
    attempts: Mapped[int]


class AdjustmentRow(Table):
    """A decision after a test: an item withdrawn, given another key, or restored. versions: fingerprints of the versions met by then; none for all."""

    __tablename__ = "adjustment"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    test: Mapped[str] = mapped_column(String(200), index=True)
    item: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Id)
    at: Mapped[datetime.datetime]
    key: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    versions: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))


class Place(Table):
    """Where someone is in a unit: the section last read, and when each section was first reached."""

    __tablename__ = "place"

    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), primary_key=True)
    unit: Mapped[str] = mapped_column(String(200), primary_key=True)
    section: Mapped[str] = mapped_column(String(200))
    reached: Mapped[dict[str, Any]] = mapped_column(default=dict)
    finished_at: Mapped[datetime.datetime | None]
    at: Mapped[datetime.datetime]


class Writing(Table):
    """What a person wrote: notes of a reflection, the evaluation form, a commitment to change with its follow-ups."""

    __tablename__ = "writing"

    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(200), primary_key=True)  # reflection:ID, evaluation, commitment, day-30, day-60
    content: Mapped[dict[str, Any]]
    at: Mapped[datetime.datetime]
    submitted_at: Mapped[datetime.datetime | None]


class CertificateRow(Table):
    """A certificate: of those of a person one at most stands. facts: what is printed besides the statement, as it was on the day of issue.

    PDF and badge are made once and kept, so that their signatures stay the same. The PDF is only read where it is asked for.
    """

    __tablename__ = "certificate"
    __table_args__ = (Index("one_standing_certificate", "person_id", unique=True, sqlite_where=text("withdrawn_at IS NULL"), postgresql_where=text("withdrawn_at IS NULL")),)

    serial: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), index=True)
    attempt_id: Mapped[str] = mapped_column(Id, ForeignKey("attempt.id"))
    statement: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    token: Mapped[str] = mapped_column(Text)
    badge: Mapped[str] = mapped_column(Text, default="")
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    issued_at: Mapped[datetime.datetime]
    withdrawn_at: Mapped[datetime.datetime | None]


class LogEntry(Table):
    """A row of the audit log. Each holds the hash of the one before. People stand in it by id; no names, no answers."""

    __tablename__ = "log"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime.datetime]
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(300), index=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Outgoing(Table):
    """What is to be sent elsewhere: a statement to a record store, a grade to a platform, a mail. Kept until it is delivered."""

    __tablename__ = "outgoing"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(16))
    content: Mapped[dict[str, Any]]
    due_at: Mapped[datetime.datetime] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime.datetime]
    sent_at: Mapped[datetime.datetime | None]


class PrintJob(Table):
    """Forms of a test to be printed for a cohort. state: asked, made, or failed. file: a ZIP, once they are made; it holds keys, and is kept for some days.

    again_at: from when another worker may try, where one has it in hand or has failed.
    """

    __tablename__ = "print_job"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    cohort_id: Mapped[str] = mapped_column(Id, ForeignKey("cohort.id"), index=True)
    test: Mapped[str] = mapped_column(String(200))
    paper: Mapped[str] = mapped_column(String(16))
    forms: Mapped[int | None]
    asked_at: Mapped[datetime.datetime]
    state: Mapped[str] = mapped_column(String(16), default="asked")
    tries: Mapped[int] = mapped_column(default=0)
    again_at: Mapped[datetime.datetime | None]
    problem: Mapped[str] = mapped_column(Text, default="")
    copies: Mapped[int] = mapped_column(default=0)
    sheets: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime.datetime | None]
    file: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class LtiContext(Table):
    """A course on a platform, and the cohort that its people are put into."""

    __tablename__ = "lti_context"

    issuer: Mapped[str] = mapped_column(String(400), primary_key=True)
    deployment: Mapped[str] = mapped_column(String(200), primary_key=True)
    context: Mapped[str] = mapped_column(String(300), primary_key=True)
    cohort_id: Mapped[str] = mapped_column(Id, ForeignKey("cohort.id"))


class LtiLink(Table):
    """A learner at a link of a platform, and where a grade goes back to. resource: `course`, or `test:` with a test's id."""

    __tablename__ = "lti_link"

    issuer: Mapped[str] = mapped_column(String(400), primary_key=True)
    deployment: Mapped[str] = mapped_column(String(200), primary_key=True)
    link: Mapped[str] = mapped_column(String(300), primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey("person.id"), primary_key=True, index=True)
    client: Mapped[str] = mapped_column(String(300))
    resource: Mapped[str] = mapped_column(String(200))
    lineitem: Mapped[str] = mapped_column(Text, default="")
    subject: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime.datetime]


class Kept(Table):
    """Small values with an end: rate limits, states and nonces of sign-ins elsewhere. Workers share them here."""

    __tablename__ = "kept"

    name: Mapped[str] = mapped_column(String(400), primary_key=True)
    value: Mapped[dict[str, Any]]
    count: Mapped[int] = mapped_column(default=0)
    ends_at: Mapped[datetime.datetime] = mapped_column(index=True)
