"""The files of `deploy/` are good to start from, and the guide names what is there."""

from __future__ import annotations

import re
import resource
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
from coursewright.serve.settings import Settings, SettingsFault, load_settings, read_secret, secret_key

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


def test_the_database_comes_from_a_file_unless_it_is_named_otherwise(tmp_path: Path) -> None:
    config, file = tmp_path / "serve.toml", tmp_path / "database"
    config.write_text('database_file = "database"\n')
    for url, mode, words in ((None, 0, "there is no .*database"), ("postgresql+psycopg://x", 0o644, "can be read by others"), (" \n", 0o600, "is empty")):
        if url:
            file.write_text(url)
            file.chmod(mode)
        with pytest.raises(SettingsFault, match=words):
            load_settings(config, {})
    file.write_text("postgresql+psycopg://x\n")
    assert load_settings(config, {}).database_url == "postgresql+psycopg://x"
    assert load_settings(config, {"COURSEWRIGHT_DATABASE": "sqlite:///y"}).database_url == "sqlite:///y"
    assert load_settings(config, {}, database="sqlite:///z").database_url == "sqlite:///z"
    config.write_text('database_file = "database"\ndatabase = "sqlite:///t"\n')
    assert load_settings(config, {}).database_url == "sqlite:///t"


def test_a_secret_that_cannot_be_read_is_a_fault_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsFault, match="cannot be read: is a directory"):
        tmp_path.chmod(0o700)
        read_secret("database", tmp_path, {})


def test_a_slip_in_a_name_of_the_environment_is_a_fault_and_other_names_are_left_alone(tmp_path: Path) -> None:
    for name, meant in (("DATABSE", "DATABASE"), ("WORKER", "WORKERS"), ("SECRETKEY", "SECRET_KEY"), ("DATABASE_URL", "DATABASE"), ("MAIL_PASWORD", "MAIL_PASSWORD")):
        with pytest.raises(SettingsFault, match=f'COURSEWRIGHT_{name} is not known; after COURSEWRIGHT_, did you mean .*"{meant}"'):
            load_settings(None, {f"COURSEWRIGHT_{name}": "4"})
    assert load_settings(None, {"COURSEWRIGHT_WORKERS": "4", "COURSEWRIGHT_QQQ": "1", "OTHER_WORKER": "1"}).workers == 4


def test_every_name_of_the_environment_that_stands_anywhere_here_is_let_through() -> None:
    files = [path for folder in ("coursewright", "tests", "benchmarks", "deploy") for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".toml", ".service", "") and path.is_file()]
    names = {name for path in files if path != Path(__file__) for name in re.findall(r"\bCOURSEWRIGHT_[A-Z][A-Z0-9_]*[A-Z0-9]\b", path.read_text("utf-8", errors="replace"))}
    assert {"COURSEWRIGHT_CACHE", "COURSEWRIGHT_LTI_KEY", "COURSEWRIGHT_FAULT_SEED"} <= names
    load_settings(None, dict.fromkeys(names - {f"COURSEWRIGHT_{name.upper()}" for name in Settings.model_fields}, "x"))


def test_a_disk_that_is_full_leaves_no_empty_key(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(SettingsFault, match="cannot be written"):
            secret_key(tmp_path, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    made = secret_key(tmp_path, {})
    assert secret_key(tmp_path, {}) == made and [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [("secret-key", 0o600)]


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
