"""`explain`: the page of a diagnostic code."""

from __future__ import annotations

import click


@click.command()
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Explain a code: why it is a fault, an example, what to do instead. Without CODE, list them all."""
    import inspect

    from coursewright.cli.codes import all_codes
    from coursewright.source.suggest import did_you_mean

    codes = all_codes()
    if code is None:
        for entry in codes.values():
            click.echo(f"{entry.code}  {inspect.cleandoc(entry.page).splitlines()[0]}")
        return 0
    found = codes.get(code.upper())
    if found is None:
        hint = did_you_mean(code.upper(), codes)
        raise click.UsageError(f"there is no code {code}" + (f"; {hint}" if hint else ""))
    click.echo(f"{found.code} {found.name.rsplit('.', 1)[-1].replace('_', ' ')}\n\n{inspect.cleandoc(found.page)}")
    return 0
