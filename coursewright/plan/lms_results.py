"""Results of learning platforms against a record: what Moodle's and Canvas's tables have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from coursewright.model.interaction import Response
from coursewright.plan.answer_faults import Complaints, answer_columns, item_without_answers, not_an_answer, unknown_item
from coursewright.plan.answer_table import Answers, spoiled
from coursewright.plan.gradebook import Sitting
from coursewright.plan.lms_text import Ambiguous, find_item, read_words
from coursewright.plan.record import Copy, ItemRecord, Record
from coursewright.plan.sittings import NotAResponse
from coursewright.read.grid import Grid, read_grid
from coursewright.source.span import Span
from coursewright.source.suggest import did_you_mean


@dataclass(frozen=True)
class Wish:
    """What the command says of a platform's table. form: which form it is, where several were printed.

    in_order: the questions stand in the order of the form, though the table does not name them. withdrawn: items that
    are not missed.
    """

    form: str = ""
    in_order: bool = False
    withdrawn: frozenset[str] = frozenset()


@dataclass
class Asked:
    """The questions of a table as items of one form. problems: why a question is none, by its words."""

    form: str
    items: dict[str, ItemRecord] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass
class Given:
    """What one attempt gave, while its row is read."""

    responses: dict[str, Response] = field(default_factory=dict)
    shares: dict[str, Fraction] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)


def open_table(path: str, data: bytes) -> tuple[Answers, Complaints]:
    """A platform's table, with what is wrong with it already told."""
    made = Answers(read_grid(path, data))
    found = Complaints()
    tell_problem(made.grid, found)
    return made, found


def tell_problem(grid: Grid, found: Complaints) -> None:
    """Say why a table cannot be read, where it cannot."""
    if grid.problem:
        found.add(answer_columns(grid.span(grid.problem_line), grid.problem, grid.hint))


def match_questions(record: Record, questions: Mapping[str, Iterable[str]], wish: Wish) -> Asked:
    """The questions of a table (words, with answers given to them) as items of the form that has them all.

    The form of `wish` is taken where it names one, or where there is only one. Raises LookupError where several fit.
    """
    forms = [wish.form] if wish.form else list(record.forms)
    tried = [_asked(record, form, questions) for form in forms]
    if len(tried) == 1:
        return tried[0]
    whole = [asked for asked in tried if not asked.problems and {i.id for i in asked.items.values()} == {i.id for i in record.form_items(asked.form)}]
    if len(whole) != 1:
        raise LookupError("; ".join(forms))
    return whole[0]


def _asked(record: Record, form: str, questions: Mapping[str, Iterable[str]]) -> Asked:
    items = record.form_items(form)
    made = Asked(form)
    for words, answers in questions.items():
        try:
            item = find_item(words, items, answers)
        except Ambiguous as problem:
            made.problems[words] = str(problem)
            continue
        if item is None:
            made.problems[words] = did_you_mean(words, [i.stem for i in items]) if len(items) > 12 else "its words are those of no item"
        else:
            made.items[words] = item
    return made


def not_matched(asked: Asked, words: str) -> tuple[str, str]:
    """What to say of a question that is no item, and what to try."""
    short = words if len(words) <= 60 else words[:59] + "…"
    return f'the question "{short}"', f"{asked.problems[words]}; put the item's id in brackets before the question, or leave the column out"


def several_forms(grid: Grid, record: Record) -> tuple[Span, str, str]:
    """That a table fits no form of several for certain."""
    return grid.span(1), "this table does not say which form it is", "name it with --form: " + ", ".join(record.forms)


def take_words(given: Given, found: Complaints, item: ItemRecord, text: str, place: Callable[[], Span], column: str) -> None:
    """Take an answer in words into an attempt; where it is none, its result waits."""
    given.met.add(item.id)
    try:
        if spoiled(text):
            raise NotAResponse("what the learner gave: a spreadsheet has made something else of it")
        response = read_words(item.interaction, text)
    except NotAResponse as expected:
        found.add(not_an_answer(place(), f"{column} ({item.id})", text if len(text) <= 80 else text[:79] + "…", str(expected)))
        given.pending.append(f"item {item.id}: the answer is not understood")
        return
    if response is not None:
        given.responses[item.id] = response


def wait_for_missing(given: Given, items: Iterable[ItemRecord], wish: Wish) -> set[str]:
    """Let an attempt wait for the items of its form that it did not meet; their ids."""
    lacking = {item.id for item in items} - given.met - wish.withdrawn
    given.pending += [f"item {item} was not in this attempt" for item in sorted(lacking)]
    return lacking


def tell_missing(grid: Grid, found: Complaints, lacking: Iterable[str]) -> None:
    """Say which items no attempt met."""
    for item in sorted(lacking):
        found.add(item_without_answers(grid.span(1), item))


def tell_unmatched(grid: Grid, found: Complaints, asked: Asked, words: str, line: int, column: int) -> None:
    """Say at which cell a question stands that is no item."""
    name, hint = not_matched(asked, words)
    found.add(unknown_item(grid.span(line, column), name, hint))


def with_copy(sitting_roster: dict[str, str], copy: Copy | None, given: str, family: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Names and roster columns of a learner: those of the copy that was printed for the learner come first."""
    if copy is None:
        return given, family, tuple(sitting_roster.items())
    return copy.given_name or given, copy.family_name or family, tuple({**dict(copy.roster), **sitting_roster}.items())


def as_sitting(form: str, given: Given, learner_id: str, names: tuple[str, str], day: str, roster: tuple[tuple[str, str], ...]) -> Sitting:
    """The sitting of an attempt."""
    return Sitting(form, given.responses, learner_id=learner_id, given_name=names[0], family_name=names[1], completed_at=day, roster=roster, shares=given.shares, pending=tuple(dict.fromkeys(given.pending)))
