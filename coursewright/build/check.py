"""Read and check a course folder: what every build does first, and, with its charts drawn, what `check` prints."""

from __future__ import annotations

import datetime
from dataclasses import replace

from coursewright.build.inputs import Inputs, image_kind
from coursewright.check import check_course
from coursewright.read import faults
from coursewright.read.course import Reading, read_course
from coursewright.source.diagnostic import Diagnostic
from coursewright.source.span import Span


def examine(inputs: Inputs, today: datetime.date | None = None, release: bool = False) -> Reading:
    """The course with every diagnostic that its files give, those of the folder among them.

    today: the day for rules about dates, which do not run without it. release: whether rules for a release run too.
    """
    assets = {path: image_kind(path, data) for path, data in inputs.images.items()}
    assets |= dict.fromkeys(inputs.others, "!it is not a PNG, JPEG or SVG")
    reading = read_course(inputs.yaml, assets, inputs.tables)
    found: list[Diagnostic] = list(reading.diagnostics)
    found += [faults.outside_course(Span(path), target) for path, target in inputs.outside]
    found += [faults.unreadable_file(Span(path), reason) for path, reason in inputs.unreadable]
    if reading.course is not None:
        reading.course = replace(reading.course, today=today, release=release)
        found += check_course(reading.course)
    reading.diagnostics = sorted(set(found))
    return reading
