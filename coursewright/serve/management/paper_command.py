"""`serve import-paper`: results of a test on paper, taken into the service from its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flask import Flask

ACTOR = "command line"


def paper_command(make_app: Callable[[], Flask]) -> click.Command:
    """The command, for an application that is made when it runs."""

    @click.command("import-paper")
    @click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
    @click.option("--name", metavar="NAME", help="the name of the administration (default: the folder's)")
    def command(folder: Path, name: str | None) -> int:
        """Take the results in that grade left in FOLDER, beside those of the web.

        Learners are known by the learner_id of the roster. The same folder twice changes nothing; after a correction the
        answers of the same sheets are replaced, and the log keeps what was before. Sittings that wait for a decision are
        left for the next time.
        """
        from coursewright.plan.record import DamagedRecord
        from coursewright.serve.management.paper import import_folder

        try:
            made = import_folder(make_app(), folder, ACTOR, name or "")
        except FileNotFoundError as error:
            raise click.UsageError(f"{folder} holds no {Path(str(error.filename)).name}: run grade first") from None
        except DamagedRecord as error:
            click.echo(f"error: {error}", err=True)
            return 1
        for what, words in WORDS.items():
            if made.counts.get(what):
                click.echo(f"{made.counts[what]} {words}")
        if not made.counts:
            click.echo("there is no sitting in this folder")
        return 0

    return command


WORDS = {
    "new": "added",
    "changed": "corrected: other answers on the same sheet",
    "moved": "moved to another learner or form",
    "same": "as they were",
    "pending": "left aside: they wait for a decision (run review, then grade)",
    "unknown": "left aside: nobody has that learner_id",
    "no-id": "left aside: without a learner_id",
    "twice": "left aside: the learner has several sittings in this folder, or several people have that learner_id",
    "elsewhere": "left aside: scored elsewhere, without answers",
}
