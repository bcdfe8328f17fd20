"""`schema`: JSON Schemas, from which editors complete and check while an author types."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="the folder to write to (default: course/schema)")
@click.option("--print", "name", metavar="KIND", help="print the schema of one kind of file instead")
@click.pass_obj
def command(course: Path, out: Path | None, name: str | None) -> int:
    """Write the JSON Schemas of the course files.

    A YAML file names its schema in its first line: # yaml-language-server: $schema=schema/module.json
    """
    import json

    from coursewright.read.schema import KINDS, schema_of
    from coursewright.source.suggest import did_you_mean

    if name is not None:
        if name not in KINDS:
            raise click.UsageError(f"there is no kind {name!r}; {did_you_mean(name, KINDS)}")
        click.echo(json.dumps(schema_of(name), indent=2, ensure_ascii=False))
        return 0
    folder = out or course / "course" / "schema"
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        text = json.dumps(schema_of(kind), indent=1, ensure_ascii=False) + "\n"
        temporary = folder / f".{kind}.json.new"
        temporary.write_text(text, "utf-8")
        temporary.replace(folder / f"{kind}.json")
    click.echo(f"{folder}: {len(KINDS)} schemas")
    return 0
