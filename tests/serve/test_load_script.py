"""The load script runs, and finds every answer that was called saved. How fast it was is for a quiet machine to say."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from conftest import ROOT

from .ground import EVERYTHING


@pytest.mark.slow
def test_the_load_script_signs_learners_in_counts_their_saves_and_compares_them_with_the_database() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "serve.py"), "sqlite", "--learners", "4", "--seconds", "6", "--course", str(EVERYTHING)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert "goal" in done.stdout, done.stdout + done.stderr
    compared = re.search(r"each of (\d+) answers compared with the database: 0 not there", done.stdout)
    assert compared and int(compared[1]) >= 4, done.stdout
    assert not re.search(r"[1-9]\d* failed", done.stdout), done.stdout
