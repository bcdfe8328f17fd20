"""Every diagnostic code there is, wherever it is found."""

from __future__ import annotations

import importlib

from coursewright.source.diagnostic import CODES, Code
from coursewright.source.siblings import import_siblings

#: modules with faults that are found outside the rules
FAULTS = ("coursewright.read.faults", "coursewright.read.judges", "coursewright.read.roster", "coursewright.build.certify", "coursewright.plan.answer_faults", "coursewright.write.packet", "coursewright.write.handouts", "coursewright.write.lms.losses")


def all_codes() -> dict[str, Code]:
    """The codes, in order."""
    import_siblings("coursewright.check")
    for module in FAULTS:
        importlib.import_module(module)
    return dict(sorted(CODES.items(), key=lambda entry: (entry[0][1:], entry[0])))
