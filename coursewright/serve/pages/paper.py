"""Results from paper."""
from __future__ import annotations
from typing import Any
from coursewright.serve.security.access import page


@page("/manage/paper", "coordinator")
def paper() -> Any:
    return ""
