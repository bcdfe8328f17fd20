"""Make the packet: examine, draw, run the writers, publish."""

from __future__ import annotations

import base64
import contextlib
import datetime
import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import connection, get_all_start_methods, get_context, parent_process
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import Any

from coursewright import __version__
from coursewright.build import publish, state
from coursewright.build.check import examine
from coursewright.build.inputs import Inputs, image_kind, problems
from coursewright.build.places import cache_folder, engine_fingerprint, shipped_templates, work_fingerprint
from coursewright.build.schedule import Progress, Schedule, one_story, worker_count
from coursewright.build.store import Store
from coursewright.read.course import Reading
from coursewright.source.diagnostic import Diagnostic, count
from coursewright.source.siblings import import_siblings
from coursewright.source.span import Source
from coursewright.write import WRITERS, Blob, Output, Result, Task, Written
from coursewright.write.html import Templates
from coursewright.write.packet import Options, Packet
from coursewright.write.packet_index import Entry, write_index


@dataclass
class Built:
    """What a build did. `published` is false where faults stopped it; `made` names what was not in the cache."""

    diagnostics: list[Diagnostic]
    sources: dict[str, Source]
    published: bool = False
    made: list[str] = field(default_factory=list)
    files: int = 0


class UnknownModule(Exception):
    """The build was asked for a module that the course does not have: its name, and those there are."""


def make(
    inputs: Inputs,
    out: Path,
    options: Options,
    *,
    strict: bool = False,
    today: datetime.date | None = None,
    release: bool = False,
    jobs: int | None = None,
    progress: Progress = lambda title, done, known: None,
) -> Built:
    """Build the packet of a course folder into `out`. Raises publish.CannotPublish, UnknownModule and OSError; `out` is then as it was."""
    publish.look_before(out)
    with publish.locked(out), workers(jobs) as executor:
        reading = examine(inputs, today, release)
        built = Built(reading.diagnostics, reading.sources)
        if reading.course is None or _stops(built.diagnostics, strict):
            return built
        unknown = [name for name in options.modules if name not in {module.id for module in reading.course.modules}]
        if unknown:
            raise UnknownModule(unknown[0], [module.id for module in reading.course.modules])
        with cache() as folder:
            schedule = Schedule(Store(folder, work_fingerprint()), executor, progress)
            packet = Packet(reading.course, Templates(template_folders(inputs.root)), options, _assets(inputs), texts=tuple(source.text for source in reading.sources.values()))
            hints = state.Hints(folder, inputs.root, options.paper)
            packet.page_counts.update(hints.load())
            written = _write(packet, schedule)
            hints.save(packet.page_counts)
            built.diagnostics = sorted({*built.diagnostics, *(d for each in written for d in each.diagnostics)})
            built.made = schedule.made
            if _stops(built.diagnostics, strict):
                return built
            outputs = [output for each in written for output in each.outputs]
            names = _publish(packet, inputs, out, options, outputs)
            schedule.store.prune()
        built.published, built.files = True, len(names)
        if today is None and not release:  # what depends on the day is looked at again each time
            _remember(inputs, out, options, built, names)
        return built


def template_folders(root: Path) -> tuple[Path, ...]:
    """A course's own templates before the shipped ones, file by file."""
    own = root / "templates"
    shipped = shipped_templates()
    return (own, shipped) if own.is_dir() and own.resolve() != shipped.resolve() else (shipped,)


def options_record(options: Options) -> dict[str, Any]:
    """The options as JSON values."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(options).items()}


def laid_out(packet: Packet, tasks: Callable[[], list[Task]], jobs: int | None = None, progress: Progress = lambda title, done, known: None) -> list[tuple[bytes, Result]]:
    """The files and results of tasks that are no part of a packet: certificates, an appendix. `tasks` is called once the fonts are cut."""
    fonts: list[Result] = []
    made: list[Result] = []
    with workers(jobs) as executor, cache() as folder:
        schedule = Schedule(Store(folder, work_fingerprint()), executor, progress)
        schedule.run({"fonts": one_story(packet.font_tasks(), fonts)})
        packet.take_fonts(fonts)
        schedule.run({"documents": one_story(tasks(), made)})
        return [(result.blobs["plain.pdf"].read(), result) for result in made]  # read while the cache is there


def draw_charts(inputs: Inputs, reading: Reading) -> list[Diagnostic]:
    """What is wrong with the charts of a course, found by drawing those that are not in the cache."""
    if reading.course is None or any(d.severity == "error" for d in reading.diagnostics):
        return []
    packet = Packet(reading.course, Templates(template_folders(inputs.root)), Options())
    charts: list[Result] = []
    with cache() as folder, ThreadPoolExecutor(1) as pool:
        Schedule(Store(folder, work_fingerprint()), lambda: pool).run({"charts": one_story(packet.chart_tasks(), charts)})
        return packet.draw(charts)


def _stops(diagnostics: list[Diagnostic], strict: bool) -> bool:
    counted = count(diagnostics)
    return bool(counted["error"] or (strict and counted["warning"]))


def _write(packet: Packet, schedule: Schedule) -> list[Written]:
    fonts: list[Result] = []
    charts: list[Result] = []
    schedule.run({"fonts": one_story(packet.font_tasks(), fonts), "charts": one_story(packet.chart_tasks(), charts)})
    packet.take_fonts(fonts)
    drawn = Written(diagnostics=packet.draw(charts))
    if any(d.severity == "error" for d in drawn.diagnostics):
        return [drawn]
    import_siblings("coursewright.write")
    wanted = packet.options.only or tuple(WRITERS)
    written = schedule.run({name: write(packet) for name, write in sorted(WRITERS.items()) if name in wanted})
    return [drawn, *(written[name] for name in sorted(written))]


def _publish(packet: Packet, inputs: Inputs, out: Path, options: Options, outputs: list[Output]) -> list[str]:
    """Write the packet beside `out` and move it into place. Returns the names of all its files."""
    before = _manifest(out)
    digest = state.build_key("", inputs.hashes(), options_record(options), problems(inputs))[:16]
    entries: dict[str, Entry] = {}
    with publish.staged(out) as stage:
        for output in outputs:
            data = output.content.read() if isinstance(output.content, Blob) else output.content
            preview = ""
            if output.preview:
                preview = "previews/" + output.path.replace("/", "-").rsplit(".", 1)[0] + ".png"
                _lay_down(stage / preview, output.preview.read())
            _lay_down(stage / output.path, data)
            entries[output.path] = Entry.of(output, data, preview, digest)
        partial = bool(options.only or options.modules)
        kept = [Entry(**record) for name, record in before.items() if partial and name not in entries and (out / name).is_file()]
        publish.carry_over(out, stage, [name for entry in kept for name in (entry.path, entry.preview) if name])
        ours = {name for record in before.values() for name in (record["path"], record.get("preview", ""))} | {"index.html"}
        publish.carry_over(out, stage, publish.strangers(out, ours))
        every = sorted([*entries.values(), *kept], key=lambda entry: entry.order)
        _lay_down(stage / "index.html", write_index(packet, every, digest).encode())
        manifest = {
            "course": packet.course.info.id,
            "title": packet.course.info.title,
            "coursewright": __version__,
            "options": options_record(options),
            "inputs": inputs.hashes(),
            "files": [asdict(entry) for entry in every],
        }
        _lay_down(stage / publish.MANIFEST, (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode())
    names = {name for entry in every for name in (entry.path, entry.preview) if name}
    return sorted({*names, "index.html", publish.MANIFEST})


def _manifest(out: Path) -> dict[str, Any]:
    """The records of the packet that stands in `out`, by path; none where there is none that can be read."""
    try:
        found = json.loads((out / publish.MANIFEST).read_text("utf-8"))
        return {record["path"]: record for record in found["files"] if set(record) == set(Entry.__dataclass_fields__)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _lay_down(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _assets(inputs: Inputs) -> dict[str, str]:
    return {
        path: f"data:{image_kind(path, data)};base64,{base64.b64encode(data).decode()}" for path, data in inputs.images.items()
    }


def _remember(inputs: Inputs, out: Path, options: Options, built: Built, names: list[str]) -> None:
    from coursewright.source.report import report, summary

    folder = cache_folder()
    if folder is None:
        return
    key = state.build_key(engine_fingerprint(), inputs.hashes(), options_record(options), problems(inputs))
    counted = count(built.diagnostics)
    more = {"report": report("full", built.diagnostics, built.sources), "summary": summary(built.diagnostics), "counts": counted}
    state.save(state.state_path(folder, out), key, out, names, more)


@contextlib.contextmanager
def cache() -> Iterator[Path]:
    """The cache folder; one for this build alone where the user's cannot be written."""
    folder = cache_folder()
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="coursewright-") as temporary:
        yield Path(temporary)


@contextlib.contextmanager
def workers(jobs: int | None, also: tuple[str, ...] = ()) -> Iterator[Callable[[], Executor]]:
    """A pool that starts with its first task. Its server imports the layout engine once (and the modules `also`), while
    the course is still being read; workers are forked from it."""
    pool: list[ProcessPoolExecutor] = []
    method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["coursewright.write.pdf.layout", *also])
        _start_server()

    def executor() -> Executor:
        if not pool:
            pool.append(ProcessPoolExecutor(worker_count(jobs), mp_context=context, initializer=_settle))
        return pool[0]

    try:
        yield executor
    except BaseException:
        for started in pool:
            processes = list((started._processes or {}).values())
            for process in processes:
                process.terminate()
            started.shutdown(wait=True, cancel_futures=True)
        raise
    for started in pool:
        started.shutdown()


def _start_server() -> None:
    """Start the server that workers are forked from, deaf to Ctrl-C as they shall be: the parent sees to that."""
    if current_thread() is not main_thread():
        return
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()  # it unblocks Ctrl-C when it starts: so first
    # blocked, not ignored: the server inherits the mask, and a Ctrl-C of this moment reaches us after it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _settle() -> None:
    """In a new worker: end with the parent, and keep what is imported out of the collector's way."""
    import gc

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for its next task for ever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
