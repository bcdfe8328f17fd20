"""What goes to a learning management system: items with their keys, by module and pool, and the forms drawn from them.

An educator's plan: every key and rationale is inside. Feedback is composed here, as prose, so that all formats say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from coursewright.model.course import Course, CourseInfo
from coursewright.model.interaction import Alternative, Choice, ChoiceKey, Key, Match, MatchKey, Order, OrderKey
from coursewright.model.items.base import Explanation, Question, SingleItem
from coursewright.model.items.case_cluster import CaseCluster
from coursewright.model.module import Module, Objective
from coursewright.model.prose import BulletList, Inline, Paragraph, Prose, ProseBlock, Strong, Text
from coursewright.model.reference import Reference
from coursewright.plan.ama import ama, short
from coursewright.plan.form import STAYS_LAST, Form, in_order_of_numbers, plan_form
from coursewright.plan.numbering import Numbering
from coursewright.plan.sheet import Pointer, verdict

POOLS = ("practice", "exam")
POOL_NAMES = {"practice": "Practice", "exam": "Exam"}


@dataclass(frozen=True)
class Entry:
    """One item as it goes into a bank, with the case that it belongs to and all that is said after grading."""

    item: SingleItem
    module: Module
    objective: Objective | None
    pointer: Pointer | None
    references: tuple[Reference, ...]
    case: Prose | None = None
    case_id: str = ""
    forms: tuple[str, ...] = ()

    @property
    def question(self) -> Question:
        return self.item.question

    @property
    def key(self) -> Key:
        return self.item.key

    @property
    def name(self) -> str:
        """The id, and the beginning of the stem: how an educator finds it in a list."""
        words = self.item.stem.plain
        return f"{self.item.id}: {words if len(words) <= 70 else words[:69].rstrip() + '…'}"

    def feedback(self, alternative: str) -> tuple[Inline, ...]:
        """What a learner is told who chose an alternative: whether it is right, and why."""
        rationale = self.item.explanation.of(alternative)
        return (Text(verdict(self.key, alternative)), *((Text(" "), *rationale.children) if rationale else ()))

    @property
    def general(self) -> tuple[ProseBlock, ...]:
        """What every learner is told after grading: the reasons, where to read again, and the references cited."""
        made = [*_reasons(self.question, self.key, self.item.explanation)]
        if self.pointer:
            made.append(Paragraph((Text(f"To read again: section {self.pointer.number}, {self.pointer.title}."),)))
        if self.references:
            made.append(Paragraph((Strong((Text("References"),)),)))
            made.append(BulletList(tuple((Paragraph(ama(reference)),) for reference in self.references)))
        return tuple(made)


@dataclass(frozen=True)
class LmsBank:
    """The items of one pool of one module. Items of one case stand together in a group."""

    module: Module
    number: int
    pool: str
    groups: tuple[tuple[Entry, ...], ...]

    @property
    def id(self) -> str:
        return f"{self.pool}-{self.module.id}"

    @property
    def title(self) -> str:
        return f"{self.number}. {self.module.title}: {'practice' if self.pool == 'practice' else 'exam items'}"

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for group in self.groups for entry in group)


@dataclass(frozen=True)
class LmsPlan:
    """All that an export holds."""

    info: CourseInfo
    banks: tuple[LmsBank, ...]
    forms: tuple[Form, ...]
    references: dict[str, Reference]

    @property
    def entries(self) -> dict[str, Entry]:
        """Every item by its id, in the order of the banks."""
        return {entry.item.id: entry for bank in self.banks for entry in bank.entries}

    def cited(self, key: str) -> str | None:
        """A citation as a learner reads it in an LMS: `Murrough et al, 2013`."""
        reference = self.references.get(key)
        return short(reference) if reference else None


def plan_lms(course: Course, numbering: Numbering, pool: str = "all", modules: tuple[str, ...] = ()) -> LmsPlan:
    """Plan an export. pool: `practice`, `exam` or `all`; modules: their ids, all of them by default (then with the forms)."""
    pools = POOLS if pool == "all" else (pool,)
    drawn = tuple(plan_form(course, blueprint) for blueprint in course.blueprints if blueprint.pool in pools)
    forms = () if modules else drawn
    in_forms: dict[str, tuple[str, ...]] = {}
    for form in forms:
        for asked in form.sheet.asked:
            in_forms[asked.question.id] = (*in_forms.get(asked.question.id, ()), form.blueprint.id)
    banks = []
    for module in course.modules:
        for name in pools if not modules or module.id in modules else ():
            groups = tuple(tuple(_entries(course, numbering, module, item, in_forms)) for item in course.bank_items(module.id, name))
            if groups:
                banks.append(LmsBank(module, numbering.modules[module.id], name, groups))
    return LmsPlan(course.info, tuple(banks), forms, course.reference_by_id)


def keeps_order(choice: Choice) -> bool:
    """Whether options stay as they are written: they have an order of their own, or are numbers."""
    return choice.ordered or in_order_of_numbers(choice)


def stays_in_place(alternative: Alternative) -> bool:
    """Whether an option speaks of the others (`none of these`), so that it stays where it is while they are shuffled."""
    return bool(STAYS_LAST.search(alternative.text.plain))


def _entries(course: Course, numbering: Numbering, module: Module, item: object, in_forms: dict[str, tuple[str, ...]]) -> Iterator[Entry]:
    case = item if isinstance(item, CaseCluster) else None
    assert isinstance(item, CaseCluster | SingleItem)
    for single in item.singles():
        section = course.sections.get(single.section or "")
        yield Entry(
            item=single,
            module=module,
            objective=course.objectives.get(single.objective or ""),
            pointer=Pointer(numbering.sections[section.id], section.title, section.id) if section else None,
            references=tuple(course.reference_by_id[key] for key in _cited(single, case) if key in course.reference_by_id),
            case=case.case if case else None,
            case_id=case.id if case else "",
            forms=in_forms.get(single.id, ()),
        )


def _cited(item: SingleItem, case: CaseCluster | None) -> tuple[str, ...]:
    explanation = item.explanation
    texts = [*([case.case] if case else []), item.question.stem, *(text for _, text in explanation.by_alternative)]
    texts += [explanation.overall] if explanation.overall else []
    return tuple(dict.fromkeys(key for text in texts for key in text.citations))


def _reasons(question: Question, key: Key, explanation: Explanation) -> Iterator[ProseBlock]:
    """The reasons by interaction: of the keys of a choice, of every pair and step, of a number's typical errors."""
    match question.interaction, key:
        case Choice(alternatives=alternatives), ChoiceKey(correct=correct):
            for alternative in alternatives:
                rationale = explanation.of(alternative.id)
                if alternative.id in correct and rationale:
                    yield _reason(alternative.text.children, rationale.children)
        case Choice(alternatives=alternatives), _:
            yield BulletList(tuple((_reason(a.text.children, (explanation.of(a.id) or a.text).children),) for a in alternatives))
        case Match(prompts=prompts, choices=choices), MatchKey(pairs=pairs):
            names = {choice.id: choice.text.children for choice in choices}
            belongs = dict(pairs)
            yield BulletList(tuple((_pair(prompt, names[belongs[prompt.id]], explanation),) for prompt in prompts if prompt.id in belongs))
        case Order(alternatives=alternatives), OrderKey(order=order):
            by_id = {alternative.id: alternative for alternative in alternatives}
            for n, id_ in enumerate(order, 1):
                rationale = explanation.of(id_)
                yield Paragraph((Text(f"{n}. "), *by_id[id_].text.children, *((Text(" – "), *rationale.children) if rationale else ())))
        case _:
            errors = explanation.by_alternative
            if errors:
                yield BulletList(tuple((_reason((Text(value),), rationale.children),) for value, rationale in errors))
    if explanation.overall:
        yield from explanation.overall.blocks


def _reason(name: tuple[Inline, ...], why: tuple[Inline, ...]) -> Paragraph:
    return Paragraph((Strong(name), Text(": "), *why))


def _pair(prompt: Alternative, choice: tuple[Inline, ...], explanation: Explanation) -> Paragraph:
    rationale = explanation.of(prompt.id)
    return Paragraph((*prompt.text.children, Text(" → "), Strong(choice), *((Text(". "), *rationale.children) if rationale else ())))


def decimal(value: Fraction) -> str:
    """A fraction as a decimal of at most seven places, as LMSs keep points: `1`, `0.5`, `0.3333333`."""
    return f"{float(value):.7f}".rstrip("0").rstrip(".")


def plain_number(value: Decimal) -> str:
    """A decimal without an exponent or needless zeros."""
    return format(value.normalize(), "f")
