"""A wheel works away from the checkout: `coursewright new mycourse && cd mycourse && coursewright`."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from conftest import ROOT

pytest.importorskip("hatchling")


def test_a_wheel_builds_a_course_in_an_environment_of_its_own(tmp_path: Path) -> None:
    source = tmp_path / "source"
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "coursewright", "templates", "pyproject.toml", "README.md", "LICENSE"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    wheels = tmp_path / "wheels"
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(wheels), str(source)], check=True)
    (wheel,) = wheels.glob("*.whl")
    home = tmp_path / "env"
    venv.create(home, with_pip=False, symlinks=True)
    # the environment's own packages are the wheel alone; those it depends on are lent by a path file
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site), str(wheel)], check=True)
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [str(home / "bin" / "python"), "-m", "coursewright"]
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    made = subprocess.run([*command, "new", "mycourse"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    built = subprocess.run([*command, "--strict"], cwd=tmp_path / "mycourse", env=env, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "mycourse/dist/workbook/workbook.pdf").read_bytes().startswith(b"%PDF")
    place = subprocess.run([str(home / "bin" / "python"), "-c", "import coursewright; print(coursewright.__file__)"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout
    assert str(home) in place
