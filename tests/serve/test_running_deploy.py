"""The files of `deploy/` are good to start from, and the guide names what is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from conftest import ROOT
from pydantic import BaseModel

from coursewright.cli.commands.serve import command
from coursewright.serve.settings import Settings, load_settings

DEPLOY = ROOT / "deploy"
GUIDE = (ROOT / "docs" / "operate.md").read_text("utf-8")


def told(model: type[BaseModel], found: dict[str, Any], place: str = "") -> set[str]:
    """The settings of a model that a table does not have."""
    missing = set()
    for name, field in model.model_fields.items():
        value = found.get(name)
        if value is None:
            missing.add(place + name)
            continue
        kinds = [kind for kind in (field.annotation, *get_args(field.annotation), *(k for a in get_args(field.annotation) for k in get_args(a))) if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if kinds and name != "tests":
            missing |= told(kinds[0], value[0] if isinstance(value, list) else value, f"{place}{name}.")
    return missing


def test_the_settings_file_loads_as_it_is_and_says_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(DEPLOY / "serve.toml", {})
    assert settings == Settings(data=settings.data)


def test_the_settings_file_names_every_setting_and_all_of_them_load_together(tmp_path: Path) -> None:
    whole = re.sub(r"^#(?=[a-z\[])", "", (DEPLOY / "serve.toml").read_text("utf-8"), flags=re.MULTILINE)
    (tmp_path / "serve.toml").write_text(whole)
    load_settings(tmp_path / "serve.toml", {})
    assert told(Settings, tomllib.loads(whole)) == set()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_the_unit_is_one_that_systemd_takes_and_finds_tight(tmp_path: Path) -> None:
    unit = tmp_path / "coursewright.service"
    text = (DEPLOY / "coursewright.service").read_text("utf-8")
    unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE).replace("User=coursewright", "User=root").replace("Group=coursewright", "Group=root"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert not [line for line in done.stderr.splitlines() if "coursewright.service" in line], done.stderr
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-600:]


def test_the_container_is_not_root_and_copies_what_is_there() -> None:
    lines = (DEPLOY / "Containerfile").read_text("utf-8").splitlines()
    user = max(number for number, line in enumerate(lines) if line.startswith("USER "))
    assert lines[user] != "USER root" and user < next(number for number, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
    for line in lines:
        if line.startswith("COPY "):
            for name in line.split()[1:-1]:
                assert (ROOT / name).exists(), name
    assert any(line.startswith("HEALTHCHECK") for line in lines)


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx here")
def test_the_proxy_takes_its_file(tmp_path: Path) -> None:
    text = re.sub(r"^\s*(ssl_certificate|ssl_certificate_key|http2|listen)\b.*$", "", (DEPLOY / "nginx.conf").read_text("utf-8"), flags=re.MULTILINE)
    (tmp_path / "nginx.conf").write_text("events {}\nhttp {\n" + text + "\n}\n")
    done = subprocess.run(["nginx", "-t", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True)
    assert "syntax is ok" in done.stderr, done.stderr


def test_commands_options_and_files_that_the_guide_shows_exist() -> None:
    runner = CliRunner()
    helps = runner.invoke(command, ["--help"]).output
    for words in (["migrate"], ["staff", "add"], ["verify-log"], ["backup"], ["restore"]):
        helps += runner.invoke(command, [*words, "--help"]).output
        assert " ".join(words) in GUIDE
    for line in re.findall(r"^.*\bserve\b .*$", GUIDE, re.MULTILINE):
        for option in re.findall(r"(?<= )--[a-z]+(?:-[a-z]+)*", line.replace("--course", "")):
            assert option in helps, option
    for name in re.findall(r"`(?:\.\./)?(deploy/[\w.]+)`", GUIDE):
        assert (ROOT / name).is_file(), name


def test_settings_and_numbers_that_the_guide_names_exist() -> None:
    health = (ROOT / "coursewright/serve/pages/health.py").read_text("utf-8")
    for name in set(re.findall(r"\b(coursewright_\w+)", GUIDE)):
        assert name.removesuffix("_bucket").removesuffix("_total") in health, name
    for name in re.findall(r"`(\w+) = ", GUIDE):
        assert name in Settings.model_fields, name
