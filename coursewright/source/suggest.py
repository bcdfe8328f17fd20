""""Did you mean …": the nearest of the words that would have been right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A help line naming the nearest known words, or all of them where they are few; empty where there are none."""
    words = sorted(set(known))
    near = difflib.get_close_matches(word, words, n=3, cutoff=0.6)
    if not near:
        lowered = {w.lower(): w for w in words}
        near = [lowered[w] for w in difflib.get_close_matches(word.lower(), list(lowered), n=3, cutoff=0.6)]
    if near:
        return "did you mean " + _either(near) + "?"
    if 0 < len(words) <= 12:
        return "one of: " + ", ".join(words)
    return ""


def _either(words: list[str]) -> str:
    quoted = [f'"{word}"' for word in words]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]
