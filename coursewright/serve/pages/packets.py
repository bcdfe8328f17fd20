"""Results from packets."""
from __future__ import annotations
from typing import Any
from coursewright.serve.security.access import page


@page("/manage/packets", "coordinator")
def packets() -> Any:
    return ""
