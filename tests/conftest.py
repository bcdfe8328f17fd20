"""What tests share: the smallest course, as texts by path, and a cache of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

TINY = {
    "course/course.yaml": "id: tiny\ntitle: Tiny\ndescription: About.\naudience: All.\nmodules: [one]\n",
    "course/01-one.yaml": """\
id: one
title: One
summary: Short.
minutes: 5
objectives:
  - {id: lo-1-1, text: List the parts}
sections:
  - id: part
    title: Part
    objectives: [lo-1-1]
    blocks:
      - {type: prose, text: Words.}
""",
    "quizzes/banks/01-one.yaml": """\
id: bank-one
module: one
items:
  - id: q-1
    type: true-false
    objective: lo-1-1
    section: part
    stem: A statement.
    answer: true
    if_true: Yes.
    if_false: No.
""",
}


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A cache for this run, shared by its workers and apart from the user's."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    os.environ["COURSEWRIGHT_CACHE"] = str(shared / "coursewright-cache")


def run_command(*arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run `build.py` as a user does."""
    return subprocess.run(
        [sys.executable, str(ROOT / "build.py"), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def write_course(folder: Path, files: dict[str, str]) -> Path:
    """Lay a course down as files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course that `new` writes, built once. Tests may read it, and copy it to change it."""
    folder = tmp_path_factory.mktemp("starter") / "course"
    made = run_command("new", folder)
    assert made.returncode == 0, made.stderr
    built = run_command("--course", folder, "--strict")
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture
def copy_of_starter(starter: Path, tmp_path: Path) -> Path:
    """A built starter course that a test may change."""
    folder = tmp_path / "course"
    shutil.copytree(starter, folder)
    return folder


def needs(program: str) -> pytest.MarkDecorator:
    """Skip, and say why, where a program that judges our output is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")
