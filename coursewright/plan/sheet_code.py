"""The code of an answer sheet's page: which form, whose sheet, which page, and a checksum over all of it.

`CWS:9F3A77C1:K7M2QX4:12:AB3F`: form checksum, sheet, page 1 of 2 (in base 36), CRC. Only characters of QR's alphanumeric
mode, 28 of them: they fit version 2 at error correction Q, whose modules a 100-dpi scan still tells apart. No name and no
learner's number is in it; the record knows whose sheet it is.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import dataclass

PREFIX = "CWS"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_PAGES = len(DIGITS) - 1


@dataclass(frozen=True)
class SheetCode:
    """`form`: the eight digits that end a form's id, in capitals. `page` counts from 1."""

    form: str
    sheet: str
    page: int
    pages: int

    @property
    def text(self) -> str:
        body = f"{PREFIX}:{self.form}:{self.sheet}:{DIGITS[self.page]}{DIGITS[self.pages]}"
        return f"{body}:{_check(body)}"


def read_code(text: str) -> SheetCode | None:
    """The code that a QR code held; None where it is none of ours, or its checksum is wrong."""
    parts = text.strip().split(":")
    if len(parts) != 5 or parts[0] != PREFIX or _check(":".join(parts[:4])) != parts[4] or len(parts[3]) != 2:
        return None
    page, pages = (DIGITS.find(digit) for digit in parts[3])
    return SheetCode(parts[1], parts[2], page, pages) if 1 <= page <= pages else None


def form_code(form: str) -> str:
    """The part of a form's id that stands in codes."""
    return form.rpartition("-")[2].upper()


def sheet_id(*parts: str) -> str:
    """Seven characters for a sheet, from what tells it from every other: course, session, form, copy, learner."""
    return base64.b32encode(hashlib.sha256("\0".join(parts).encode()).digest()).decode()[:7]


def _check(body: str) -> str:
    return base64.b32encode(zlib.crc32(body.encode("utf-8", "replace")).to_bytes(4, "big")).decode()[:4]
