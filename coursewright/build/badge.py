"""Signed badges: an Open Badge secured by the "JSON Web Token Proof Format" of Open Badges 3.0.

The payload of the token is the credential itself, with the claims `iss`, `jti`, `nbf` and `sub` that repeat it; the header
holds `alg`, `typ` and either `kid`, the address that the public key is served at, or, without an address, the key as `jwk`.
"""

from __future__ import annotations

import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from coursewright.build.pdf_signature import Identity

LONGEST_HEADER = 4096  # bytes


def sign_badge(credential: dict[str, Any], identity: Identity, *, key_url: str = "") -> str:
    """The badge as one line of text (a compact JWS), as wallets and verifiers take it.

    key_url: where `public_jwk` is served to everybody; without it the key goes into the token, and whoever checks must
    learn from elsewhere whose it is. An RSA key signs with RS256, which every verifier must know; P-256 with ES256.
    """
    header: dict[str, Any] = {"alg": _algorithm(identity), "typ": "JWT", **({"kid": key_url} if key_url else {"jwk": _public(identity)})}
    valid_from = datetime.datetime.fromisoformat(credential["validFrom"])
    claims = {
        **credential,
        "iss": credential["issuer"]["id"],
        "jti": credential["id"],
        "nbf": int(valid_from.timestamp()),
        "sub": credential["credentialSubject"]["id"],
    }
    return jwt.encode(header, claims, _key(identity), algorithms=[_algorithm(identity)])


def public_jwk(identity: Identity, *, key_url: str = "") -> dict[str, Any]:
    """The public key alone: what must be served at `key_url`, for the standard has `kid` lead to a single key."""
    return {**_public(identity), "kid": key_url or _key(identity).thumbprint(), "alg": _algorithm(identity), "use": "sig"}


def public_jwks(identity: Identity, *, key_url: str = "") -> dict[str, Any]:
    """The public key as a set (RFC 7517), for those who look for one."""
    return {"keys": [public_jwk(identity, key_url=key_url)]}


def check_badge(token: str, identity: Identity) -> dict[str, Any] | None:
    """The credential of a badge, if this identity's key signed exactly it and its claims repeat it; None otherwise.

    The key in the token's own header is not believed. Whether the day of `validFrom` has come is for the caller to say.
    """
    try:
        claims = jwt.decode(token, _key(identity), registry=_registry(identity)).claims
        repeated = {
            "iss": claims["issuer"]["id"],
            "jti": claims["id"],
            "nbf": int(datetime.datetime.fromisoformat(claims["validFrom"]).timestamp()),
            "sub": claims["credentialSubject"]["id"],
        }
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    if any(claims.get(name) != value for name, value in repeated.items()):
        return None
    return {name: value for name, value in claims.items() if name not in repeated}


def _algorithm(identity: Identity) -> str:
    return "RS256" if isinstance(identity.key, RSAPrivateKey) else "ES256"


def _registry(identity: Identity) -> jws.JWSRegistry:
    """The one algorithm of this key; a header may hold a key of any size that is in use."""
    registry = jws.JWSRegistry(algorithms=[_algorithm(identity)])
    registry.max_header_length = LONGEST_HEADER
    return registry


def _key(identity: Identity) -> RSAKey | ECKey:
    return RSAKey.import_key(identity.key) if isinstance(identity.key, RSAPrivateKey) else ECKey.import_key(identity.key)


def _public(identity: Identity) -> dict[str, Any]:
    """The public key's own members: never the private ones."""
    members = ("kty", "n", "e", "crv", "x", "y")
    found = _key(identity).as_dict(private=False)
    return {name: found[name] for name in members if name in found}
