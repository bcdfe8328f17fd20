"""What the documents and schemas say is so."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml
from conftest import ROOT, run_command

from coursewright.read.course import kind_of
from coursewright.read.schema import KINDS, schema_of

COURSES = (ROOT, ROOT / "templates/starter", ROOT / "tests/courses/everything")
YAML = [(root, path) for root in COURSES for folder in ("course", "quizzes") for path in sorted((root / folder).rglob("*.yaml"))]


def ids(entry: object) -> str:
    return str(entry.relative_to(ROOT)) if isinstance(entry, Path) and entry != ROOT else ""


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("name", KINDS)
def test_a_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(name))


@pytest.mark.parametrize("name", KINDS)
def test_the_schemas_beside_the_course_are_those_of_the_code(name: str) -> None:
    assert json.loads((ROOT / "course/schema" / f"{name}.json").read_text("utf-8")) == schema_of(name), "run: make schema"


@pytest.mark.parametrize(("root", "path"), YAML, ids=ids)
def test_a_shipped_file_names_its_schema_and_keeps_to_it(root: Path, path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    (schema,) = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", first)
    kind = kind_of(path.relative_to(root).as_posix())
    name = next(name for name, cls in KINDS.items() if cls is kind)
    assert (path.parent / schema).resolve() == (root / "course/schema" / f"{name}.json").resolve()
    text = yaml.load(path.read_text("utf-8"), Loader=_Core)
    errors = [error.message for error in jsonschema.Draft202012Validator(schema_of(name)).iter_errors(text)]
    assert errors == []


class _Core(yaml.SafeLoader):
    """YAML as editors read it, by the core schema of 1.2: only true and false are booleans, and dates are text."""


_Core.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    _Core.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))
_Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = re.findall(r"^  (\w+) ", run_command("--help").stdout.split("Commands:")[1], re.MULTILINE)
    assert len(commands) >= 6
    for name in commands:
        assert f"build.py {name}" in readme, name


def test_options_that_the_readme_shows_exist() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = ("build", "check", "audit", "certify", "verify", "records", "credit", "analyze", "export", "forms", "personalise", "review", "scan", "grade", "serve", "serve staff add")
    help_ = "".join(run_command(*name.split(), "--help").stdout for name in commands) + run_command("--help").stdout
    for option in set(re.findall(r"(--[a-z]+(?:-[a-z]+)*)\b", readme)):
        assert option in help_, option


def test_links_of_the_documents_lead_to_files() -> None:
    for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / name).read_text("utf-8")):
            assert (ROOT / target).is_file(), target


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    for room in sorted(path.name for path in (ROOT / "coursewright").iterdir() if path.is_dir() and not path.name.startswith("__")):
        assert f"`{room}/`" in text or f"  {room} " in text, room


def test_no_file_names_a_package_registry_or_a_place_of_this_machine() -> None:
    hosts = re.compile("|".join(("https?://" + "pypi", "files." + "pythonhosted", "registry." + "npmjs", "deb." + "debian", "/work/" + "main", "/tmp/" + "bash_jobs")))
    for path in tracked():
        if path.suffix not in {".png", ".svg"}:
            assert not hosts.search(path.read_text("utf-8", errors="replace")), path


def test_every_requirement_is_pinned_with_hashes_and_without_an_index() -> None:
    for name in ("requirements.lock", "requirements-test.lock", "requirements-lrs.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "index-url" not in text and "find-links" not in text and "://" not in text
        for block in re.split(r"\n(?=[a-z0-9])", text.strip()):
            if not block.startswith("#"):
                assert re.match(r"^[a-z0-9._-]+(\[[a-z0-9,]+\])?==\S+ \\\n    --hash=sha256:", block), block[:60]


def test_no_tracked_file_is_large() -> None:
    assert [path for path in tracked() if path.stat().st_size > 1_000_000] == []
