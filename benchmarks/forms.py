"""How fast forms are: 1,000 distinct 20-item forms with answer sheets, assembled, against one layout run a form.

Prints the ratio within this run, forms a second, and MB a form. On both sides the fonts are cut already, as after any
build, and the layout engine is imported; the one layout run of the bank's pieces counts, from an empty cache otherwise. A render a form lays out the printed
form with the circles of its answer sheet as a drawing. Run: `.venv/bin/python benchmarks/forms.py [COPIES]`.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SAMPLE = 6


def main() -> None:
    copies = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSEWRIGHT_CACHE"] = folder + "/cache"
        from coursewright.build.check import examine
        from coursewright.build.dealing import Wanted
        from coursewright.build.forms import pools_at, print_forms
        from coursewright.build.inputs import read_inputs
        from coursewright.model.quiz import Cell

        course = examine(read_inputs(ROOT)).course
        assert course is not None
        blueprint = next(b for b in course.blueprints if b.id == "posttest").model_copy(update={"cells": (Cell(count=20),)})
        course = replace(course, blueprints=(blueprint,))
        wanted = Wanted(blueprint, copies, session="benchmark")
        out = Path(folder) / "out"
        warm_fonts(course, wanted)
        with pools_at(None, None) as pools:
            for future in [pools.here().submit(time.sleep, 1) for _ in range(2)]:
                future.result()
            start = time.perf_counter()
            made = print_forms(course, ROOT, wanted, out, pools)
            assembled = time.perf_counter() - start
        size = (out / "print.pdf").stat().st_size
        a_render = one_render(course, blueprint, SAMPLE)
        personal = copies_a_second(course, Path(folder)) if (ROOT / "dist/workbook/workbook.pdf").is_file() else None
    print(f"{made.copies} copies of {made.forms} forms, 20 items each, with answer sheets, on {made.sheets} sheets")
    print(f"one layout run a form (sample of {SAMPLE}): {a_render:.3f} s a form")
    print(f"assembled: {assembled:.2f} s in all, {made.copies / assembled:.0f} forms a second, {size / made.copies / 1e6:.4f} MB a form")
    print(f"ratio: {a_render * made.copies / assembled:.0f} times faster")
    if personal:
        print(f"personal workbooks: {personal[0]:.0f} copies a second, of {personal[1] / 1e6:.2f} MB each")
    print(f"largest memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def copies_a_second(course: object, folder: Path) -> tuple[float, int]:
    """Personal copies of the built workbook: how many a second once the base is made, and their size."""
    from coursewright.build import personalise
    from coursewright.read.roster import Learner

    learners = [Learner(n + 2, "Zoë", f"O’Brien-{n}", learner_id=str(n)) for n in range(600)]
    started: list[float] = []
    base_of = personalise._base

    def timed(*arguments: object) -> object:
        base = base_of(*arguments)  # type: ignore[arg-type]
        started.append(time.perf_counter())
        return base

    personalise._base = timed  # type: ignore[assignment]
    personalise.personalise(course, ROOT, learners, ROOT / "dist/workbook/workbook.pdf", folder / "personal")  # type: ignore[arg-type]
    rate = len(learners) / (time.perf_counter() - started[0])
    return rate, next((folder / "personal").glob("*.pdf")).stat().st_size


def warm_fonts(course: object, wanted: object) -> None:
    """Cut the fonts into the cache, as any build before would have."""
    from coursewright.build.forms import texts_of
    from coursewright.build.make import laid_out, template_folders
    from coursewright.write.html import Templates
    from coursewright.write.packet import Options, Packet

    laid_out(Packet(course, Templates(template_folders(ROOT)), Options(), texts=texts_of(course, wanted)), list)  # type: ignore[arg-type]


def drawing(form: object) -> str:
    """The answer sheet's circles as SVG, for the layout engine."""
    from coursewright.plan.answer_sheet import Asked, plan_answer_sheet

    asked = [Asked(a.number, a.question.id, a.question.interaction) for a in form.sheet.asked]  # type: ignore[attr-defined]
    sheet = plan_answer_sheet(asked, "a4")
    circles = "".join(
        f'<circle cx="{b.x}" cy="{b.y}" r="2.15" fill="none" stroke="#555" stroke-width=".25"/><text x="{b.x - 0.7}" y="{b.y + 0.8}" font-size="2.2">{b.letter}</text>'
        for page in sheet.pages
        for b in page.bubbles
    )
    return f'<svg viewBox="0 0 210 257" style="width: 170mm; break-before: page">{circles}</svg>'


def one_render(course: object, blueprint: object, sample: int) -> float:
    """Seconds for one form laid out by itself, fonts cut already, as `build` makes the printed form; without a sheet."""
    from coursewright.build.make import template_folders
    from coursewright.build.schedule import Schedule, one_story
    from coursewright.build.store import Store
    from coursewright.plan.form import plan_form
    from coursewright.write.html import Templates
    from coursewright.write.packet import Options, Packet, nowhere
    from coursewright.write.pdf.layout import lay_out

    packet = Packet(course, Templates(template_folders(ROOT)), Options())  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        from concurrent.futures import ThreadPoolExecutor

        fonts: list = []
        with ThreadPoolExecutor(1) as pool:
            Schedule(Store(Path(folder), ""), lambda: pool).run({"fonts": one_story(packet.font_tasks(), fonts)})
        packet.take_fonts(fonts)
        times = []
        for number in range(1, sample + 2):
            form = plan_form(course, blueprint, number)  # type: ignore[arg-type]
            start = time.perf_counter()
            html = packet.html("quizzes/sheet.html.j2", nowhere, sheet=form.sheet, form=form).replace("</main>", drawing(form) + "</main>")
            lay_out({"html": html, "forms": False, "fonts": packet.fonts})
            times.append(time.perf_counter() - start)
    return sum(times[1:]) / sample  # the first imports and warms up


if __name__ == "__main__":
    main()
