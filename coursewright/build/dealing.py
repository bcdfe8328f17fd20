"""Who gets which form: forms are drawn as they are dealt, so that the first copies can be printed while others are planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from coursewright.model.quiz import Blueprint
from coursewright.plan.form import Form, plan_form
from coursewright.plan.record import Copy, Record, item_versions, record_form, record_items
from coursewright.plan.sheet import Sheet
from coursewright.plan.sheet_code import form_code, sheet_id
from coursewright.read.roster import Learner
from coursewright.write.assembly.booklet import Cover
from coursewright.write.assembly.job import CopyPlan, bare
from coursewright.write.assembly.sheet import Heading
from coursewright.write.html import cut_in_words, points
from coursewright.write.packet import Packet

CARRIED = ("credential", "profession", "license_state", "license_id", "npi", "board", "board_id")


@dataclass(frozen=True)
class Wanted:
    """What is to be printed. learners: empty for copies without names. session: tells this administration from others.

    forms: how many different forms there are; None for one a copy, or what the blueprint says.
    """

    blueprint: Blueprint
    copies: int
    learners: tuple[Learner, ...] = ()
    session: str = ""
    paper: str = "a4"
    large: bool = False
    each: bool = False
    forms: int | None = None


class Dealer:
    """The copies of a run, in order. What was dealt so far stands in `forms` and `copies`."""

    def __init__(self, packet: Packet, wanted: Wanted) -> None:
        self.packet, self.wanted = packet, wanted
        self.versions = item_versions(packet.course)
        self.count = min(wanted.forms or wanted.blueprint.forms or wanted.copies, wanted.copies)
        self.forms = [plan_form(packet.course, wanted.blueprint)]  # raises where there can be none
        self.copies: list[Copy] = []
        self._bare: list[Sheet] = [bare(self.forms[0].sheet)]

    def deal(self) -> Iterator[CopyPlan]:
        """Every copy, from the first. Raises CannotFill."""
        self.copies.clear()
        for number in range(self.wanted.copies):
            index = number % self.count
            if index == len(self.forms):
                self._draw()
            self.copies.append(self._copy(number, self.forms[index]))
            yield self._plan(self.copies[-1], self.forms[index], self._bare[index])

    def draw_until(self, done: Callable[[], bool]) -> None:
        """Draw forms ahead of their turn until `done()` says that there is better to do."""
        while len(self.forms) < self.count and not done():
            self._draw()

    def _draw(self) -> None:
        self.forms.append(plan_form(self.packet.course, self.wanted.blueprint, len(self.forms) + 1))
        self._bare.append(bare(self.forms[-1].sheet))

    def record(self) -> Record:
        """The record of what was dealt so far."""
        course, wanted = self.packet.course, self.wanted
        items = record_items(course, self.packet.numbering, *self.forms)
        forms = {form.id: record_form(course, form, self.versions) for form in self.forms}
        return Record(course.info.id, wanted.blueprint.id, wanted.blueprint.title, wanted.paper, items, forms, {copy.sheet: copy for copy in self.copies})

    def _copy(self, number: int, form: Form) -> Copy:
        wanted = self.wanted
        learner = wanted.learners[number] if wanted.learners else None
        identity = "\0".join(learner.identity) if learner else ""
        code = sheet_id(self.packet.course.info.id, wanted.session, form.id, str(number + 1), identity)
        if learner is None:
            return Copy(code, form.id, number + 1, large_print=wanted.large, paper=wanted.paper)
        rest = tuple((name, value) for name in CARRIED if (value := str(getattr(learner, name))))
        more = tuple((name, str(value)) for name in ("birth_month", "birth_day") if (value := getattr(learner, name)) is not None)
        consent = (("consent_to_report", "yes"),) if learner.consent_to_report else ()
        large = wanted.large or learner.large_print
        return Copy(code, form.id, number + 1, learner.learner_id, learner.given_name, learner.family_name, learner.seat, large, learner.extra_minutes, (*rest, *more, *consent), wanted.paper)

    def _plan(self, copy: Copy, form: Form, sheet: Sheet) -> CopyPlan:
        blueprint, info, notice = self.wanted.blueprint, self.packet.course.info, self.packet.notice.line or ""
        mine = {asked.question.id: self.versions[asked.question.id] for asked in sheet.asked}
        time = f"{blueprint.minutes + copy.extra_minutes} minutes" if blueprint.minutes else "no limit"
        passing = "does not count toward passing" if blueprint.parallel_to else cut_in_words(form.cut)
        facts = [
            ("Name", copy.name),
            *([("Number", copy.learner_id)] if copy.learner_id else []),
            *([("Seat", copy.seat)] if copy.seat else []),
            ("Items", f"{len(sheet.asked)}, for {points(sheet.points)}"),
            ("Time", time),
            ("To pass", passing),
            ("Form", f"{form.id} · sheet {copy.sheet}"),
        ]
        footer = f"Form {form.id} · {copy.sheet}" + (f" · {copy.name}" if copy.name else "")
        cover = Cover(f"{info.title} · {blueprint.title}", tuple(facts), notice, footer)
        who = " · ".join(filter(None, (copy.learner_id, f"seat {copy.seat}" if copy.seat else "", f"form {form.id}", f"sheet {copy.sheet}")))
        heading = Heading(blueprint.title, copy.name, who, notice)
        title = f"{blueprint.title}: {copy.name or f'copy {copy.number}'}"
        return CopyPlan(copy.number, sheet, mine, (form_code(form.id), copy.sheet), heading, cover, title, copy.large_print, not copy.name)
