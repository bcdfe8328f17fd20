"""`preview`: the packet in the browser, rebuilt on save."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any that is free")
@click.option("--only", type=click.Choice(["handouts", "quizzes", "slides", "workbook"]), multiple=True, help="build these alone; repeatable")
@click.option("--module", "modules", multiple=True, metavar="ID", help="build the files of this module alone; repeatable")
@click.pass_obj
def command(course: Path, port: int, only: tuple[str, ...], modules: tuple[str, ...]) -> int:
    """Show the packet at http://127.0.0.1:8000/ and build it again when a file is saved. Ctrl-C ends it."""
    from coursewright.cli.preview_server import serve

    return serve(course, port, only, modules)
