"""Requests to others: never without an end to the waiting."""

from __future__ import annotations

from typing import Any

import requests

CONNECT, READ = 4, 10  # seconds


class Hurried(requests.Session):
    """A session whose requests end, whatever the other side does. It takes no settings from the environment but proxies'."""

    def __init__(self) -> None:
        super().__init__()
        self.headers["User-Agent"] = "Coursewright"

    def request(self, method: Any, url: Any, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request; the waiting has an end."""
        if options.get("timeout") is None:
            options["timeout"] = (CONNECT, READ)
        return super().request(method, url, *arguments, **options)


def problem_of(error: Exception) -> str:
    """What went wrong in a few words, without addresses, names or answers of the other side."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answered {error.response.status_code}"
    if isinstance(error, requests.ConnectTimeout | requests.ReadTimeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    return type(error).__name__
