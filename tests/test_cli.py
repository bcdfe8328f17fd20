"""The command: its words, its exit statuses, its formats."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from conftest import ROOT, TINY, run_command, write_course


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_course(tmp_path / "tiny", TINY)


@pytest.fixture
def faulty(tiny: Path) -> Path:
    path = tiny / "course/01-one.yaml"
    path.write_text(path.read_text("utf-8").replace("List the parts", "Understand the parts"), "utf-8")
    return tiny


def test_a_sound_course_exits_with_0(tiny: Path) -> None:
    done = run_command("--course", tiny, "check")
    assert done.returncode == 0 and "1 info" in done.stderr


def test_a_faulty_course_exits_with_1(faulty: Path) -> None:
    assert run_command("--course", faulty, "check").returncode == 1


@pytest.mark.parametrize("arguments", [["chekc"], ["--only", "posters"], ["build", "--paper", "a3"], ["explain", "E999"], ["--course", "nowhere", "check"], ["new"]])
def test_wrong_words_exit_with_2_and_no_traceback(arguments: list[str], tmp_path: Path) -> None:
    done = run_command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and done.stderr


def test_a_misspelled_command_is_answered_with_the_one_that_was_meant() -> None:
    assert 'did you mean "check"' in run_command("chekc").stderr


def test_our_own_fault_exits_with_70(faulty: Path) -> None:
    code = "import sys; sys.path.insert(0, {!r}); import coursewright.build.check as c; c.examine = lambda i: 1 / 0; from coursewright.cli import main; sys.exit(main(['--course', {!r}, 'check']))"
    done = subprocess.run([sys.executable, "-c", code.format(str(ROOT), str(faulty))], capture_output=True, text=True, check=False)
    assert done.returncode == 70 and "fault of Coursewright" in done.stderr


def test_the_full_format_shows_the_line_and_underlines_the_word(faulty: Path) -> None:
    text = run_command("--course", faulty, "check").stdout
    wanted = """\
E203 objective uses unmeasurable verb "understand"
 --> course/01-one.yaml:6:25
  |
6 |   - {id: lo-1-1, text: Understand the parts}
  |                        ^^^^^^^^^^
  = help: try "identify" or "compare"
  = more: build.py explain E203"""
    assert wanted.replace("6:25", "6:24") in text


def test_the_concise_format_is_a_line_a_fault(faulty: Path) -> None:
    lines = run_command("--course", faulty, "check", "--format", "concise").stdout.splitlines()
    assert any(line.startswith("course/01-one.yaml:6:24: E203 ") for line in lines)


def test_the_json_format_can_be_read_by_a_program(faulty: Path) -> None:
    found = json.loads(run_command("--course", faulty, "check", "--format", "json").stdout)
    (fault,) = [entry for entry in found if entry["code"] == "E203"]
    assert (fault["severity"], fault["path"], fault["line"], fault["column"], fault["end_column"]) == ("error", "course/01-one.yaml", 6, 24, 34)


def test_the_github_format_is_made_of_workflow_commands(faulty: Path) -> None:
    lines = run_command("--course", faulty, "check", "--format", "github").stdout.splitlines()
    assert any(line.startswith("::error file=course/01-one.yaml,line=6,col=24,endLine=6,title=E203::") for line in lines)
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)


def test_explain_prints_the_page_of_a_code() -> None:
    text = run_command("explain", "e203").stdout
    assert text.startswith("E203 unmeasurable verb") and "Instead:" in text and "Source:" in text


def test_explain_without_a_code_lists_them_all() -> None:
    lines = run_command("explain").stdout.splitlines()
    assert len(lines) > 40 and all(line[0] in "EWI" for line in lines)


def test_new_refuses_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/mine.txt").write_text("mine")
    assert run_command("new", tmp_path / "x").returncode == 2
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["mine.txt"]


def test_help_and_checks_need_no_layout_engine(tiny: Path) -> None:
    code = "import sys; sys.path.insert(0, {!r}); sys.modules['weasyprint'] = None; from coursewright.cli import main; sys.exit(main({!r}))"
    for arguments in (["--help"], ["build", "--help"], ["--course", str(tiny), "check"], ["explain", "W306"]):
        done = subprocess.run([sys.executable, "-c", code.format(str(ROOT), arguments)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; sys.path.insert(0, {!r}); from coursewright.cli import main; main(['--help']); print(sorted({{'weasyprint', 'pydantic', 'yaml', 'jinja2', 'rich'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code.format(str(ROOT))], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_without_its_packages_the_command_says_what_to_run() -> None:
    done = subprocess.run([sys.executable, "-S", str(ROOT / "build.py")], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "make packet" in done.stderr and "Traceback" not in done.stderr


def test_a_reader_that_closes_early_is_no_fault(tiny: Path) -> None:
    command = f'"{sys.executable}" "{ROOT / "build.py"}" explain | head -1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("E101") and "Traceback" not in done.stderr


def test_a_folder_without_a_course_is_no_place_to_build(tmp_path: Path) -> None:
    done = run_command("--course", tmp_path)
    assert done.returncode == 2 and "new DIR" in done.stderr


def test_preview_shows_the_packet_and_builds_it_again_on_save(starter: Path, tmp_path: Path) -> None:
    import shutil

    course = tmp_path / "course"
    shutil.copytree(starter, course, ignore=shutil.ignore_patterns("dist"))
    command = [sys.executable, "-u", str(ROOT / "build.py"), "--course", str(course), "preview", "--port", "0", "--only", "quizzes"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ})
    killer = threading.Timer(90, process.kill)
    killer.start()
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[0]

        def get(path: str) -> str:
            with urllib.request.urlopen(address + path, timeout=10) as answer:
                return answer.read().decode()

        def wait_for(number: int) -> None:
            for _ in range(200):
                if json.loads(get(".build"))["number"] >= number:
                    return
                time.sleep(0.2)
            raise AssertionError("it was not built again")

        wait_for(1)
        assert "Course packet" in get("") and "location.reload" in get("")
        module = course / "course/01-basics.yaml"
        module.write_text(module.read_text("utf-8").replace("When and how", "Where and why"), "utf-8")
        wait_for(2)
        assert "Where and why" in get("quizzes/01-basics.html")
        module.write_text(module.read_text("utf-8").replace("List the moments", "Know the moments"), "utf-8")
        wait_for(3)
        assert "E203" in get("")
    finally:
        process.terminate()
        process.wait(20)
        killer.cancel()
