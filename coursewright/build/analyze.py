"""An item analysis: folders of administrations in, a report as PDF and HTML and tables out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from coursewright.build.administration import load_gradebook, write_whole
from coursewright.build.make import cache, template_folders, workers
from coursewright.build.places import work_fingerprint
from coursewright.build.schedule import Progress, Schedule, one_story
from coursewright.build.store import Store
from coursewright.model.course import Course
from coursewright.plan.analysis import Analysis, analyze
from coursewright.plan.findings import find, flagged
from coursewright.plan.gradebook import Gradebook
from coursewright.plan.record import DamagedRecord
from coursewright.source.diagnostic import Diagnostic
from coursewright.write import Result, Task
from coursewright.write.analysis import report_page, tables
from coursewright.write.analysis_charts import Drawn, Plot, plots
from coursewright.write.chart import PAGE_TYPE
from coursewright.write.html import Templates
from coursewright.write.packet import Options, Packet


@dataclass
class Analyzed:
    """What was made: the analysis, the names of the files, the pages of the PDF, and what its layout complained of."""

    analysis: Analysis
    files: list[str]
    pages: int
    diagnostics: list[Diagnostic] = field(default_factory=list)


def load_books(folders: Sequence[Path], pre: Path | None, course: str) -> tuple[list[Gradebook], Gradebook | None]:
    """The gradebooks of administrations of a course, each under a name of its own. Raises DamagedRecord, naming the folder."""
    made: list[Gradebook] = []
    for folder in dict.fromkeys(path.resolve() for path in (*folders, *([pre] if pre else []))):
        try:
            book = load_gradebook(folder)
        except DamagedRecord as error:
            raise DamagedRecord(f"{folder}: {error}") from None
        except KeyError as error:
            raise DamagedRecord(f"{folder}: a sitting is of form {error}, which is not on record") from None
        if book.record.course != course:
            raise DamagedRecord(f"{folder}: these are results of the course “{book.record.course}”, not of “{course}”; name its folder with --course")
        names, taken = (book.name, *(f"{book.name} ({n})" for n in range(2, len(made) + 3))), {other.name for other in made}
        made.append(replace(book, name=next(name for name in names if name not in taken)))
    if pre is None:
        return made, None
    if pre.resolve() in {folder.resolve() for folder in folders}:
        raise DamagedRecord(f"{pre}: the pre-test is also named as a test to analyze; name it with --pre alone")
    return made[:-1], made[-1]


def write_analysis(
    course: Course, root: Path, books: Sequence[Gradebook], pre: Gradebook | None, out: Path, paper: str, jobs: int | None = None, progress: Progress = lambda *_: None
) -> Analyzed:
    """Analyze, and write the report and its tables into `out`, for their owner alone: they hold keys. Raises OSError."""
    analysis = analyze(books, pre)
    shown = plots(analysis, flagged(find(analysis)))
    texts = (*(f"{item.item.stem}{item.answer}{''.join(o.text for o in item.options)}{item.wrong}" for item in analysis.items), _people(analysis), course.info.title)
    packet = Packet(course, Templates(template_folders(root)), Options(paper=paper), texts=texts)
    fonts: list[Result] = []
    charts: list[Result] = []
    made: list[Result] = []
    with workers(jobs) as executor, cache() as folder:
        schedule = Schedule(Store(folder, work_fingerprint()), executor, progress)
        schedule.run({"fonts": one_story(packet.font_tasks(), fonts), "plots": one_story([task for plot in shown.values() for task in _tasks(plot)], charts)})
        packet.take_fonts(fonts)
        drawn = {plot.id: Drawn(plot, _svg(charts[2 * n]), _svg(charts[2 * n + 1])) for n, plot in enumerate(shown.values())}
        title = f"{analysis.title}: item analysis"
        schedule.run({"report": one_story([packet.lay_out(title, report_page(packet, analysis, drawn, screen=False))], made)})
        pdf = made[0].blobs["plain.pdf"].read()  # while the cache is there
    files = {"analysis.pdf": pdf, "analysis.html": report_page(packet, analysis, drawn, screen=True).encode(), **tables(analysis)}
    for name, data in files.items():
        write_whole(out / name, data, private=True)
    return Analyzed(analysis, list(files), made[0].facts["pages"], packet.complaints(title, made[0]))


def _people(analysis: Analysis) -> str:
    gains = analysis.gains
    names = (*gains.unpaired_pre, *gains.unpaired_post) if gains else ()
    return " ".join((analysis.title, *(a.name for a in analysis.administrations), *(f"{d.reason} {d.by}" for d in analysis.decided), *names))


def _tasks(plot: Plot) -> tuple[Task, Task]:
    def task(spec: dict[str, object], name: str) -> Task:
        return Task(f"plot {name}", "coursewright.write.chart:chart", {"spec": spec, "id": name, "type": PAGE_TYPE})

    return task(plot.spec, plot.id), task(plot.narrow, f"{plot.id}-narrow")


def _svg(result: Result) -> str:
    assert result.blobs, result.facts["warnings"]
    return result.blobs["chart.svg"].read().decode()
