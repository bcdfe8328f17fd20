"""Signed statements: what a certificate's code holds, who signed it, and whether it is what was signed.

`CW1.` + the statement as JSON + `.` + its Ed25519 signature, both in base64url. The private key stays with the
provider; whoever has the public key can check a certificate without a network.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

PREFIX = "CW1."


class KeyFault(Exception):
    """A key cannot be used: what is wrong, in words for a coordinator."""


def default_key() -> Path:
    """`$COURSEWRIGHT_KEY`, or `signing-key.pem` in the user's configuration folder."""
    named = os.environ.get("COURSEWRIGHT_KEY")
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(named) if named else Path(base) / "coursewright" / "signing-key.pem"


def load_or_make_key(path: Path) -> tuple[Ed25519PrivateKey, bool]:
    """The provider's private key, and whether it was made just now. Raises KeyFault.

    A new key is readable by its owner alone; one that others can read is refused. Of several processes that make one at
    once, all get the key of the first.
    """
    new = not path.exists() and _lay_down(path)
    if path.stat().st_mode & 0o077:
        raise KeyFault(f"{path} can be read by others; make it yours alone: chmod 600 {path}")
    try:
        found = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFault(f"{path} is not a private key in PEM") from None
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyFault(f"{path} is not an Ed25519 key")
    return found, new


def _lay_down(path: Path) -> bool:
    """Write a new key whole; False where another process was first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-") as file:  # made with mode 0600
        file.write(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return False
    return True


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """The public half, for those who check certificates."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def load_public_key(path: Path) -> Ed25519PublicKey:
    """The public key of a PEM file; the public half of a private one. Raises KeyFault and OSError."""
    data = path.read_bytes()
    try:
        found = load_pem_private_key(data, None).public_key() if b"PRIVATE KEY" in data else load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFault(f"{path} is not a key in PEM") from None
    if not isinstance(found, Ed25519PublicKey):
        raise KeyFault(f"{path} is not an Ed25519 key")
    return found


def sign(key: Ed25519PrivateKey, statement: dict[str, Any]) -> str:
    """The signed statement as text for a QR code."""
    body = json.dumps(statement, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return f"{PREFIX}{_text(body)}.{_text(key.sign(body))}"


def token_in(text: str) -> str:
    """The signed statement that a code's text holds: alone, or at the end of a web address (`https://…/verify/SERIAL#CW1.…`).

    Empty where there is none. A browser keeps what follows `#` to itself, so a name never gets into a server's logs.
    """
    found = text.strip().rpartition("#")[2]
    return found if found.startswith(PREFIX) else ""


def check(key: Ed25519PublicKey, token: str) -> dict[str, Any] | None:
    """The statement of a token, if the key signed exactly this; None otherwise."""
    parts = token.strip().removeprefix(PREFIX).split(".")
    if not token.strip().startswith(PREFIX) or len(parts) != 2:
        return None
    try:
        body, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts)
        key.verify(signature, body)
        found = json.loads(body)
    except (InvalidSignature, ValueError, binascii.Error):
        return None
    return found if isinstance(found, dict) else None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
