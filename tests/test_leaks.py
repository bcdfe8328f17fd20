"""A key cannot leak: what a learner gets is the same whichever option is the key."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import typing
from pathlib import Path

import pytest
from conftest import ROOT, needs

from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.build.places import shipped_templates
from coursewright.model import interaction
from coursewright.model.items.base import Explanation
from coursewright.plan.sheet import Sheet
from coursewright.write.html import Templates
from coursewright.write.packet import Drawing, Options, Packet, nowhere

EVERYTHING = ROOT / "tests" / "courses" / "everything"


def fields_within(kind: object, seen: set[object]) -> set[object]:
    """All dataclasses that a value of `kind` may hold, at any depth."""
    if kind in seen:
        return seen
    seen.add(kind)
    for part in typing.get_args(kind):
        fields_within(part, seen)
    if dataclasses.is_dataclass(kind):
        for hint in typing.get_type_hints(kind).values():
            fields_within(hint, seen)
    return seen


def test_a_sheet_has_no_place_for_a_key_or_a_rationale() -> None:
    held = fields_within(Sheet, set())
    keys = {interaction.ChoiceKey, interaction.PanelKey, interaction.MatchKey, interaction.OrderKey, interaction.NumericKey, interaction.TextKey}
    assert not held & {*keys, Explanation}


def packet_of(root: Path, change: typing.Callable[[str], str] = lambda text: text) -> Packet:
    inputs = read_inputs(root)
    inputs.yaml = {name: change(data.decode()).encode() if "banks" in name else data for name, data in inputs.yaml.items()}
    course = examine(inputs).course
    packet = Packet(course, Templates((shipped_templates(),)), Options())
    packet.drawings = packet.slide_drawings = {figure.id: Drawing(figure.alt or "", svg="<svg xmlns='http://www.w3.org/2000/svg'/>") for figure in packet.figures}
    return packet


def sheets(packet: Packet) -> list[str]:
    """The pages that learners get without keys: printed quizzes and forms."""
    forms = [(form.sheet, form) for form in packet.forms]
    checks = [(chapter.check, None) for chapter in packet.workbook.chapters]
    return [packet.html("quizzes/sheet.html.j2", nowhere, sheet=sheet, form=form) for sheet, form in (*forms, *checks)]


def other_keys(text: str) -> str:
    """The same bank with every key and every rationale another: keys move on by one option, values change."""
    lines, out = text.split("\n"), []
    for line in lines:
        line = re.sub(r"(rationale|if_true|if_false): .*?(?=\}|$)", r"\1: Something else", line)
        line = re.sub(r"answer: (true|yes)$", "answer: false", line)
        line = re.sub(r"answer: 60$", "answer: 61", line)
        line = line.replace("match: patient", "match: nobody").replace("answer: patient", "answer: visitor").replace("[1, 6, 3, 0, 0]", "[0, 0, 3, 6, 1]")
        out.append(line)
    text = "\n".join(out)
    text = text.replace(", correct: true", "").replace("\n        correct: true", "")
    return re.sub(r"(text: (?:Changing the apron|After contact with a patient|After|2 locks))(?=[,\n])", r"\1@", text).replace("@,", ", correct: true,").replace("@\n", "\n        correct: true\n")


def test_pages_for_learners_are_the_same_bytes_whatever_the_key() -> None:
    before = packet_of(EVERYTHING)
    after = packet_of(EVERYTHING, other_keys)
    keys = [keyed.key for chapter in before.workbook.chapters for keyed in chapter.keys.keyed]
    moved = [keyed.key for chapter in after.workbook.chapters for keyed in chapter.keys.keyed]
    assert all(a != b for a, b in zip(keys, moved, strict=True) if not isinstance(a, interaction.OrderKey))
    assert sheets(before) == sheets(after)


def test_the_order_that_an_ordering_item_is_shown_in_says_nothing_of_its_key() -> None:
    def turned(text: str) -> str:
        a, b = "      - {text: Wet the hands, rationale: Soap spreads on wet skin.}\n", "      - {text: Rinse and dry, rationale: This ends the procedure.}\n"
        return text.replace(a, "@").replace(b, a).replace("@", b)

    assert sheets(packet_of(EVERYTHING)) == sheets(packet_of(EVERYTHING, turned))


@needs("pdftotext")
def test_no_rationale_stands_in_a_learners_pdf_or_its_metadata(starter: Path) -> None:
    for name in ("01-basics.pdf", "posttest.pdf"):
        path = starter / "dist" / "quizzes" / name
        text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout
        data = path.read_bytes()
        for rationale in ("Contact has ended", "Soap spreads", "table of moments gives", "It protects the patient"):
            assert rationale not in text and rationale.encode() not in data


def test_the_summative_form_is_in_no_page_that_carries_keys(starter: Path) -> None:
    for page in (starter / "dist").rglob("*.html"):
        assert "q-basics-03" not in page.read_text("utf-8"), page
    for name in ("workbook.pdf", "01-basics.pdf"):
        assert b"protects the team" not in (starter / "dist" / "workbook" / name).read_bytes()


@pytest.mark.parametrize("key", ["correct", "rationale", "answer", "key"])
def test_a_learners_page_has_no_attribute_that_could_tell(key: str) -> None:
    for page in sheets(packet_of(EVERYTHING)):
        assert not re.search(rf'(?:data-|class="[^"]*){key}\b', page)
