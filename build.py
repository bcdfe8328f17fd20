#!/usr/bin/env python3
"""Build the course packet: `python build.py`. All of it is in the package `coursewright`."""

import sys

try:
    from coursewright.cli import main
    from coursewright.cli import root as _  # noqa: F401 - the first import of a package that is not Python's own
except ModuleNotFoundError as error:
    if (error.name or "").startswith("coursewright"):
        raise
    sys.exit(
        f"Coursewright needs packages that this Python does not have ({error.name}).\n"
        "Run instead:\n\n    make packet          sets everything up and builds the packet\n\n"
        "or, once that has run:\n\n    .venv/bin/python build.py"
    )

if __name__ == "__main__":
    sys.exit(main())
