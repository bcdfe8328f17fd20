"""The keys that the service signs with, of the data folder unless the environment names others.

Where workers stand on several machines, all must be given the same: `COURSEWRIGHT_KEY` and `COURSEWRIGHT_IDENTITY`.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coursewright.build.pdf_signature import Identity, load_or_make_identity, load_pkcs12
from coursewright.build.signing import load_or_make_key
from coursewright.model.course import CourseInfo
from coursewright.plan.notice import SAMPLE
from coursewright.serve.settings import Settings

KEY, IDENTITY, PASSPHRASE = "COURSEWRIGHT_KEY", "COURSEWRIGHT_IDENTITY", "COURSEWRIGHT_IDENTITY_PASSPHRASE"


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """The key of statements: the file that `COURSEWRIGHT_KEY` names, else one of the data folder, made once. Raises KeyFault, OSError."""
    named = os.environ.get(KEY)
    return _key(Path(named) if named else settings.data / "signing-key.pem")


def identity(settings: Settings, info: CourseInfo) -> Identity:
    """Who signs documents and badges: the PKCS #12 file that `COURSEWRIGHT_IDENTITY` names, else one of the data folder.

    Samples are signed by an identity of their own that says so: a provider's name never stands under one, and once the
    provider is known, nothing is signed by the sample's. Raises KeyFault, OSError.
    """
    if not info.provider.complete:
        return _made(settings.data / "sample-identity", SAMPLE)
    named = os.environ.get(IDENTITY)
    return _given(Path(named), os.environ.get(PASSPHRASE)) if named else _made(settings.data / "identity", info.provider.name or "")


@lru_cache(maxsize=8)
def _key(path: Path) -> Ed25519PrivateKey:
    return load_or_make_key(path)[0]


@lru_cache(maxsize=8)
def _made(folder: Path, organization: str) -> Identity:
    return load_or_make_identity(folder, organization)


@lru_cache(maxsize=8)
def _given(path: Path, passphrase: str | None) -> Identity:
    return load_pkcs12(path, passphrase)
