"""W129: a waiver without an object. Found where waivers are applied, so it is a fault and no rule."""

from __future__ import annotations

from coursewright.source.diagnostic import fault


@fault("W129")
def waiver_matches_nothing(code: str) -> tuple[str, str]:
    """A `waive:` names a code that is not reported there, or an error, which cannot be waived.

    Why: a waiver left behind hides the next fault of its kind.
    Example: `waive: {W305: "the negative is the point of this item"}` on an item whose stem is positive.
    Instead: remove the waiver.
    """
    if code.startswith("E"):
        return f"errors such as {code} cannot be waived", "correct the fault and remove the waiver"
    return f"the waiver of {code} matches nothing", "remove it"
