"""A day on the command line."""

from __future__ import annotations

import datetime
from typing import Any

import click


def now() -> str:
    """This moment, to the second, with the offset from UTC."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


class Day(click.ParamType[datetime.date]):
    """A date as YYYY-MM-DD."""

    name = "day"

    def get_metavar(self, *_: Any, **__: Any) -> str:
        return "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:
        if isinstance(value, datetime.date):
            return value
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day; write it as YYYY-MM-DD", param, ctx)
