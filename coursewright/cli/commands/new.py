"""`new`: a small course that builds, to start from."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_context
def command(ctx: click.Context, folder: Path) -> int:
    """Write a small, commented course into DIR. It builds as it stands; nothing that is there is overwritten."""
    from coursewright.build.places import shipped_templates
    from coursewright.cli.commands import schema
    from coursewright.cli.root import program_name

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.UsageError(f"{folder} exists and is not empty; name a new folder")
    shutil.copytree(shipped_templates() / "starter", folder, dirs_exist_ok=True)
    ctx.obj = folder
    ctx.invoke(schema.command, out=None, name=None)
    how = f"{sys.executable} {sys.argv[0]} --course {folder}" if program_name() == "build.py" else f"cd {folder} && coursewright"
    click.echo(f"{folder} is ready. Build it with:\n\n    {how}")
    return 0
