"""Floor 7: the command. One file a subcommand; each imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status: 0 clean, 1 diagnostics, 2 usage, 70 our own bug, 130 Ctrl-C."""
    from coursewright.cli.root import run

    return run(sys.argv[1:] if arguments is None else arguments)
