"""Figures drawn from data: words wrapped within their boxes, nothing in them that could run or lead away."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from coursewright.model.blocks.figure import Process
from coursewright.write.chart import chart, tidy
from coursewright.write.process_svg import lying, process_svg, text_width, wrap

SVG = "{http://www.w3.org/2000/svg}"


def drawn(direction: str, count: int, words: str = "some words that go on for a while in this box") -> ElementTree.Element:
    steps = [{"title": f"Step {n} with a title", "text": words, "tag": "a tag"} for n in range(count)]
    return ElementTree.fromstring(process_svg(Process.model_validate({"direction": direction, "steps": steps})))


@pytest.mark.parametrize("direction", ["across", "down", "cycle"])
@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 8])
def test_words_of_a_process_stay_within_their_boxes_and_boxes_within_the_drawing(direction: str, count: int) -> None:
    svg = drawn(direction, count)
    x, y, width, height = map(float, svg.get("viewBox", "").split())
    boxes = [[float(r.get(k, "0")) for k in ("x", "y", "width", "height")] for r in svg.findall(f"{SVG}rect") if r.get("rx")]
    assert len(boxes) == count
    for bx, by, bw, bh in boxes:
        assert x <= bx and bx + bw <= x + width and y <= by and by + bh <= y + height
    for text in svg.findall(f"{SVG}text"):
        tx, ty = float(text.get("x", "0")), float(text.get("y", "0"))
        assert any(bx <= tx and tx + text_width(text.text or "", float(text.get("font-size", "0"))) <= bx + bw + 2 and by <= ty <= by + bh for bx, by, bw, bh in boxes), text.text


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_boxes_of_a_ring_do_not_overlap(count: int) -> None:
    boxes = [[float(r.get(k, "0")) for k in ("x", "y", "width", "height")] for r in drawn("cycle", count).findall(f"{SVG}rect") if r.get("rx")]
    for i, (ax, ay, aw, ah) in enumerate(boxes):
        for bx, by, bw, bh in boxes[i + 1 :]:
            assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay


def test_words_of_a_process_are_escaped() -> None:
    svg = drawn("across", 2, "<script>alert(1)</script> & more")
    assert "<script>alert(1)</script>" in " ".join(t.text or "" for t in svg.iter(f"{SVG}text"))
    assert not list(svg.iter(f"{SVG}script"))


def test_wrapped_lines_are_no_wider_than_asked_and_lose_no_word() -> None:
    text = "a word and another and one more that is rather longer than the rest"
    lines = wrap(text, 11, 90)
    assert " ".join(lines) == text and all(text_width(line, 11) <= 90 for line in lines)


def test_a_process_lies_down_on_a_slide() -> None:
    assert lying(Process.model_validate({"direction": "down", "steps": [{"title": "A"}, {"title": "B"}]})).direction == "across"


SPEC = {"mark": "bar", "data": {"values": [{"a": "<b>", "n": 1}, {"a": "y & z", "n": 2}]}, "encoding": {"y": {"field": "a", "type": "nominal"}, "x": {"field": "n", "type": "quantitative"}}}


def test_a_chart_is_the_same_bytes_each_time_and_has_real_text() -> None:
    first, _ = chart({"spec": SPEC, "id": "fig-a", "type": 11})
    second, _ = chart({"spec": SPEC, "id": "fig-a", "type": 11})
    assert first == second
    words = [text.text for text in ElementTree.fromstring(first["chart.svg"]).iter(f"{SVG}text")]
    assert "<b>" in words and "y & z" in words


def test_a_chart_takes_no_address() -> None:
    for spec in ({**SPEC, "data": {"url": "https://example.org/x.json"}}, {**SPEC, "data": {"url": "file:///etc/passwd"}}):
        files, _ = chart({"spec": spec, "id": "fig-a", "type": 11})
        assert b"root:" not in files.get("chart.svg", b"")


def test_a_chart_has_no_links_and_no_scripts() -> None:
    spec = {**SPEC, "encoding": {**SPEC["encoding"], "href": {"value": "https://example.org/"}}}  # type: ignore[dict-item]
    files, _ = chart({"spec": spec, "id": "fig-a", "type": 11})
    svg = files["chart.svg"].decode()
    assert not re.search(r"<a\b|javascript:|<script", svg)
    ElementTree.fromstring(svg)


def test_ids_of_a_chart_are_its_own() -> None:
    assert tidy('<g id="clip0" clip-path="url(#clip0)"/>', "fig-a") == '<g id="fig-a-clip0" clip-path="url(#fig-a-clip0)"/>'


def test_a_way_out_of_a_process_is_drawn_beside_its_box_and_told_on_a_slide() -> None:
    from coursewright.model.blocks.figure import Aside, Process, ProcessStep
    from coursewright.write.process_svg import lying, process_svg, standing

    steps = (ProcessStep(title="Look", text="At the hands", aside=Aside(when="soiled", title="Wash")), ProcessStep(title="Rub"))
    process = Process(direction="down", steps=steps)
    assert all(f">{word}<" in process_svg(process) for word in ("soiled", "Wash"))
    for other in (lying(process), standing(process)):
        assert other.steps[0].text == "At the hands. Soiled: wash." and other.steps[0].aside is None


def test_boxes_are_told_apart_without_colour() -> None:
    from coursewright.model.blocks.figure import Process, ProcessStep
    from coursewright.write.process_svg import process_svg

    drawn = [process_svg(Process(steps=(ProcessStep(title="A", line=line), ProcessStep(title="B")))) for line in ("solid", "dashed", "dotted")]
    assert len({svg.count("stroke-dasharray") for svg in drawn[:2]}) == 2 and drawn[1] != drawn[2]
