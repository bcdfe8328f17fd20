"""From reads and decisions to sittings, and to what still waits for a person. Nothing doubtful is guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coursewright.model.interaction import Choice, Match, NumericEntry, Order, Response, TextEntry
from coursewright.plan.answer_sheet import NUMBER, Asked, plan_answer_sheet
from coursewright.plan.gradebook import Sitting
from coursewright.plan.record import Copy, Record, asked_of

Rows = Mapping[tuple[str, str], tuple[tuple[str, ...], str]]  # (item, part) → values, doubt


@dataclass(frozen=True)
class ReadPage:
    """A page as it was read: where it lies, what it is, and its rows."""

    id: int
    place: str
    kind: str
    sheet: str
    page: int
    note: str = ""
    rows: Rows = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """Something that waits for a person.

    subject: what a decision is about (see `Decision`). kind: row, note, unreadable, unknown, duplicate, missing, learner.
    options: what may be chosen, as (value, words); several: whether more than one. typed: words may be typed. pages: whose
    pictures to show; row: whose crop.
    """

    subject: str
    kind: str
    title: str
    doubt: str
    options: tuple[tuple[str, str], ...] = ()
    several: bool = False
    typed: bool = False
    pages: tuple[int, ...] = ()
    row: tuple[int, str, str] | None = None
    sheet: str = ""


@dataclass(frozen=True)
class Gathered:
    """What reads and decisions come to: a sitting for each sheet seen, and the questions that are open."""

    sittings: tuple[Sitting, ...]
    questions: tuple[Question, ...]


def gather(record: Record, pages: Sequence[ReadPage], decisions: Mapping[str, Any], learners: Mapping[str, tuple[str, str]] | None = None) -> Gathered:
    """The sittings of all sheets that were seen, in the order of their copies.

    decisions: what was decided, by subject. learners: the names of numbered learners, by number, where a roster is known.
    """
    questions: list[Question] = []
    by_sheet: dict[str, dict[int, list[ReadPage]]] = {}
    for page in pages:
        if page.kind == "sheet" and page.sheet in record.copies:
            if decisions.get(f"page:{page.id}") != "ignore":
                by_sheet.setdefault(page.sheet, {}).setdefault(page.page, []).append(page)
        elif page.kind in ("unreadable", "unknown") and f"page:{page.id}" not in decisions:
            questions.append(_lost(page))
    sittings = []
    for copy in sorted(record.copies.values(), key=lambda copy: copy.number):
        if copy.sheet in by_sheet:
            sitting, found = _sitting(record, copy, by_sheet[copy.sheet], decisions, learners)
            sittings.append(sitting)
            questions += found
    return Gathered(tuple(_twice(sittings)), tuple(questions))


def _lost(page: ReadPage) -> Question:
    typed = page.kind == "unreadable"
    doubt = page.note + ("; type the sheet and page printed on it, such as K7M2QX4 1, or leave it out" if typed else "")
    return Question(f"page:{page.id}", page.kind, page.place, doubt, (("ignore", "leave this page out"),), typed=typed, pages=(page.id,), sheet=page.sheet)


def _sitting(record: Record, copy: Copy, seen: dict[int, list[ReadPage]], decisions: Mapping[str, Any], learners: Mapping[str, tuple[str, str]] | None) -> tuple[Sitting, list[Question]]:
    asked = asked_of(record, copy.form)
    plan = plan_answer_sheet(asked, copy.paper or record.paper, copy.large_print, not copy.name)
    open_: list[Question] = []
    rows: dict[tuple[str, str], tuple[int, tuple[str, ...], str]] = {}
    for number in range(1, len(plan.pages) + 1):
        found = seen.get(number, [])
        subject = f"sheet:{copy.sheet}:{number}"
        who = copy.called
        if not found:
            if decisions.get(subject) != "blank":
                open_.append(Question(subject, "missing", f"{who}, page {number}", "this page was not scanned", (("blank", "it is lost or blank: count it as blank"),), sheet=copy.sheet))
            continue
        chosen = found[0]
        if len(found) > 1:
            kept = next((page for page in found if decisions.get(subject) == str(page.id)), None)
            if kept is None:
                options = tuple((str(page.id), f"take {page.place}") for page in found)
                open_.append(Question(subject, "duplicate", f"{who}, page {number}", f"this page was scanned {len(found)} times", options, pages=tuple(p.id for p in found), sheet=copy.sheet))
                continue
            chosen = kept
        rows |= {key: (chosen.id, *row) for key, row in chosen.rows.items()}
    given: dict[tuple[str, str], tuple[str, ...]] = {}
    labels = _labels(asked)
    multiple = {a.item for a in asked if isinstance(a.interaction, Choice) and a.interaction.multiple}
    circles = {(b.item, b.part): [(x.value, x.letter) for x in bubbles] for page in plan.pages for _, bubbles in page.rows for b in bubbles[:1]}
    for key, (page_id, values, doubt) in rows.items():
        subject = f"row:{copy.sheet}:{key[0]}:{key[1]}"
        if not doubt:
            given[key] = values
        elif subject in decisions:
            decided = decisions[subject]
            given[key] = tuple(decided) if isinstance(decided, list) else (str(decided),) if decided != "" else ()
        else:
            item = labels.get(key, "note")
            title = f"{copy.called}, {item}"
            kind = "note" if key[0] == "" else "row"
            options = (("", "seen; it changes nothing"),) if kind == "note" else tuple(circles.get(key, ()))
            open_.append(Question(subject, kind, title, doubt, options, key[0] in multiple, key not in circles and kind == "row", (page_id,), (page_id, *key), copy.sheet))
    sitting, found_learner = _whose(record, copy, given, decisions, learners, [q for q in open_ if q.row and q.row[1] == NUMBER])
    responses = {a.item: response for a in asked if (response := response_of(a, given)) is not None}
    pending = tuple(f"{q.title}: {q.doubt}" for q in (*open_, *found_learner))
    made = Sitting(copy.form, responses, copy.sheet, sitting[0], sitting[1], sitting[2], roster=copy.roster, pending=pending)
    return made, [*open_, *found_learner]


def _whose(record: Record, copy: Copy, given: Mapping[tuple[str, str], tuple[str, ...]], decisions: Mapping[str, Any], learners: Mapping[str, tuple[str, str]] | None, open_: list[Question]) -> tuple[tuple[str, str, str], list[Question]]:
    """The learner's number and names: printed on the sheet, or by the number that was filled in."""
    if copy.name:
        return (copy.learner_id, copy.given_name, copy.family_name), []
    subject = f"learner:{copy.sheet}"
    number = str(decisions[subject]) if subject in decisions else "".join(value for (item, _), values in sorted(given.items()) if item == NUMBER for value in values)
    if open_ and subject not in decisions:
        return (number, "", ""), []
    if not number:
        return ("", "", ""), [Question(subject, "learner", f"sheet {copy.sheet}", "no learner's number is filled in", typed=True, sheet=copy.sheet)]
    if learners is not None and number not in learners:
        options = tuple((id_, f"{id_}: {a} {b}") for id_, (a, b) in sorted(learners.items())[:200])
        return (number, "", ""), [Question(subject, "learner", f"sheet {copy.sheet}", f"no learner has the number {number}", options, typed=True, sheet=copy.sheet)]
    names = (learners or {}).get(number, ("", ""))
    return (number, *names), []


def _twice(sittings: Iterable[Sitting]) -> list[Sitting]:
    """Two sheets of one learner wait for a person: neither is guessed to be the one that counts."""
    listed = list(sittings)
    count: dict[str, int] = {}
    for sitting in listed:
        count[sitting.learner_id] = count.get(sitting.learner_id, 0) + 1
    return [
        Sitting(**{**vars(s), "pending": (*s.pending, f"the learner's number {s.learner_id} is on {count[s.learner_id]} sheets")}) if s.learner_id and count[s.learner_id] > 1 and not s.given_name else s
        for s in listed
    ]


def response_of(asked: Asked, given: Mapping[tuple[str, str], tuple[str, ...]]) -> Response:
    """The response that rows come to; None where nothing was marked."""
    item = asked.item
    match asked.interaction:
        case Choice():
            values = given.get((item, ""), ())
            return frozenset(values) or None
        case Match(prompts=prompts):
            pairs = {p.id: values[0] for p in prompts if (values := given.get((item, p.id), ()))}
            return pairs or None
        case Order(alternatives=alternatives):
            places = [(int(values[0]), a.id) for a in alternatives if (values := given.get((item, a.id), ()))]
            taken = [place for place, _ in places]
            # a place given to two steps orders neither: what is left is no whole order, and earns nothing
            return tuple(id_ for place, id_ in sorted(places) if taken.count(place) == 1) or (("",) if places else None)
        case NumericEntry():
            digits = "".join(value for column in range(12) for value in given.get((item, str(column)), ()))
            typed = "".join(given.get((item, ""), ()))
            return digits or typed or None
        case TextEntry():
            return " ".join(given.get((item, ""), ())).strip() or None


def _labels(asked: Sequence[Asked]) -> dict[tuple[str, str], str]:
    """What each row is called on the sheet: `item 5`, `item 6.2`, `the learner's number, digit 3`."""
    made = {(NUMBER, str(i)): f"the learner's number, digit {i + 1}" for i in range(12)}
    for question in asked:
        made[(question.item, "")] = f"item {question.number}"
        match question.interaction:
            case Match(prompts=prompts):
                made |= {(question.item, p.id): f"item {question.number}.{i}" for i, p in enumerate(prompts, 1)}
            case Order(alternatives=alternatives):
                made |= {(question.item, a.id): f"item {question.number} {chr(65 + i)}" for i, a in enumerate(alternatives)}
            case NumericEntry():
                made |= {(question.item, str(i)): f"item {question.number}, digit {i + 1}" for i in range(12)}
            case _:
                pass
    return made
