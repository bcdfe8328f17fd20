"""A second factor for staff: the code of an authenticator (TOTP, RFC 6238), each used once.

The secret is kept encrypted with a key that follows from the service's own, so that a copy of the database alone makes
no codes.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

STEP = 30  # seconds


def new_secret() -> str:
    """160 random bits, as authenticators take them."""
    return pyotp.random_base32()


def address(secret: str, name: str, issuer: str) -> str:
    """The `otpauth:` address that an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def sealed(key: str, secret: str) -> str:
    """A secret as it is kept."""
    return _cipher(key).encrypt(secret.encode()).decode()


def step_of(key: str, kept: str, code: str, now: datetime, last: int) -> int | None:
    """The time step that a code belongs to: this one, the one before or the one after; None for a wrong or used code."""
    try:
        secret = _cipher(key).decrypt(kept.encode()).decode()
    except InvalidToken:
        return None
    given = "".join(c for c in code if c in "0123456789")
    current = int(now.timestamp()) // STEP
    found = None
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(pyotp.TOTP(secret).at(step * STEP), given) and step > last:
            found = step
    return found


def _cipher(key: str) -> Fernet:
    derived = HKDF(SHA256(), 32, None, b"coursewright second factor").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
