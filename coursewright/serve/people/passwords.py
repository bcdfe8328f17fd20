"""Passwords of coordinators and administrators, hashed with argon2id."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

SHORTEST, LONGEST = 12, 200
STRENGTH = 3  # of zxcvbn's 0 to 4: more than 10^8 guesses


@cache
def hasher() -> PasswordHasher:
    """argon2id with the library's defaults (RFC 9106, low memory)."""
    return PasswordHasher()


@cache
def nobody() -> str:
    """A hash that no password fits: it is checked where there is no such person, so that both take the same time."""
    return hasher().hash("no such person")


def hashed(password: str) -> str:
    return hasher().hash(password)


def fits(stored: str, password: str) -> bool:
    """Whether a password is the one that was hashed. An empty hash fits none."""
    try:
        return hasher().verify(stored or nobody(), password[:LONGEST]) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def fault_of(password: str, username: str) -> str:
    """Why a new password will not do; empty where it will.

    Length counts, not kinds of characters (NIST SP 800-63B); passwords that are among the usual ones, or made of them, of
    the user's name or of a run of keys, are guessable.
    """
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    judged = zxcvbn(password[:72], user_inputs=[username, "coursewright"])  # its time grows with the square of the length
    if (username and username.casefold() in password.casefold()) or judged["score"] < STRENGTH:
        return "guessable"
    return ""
