"""`review`: decide what the scanner would not guess."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--forms", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="the folder that forms wrote (default: the only one below forms/)")
@click.option("--by", required=True, help="your name, which is kept with each decision")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="the port to use (default: a free one)")
@click.pass_obj
def command(course: Path, folder: Path | None, by: str, port: int) -> int:
    """Show every doubtful mark in the browser, with its picture, and keep what you decide: who, when and why.

    The page is served to this machine alone. Keys: the letter or number of a choice, Enter to save, S for later.
    """
    from coursewright.build.administration import READS, load_record
    from coursewright.build.make import template_folders
    from coursewright.build.scan.store import DamagedStore, Reads
    from coursewright.cli.administration_folder import administration
    from coursewright.cli.review_server import serve
    from coursewright.plan.record import DamagedRecord
    from coursewright.write.html import Templates

    place = administration(course, folder)
    if not (place / READS).exists():
        raise click.UsageError(f"nothing was scanned into {place} yet; run scan first")
    try:
        load_record(place)
        Reads(place / READS).close()
    except (DamagedRecord, DamagedStore) as error:
        click.echo(f"error: {error}", err=True)
        return 1
    return serve(place, by, port, Templates(template_folders(course)))
