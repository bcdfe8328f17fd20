"""The build as its users meet it: what is left, what is not done twice, and what survives when something goes wrong."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, run_command

FILES = {
    "index.html",
    "manifest.json",
    "slides/01-basics.pdf",
    "slides/01-basics.html",
    "handouts/01-basics.pdf",
    "workbook/workbook.pdf",
    "workbook/workbook-fillable.pdf",
    "workbook/workbook-booklet.pdf",
    "workbook/01-basics.pdf",
    "quizzes/01-basics.html",
    "quizzes/01-basics.pdf",
    "quizzes/01-basics-key.pdf",
    "quizzes/posttest.pdf",
    "quizzes/posttest-key.pdf",
    "workbook/workbook-large-print.pdf",
    "guide/instructor-guide.pdf",
    "accreditation/binder.pdf",
    "accreditation/evaluation.pdf",
    "accreditation/commitment-to-change.pdf",
}


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_build_leaves_the_files_that_the_design_names(starter: Path) -> None:
    found = {name for name in contents(starter / "dist") if not name.startswith("previews/")}
    assert found == FILES


def test_the_manifest_tells_every_file_with_its_hash_pages_and_inputs(starter: Path) -> None:
    dist = starter / "dist"
    manifest = json.loads((dist / "manifest.json").read_text("utf-8"))
    hashes = contents(dist)
    listed = {record["path"]: record for record in manifest["files"]}
    assert set(listed) == FILES - {"index.html", "manifest.json"}
    for name, record in listed.items():
        assert record["sha256"] == hashes[name]
        assert record["size"] == (dist / name).stat().st_size
        assert (record["pages"] or 0) > 0 or name.endswith(".html")
    assert manifest["inputs"]["course/01-basics.yaml"] == hashlib.sha256((starter / "course/01-basics.yaml").read_bytes()).hexdigest()


def test_a_build_with_nothing_to_do_imports_neither_layout_nor_validation(starter: Path) -> None:
    code = (
        f"import sys; sys.argv = []; sys.path.insert(0, {str(ROOT)!r})\n"
        "from coursewright.cli import main\n"
        f"status = main(['--course', {str(starter)!r}])\n"
        "print(status, sorted({'weasyprint', 'pydantic', 'yaml', 'jinja2', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "nothing has changed" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 []"


def test_a_second_build_leaves_every_file_untouched(starter: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (starter / "dist").rglob("*")}
    assert run_command("--course", starter).returncode == 0
    assert before == {path: path.stat().st_mtime_ns for path in (starter / "dist").rglob("*")}


def test_an_edit_to_a_bank_lays_out_only_what_it_can_reach(copy_of_starter: Path) -> None:
    run_command("--course", copy_of_starter)
    before = contents(copy_of_starter / "dist")
    edit(copy_of_starter, "quizzes/banks/01-basics.yaml", "Nothing has soiled it", "It is clean")
    assert run_command("--course", copy_of_starter).returncode == 0
    after = contents(copy_of_starter / "dist")
    changed = {name for name in FILES if before[name] != after[name]}
    assert "quizzes/01-basics-key.pdf" in changed and "workbook/workbook.pdf" in changed
    assert not changed & {"slides/01-basics.pdf", "handouts/01-basics.pdf", "quizzes/posttest.pdf", "quizzes/01-basics.pdf", "slides/01-basics.html"}


def test_a_deleted_or_changed_file_of_the_packet_is_made_again(copy_of_starter: Path) -> None:
    run_command("--course", copy_of_starter)
    before = contents(copy_of_starter / "dist")
    (copy_of_starter / "dist/slides/01-basics.pdf").unlink()
    (copy_of_starter / "dist/handouts/01-basics.pdf").write_bytes(b"broken")
    assert run_command("--course", copy_of_starter).returncode == 0
    assert contents(copy_of_starter / "dist") == before


def test_only_builds_what_is_named_and_keeps_the_rest(copy_of_starter: Path) -> None:
    before = contents(copy_of_starter / "dist")
    edit(copy_of_starter, "course/01-basics.yaml", "Replace this by a remark of your own", "This is new")
    edit(copy_of_starter, "course/01-basics.yaml", "Two moments that matter most", "Two moments")
    assert run_command("--course", copy_of_starter, "--only", "handouts").returncode == 0
    after = contents(copy_of_starter / "dist")
    assert before["handouts/01-basics.pdf"] != after["handouts/01-basics.pdf"]
    assert before["workbook/workbook.pdf"] == after["workbook/workbook.pdf"]
    assert "from an earlier build" in (copy_of_starter / "dist/index.html").read_text("utf-8")


def test_an_error_leaves_the_last_good_packet_as_it_was(copy_of_starter: Path) -> None:
    before = contents(copy_of_starter / "dist")
    edit(copy_of_starter, "course/01-basics.yaml", "List the moments", "Understand the moments")
    done = run_command("--course", copy_of_starter)
    assert done.returncode == 1
    assert "E203" in done.stderr and "course/01-basics.yaml:10:11" in done.stderr and "^^^^^^^^^^" in done.stderr
    assert contents(copy_of_starter / "dist") == before


def test_a_warning_stops_only_a_strict_build(copy_of_starter: Path) -> None:
    edit(copy_of_starter, "course/references.yaml", "references:", "references:\n  - {id: unused-2020, title: T}")
    assert run_command("--course", copy_of_starter, "--strict").returncode == 1
    assert run_command("--course", copy_of_starter).returncode == 0
    again = run_command("--course", copy_of_starter, "--strict")
    assert again.returncode == 1 and "W901" in again.stderr


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_a_build_is_the_same_bytes_wherever_and_however_it_runs(starter: Path, tmp_path: Path, paper: str) -> None:
    made = []
    for n, env in enumerate(({"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LANG": "C"}, {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "LANG": "de_DE.UTF-8"})):
        folder = tmp_path / f"place {n}"
        shutil.copytree(starter, folder, ignore=shutil.ignore_patterns("dist"))
        env["COURSEWRIGHT_CACHE"] = str(tmp_path / f"cache{n}")
        done = run_command("--course", folder, "--paper", paper, "--jobs", str(n + 1), env=env)
        assert done.returncode == 0, done.stderr
        made.append(contents(folder / "dist"))
    assert made[0] == made[1]


def test_out_that_is_a_file_is_refused(starter: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    done = run_command("--course", starter, "--out", tmp_path / "out")
    assert done.returncode == 1 and "is a file" in done.stderr
    assert (tmp_path / "out").read_text() == "mine"


def test_out_that_holds_other_things_is_refused(starter: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/mum.txt").write_text("dear")
    done = run_command("--course", starter, "--out", tmp_path / "letters")
    assert done.returncode == 1 and "not a packet" in done.stderr
    assert contents(tmp_path / "letters").keys() == {"mum.txt"}


def test_a_strangers_file_in_the_packet_survives_a_build(copy_of_starter: Path) -> None:
    (copy_of_starter / "dist/notes.txt").write_text("mine")
    edit(copy_of_starter, "course/course.yaml", "A small course to start from", "Changed")
    assert run_command("--course", copy_of_starter).returncode == 0
    assert (copy_of_starter / "dist/notes.txt").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_out_that_is_read_only_is_refused(starter: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    done = run_command("--course", starter, "--out", tmp_path / "closed/dist")
    assert done.returncode == 1 and "no right" in done.stderr


def test_a_full_disk_gives_a_message_and_leaves_the_packet(copy_of_starter: Path) -> None:
    before = contents(copy_of_starter / "dist")
    edit(copy_of_starter, "course/course.yaml", "A small course to start from", "Changed")

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run([sys.executable, str(ROOT / "build.py"), "--course", str(copy_of_starter)], preexec_fn=little_room, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "disk is full" in done.stderr and "Traceback" not in done.stderr
    assert contents(copy_of_starter / "dist") == before
    assert not (copy_of_starter / ".dist.new").exists()


def test_two_builds_at_once_do_not_mix(copy_of_starter: Path) -> None:
    edit(copy_of_starter, "course/course.yaml", "A small course to start from", "Changed")
    commands = [subprocess.Popen([sys.executable, str(ROOT / "build.py"), "--course", str(copy_of_starter)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [(process.communicate()[1], process.returncode) for process in commands]
    assert sorted(status for _, status in ends) in ([0, 1], [0, 0])
    if 1 in (status for _, status in ends):
        assert any("another build" in said for said, _ in ends)
    manifest = json.loads((copy_of_starter / "dist/manifest.json").read_text("utf-8"))
    hashes = contents(copy_of_starter / "dist")
    assert all(hashes[record["path"]] == record["sha256"] for record in manifest["files"])


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
@pytest.mark.parametrize("delay", [0.3, 0.8, 1.6])
def test_a_build_that_is_stopped_in_the_middle_leaves_the_last_good_packet(copy_of_starter: Path, tmp_path: Path, number: int, status: int, delay: float) -> None:
    before = contents(copy_of_starter / "dist")
    edit(copy_of_starter, "course/course.yaml", "A small course to start from", f"Changed {delay}")
    env = {**os.environ, "COURSEWRIGHT_CACHE": str(tmp_path / "cold")}
    command = [sys.executable, str(ROOT / "build.py"), "--course", str(copy_of_starter)]
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(delay)
    os.killpg(process.pid, number)  # as a terminal sends Ctrl-C: to the command and its workers
    said = process.communicate(timeout=60)[1]
    assert process.returncode == status, said
    assert "Traceback" not in said
    assert contents(copy_of_starter / "dist") == before
    assert run_command("--course", copy_of_starter).returncode == 0
    assert contents(copy_of_starter / "dist") != before


def test_workers_end_when_their_parent_is_killed(copy_of_starter: Path, tmp_path: Path) -> None:
    edit(copy_of_starter, "course/course.yaml", "A small course to start from", "Changed")
    env = {**os.environ, "COURSEWRIGHT_CACHE": str(tmp_path / "cold")}
    process = subprocess.Popen([sys.executable, str(ROOT / "build.py"), "--course", str(copy_of_starter)], env=env, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    process.kill()
    process.communicate(timeout=60)  # ends only when every process that holds the pipe has ended


def test_a_link_out_of_the_course_folder_is_refused(copy_of_starter: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("id: secret\n")
    (copy_of_starter / "course/02-link.yaml").symlink_to(tmp_path / "secret.yaml")
    done = run_command("--course", copy_of_starter, "check", "--format", "concise")
    assert done.returncode == 1 and "course/02-link.yaml:1:1: E109" in done.stdout


def test_a_template_of_the_course_takes_the_place_of_the_shipped_one(copy_of_starter: Path) -> None:
    own = copy_of_starter / "templates/packet/index.html.j2"
    own.parent.mkdir(parents=True)
    own.write_text("<!doctype html><title>{{ info.title }}</title>ours")
    assert run_command("--course", copy_of_starter).returncode == 0
    assert (copy_of_starter / "dist/index.html").read_text("utf-8").endswith("ours")
    assert "<h1>" in (copy_of_starter / "dist/quizzes/01-basics.html").read_text("utf-8")


def test_a_cache_that_was_damaged_is_made_again(copy_of_starter: Path, tmp_path: Path) -> None:
    env = {"COURSEWRIGHT_CACHE": str(tmp_path / "cache")}
    assert run_command("--course", copy_of_starter, env=env).returncode == 0
    before = contents(copy_of_starter / "dist")
    for blob in (tmp_path / "cache").rglob("*.pdf"):
        blob.write_bytes(b"damaged")
    for record in list((tmp_path / "cache").rglob("facts.json"))[:4]:
        record.write_text("{")
    shutil.rmtree(copy_of_starter / "dist")
    assert run_command("--course", copy_of_starter, env=env).returncode == 0
    assert contents(copy_of_starter / "dist") == before


def test_a_cache_that_cannot_be_written_is_done_without(copy_of_starter: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run_command("--course", copy_of_starter, "--only", "handouts", env={"COURSEWRIGHT_CACHE": str(tmp_path / "file/cache")}).returncode == 0


def test_a_chart_that_cannot_be_drawn_is_an_error_with_its_place(copy_of_starter: Path) -> None:
    edit(copy_of_starter, "course/01-basics.yaml", "        process:\n          direction: across\n          steps:\n            - {title: Wet, text: with clean water}\n            - {title: Rub, text: soap on all sides}\n            - {title: Rinse, text: then dry}\n", "        chart: {mark: bar, data: {values: [{a: 1}]}, encoding: {x: {field: a, type: quantitativ}}}\n")
    done = run_command("--course", copy_of_starter)
    assert done.returncode == 1 and "E606" in done.stderr and "course/01-basics.yaml" in done.stderr and "Invalid field type" in done.stderr
    assert "E606" in run_command("--course", copy_of_starter, "check").stdout


def test_a_slide_that_does_not_fit_is_reported_at_its_place(copy_of_starter: Path) -> None:
    bullets = ", ".join(f"Bullet number {n} with a good many words in it" for n in range(14))
    edit(copy_of_starter, "course/01-basics.yaml", "bullets: [Before contact with a patient, After contact with a patient]", f"bullets: [{bullets}]")
    done = run_command("--course", copy_of_starter, "--only", "slides")
    assert "W607" in done.stderr and 'slide 3 of "basics"' in done.stderr


def test_speaker_notes_that_do_not_fit_beside_their_slide_are_reported(copy_of_starter: Path) -> None:
    edit(copy_of_starter, "course/01-basics.yaml", "    notes: Walk through the figure.", "    notes: " + "Walk through the figure, slowly. " * 60)
    done = run_command("--course", copy_of_starter, "--only", "handouts", "--notes")
    assert "W608" in done.stderr and 'slide 4 of "basics"' in done.stderr
    assert "W608" not in run_command("--course", copy_of_starter, "--only", "handouts").stderr


def test_a_module_that_the_course_does_not_have_is_no_module_to_build(copy_of_starter: Path) -> None:
    before = contents(copy_of_starter / "dist")
    done = run_command("--course", copy_of_starter, "--module", "basic")
    assert done.returncode == 2 and 'did you mean "basics"' in done.stderr
    assert contents(copy_of_starter / "dist") == before


def test_out_where_nothing_can_be_made_is_refused(starter: Path) -> None:
    done = run_command("--course", starter, "--out", "/proc/nothing/dist")
    assert done.returncode == 1 and "cannot be written" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.gif", b"GIF89a", "not a PNG, JPEG or SVG"),
        ("a.png", b"\x89PNG\r\n\x1a\nbroken", "not a readable picture"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "script"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><image href='https://example.org/x.png'/></svg>", "outside itself"),
        ("a.svg", b"<svg", "not XML"),
    ],
)
def test_a_picture_that_cannot_be_used_is_refused_with_the_reason(copy_of_starter: Path, name: str, data: bytes, reason: str) -> None:
    (copy_of_starter / "course/figures").mkdir(exist_ok=True)
    (copy_of_starter / "course/figures" / name).write_bytes(data)
    text = (copy_of_starter / "course/01-basics.yaml").read_text("utf-8")
    start, end = text.index("        process:"), text.index("      - type: vignette")
    (copy_of_starter / "course/01-basics.yaml").write_text(text[:start] + f"        image: figures/{name}\n" + text[end:], "utf-8")
    done = run_command("--course", copy_of_starter, "check", "--format", "concise")
    assert done.returncode == 1 and "E127" in done.stdout and reason in done.stdout


@pytest.mark.parametrize("text", ["x" * 300, "https://example.org/" + "y" * 300])
def test_a_very_long_word_is_broken_and_not_cut_off(copy_of_starter: Path, text: str) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    edit(copy_of_starter, "course/01-basics.yaml", "Hands are cleaned before", f"{text}END and ```` ``{text}`` ```` Hands are cleaned before")
    assert run_command("--course", copy_of_starter, "--only", "workbook").returncode == 0
    shown = subprocess.run(["pdftotext", str(copy_of_starter / "dist/workbook/01-basics.pdf"), "-"], capture_output=True, text=True, check=True).stdout
    assert f"{text}END" in "".join(shown.split())


def test_a_complaint_about_a_page_is_looked_into_again_in_the_next_build(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from coursewright.build.schedule import Schedule, one_story
    from coursewright.build.store import Store
    from coursewright.write import Result, Task

    store = Store(tmp_path, "engine")
    task = Task("page", "none:none", {"html": "x"})
    for said in (["a library is missing"], []):
        store.put(store.key(task), {"page": b"x"}, {"warnings": said})
        kept: list[Result] = []
        with ThreadPoolExecutor(1) as pool:
            schedule = Schedule(store, lambda pool=pool: pool)
            if said:
                with pytest.raises(ModuleNotFoundError):  # it is run again: the complaint was not taken from the cache
                    schedule.run({"one": one_story([task], kept)})
            else:
                schedule.run({"one": one_story([task], kept)})
                assert kept[0].facts == {"warnings": []}


def test_ctrl_c_while_the_workers_server_starts_is_not_lost() -> None:
    """It was ignored for that moment, and the build went on to its end."""
    program = "import signal, os, multiprocessing.forkserver as f\nfrom coursewright.build import make\n"
    program += "real = f.ensure_running\ndef pressed():\n    os.kill(os.getpid(), signal.SIGINT)\n    real()\nf.ensure_running = pressed\n"
    program += "try:\n    make._start_server()\nexcept KeyboardInterrupt:\n    print('stopped')\n"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "stopped\n", done.stderr
