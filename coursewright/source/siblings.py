"""Find the modules of a package, so that adding a rule, an item type or a command costs one file."""

from __future__ import annotations

import importlib
import pkgutil


def import_siblings(package: str) -> None:
    """Import every module below `package`, in the order of their names. Decorators in them do the rest."""
    path = importlib.import_module(package).__path__
    for found in sorted(pkgutil.walk_packages(path, package + "."), key=lambda module: module.name):
        importlib.import_module(found.name)
