"""How long builds take, as ratios to a plain WeasyPrint render of the same workbook pages. Run: make benchmark.

Prints, for the course of this repository: a clean build (empty cache), a build with nothing to do, and a build after
one edit to one module, for the whole packet and for the workbook alone. Times are whole processes, best of the runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLAIN = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from coursewright.build.check import examine
from coursewright.build.inputs import read_inputs
from coursewright.build.make import template_folders
from coursewright.build.schedule import run_work
from coursewright.write import Blob, Result
from coursewright.write.html import Templates
from coursewright.write.packet import Options, Packet
from coursewright.write.workbook import across
import tempfile
inputs = read_inputs(Path({course!r}))
reading = examine(inputs)
packet = Packet(reading.course, Templates(template_folders(inputs.root)), Options(), texts=tuple(s.text for s in reading.sources.values()))
folder = Path(tempfile.mkdtemp())
def run(task, n):
    files, facts = run_work(task.work, task.arguments)
    blobs = {{}}
    for name, data in files.items():
        path = folder / f"{{n}}-{{name}}"
        path.write_bytes(data)
        blobs[name] = Blob(path, str(n))
    return Result(blobs, facts)
packet.take_fonts([run(task, f"f{{n}}") for n, task in enumerate(packet.font_tasks())])
packet.draw([run(task, f"c{{n}}") for n, task in enumerate(packet.chart_tasks())])
book = packet.workbook
pages = [packet.html("workbook/module.html.j2", across, book=book, chapter=c, first_page=1) for c in book.chapters]
pages.append(packet.html("workbook/back.html.j2", across, book=book, first_page=1))
from weasyprint import HTML
from coursewright.write.pdf.layout import Fetcher
start = time.perf_counter()
for html in pages:
    HTML(string=html, url_fetcher=Fetcher(packet.fonts)).write_pdf(pdf_variant="pdf/ua-1", pdf_forms=True)
print(time.perf_counter() - start)
"""


def timed(course: Path, cache: Path, *arguments: str) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(ROOT / "build.py"), "--course", str(course), *arguments],
        env={**os.environ, "COURSEWRIGHT_CACHE": str(cache)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return time.perf_counter() - start


def edit(course: Path, n: int) -> None:
    """One word more in one paragraph of the second module."""
    path = sorted((course / "course").glob("0*.yaml"))[1]
    text = path.read_text("utf-8")
    at = text.index("        text: |\n") + len("        text: |\n")
    path.write_text(text[:at] + text[at:].replace(". ", f". Edit {n}. ", 1), "utf-8")


def measure(course: Path, cache: Path, runs: int, *arguments: str) -> dict[str, float]:
    clean, idle, edited = [], [], []
    for n in range(runs):
        shutil.rmtree(cache, ignore_errors=True)
        shutil.rmtree(course / "dist", ignore_errors=True)
        clean.append(timed(course, cache, *arguments))
        idle += [timed(course, cache, *arguments) for _ in range(3)]
        edit(course, n)
        edited.append(timed(course, cache, *arguments))
    return {"clean": min(clean), "nothing to do": min(idle), "one edit": min(edited)}


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    with tempfile.TemporaryDirectory() as folder:
        course, cache = Path(folder) / "course", Path(folder) / "cache"
        shutil.copytree(ROOT, course, ignore=shutil.ignore_patterns("dist", ".venv*", ".git", "coursewright", "tests"))
        code = PLAIN.format(root=str(ROOT), course=str(course))
        plain = min(float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()[-1]) for _ in range(runs))
        print(f"plain WeasyPrint, the same workbook pages one after another: {plain:.2f} s = 1")
        for title, arguments in (("whole packet", ()), ("workbook alone", ("--only", "workbook"))):
            found = measure(course, cache, runs, *arguments)
            for name, seconds in found.items():
                print(f"{title:15} {name:14} {seconds:6.2f} s   {seconds / plain:6.3f} of plain   {seconds / found['clean']:6.3f} of clean")


if __name__ == "__main__":
    main()
