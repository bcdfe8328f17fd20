"""The root command: finds subcommands by their files, and turns what goes wrong into messages and exit statuses."""

from __future__ import annotations

import errno
import importlib
import importlib.util
import os
import pkgutil
import sys
from pathlib import Path
from typing import Any

import click

from coursewright import __version__
from coursewright.cli import commands

BUG, INTERRUPTED = 70, 130


class Commands(click.Group):
    """The subcommands: the modules of `cli/commands/`, each with a `command`. Without one, `build` runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(found.name.rstrip("_") for found in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        suffix = "_" if importlib.util.find_spec(f"{commands.__name__}.{name}") is None else ""
        found = importlib.import_module(f"{commands.__name__}.{name}{suffix}").command
        assert isinstance(found, click.Command)
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`build.py --only slides` is `build.py build --only slides`; options of the root stand first."""
        rest = _after_root_options(args)
        if not (set(args) & {"--help", "-h", "--version"} and args == rest) and (not rest or rest[0].startswith("-")):
            at = len(args) - len(rest)
            args = [*args[:at], "build", *rest]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from coursewright.source.suggest import did_you_mean

            hint = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f"there is no command {args[0]!r}" + (f"; {hint}" if hint else ""), ctx) from error


def _after_root_options(args: list[str]) -> list[str]:
    rest = list(args)
    while rest:
        if rest[0] == "--course":
            rest = rest[2:]
        elif rest[0].startswith("--course="):
            rest = rest[1:]
        else:
            break
    return rest


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--course",
    "course",
    type=click.Path(path_type=Path, file_okay=False),
    help="the folder that holds course/ and quizzes/ (default: this one)",
)
@click.version_option(__version__, prog_name="coursewright")
@click.pass_context
def root(ctx: click.Context, course: Path | None) -> None:
    """Coursewright: slides, handouts, a workbook and graded quizzes from one course in YAML.

    Without a command, the whole packet is built into dist/.
    """
    folder = course or default_course()
    if course is not None and not course.is_dir():
        raise click.UsageError(f"there is no folder {course}", ctx)
    ctx.obj = folder


def default_course() -> Path:
    """The folder of `build.py` where that is how we were started, else the current one."""
    script = Path(sys.argv[0]) if sys.argv else Path()
    if script.name == "build.py" and (script.parent / "course").is_dir():
        return Path(os.path.relpath(script.resolve().parent)) if script.resolve().parent != Path.cwd() else Path()
    return Path()


def program_name() -> str:
    """What the user called us by."""
    return "build.py" if sys.argv and Path(sys.argv[0]).name == "build.py" else "coursewright"


def run(arguments: list[str]) -> int:
    """Run the root command on these arguments; never raises."""
    try:
        result = root.main(arguments, prog_name=program_name(), standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return 2
    except KeyboardInterrupt:
        click.echo("interrupted; nothing was changed", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for what Python flushes at its end
        return 1
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            where = f" ({error.filename})" if error.filename else ""
            click.echo(f"error: the disk is full{where}; nothing was changed", err=True)
            return 1
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            click.echo(f"error: no right to write {error.filename or ''}; nothing was changed", err=True)
            return 1
        return _bug()
    except Exception:
        return _bug()


def _bug() -> int:
    import traceback

    traceback.print_exc()
    click.echo("\nThis is a fault of Coursewright, not of your course. Please report it with the lines above.", err=True)
    return BUG
