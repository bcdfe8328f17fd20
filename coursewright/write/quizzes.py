"""Quizzes: a practice quiz a module that grades itself offline, the printed quiz, its key, and the summative forms.

A learner's page is written from a `Sheet`; only the practice quiz, which says so in its plan's name, holds keys.
"""

from __future__ import annotations

from coursewright.model.module import Unit
from coursewright.plan.form import Form
from coursewright.plan.sheet import KeySheet, PracticeSheet, Sheet, plan_keys
from coursewright.plan.workbook import references_of
from coursewright.write import Blob, Output, Result, Story, Task, Written, writer
from coursewright.write.packet import Packet, nowhere, within
from coursewright.write.practice import practice_data


@writer("quizzes")
def write_quizzes(packet: Packet) -> Story:
    """`quizzes/01-….html`, `.pdf`, `-key.pdf` for every module, and `ID.pdf`, `ID-key.pdf` for every blueprint."""
    chapters = [c for c in packet.workbook.chapters if c.module in packet.modules and c.check.asked]
    forms = packet.forms if not packet.options.modules else ()
    printed: list[tuple[str, str, str, Task]] = []
    for chapter in chapters:
        stem = packet.stem(chapter.module)
        printed.append((stem, chapter.module.title, "learner", _sheet(packet, chapter.check, None)))
        printed.append((f"{stem}-key", chapter.module.title, "educator", _key(packet, chapter.check, chapter.keys, None)))
    for form in forms:
        keys = plan_keys(packet.course, packet.numbering, form.sheet)
        printed.append((form.blueprint.id, form.blueprint.title, "learner", _sheet(packet, form.sheet, form)))
        printed.append((f"{form.blueprint.id}-key", form.blueprint.title, "educator", _key(packet, form.sheet, keys, form)))
    results = yield [task for *_, task in printed]
    thumbs = yield [packet.thumbnail(result.blobs["plain.pdf"], 200) for result in results]
    written = Written()
    for chapter in chapters:
        stem = packet.stem(chapter.module)
        html = _practice(packet, chapter.module, PracticeSheet(chapter.check, chapter.keys))
        note = "practice quiz: grades itself, offline, in the browser"
        written.outputs.append(Output(f"quizzes/{stem}.html", html.encode(), chapter.module.title, "Quizzes", note=note))
    for (name, title, audience, _), result, thumb in zip(printed, results, thumbs, strict=True):
        written.diagnostics += packet.complaints(f"quizzes/{name}.pdf", result)
        written.outputs.append(_output(packet, name, title, audience, result, thumb.blobs["page.png"]))
    return written


def _output(packet: Packet, name: str, title: str, audience: str, result: Result, preview: Blob) -> Output:
    note = "key with rationales" if name.endswith("-key") else "printed"
    return Output(
        f"quizzes/{name}.pdf", result.blobs["plain.pdf"], title, "Quizzes", audience, result.facts["pages"], packet.paper, preview, note
    )


def _sheet(packet: Packet, sheet: Sheet, form: Form | None) -> Task:
    html = packet.html("quizzes/sheet.html.j2", nowhere, sheet=sheet, form=form)
    return packet.lay_out(f"quiz, {sheet.title}", html)


def _key(packet: Packet, sheet: Sheet, keys: KeySheet, form: Form | None) -> Task:
    ids = {asked.question.id for asked in sheet.asked}
    items = tuple(item for item in packet.course.single_items if item.id in ids)
    references = references_of(items, packet.workbook, packet.numbering)
    html = packet.html("quizzes/key.html.j2", within, sheet=sheet, keys=keys, form=form, references=references)
    return packet.lay_out(f"key, {sheet.title}", html)


def _practice(packet: Packet, module: Unit, practice: PracticeSheet) -> str:
    ids = {asked.question.id for asked in practice.sheet.asked}
    items = tuple(item for item in packet.course.single_items if item.id in ids)
    references = references_of(items, packet.workbook, packet.numbering)
    data = practice_data(practice, packet.course.info.id)
    return packet.html(
        "quizzes/practice.html.j2", within, module=module, practice=practice, references=references, data=data
    )
